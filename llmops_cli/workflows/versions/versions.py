"""The versions of a prompt: its contents over time, found by digest, followed across renames.

A commit makes a version when the prompt's digest there is none of its parents': a commit that only moves
the file or edits a comment makes none, a merge makes one only by what it adds itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from llmops_cli.domain.history import Version
from llmops_cli.domain.prompt import PROMPTS_DIR, Prompt
from llmops_cli.domain.revision import Change, CommitInfo
from llmops_cli.errors import MissingHistoryError, UserError
from llmops_cli.files.prompt_file import prompt_name
from llmops_cli.store.version_store import kept_version
from llmops_cli.vcs.repository import Repository
from llmops_cli.workflows.project import Project, Tracked, load_prompt

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class Standing:
    """What stood at a commit under a name; `prompt` is None where the file was invalid there."""

    name: str
    commit: str
    prompt: Prompt | None
    error: str | None = None


@dataclass(frozen=True)
class _State:
    """What stood at a path at a commit; `identity` tells two contents apart, None is absence."""

    identity: str | None
    prompt: Prompt | None
    error: str | None
    sources: frozenset[str]


class Versions:
    """Reads each commit at most once; remembers every version it met."""

    def __init__(
        self, project: Project, repository: Repository | None, tips: Sequence[str] = ("HEAD",)
    ) -> None:
        """`find` looks in the histories that end at the `tips`, which may be added to, in their order."""
        self.tips = list(tips)
        self.missing: dict[tuple[str, str], None] = {}
        """Names and digests that `find` was asked for in vain."""
        self.lacking: MissingHistoryError | None = None
        """What this clone lacks of the files that `find` wanted to read; None where it lacks nothing."""
        self._project = project
        self._repository = repository
        self._known: dict[tuple[str, str], Prompt] = {}
        self._walks: dict[str, Iterator[Version]] = {}
        self._changes: dict[str, list[Change]] = {}
        self._states: dict[tuple[str, str], _State] = {}
        self._contents: dict[str, dict[tuple[str, ...], dict[tuple[str | None, ...], _State]]] = {}
        self._lines: dict[tuple[str, str], list[str]] = {}
        self._parents: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def find(self, name: str, digest: str) -> Prompt | None:
        """The version of a prompt with this digest: worktree first, then history; else None."""
        if (name, digest) not in self._known and name in self._project.prompt_paths:
            with suppress(UserError):  # a worktree that is wrong just now does not hide history
                self._remember(name, self._project.prompt(name))
        if (name, digest) not in self._known:
            kept = kept_version(self._project.root, name, digest)
            if kept is not None:
                self._remember(name, kept)
        if (name, digest) not in self._known:
            for version in self._walks.setdefault(name, self._all_histories(name)):
                if version.prompt is not None:
                    self._remember(name, version.prompt)
                if version.digest == digest:
                    break
        if (name, digest) not in self._known:
            self.missing[name, digest] = None
        return self._known.get((name, digest))

    def _all_histories(self, name: str) -> Iterator[Version]:
        for tip in dict.fromkeys(self.tips):
            try:
                yield from self.history(name, tip)
            except MissingHistoryError as error:  # a partial clone: what it lacks is not at hand
                self.lacking = error

    def history(self, name: str, revision: str = "HEAD") -> Iterator[Version]:
        """The versions newest first, across renames; empty without git or before a first commit."""
        repository = self._repository
        if repository is None or (revision == "HEAD" and repository.head is None):
            return
        tip = repository.resolve(revision)
        if not self.exists(name, tip) and repository.head is not None:
            self._changes_of(repository.head)  # this tells where the project was, if it has moved since
        path = self._path(tip, name)
        line = self._line(tip, path)
        watched = {*line, *self._state(tip, path).sources}
        for change in self._changes_of(tip):
            if not change.paths & watched:
                continue
            sha = change.commit.sha
            here = self._place(sha, [path, *line])
            before = change.name_before(here)
            places = [
                (parent, self._place(parent, [before, here, *line])) for parent in change.commit.parents
            ]
            state, parents = self._state(sha, here), [self._state(*place) for place in places]
            watched |= state.sources | {before}
            watched |= {source for parent in parents for source in parent.sources}
            if state.identity is not None and state.identity not in [p.identity for p in parents]:
                self._parents[sha, here] = places
                yield Version(prompt_name(here), here, change.commit, state.prompt, state.error)
            path = before

    def names(self, name: str, revision: str = "HEAD") -> list[str]:
        """What a prompt is called at a revision and was called before, newest first."""
        repository = self._repository
        if repository is None or repository.head is None:
            return [name]
        tip = repository.resolve(revision)
        return [prompt_name(path) for path in self._line(tip, self._path(tip, name))]

    def name_now(self, name: str) -> str | None:
        """What a prompt that is not in the project any more was renamed to; None where it was not."""
        repository = self._repository
        if repository is None or repository.head is None:
            return None
        ours = {path: new for new, path in self._project.prompt_paths.items()}
        for change in self._changes_of(repository.head):
            for new, old in change.renames:
                if new in ours:
                    ours.setdefault(old, ours[new])
        paths = (f"{PROMPTS_DIR}/{name}{ending}" for ending in _ENDINGS)
        return next((ours[path] for path in paths if path in ours), None)

    def name_at(self, name: str, commit: str, revision: str = "HEAD") -> str | None:
        """What a prompt was called at a commit, its renames followed; None where it was not there."""
        if self.exists(name, commit):
            return name
        names = self.names(name, revision)  # where the project moved, this is what finds it
        return next((former for former in names if self.exists(former, commit)), None)

    def commit_of(self, name: str, digest: str, revision: str = "HEAD") -> CommitInfo | None:
        """The newest commit in a revision's history that brought a version; None where none did."""
        versions = (version for version in self.history(name, revision) if version.digest == digest)
        return next((version.commit for version in versions if version.commit is not None), None)

    def before(self, version: Version) -> list[Standing]:
        """What stood at each parent of a version's commit, parents without the prompt left out.

        Before an uncommitted version stands HEAD. A rename is followed where `history` gave the version.
        """
        path, places = version.path, list[tuple[str, str]]()
        if version.commit is not None:
            alike = [(parent, path) for parent in version.commit.parents]
            places = self._parents.get((version.commit.sha, path), alike)
        elif self._repository is not None and self._repository.head is not None:
            places = [(self._repository.head, path)]
        states = [(prompt_name(path), at, self._state(at, path)) for at, path in places]
        return [Standing(name, at, s.prompt, s.error) for name, at, s in states if s.identity is not None]

    def at(self, name: str, commit: str) -> Prompt:
        """A prompt as it stood at a commit. Raises UserError where it did not stand there, or was invalid."""
        path = self._path(commit, name)
        known = self._state(commit, path).prompt
        if known is not None:
            return known
        assert self._repository is not None
        return load_prompt(self._repository.tree(commit), path)  # this says what is wrong with it

    def is_committed(self, name: str) -> bool:
        """Whether a prompt stands in HEAD as it stands in the worktree, valid or not."""
        repository = self._repository
        if repository is None or repository.head is None:
            return False
        path = self._project.prompt_paths[name]
        committed = self._state(repository.head, path)
        try:
            return self._project.prompt(name).digest == committed.identity
        except UserError:
            if committed.identity is None or committed.prompt is not None:
                return False
            if repository.bare:
                return True
            return not repository.changed_paths(repository.head, None) & {path, *committed.sources}

    def exists(self, name: str, commit: str) -> bool:
        """Whether a prompt of that name stood at a commit."""
        return self._state(commit, self._path(commit, name)).identity is not None

    def _changes_of(self, tip: str) -> list[Change]:
        if tip not in self._changes:
            assert self._repository is not None
            self._changes[tip] = self._repository.changes((PROMPTS_DIR,), tip)
        return self._changes[tip]

    def _line(self, tip: str, path: str) -> list[str]:
        """The paths that a prompt had, newest first, back from a tip."""
        if (tip, path) not in self._lines:
            line = [path]
            for change in self._changes_of(tip):
                former = change.name_before(line[-1])
                if former not in line:
                    line.append(former)
            self._lines[tip, path] = line
        return self._lines[tip, path]

    def _place(self, commit: str, paths: Sequence[str]) -> str:
        """Where a prompt stood at a commit: the first of the paths that is there, or the first of all.

        Commits of two branches come mixed, so that a rename on one of them says nothing of the other.
        """
        assert self._repository is not None
        if len({*paths}) == 1:
            return paths[0]
        there = (path for path in dict.fromkeys(paths) if self._repository.blob_id(commit, path) is not None)
        return next(there, paths[0])

    def _path(self, commit: str, name: str) -> str:
        assert self._repository is not None
        paths = [f"{PROMPTS_DIR}/{name}{ending}" for ending in _ENDINGS]
        found = (path for path in paths if self._repository.blob(commit, path) is not None)
        return next(found, paths[0])

    def _state(self, commit: str, path: str) -> _State:
        if (commit, path) not in self._states:
            state = self._read(commit, path)
            if state.identity is None:  # not kept: where the project's folder was moved, it may yet be found
                return state
            self._states[commit, path] = state
        return self._states[commit, path]

    def _read(self, commit: str, path: str) -> _State:
        """From git; what was read before from the same files with the same content is not parsed again."""
        assert self._repository is not None
        for sources, states in self._contents.get(path, {}).items():
            known = states.get(self._blobs(commit, sources))
            if known is not None:
                return known
        state = self._parse(commit, path)
        sources = tuple(sorted(state.sources))
        if sources:
            states = self._contents.setdefault(path, {}).setdefault(sources, {})
            states[self._blobs(commit, sources)] = state
        return state

    def _blobs(self, commit: str, paths: tuple[str, ...]) -> tuple[str | None, ...]:
        assert self._repository is not None
        return tuple(self._repository.blob_id(commit, path) for path in paths)

    def _parse(self, commit: str, path: str) -> _State:
        assert self._repository is not None
        data = self._repository.blob(commit, path)
        if data is None:
            return _State(None, None, None, frozenset())
        tree = Tracked(self._repository.tree(commit))
        try:
            prompt = load_prompt(tree, path)
        except MissingHistoryError:
            raise
        except UserError as error:  # invalid at that commit: shown as such, and the walk goes on
            message = error.problems[0].message
            return _State(f"invalid:{hash(data)}", None, message, frozenset(tree.opened))
        return _State(prompt.digest, prompt, None, prompt.sources)

    def _remember(self, name: str, prompt: Prompt) -> None:
        self._known.setdefault((name, prompt.digest), prompt)
