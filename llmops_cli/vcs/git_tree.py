"""The project's files as they stand in a commit."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from llmops_cli.vcs.repository import Repository


class GitTree:
    """A FileTree over one commit."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        self.label = commit

    def open(self, path: str) -> BinaryIO | None:
        """See FileTree.open; what is a link in git is read as text, never followed."""
        data = self._repository.blob(self.label, path)
        return None if data is None else io.BytesIO(data)

    def list(self, folder: str) -> list[str]:
        """See FileTree.list; hidden files and folders are passed over, as in the worktree."""
        paths = self._repository.files_below(self.label, folder)
        start = len(folder.rstrip("/")) + 1 if folder.strip("./") else 0
        return [path for path in paths if "/." not in path[start:] and not path[start:].startswith(".")]
