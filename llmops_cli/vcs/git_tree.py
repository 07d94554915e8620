"""The project's files as they stand in a commit."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from llmops_cli.errors import FileError, SourceLocation

if TYPE_CHECKING:
    from llmops_cli.vcs.repository import Repository

_AT_ONCE = 64
"""Files that are read ahead: their contents are held until they are opened."""


class GitTree:
    """A FileTree over one commit."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        self.label = commit
        self._ids: dict[str, str] = {}
        """Path to blob of what was listed."""
        self._expected: dict[str, None] = {}
        self._ahead: dict[str, bytes] = {}

    def open(self, path: str) -> BinaryIO | None:
        """See FileTree.open. Raises FileError for a link, too: git holds where it leads, not what is there."""
        if path in self._expected:
            self._read_ahead(path)
        data = self._ahead.pop(path, None)
        if data is None:
            self._refuse_links(path)
            data = self._repository.blob(self.label, path)
        return None if data is None else io.BytesIO(data)

    def list(self, folder: str) -> list[str]:
        """See FileTree.list; hidden files and folders are passed over, as in the worktree.

        Links are listed, so that they are refused where they are wanted and not passed over in silence.
        """
        start = len(folder.rstrip("/")) if folder.strip("./") else 0
        blobs = self._repository.blob_ids(self.label, folder)
        links = self._repository.links_below(self.label, folder)
        seen = {path for path in (*blobs, *links) if "/." not in f"/{path[start:].lstrip('/')}"}
        self._ids |= {path: blob for path, blob in blobs.items() if path in seen}
        return sorted(seen)

    def expect(self, paths: Iterable[str]) -> None:
        """See ReadsAhead.expect; what was not listed before is read when it is opened."""
        self._expected |= dict.fromkeys(path for path in paths if path in self._ids)

    def _refuse_links(self, path: str) -> None:
        link = self._repository.link_on(self.label, path)
        if link is not None:
            what = "is a link" if link == posixpath.normpath(path) else f"lies behind the link {link}"
            raise FileError(
                f"{what}, and links are not followed in a commit",
                where=SourceLocation(path),
                hint="commit the file itself in its place",
            )

    def _read_ahead(self, path: str) -> None:
        """Reads a file and the next ones that are expected; what this clone lacks is left to `open`."""
        paths = [path, *islice((other for other in self._expected if other != path), _AT_ONCE - 1)]
        for read in paths:
            self._expected.pop(read)
        found = self._repository.blobs_by_id([self._ids[read] for read in paths])
        self._ahead |= {read: data for read, data in zip(paths, found, strict=True) if data is not None}
