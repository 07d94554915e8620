"""The two sides of a diff: which revisions, which prompts, and which files between them differ."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from llmops_cli.domain.diff import DiffSide
from llmops_cli.domain.prompt import PROMPTS_DIR, Prompt
from llmops_cli.domain.revision import parse_reference
from llmops_cli.domain.tree import FileTree, read_bytes
from llmops_cli.errors import MissingHistoryError, UserError, did_you_mean
from llmops_cli.files.evalset_file import evalset_paths
from llmops_cli.files.prompt_file import prompt_paths
from llmops_cli.vcs.repository import Repository
from llmops_cli.workflows.project import Project, load_prompt
from llmops_cli.workflows.versions.revisions import Revisions

MAX_REVISIONS = 2


@dataclass(frozen=True)
class Loaded:
    """A prompt as it stands on a side: valid, or with the reason why not. `raw` is its YAML."""

    name: str
    path: str
    raw: str
    prompt: Prompt | None
    error: str | None = None


class Side:
    """The project's files on one side; each prompt is read once."""

    def __init__(self, side: DiffSide, tree: FileTree, worktree: Project | None = None) -> None:
        self.about = side
        self.tree = tree
        self._worktree = worktree
        self._loaded: dict[str, Loaded | None] = {}
        self._raw: dict[str, bytes] = {}

    @cached_property
    def prompt_paths(self) -> dict[str, str]:
        """Name to path of every prompt."""
        if self._worktree is not None:
            return self._worktree.prompt_paths
        return {name: path for name, path in prompt_paths(self.tree).items() if not _hidden(path)}

    @cached_property
    def evalset_paths(self) -> dict[str, str]:
        """Name to path of every evalset."""
        if self._worktree is not None:
            return self._worktree.evalset_paths
        return {name: path for name, path in evalset_paths(self.tree).items() if not _hidden(path)}

    def raw(self, path: str) -> bytes:
        """A file's bytes; none where it cannot be read. Raises MissingHistoryError."""
        if path not in self._raw:
            try:
                self._raw[path] = read_bytes(self.tree, path) or b""
            except MissingHistoryError:  # of what this clone lacks nobody can tell whether it is wrong
                raise
            except UserError:
                self._raw[path] = b""
        return self._raw[path]

    def prompt(self, name: str) -> Loaded | None:
        """A prompt, or None where this side has none of that name."""
        if name not in self._loaded:
            path = self.prompt_paths.get(name)
            self._loaded[name] = None if path is None else self._load(name, path)
        return self._loaded[name]

    def _load(self, name: str, path: str) -> Loaded:
        raw = self.raw(path).decode("utf-8", "replace").replace("\r\n", "\n")
        try:
            return Loaded(name, path, raw, load_prompt(self.tree, path))
        except MissingHistoryError:
            raise
        except UserError as error:
            return Loaded(name, path, raw, None, str(error.problems[0]))

    def touched(self, changed: frozenset[str], repository: Repository) -> set[str]:
        """Names of prompts that may differ when these files do: those that are named, from file to file.

        Names of templates, schemas and tools are literals, so whatever reaches a file holds its last part;
        searching texts is far cheaper than parsing every prompt. Equal digests are sorted out later.
        """
        names = {path: name for name, path in self.prompt_paths.items()}
        found = {names[path] for path in changed & names.keys()}
        waiting = known = {posixpath.basename(path) for path in changed - names.keys()}
        commit = self.about.commit.sha if self.about.commit else None
        while waiting:
            holding = repository.mentioning(waiting, commit, PROMPTS_DIR)
            found |= {names[path] for path in holding & names.keys()}
            waiting = {posixpath.basename(path) for path in holding - names.keys()} - known
            known = known | waiting
        return found


@dataclass(frozen=True)
class Between:
    """What a diff is asked to compare. `names` were given in place of revisions."""

    before: Side
    after: Side
    names: tuple[str, ...]
    changed: frozenset[str]


def read_sides(revisions: Revisions, arguments: Sequence[str]) -> Between:
    """The sides that the arguments name: none, `A`, `A B`, `A..B`, `A...B`, `NAME@REV`; and names of prompts.

    Raises UserError for a revision that git does not know, and for more than two.
    """
    repository = revisions.repository  # without one, no argument is to blame
    wanted: list[DiffSide] = []
    names: list[str] = []
    for argument in arguments:
        sides, name = _read_argument(revisions, argument)
        wanted += sides
        names += [name] if name is not None else []
    if len(wanted) > MAX_REVISIONS:
        hint = "names of prompts stand after --"
        raise UserError(f"a diff has two sides, not {len(wanted)}", hint=hint)
    before = wanted[0] if wanted else _side(revisions, "HEAD")
    after = wanted[1] if len(wanted) > 1 else DiffSide("worktree", None)
    if after.commit is None and repository.bare:
        raise UserError("a bare repository has no worktree", hint="name two revisions, such as HEAD~1 HEAD")
    assert before.commit is not None
    changed = repository.changed_paths(before.commit.sha, after.commit.sha if after.commit else None)
    first = Side(before, repository.tree(before.commit.sha))
    second = (
        Side(after, repository.tree(after.commit.sha))
        if after.commit
        else Side(after, revisions.project.tree, revisions.project)
    )
    return Between(first, second, tuple(dict.fromkeys(names)), changed)


def _read_argument(revisions: Revisions, text: str) -> tuple[list[DiffSide], str | None]:
    """The sides or the name that one argument stands for."""
    for dots in ("...", ".."):
        one, found, other = text.partition(dots)
        if found and not text.startswith("./"):
            return _range(revisions, one or "HEAD", other or "HEAD", merge_base=dots == "..."), None
    try:
        return [_side(revisions, text)], None
    except UserError as error:
        name = _prompt_name(revisions, text)
        if name is not None:
            return [], name
        if "@" in text and not text.startswith(("@", "-")):
            return _reference(revisions, text)
        here = bool(revisions.project.prompt_paths)
        if not here or error.problems[0].hint is None or isinstance(error, MissingHistoryError):
            raise
        near = did_you_mean(text, list(revisions.project.prompt_paths)) if "/" in text else None
        message = f"{text!r} is neither a revision nor a prompt"
        raise UserError(message, hint=near or error.problems[0].hint) from error


def _range(revisions: Revisions, one: str, other: str, *, merge_base: bool) -> list[DiffSide]:
    after = _side(revisions, other)
    if not merge_base:
        return [_side(revisions, one), after]
    base = revisions.repository.commit(revisions.repository.merge_base(one, other))
    return [DiffSide(f"merge base of {one} and {other}", base), after]


def _side(revisions: Revisions, text: str) -> DiffSide:
    repository = revisions.repository
    return DiffSide(text, repository.commit(repository.resolve(text)))


def _prompt_name(revisions: Revisions, text: str) -> str | None:
    plain = text.removeprefix("./").removeprefix(f"{PROMPTS_DIR}/")
    plain = plain.removesuffix(".yaml").removesuffix(".yml")
    return plain if plain in revisions.project.prompt_paths else None


def _reference(revisions: Revisions, text: str) -> tuple[list[DiffSide], str]:
    """`NAME@REV`, or `NAME@:label`: then the commit that holds what the label points at."""
    reference = parse_reference(text)
    if reference.label is None:
        return [_side(revisions, reference.revision or "HEAD")], reference.name
    prompt = revisions.prompt(text).prompt
    target = revisions.target(reference.name, reference.label)
    for version in revisions.versions.history(reference.name):
        if version.digest == prompt.digest and version.commit is not None:
            return [DiffSide(text, version.commit)], reference.name
    commit = revisions.repository.commit(target.commit or "HEAD")
    return [DiffSide(text, commit)], reference.name


def _hidden(path: str) -> bool:
    """The worktree is read without hidden files, so a commit is too."""
    return any(part.startswith(".") for part in path.split("/"))
