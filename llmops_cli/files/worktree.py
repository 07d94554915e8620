"""The project as it lies on disk."""

import os
from pathlib import Path
from typing import BinaryIO

from llmops_cli.errors import FileError, SourceLocation

_MOST_LINKS = 40
"""A ring of links has no end; Linux gives up after as many, see path_resolution(7)."""
MARKERS = ("llmops.yaml", "prompts", "evalsets")


class WorkTree:
    """A FileTree over a directory. Links that lead out of it are refused."""

    label = "worktree"

    def __init__(self, root: Path) -> None:
        self.root = root
        self._inside = os.path.realpath(root).rstrip(os.sep) + os.sep
        self._folders: dict[str, str] = {}

    def open(self, path: str) -> BinaryIO | None:
        """See FileTree.open. Raises FileError for a path that leaves the root or cannot be read."""
        full = self._real_path(path)
        # both are real paths; `commonpath` takes far longer
        if not f"{full}{os.sep}".startswith(self._inside):
            raise FileError("leads out of the project", where=SourceLocation(path), hint="copy the file here")
        try:
            return open(full, "rb") if os.path.isfile(full) else None  # noqa: PTH113, PTH123 - half the time of pathlib's
        except OSError as error:
            raise FileError(f"cannot be read: {error.strerror}", where=SourceLocation(path)) from error

    def _real_path(self, path: str) -> str:
        """As `os.path.realpath`, which looks at each part of the path: here once a folder."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(self.root / folder)
        full = os.path.join(self._folders[folder], name)  # noqa: PTH118
        return os.path.realpath(full) if name in ("", ".", "..") or os.path.islink(full) else full  # noqa: PTH114

    def trail(self, path: str) -> set[str]:
        """A path, every link on the way to the file that `open` gives for it, and that file.

        As far as they are in the project: what leads out of it is refused.
        """
        found = {path}
        if self._real_path(path) == self._inside + path.replace("/", os.sep):
            return found
        ahead, place = path.split("/")[::-1], self._inside.rstrip(os.sep)
        links = 0
        while ahead and links < _MOST_LINKS:
            place = os.path.normpath(os.path.join(place, ahead.pop()))  # noqa: PTH118
            is_link = os.path.islink(place)  # noqa: PTH114
            if (is_link or not ahead) and place.startswith(self._inside):
                found.add(place.removeprefix(self._inside).replace(os.sep, "/"))
            if is_link:
                links += 1
                target = Path(place).parent / os.readlink(place)  # noqa: PTH115
                ahead += target.parts[:0:-1]
                place = target.anchor
        return found

    def list(self, folder: str) -> list[str]:
        """See FileTree.list; hidden files and folders are passed over."""
        found: list[str] = []
        for directory, folders, files in os.walk(self.root / folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            relative = Path(directory).relative_to(self.root)
            found += [(relative / name).as_posix() for name in files if not name.startswith(".")]
        return sorted(found)


def find_root(start: Path) -> Path:
    """The nearest folder upwards that holds `llmops.yaml`, `prompts/` or `evalsets/`, else `start` itself."""
    for folder in (start, *start.parents):
        if any((folder / marker).exists() for marker in MARKERS):
            return folder
    return start


def is_bare_repository(folder: Path) -> bool:
    """Whether a folder is a bare clone, by what git itself looks for in it."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
