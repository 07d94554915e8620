"""The files of a project at one revision, wherever they come from."""

from collections.abc import Iterable, Sequence
from typing import BinaryIO, Protocol, runtime_checkable


class FileTree(Protocol):
    """Files at a revision; paths are relative to the project's root and use `/`."""

    @property
    def label(self) -> str:
        """How the revision is called in messages: "worktree", or a commit."""
        ...

    def open(self, path: str) -> BinaryIO | None:
        """The file to read from, or None where there is no such file.

        Raises FileError where the path leads out of the project (a symbolic link, `..`).
        """
        ...

    def list(self, folder: str) -> Sequence[str]:
        """All files below a folder, sorted; empty where there is no such folder."""
        ...


@runtime_checkable
class ReadsAhead(Protocol):
    """A FileTree that reads many files quicker than each alone."""

    def expect(self, paths: Iterable[str]) -> None:
        """These files will be opened soon, in about this order. A hint: every path is opened as before."""
        ...


def expect(tree: FileTree, paths: Iterable[str]) -> None:
    """Says which files will be opened soon, to a tree for which it matters."""
    if isinstance(tree, ReadsAhead):
        tree.expect(paths)


def read_bytes(tree: FileTree, path: str) -> bytes | None:
    """A whole file, or None where there is none."""
    stream = tree.open(path)
    if stream is None:
        return None
    with stream:
        return stream.read()
