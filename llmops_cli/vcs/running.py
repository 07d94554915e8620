"""Finding a repository and running git in it: the only importer of GitPython."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING, Any, BinaryIO

from llmops_cli.vcs.cat_file import Process
from llmops_cli.vcs.failures import failure, refuse_foreign_owner

if TYPE_CHECKING:
    import git
    from git.cmd import Git

_EXPORTED_BY_HOOKS = (
    "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES", "GIT_LITERAL_PATHSPECS",
)  # fmt: skip


class Started:
    """A git that was started and is read from; it ends when nothing refers to this any more."""

    def __init__(self, command: str, process: Git.AutoInterrupt) -> None:
        self._command = command
        self._process = process

    @property
    def stdout(self) -> BinaryIO:
        """What it prints, to be read to the end before `finish`."""
        stream: BinaryIO = self._process.stdout
        return stream

    def finish(self) -> None:
        """Wait for its end. Raises UserError where it failed."""
        from git.exc import GitCommandError

        try:
            self._process.wait()
        except GitCommandError as error:
            raise failure(self._command, error) from error


class Running:
    """The commands of git in one repository, none of which writes."""

    def __init__(self, repo: git.Repo) -> None:
        self._repo = repo

    @property
    def top(self) -> Path | None:
        """The folder of the worktree, links followed; None for a bare clone."""
        folder = self._repo.working_tree_dir
        return None if folder is None else Path(os.path.realpath(folder))

    def run(self, *arguments: str) -> str:
        """What git prints. Raises UserError where it fails."""
        from git.exc import GitCommandError

        try:
            return str(self.execute(["git", *arguments], stdout_as_string=True))
        except GitCommandError as error:
            raise failure(arguments[0], error) from error

    def optional(self, *arguments: str) -> str | None:
        """What git prints; None where that is nothing, or where it fails."""
        from git.exc import GitCommandError

        try:
            return str(self.execute(["git", *arguments], stdout_as_string=True)) or None
        except GitCommandError as error:
            refuse_foreign_owner(error)
            return None

    def start(self, *arguments: str) -> Started:
        """A git that goes on by itself."""
        return Started(arguments[0], self.execute(["git", *arguments], as_process=True))

    def cat_file(self, option: str) -> Process:
        """A `git cat-file` that waits for questions, and ends when nothing refers to it: no cycle may hold it."""
        process: Process = self.execute(["git", "cat-file", option], istream=PIPE, as_process=True)
        return process

    @property
    def execute(self) -> Callable[..., Any]:
        """GitPython's own way to run a command."""
        return self._repo.git.execute

    def close(self) -> None:
        """Let go of what GitPython keeps open."""
        self._repo.close()


def open_git(root: Path) -> Running | None:
    """Git in the repository that holds a folder, or None where there is none (or no git)."""
    for variable in _EXPORTED_BY_HOOKS:  # a hook's git would otherwise answer for another repository or index
        os.environ.pop(variable, None)
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    if shutil.which("git") is None:
        return None
    import git
    from git.exc import GitCommandNotFound, InvalidGitRepositoryError, NoSuchPathError

    try:
        repo = git.Repo(root, search_parent_directories=True)
        # `git status` must not write the index, and no question about history may go out to the network
        repo.git.update_environment(GIT_OPTIONAL_LOCKS="0", GIT_NO_LAZY_FETCH="1")
        return Running(repo)
    except (InvalidGitRepositoryError, NoSuchPathError, GitCommandNotFound):
        return None
