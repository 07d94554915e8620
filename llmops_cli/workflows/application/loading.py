"""Where an application's prompts come from: a bundle, or the project's files and their history.

Both keep what they loaded, and look at the files again now and then: what did not change stays the same
object. What they hand out never changes, so a replaced file cannot mix with what is in use.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from llmops_cli.domain.bundle import Bundle, BundleError
from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.domain.revision import Reference
from llmops_cli.errors import Problem, SourceLocation, UserError
from llmops_cli.store.bundle_file import Stamp, read_bundle, stamp_of
from llmops_cli.workflows.application.loaded import LoadedPrompt, PromptVersion

BUNDLE_LOOK = 0.5
"""Seconds between two looks at a bundle: with the reading, a new one is in use within a second."""
PROJECT_LOOK = 1.0
"""Seconds between two looks at a project's files."""
_log = logging.getLogger("llmops")


@dataclass(frozen=True)
class _Held:
    """A bundle with what was loaded from it: replaced as a whole."""

    bundle: Bundle
    stamp: Stamp
    loaded: dict[Reference, LoadedPrompt] = field(default_factory=dict)


class BundleSource:
    """Prompts of one bundle file; a replaced file is taken up, a broken one is not."""

    def __init__(self, path: Path, clock: Callable[[], float] = monotonic) -> None:
        """Raises BundleError where there is no bundle, or a broken one."""
        self._path = path
        self._clock = clock
        self._held = self._read()
        self._looking = threading.Lock()
        self._looked = clock()
        self._refused: tuple[Stamp | None] | None = None
        """The state of the file that was last found broken, or gone; None where all is well."""

    def load(self, reference: Reference) -> LoadedPrompt:
        """A prompt of the bundle. Raises BundleError for what it does not hold."""
        held = self._current()
        found = held.loaded.get(reference)
        if found is None:
            try:
                found = self._make(reference, held.bundle)
            except BundleError as error:
                raise _placed(error, self._path) from error
            # of several threads that made it at once the first one's stays
            found = held.loaded.setdefault(reference, found)
        return found

    def _make(self, reference: Reference, bundle: Bundle) -> LoadedPrompt:
        name, label = reference.name, reference.label
        if reference.revision is not None:
            at = f"commit {bundle.commit[:10]}" if bundle.commit else "one state of the prompts"
            raise BundleError(
                f"{name}@{reference.revision} names a revision, and a bundle holds labels, not revisions",
                hint=f"it was made of {at}: load {name!r}, or {name + '@:production'!r} for a label",
            )
        target = bundle.digest_at(name, label)
        version = PromptVersion(name, target.digest, target.commit, label)
        return LoadedPrompt(bundle.prompt(name, target.digest), version, bundle.settings, self._path.parent)

    def _current(self) -> _Held:
        if self._clock() - self._looked >= BUNDLE_LOOK and self._looking.acquire(blocking=False):
            # whoever comes while one thread looks goes on with what is there
            try:
                self._look()
            finally:
                self._looked = self._clock()
                self._looking.release()
        return self._held

    def _look(self) -> None:
        stamp = stamp_of(self._path)
        if self._refused == (stamp,):
            return
        self._refused = None
        if stamp == self._held.stamp:
            return
        try:
            held = self._read()
            same = held.bundle == self._held.bundle
            self._held = replace(self._held, stamp=held.stamp) if same else held
        except BundleError as error:
            self._refused = (stamp,)
            _log.warning(
                "the bundle was replaced by one that cannot be used, and the old one stays: %s", error
            )

    def _read(self) -> _Held:
        return _Held(*read_bundle(self._path))


@dataclass(frozen=True)
class _Read:
    """A prompt of a project, and the state of the files that decide which prompt it is.

    Without `stamps` it is git that decides: a branch may move.
    """

    loaded: LoadedPrompt
    stamps: dict[str, Stamp | None]
    looked: float


class ProjectSource:
    """Prompts of a project's worktree and history; git is started only for revisions and older versions."""

    def __init__(self, root: Path, clock: Callable[[], float] = monotonic) -> None:
        self._root = root
        self._clock = clock
        self._reading = threading.Lock()
        self._read: dict[Reference, _Read] = {}

    def load(self, reference: Reference) -> LoadedPrompt:
        """A prompt of the project. Raises FileError for one that is wrong, UserError for an unknown one."""
        known = self._read.get(reference)
        if known is not None and self._clock() - known.looked < PROJECT_LOOK:
            return known.loaded
        if not self._reading.acquire(blocking=known is None):
            assert known is not None
            return known.loaded  # one thread looks, the others go on
        try:
            return self._look(reference).loaded
        finally:
            self._reading.release()

    def _look(self, reference: Reference) -> _Read:
        known = self._read.get(reference)
        now = self._clock()
        if known is not None and now - known.looked < PROJECT_LOOK:
            return known
        if known is not None and known.stamps and self._stamps(known.stamps) == known.stamps:
            found = replace(known, looked=now)
        else:
            loaded, stamps = self._load(reference)
            if known is not None and known.loaded == loaded:
                loaded = known.loaded
            found = _Read(loaded, stamps, self._clock())
        self._read[reference] = found
        return found

    def _load(self, reference: Reference) -> tuple[LoadedPrompt, dict[str, Stamp | None]]:
        from llmops_cli.files.labels_file import LABELS_FILE
        from llmops_cli.files.settings_file import SETTINGS_FILE
        from llmops_cli.workflows.application.bundle import commit_of
        from llmops_cli.workflows.project import open_project
        from llmops_cli.workflows.versions.revisions import Revisions

        # ahead of the reading: what is written meanwhile shows at the next look
        before = self._stamps([SETTINGS_FILE, LABELS_FILE] if reference.label else [SETTINGS_FILE])
        project = open_project(self._root)
        if not project.prompt_paths and not (self._root / PROMPTS_DIR).is_dir():
            hint = "start in the project, or give root=, bundle= or LLMOPS_BUNDLE"
            raise UserError(f"there are no prompts at {self._root}", hint=hint)
        if reference.label is None and reference.revision is None:
            prompt = project.prompt(reference.name)
            version = PromptVersion(reference.name, prompt.digest, commit_of(project))
            before |= self._stamps(prompt.sources)
        else:
            revisions = Revisions(project)
            try:
                found = revisions.prompt(_text(reference))
                commit = found.commit.sha if found.commit else None
                if reference.label is not None:
                    commit = revisions.target(reference.name, reference.label).commit
            finally:
                revisions.close()  # no git process stays behind, nor is one inherited by a fork
            prompt = found.prompt
            version = PromptVersion(reference.name, prompt.digest, commit, reference.label)
        by_git = reference.revision is not None or commit_of(project) is not None
        return LoadedPrompt(prompt, version, project.settings, self._root), {} if by_git else before

    def _stamps(self, paths: Iterable[str]) -> dict[str, Stamp | None]:
        return {path: stamp_of(self._root / path) for path in paths}


def _text(reference: Reference) -> str:
    return (
        f"{reference.name}@:{reference.label}"
        if reference.label
        else f"{reference.name}@{reference.revision}"
    )


def _placed(error: BundleError, path: Path) -> BundleError:
    where = SourceLocation(str(path))
    problems = [Problem(problem.message, where, problem.hint) for problem in error.problems]
    return BundleError(problems[0].message, problems=problems)
