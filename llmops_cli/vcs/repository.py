"""Reading git: the only importer of GitPython. Nothing is ever checked out, stashed, staged or committed."""

from __future__ import annotations

import io
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from llmops_cli.errors import FileError, SourceLocation, UserError

if TYPE_CHECKING:
    import git

_EXPORTED_BY_HOOKS = (
    "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES", "GIT_LITERAL_PATHSPECS",
)  # fmt: skip
_LINK_MODE = 0o120000


class Repository:
    """The git repository around a project; paths are relative to the project's root, not the repository's."""

    def __init__(self, repo: git.Repo, root: Path) -> None:
        self._repo = repo
        top = Path(os.path.realpath(repo.working_tree_dir or repo.git_dir))
        self._prefix = Path(os.path.realpath(root)).relative_to(top).as_posix()

    @property
    def head(self) -> str | None:
        """The commit of HEAD, or None before the first commit."""
        return self._repo.head.commit.hexsha if self._repo.head.is_valid() else None

    @property
    def branch(self) -> str | None:
        """The branch, or None when HEAD is detached."""
        return None if self._repo.head.is_detached else self._repo.active_branch.name

    def is_dirty(self) -> bool:
        """Whether prompts, evalsets or settings differ from HEAD (untracked files included)."""
        paths = [self._inside(name) for name in ("prompts", "evalsets", "llmops.yaml")]
        status = self._repo.git.status("--porcelain", "--untracked-files=normal", "--", *paths)
        return bool(status.strip())

    def resolve(self, revision: str) -> str:
        """The commit a revision names. Raises UserError where it names none."""
        from git.exc import GitCommandError

        try:
            found: str = self._repo.git.rev_parse(
                "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except GitCommandError as error:
            hint = "a commit, branch, tag, or HEAD~2; in a shallow clone `git fetch --unshallow` brings more"
            raise UserError(f"git knows no revision {revision!r}", hint=hint) from error
        return found

    def tree(self, commit: str) -> GitTree:
        """The project's files at a commit."""
        return GitTree(self._repo.commit(commit), self._prefix)

    def commits_touching(self, folder: str, limit: int) -> Iterator[str]:
        """Commits of HEAD's history that changed a folder, newest first."""
        if self.head is None:
            return
        for commit in self._repo.iter_commits("HEAD", paths=[self._inside(folder)], max_count=limit):
            yield commit.hexsha

    def close(self) -> None:
        """End the git processes that were started."""
        self._repo.close()

    def _inside(self, path: str) -> str:
        return ":(literal)" + posixpath.normpath(posixpath.join(self._prefix, path))


class GitTree:
    """A FileTree over one commit."""

    def __init__(self, commit: git.Commit, prefix: str) -> None:
        self._tree = commit.tree
        self._prefix = prefix
        self.label = commit.hexsha

    def open(self, path: str) -> BinaryIO | None:
        """See FileTree.open. Links are refused: what they point at may lie outside the commit."""
        item = self._find(path)
        if item is None or item.type != "blob":
            return None
        if item.mode == _LINK_MODE:
            raise FileError("is a link; links are not followed in git's history", where=SourceLocation(path))
        return io.BytesIO(item.data_stream.read())

    def list(self, folder: str) -> list[str]:
        """See FileTree.list."""
        from git.objects import Blob, Tree

        item = self._find(folder)
        if not isinstance(item, Tree):
            return []
        blobs = [found for found in item.traverse() if isinstance(found, Blob)]
        return sorted(posixpath.relpath(str(blob.path), self._prefix) for blob in blobs)

    def _find(self, path: str) -> git.Tree | git.Blob | None:
        full = posixpath.normpath(posixpath.join(self._prefix, path))
        try:
            return self._tree if full == "." else self._tree / full
        except KeyError:
            return None


def open_repository(root: Path) -> Repository | None:
    """The repository that holds a project, or None where there is none (or no git)."""
    for variable in _EXPORTED_BY_HOOKS:  # a hook's git would otherwise answer for another repository or index
        os.environ.pop(variable, None)
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ["GIT_OPTIONAL_LOCKS"] = "0"  # `git status` must not write the index
    os.environ["GIT_NO_LAZY_FETCH"] = "1"
    import git
    from git.exc import GitCommandNotFound, InvalidGitRepositoryError, NoSuchPathError

    try:
        return Repository(git.Repo(root, search_parent_directories=True), root)
    except (InvalidGitRepositoryError, NoSuchPathError, GitCommandNotFound):
        return None
