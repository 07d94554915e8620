"""A project: its files at one revision, its settings, and its prompts and evalsets by name."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO
from unicodedata import normalize

from llmops_cli.domain.evalset import EVALSETS_DIR, Evalset
from llmops_cli.domain.prompt import PROMPTS_DIR, Prompt
from llmops_cli.domain.settings import Settings
from llmops_cli.domain.tree import FileTree, read_bytes
from llmops_cli.errors import (
    FileError,
    MissingHistoryError,
    NothingSelectedError,
    NoVerdictError,
    Problems,
    SourceLocation,
    UserError,
    did_you_mean,
)
from llmops_cli.files.evalset_file import evalset_paths, read_evalset
from llmops_cli.files.prompt_file import prompt_paths, read_prompt
from llmops_cli.files.settings_file import SETTINGS_FILE, read_settings
from llmops_cli.files.worktree import WorkTree, find_root, is_bare_repository
from llmops_cli.vcs.repository import Repository, open_repository

NO_PYTHON = "LLMOPS_NO_PYTHON"
"""Set to anything but a no, it keeps code of the project from running, in every command."""


ELSEWHERE = "start it in the project's folder, or name the folder with -C"


class Project:
    """Reads each prompt and evalset once; a file that is wrong raises FileError each time it is asked for."""

    def __init__(
        self,
        root: Path,
        tree: FileTree,
        settings: Settings,
        *,
        prompts_of: FileTree | None = None,
        writable: bool = True,
        commit: str | None = None,
    ) -> None:
        """`commit` is the one whose files these are, where the worktree is not looked at."""
        self.commit = commit
        self.root = root
        self._writable = writable
        self.tree = tree
        self.settings = settings
        self._prompt_tree = prompts_of or tree
        self._judges = Project(root, tree, settings) if prompts_of is not None else self
        self.prompt_paths = prompt_paths(self._prompt_tree)
        self.evalset_paths = evalset_paths(tree)
        self._prompts: dict[str, Prompt] = {}
        self._unchecked: dict[str, Prompt] = {}
        self._right: set[str] = set()
        self._evalsets: dict[str, Evalset] = {}
        self._code: dict[str, str | None] = {}

    def prompt(self, name: str, where: SourceLocation | None = None) -> Prompt:
        """A prompt with its partials, checked. Raises FileError, for an unknown name at `where`."""
        if name not in self._prompts:
            self._prompts[name] = load_prompt(self._prompt_tree, self._path_of(name, where))
        return self._prompts[name]

    def unchecked_prompt(self, name: str, where: SourceLocation | None = None) -> Prompt:
        """As `prompt`, without looking for mistakes in templates: enough to tell its version."""
        if name not in self._unchecked:
            self._unchecked[name] = read_whole_prompt(self._prompt_tree, self._path_of(name, where))
        return self._unchecked[name]

    def require_right_templates(self, name: str) -> None:
        """Raises FileError where `prompt` would for an `unchecked_prompt`; most are looked at without Jinja."""
        from llmops_cli.templating.closure import check_variables, plainly_right

        if name not in self._right:
            prompt = self.unchecked_prompt(name)
            if not plainly_right(prompt):
                check_variables(prompt).raise_if_any()
            self._right.add(name)

    def _path_of(self, name: str, where: SourceLocation | None) -> str:
        path = self.prompt_paths.get(name)
        if path is None:  # some systems write é as e and an accent
            same = normalize("NFC", name)
            path = next((p for n, p in self.prompt_paths.items() if normalize("NFC", n) == same), None)
        if path is None:
            hint = did_you_mean(name, list(self.prompt_paths)) or f"it would be {PROMPTS_DIR}/{name}.yaml"
            raise FileError(f"unknown prompt {name!r}", where=where, hint=hint)
        return path

    @property
    def writable(self) -> bool:
        """Whether there is a worktree, where something can be kept."""
        return self._writable

    def require_worktree(self, what: str) -> None:
        """Raises UserError for a bare clone, where nothing can be written."""
        if not self._writable:
            raise UserError(f"{what} needs a worktree", hint="clone it without --bare")

    @property
    def at_revision(self) -> bool:
        """Whether the prompts under test come from another tree than everything else."""
        return self._judges is not self

    def judge_prompt(self, name: str, where: SourceLocation | None = None) -> Prompt:
        """A judge's prompt, always of the project's own tree: an old ruler would look like an old prompt.

        Raises FileError.
        """
        return self._judges.prompt(name, where)

    def code_digest(self, reference: str) -> str | None:
        """The version of the project's code behind `module:function`; None where it is none of the project's."""
        from llmops_cli.files.python_sources import python_digest

        if reference not in self._code:
            self._code[reference] = python_digest(self.tree, reference)
        return self._code[reference]

    def with_prompts_of(self, tree: FileTree) -> "Project":
        """The same evalsets, scorers, judges and settings with the prompts under test of another tree."""
        return Project(self.root, self.tree, self.settings, prompts_of=tree, commit=self.commit)

    def evalset(self, name: str) -> Evalset:
        """An evalset with its cases. Raises FileError."""
        if name not in self._evalsets:
            tracked = Tracked(self.tree)
            evalset = read_evalset(tracked, self.evalset_paths[name], self.settings.gate)
            self._evalsets[name] = replace(evalset, sources=tuple(sorted(tracked.opened)))
        return self._evalsets[name]

    def select_evalsets(self, wanted: Sequence[str], prompt: str | None = None) -> list[str]:
        """Evalset names for names, paths or patterns; all where nothing is named.

        With `prompt`, only those that use it. Raises NothingSelectedError where nothing matches.
        """
        names = list(self.evalset_paths)
        if not names:
            start = f"add a file under {EVALSETS_DIR}/, or start a project with `llmops init`"
            raise NothingSelectedError(f"there is no evalset under {self.root / EVALSETS_DIR}", hint=start)
        if wanted:
            names = list(dict.fromkeys(name for word in wanted for name in self._matching(word)))
        if prompt is not None:
            names = [evalset for evalset in names if prompt in self.evalset(evalset).prompts]
            if not names:
                hint = did_you_mean(prompt, list(self.prompt_paths))
                raise NothingSelectedError(f"no evalset uses the prompt {prompt!r}", hint=hint)
        return names

    def _from_root(self, word: str) -> str:
        """A path from the project's root, where the word is one from the working directory; else the word."""
        with suppress(OSError, ValueError):
            full = (Path.cwd() / word).resolve(strict=True)
            return full.relative_to(self.root.resolve()).as_posix()
        return word.removeprefix("./")

    def _matching(self, word: str) -> list[str]:
        plain = self._from_root(word)
        names = [
            name
            for name, path in self.evalset_paths.items()
            if plain in (name, path) or fnmatchcase(name, plain) or path.startswith(plain.rstrip("/") + "/")
        ]
        if not names:
            hint = did_you_mean(word, list(self.evalset_paths))
            raise NothingSelectedError(f"no evalset is called {word!r}", hint=hint)
        return names


def open_project(directory: Path, problems: Problems | None = None) -> Project:
    """The project that holds a directory.

    Raises FileError for wrong settings; with `problems` they are noted there, and the defaults stand in.
    """
    try:
        directory = directory.resolve(strict=True)
    except OSError as error:
        raise UserError(f"there is no directory {str(directory)!r}") from error
    if is_bare_repository(directory):
        return _bare_project(directory)
    root = find_root(directory)
    tree = WorkTree(root)
    try:
        settings = read_settings(tree)
    except FileError as error:
        if problems is None:
            raise
        problems.take(error)
        settings = error.partial if isinstance(error.partial, Settings) else Settings()
    return Project(root, tree, _restrained(settings))


def _restrained(settings: Settings) -> Settings:
    """The settings under what the environment forbids, which a file of the repository cannot allow."""
    if os.environ.get(NO_PYTHON, "").strip().lower() in ("", "0", "false", "no", "off", "f", "n"):
        return settings
    return without_python(settings, f"{NO_PYTHON} forbids it")


def without_python(settings: Settings, why: str) -> Settings:
    """The same settings with code of the project off, whatever the file says."""
    return replace(settings, allow_python=False, no_python=why)


def open_project_at(directory: Path, revision: str) -> Project:
    """The project that holds a directory, with all its files as they stand in a commit.

    What is checked out is not looked at, and no code of that commit is run. Raises UserError; NoVerdictError
    where the commit is not at hand.
    """
    directory = directory.resolve()
    if is_bare_repository(directory):
        return _bare_project(directory)  # which says itself what it cannot do
    repository = open_repository(directory)
    if repository is None:
        raise UserError(f"{directory} is in no git repository, and a revision is what this needs")
    try:
        commit = repository.resolve(revision)
    except MissingHistoryError as error:
        raise NoVerdictError(str(error), problems=error.problems) from error
    root = _root_at(repository, commit, directory)
    repository.close()
    repository = open_repository(root)
    assert repository is not None  # it was there above
    tree = repository.tree(commit)
    settings = without_python(read_settings(tree), "--tree runs nothing of what it reads")
    return Project(root, tree, settings, commit=commit)


def _root_at(repository: Repository, commit: str, directory: Path) -> Path:
    """As `find_root`, by what stands in a commit."""
    depth = 0 if repository.prefix == "." else len(repository.prefix.split("/"))
    for up in range(depth + 1):
        above = "/".join([".."] * up) or "."
        settings = repository.blob(commit, f"{above}/{SETTINGS_FILE}") is not None
        if settings or any(
            repository.files_below(commit, f"{above}/{f}") for f in (PROMPTS_DIR, EVALSETS_DIR)
        ):
            return (directory / above).resolve()
    return directory


def _bare_project(root: Path) -> Project:
    """A bare clone has no worktree: HEAD stands for it, and nothing can be written."""
    repository = open_repository(root)
    commit = repository.head if repository else None
    if repository is None or commit is None:
        raise UserError(f"{root} holds no commit", hint="a bare clone shows what was pushed to it")
    tree = repository.tree(commit)
    return Project(root, tree, read_settings(tree), writable=False)


def load_prompt(tree: FileTree, path: str) -> Prompt:
    """A prompt as it stands in a tree, with every partial it reaches, checked. Raises FileError, with the prompt."""
    from llmops_cli.templating.closure import check_variables

    problems = Problems()
    try:
        prompt = read_whole_prompt(tree, path)
    except FileError as error:
        if not isinstance(error.partial, Prompt):
            raise
        problems.take(error)
        prompt = error.partial
    for problem in check_variables(prompt):
        problems.add(problem.message, problem.where, problem.hint)
    problems.raise_if_any(prompt)
    return prompt


def read_whole_prompt(tree: FileTree, path: str) -> Prompt:
    """A prompt with every partial it reaches; what else its templates say is not looked at.

    Raises FileError for what keeps it from being read.
    """
    from llmops_cli.templating.closure import reached_templates

    tracked = Tracked(tree)
    problems = Problems()
    try:
        bare = read_prompt(tracked, path)
    except FileError as error:
        if not isinstance(error.partial, Prompt):
            raise
        problems.take(error)
        bare = error.partial
    partials: Mapping[str, str] = {}
    try:
        partials = reached_templates(bare, lambda name: read_bytes(tracked, name))
    except FileError as error:
        problems.take(error)
    problems.raise_if_any(bare)
    return replace(bare, partials=partials, sources=frozenset(tracked.opened))


def read_tracked_evalset(tree: FileTree, path: str) -> frozenset[str]:
    """Every file that an evalset is made of, in a tree; what was read before a mistake, if there is one."""
    tracked = Tracked(tree)
    with suppress(UserError):
        read_evalset(tracked, path)
    return frozenset(tracked.opened)


class Tracked:
    """A FileTree that remembers which files were asked for."""

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        self.label = tree.label
        self.opened: set[str] = set()

    def open(self, path: str) -> BinaryIO | None:
        """See FileTree.open."""
        self.opened.add(path)
        return self._tree.open(path)

    def list(self, folder: str) -> Sequence[str]:
        """See FileTree.list."""
        return self._tree.list(folder)
