"""Git's objects, from one long-lived `git cat-file --batch` and one `--batch-check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Protocol

from llmops_cli.errors import UserError

_NO_REPLY = "SHA is empty"
"""How GitPython says that `cat-file` ended without a reply."""


class CatFile(Protocol):
    """The part of GitPython's `Git` that keeps `git cat-file` running; ValueError means "missing"."""

    def get_object_header(self, ref: str) -> tuple[Any, Any, Any]:
        """Hash, kind and size."""
        ...

    def get_object_data(self, ref: str) -> tuple[Any, Any, Any, Any]:
        """Hash, kind, size and bytes."""
        ...


class Objects:
    """Blobs and trees by name: a hash, or `commit:path`. Not for several threads at once."""

    def __init__(self, git: CatFile, object_format: Callable[[], str]) -> None:
        self._git = git
        self._object_format = cache(object_format)  # asked at every name that leads nowhere
        self._below: dict[str, dict[str, str]] = {}

    def find(self, name: str, kind: str) -> str | None:
        """The hash of a blob or tree; None where the name leads to none."""
        try:
            found, is_a, _ = map(_text, self._git.get_object_header(name))
        except (ValueError, BrokenPipeError) as error:
            self._refuse_unreadable(error)
            return None
        return found if is_a == kind else None

    def read(self, name: str, kind: str) -> bytes | None:
        """The bytes of a blob or tree; None where the name leads to none."""
        try:
            _, is_a, _, data = self._git.get_object_data(name)
        except (ValueError, BrokenPipeError) as error:
            self._refuse_unreadable(error)
            return None
        return bytes(data) if _text(is_a) == kind else None

    def files_of(self, tree: str) -> dict[str, str]:
        """Path to blob of everything below a tree but links and submodules.

        Many commits share a tree, so each is read once. Raises UserError where the clone lacks one.
        """
        if tree not in self._below:
            data = self.read(tree, "tree")
            if data is None:
                hint = "a partial clone may lack it: `git fetch` brings it"
                raise UserError(f"this clone lacks the folder {tree[:10]}", hint=hint)
            found: dict[str, str] = {}
            for mode, name, entry in _tree_entries(data, len(tree) // 2):
                if mode.startswith("100"):
                    found[name] = entry
                elif mode == "40000":
                    found |= {f"{name}/{path}": blob for path, blob in self.files_of(entry).items()}
            self._below[tree] = found
        return self._below[tree]

    def _refuse_unreadable(self, error: ValueError | BrokenPipeError) -> None:
        """A ValueError is GitPython's word for "missing", and for names of objects that it cannot read.

        Where git itself gave up, nothing is known of any further name: that is no absence.
        """
        if isinstance(error, BrokenPipeError) or _NO_REPLY in str(error):
            message = "git stopped reading: this clone lacks an object that it should have"
            hint = "a partial clone gets it with `git fetch --refetch --no-filter`"
            raise UserError(message, hint=hint) from error
        if self._object_format() != "sha1":
            message = "the repository uses SHA-256 object names, which GitPython cannot read yet"
            hint = "`eval` without --against and --at works all the same"
            raise UserError(message, hint=hint) from error


def _text(value: object) -> str:
    """GitPython says that it gives texts, and gives bytes."""
    return value.decode("ascii") if isinstance(value, bytes) else str(value)


def _tree_entries(data: bytes, size: int) -> Iterator[tuple[str, str, str]]:
    """Mode, name and object of each entry of a tree object; `size` is that of a hash in bytes."""
    place = 0
    while place < len(data):
        end = data.index(b"\0", place)
        mode, _, name = data[place:end].decode("utf-8", "surrogateescape").partition(" ")
        place = end + 1 + size
        yield mode, name, data[end + 1 : place].hex()
