"""The versions of a prompt: its contents over time, found by digest, followed across renames.

A commit makes a version when the prompt's digest there is none of its parents': a commit that only moves
the file or edits a comment makes none, a merge makes one only by what it adds itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from llmops_cli.domain.history import Version
from llmops_cli.domain.prompt import PROMPTS_DIR, Prompt
from llmops_cli.domain.revision import Change
from llmops_cli.errors import UserError
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
        self._project = project
        self._repository = repository
        self._known: dict[tuple[str, str], Prompt] = {}
        self._walks: dict[str, Iterator[Version]] = {}
        self._changes: dict[str, list[Change]] = {}
        self._states: dict[tuple[str, str], _State] = {}
        self._contents: dict[str, dict[tuple[str, ...], dict[tuple[str | None, ...], _State]]] = {}
        self._paths_before: dict[tuple[str, str], str] = {}

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
            yield from self.history(name, tip)

    def history(self, name: str, revision: str = "HEAD") -> Iterator[Version]:
        """The versions newest first, across renames; empty without git or before a first commit."""
        repository = self._repository
        if repository is None or (revision == "HEAD" and repository.head is None):
            return
        tip = repository.resolve(revision)
        path = self._path(tip, name)
        watched = {path, *self._state(tip, path).sources}
        for change in self._changes_of(tip):
            if not change.paths & watched:
                continue
            state = self._state(change.commit.sha, path)
            before = change.name_before(path)
            parents = [self._state(parent, before) for parent in change.commit.parents]
            watched |= state.sources | {before}
            watched |= {source for parent in parents for source in parent.sources}
            if state.identity is not None and state.identity not in [p.identity for p in parents]:
                self._paths_before[change.commit.sha, path] = before
                yield Version(prompt_name(path), path, change.commit, state.prompt, state.error)
            path = before

    def before(self, version: Version) -> list[Standing]:
        """What stood at each parent of a version's commit, parents without the prompt left out.

        Before an uncommitted version stands HEAD. A rename is followed where `history` gave the version.
        """
        parents: tuple[str, ...] = ()
        path = version.path
        if version.commit is not None:
            parents = version.commit.parents
            path = self._paths_before.get((version.commit.sha, path), path)
        elif self._repository is not None and self._repository.head is not None:
            parents = (self._repository.head,)
        states = [(parent, self._state(parent, path)) for parent in parents]
        name = prompt_name(path)
        return [Standing(name, at, s.prompt, s.error) for at, s in states if s.identity is not None]

    def at(self, name: str, commit: str) -> Prompt:
        """A prompt as it stood at a commit. Raises UserError where it did not stand there, or was invalid."""
        repository = self._repository
        assert repository is not None
        return load_prompt(repository.tree(commit), self._path(commit, name))

    def exists(self, name: str, commit: str) -> bool:
        """Whether a prompt of that name stood at a commit."""
        return self._state(commit, self._path(commit, name)).identity is not None

    def _changes_of(self, tip: str) -> list[Change]:
        if tip not in self._changes:
            assert self._repository is not None
            self._changes[tip] = self._repository.changes((PROMPTS_DIR,), tip)
        return self._changes[tip]

    def _path(self, commit: str, name: str) -> str:
        assert self._repository is not None
        paths = [f"{PROMPTS_DIR}/{name}{ending}" for ending in _ENDINGS]
        found = (path for path in paths if self._repository.blob(commit, path) is not None)
        return next(found, paths[0])

    def _state(self, commit: str, path: str) -> _State:
        if (commit, path) not in self._states:
            self._states[commit, path] = self._read(commit, path)
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
        except UserError as error:  # invalid at that commit: shown as such, and the walk goes on
            message = error.problems[0].message
            return _State(f"invalid:{hash(data)}", None, message, frozenset(tree.opened))
        return _State(prompt.digest, prompt, None, prompt.sources)

    def _remember(self, name: str, prompt: Prompt) -> None:
        self._known.setdefault((name, prompt.digest), prompt)
