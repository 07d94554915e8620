"""Git's objects, from one long-lived `git cat-file --batch` and one `--batch-check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from llmops_cli.errors import UserError
from llmops_cli.vcs.cat_file import CatFile, Process

_LINK = "120000"


class Objects:
    """Blobs and trees by name: a hash, or `commit:path`. Not for several threads at once.

    Everything that asks git raises UserError where git gives up, as in a clone that lacks an object.
    """

    def __init__(self, start: Callable[[str], Process]) -> None:
        """`start` runs `git cat-file` with an option."""
        self._contents = CatFile(partial(start, "--batch"), contents=True)
        self._headers = CatFile(partial(start, "--batch-check"), contents=False)
        self._below: dict[str, dict[str, str]] = {}
        self._links: dict[str, list[str]] = {}
        """Tree to the links below it."""
        self._links_in: dict[str, frozenset[str]] = {}

    def find(self, name: str, kind: str) -> str | None:
        """The hash of a blob or tree; None where the name leads to none."""
        return self.find_many([name], kind)[0]

    def find_many(self, names: Sequence[str], kind: str) -> list[str | None]:
        """As `find`, for each of the names, without waiting for git at each."""
        found = self._headers.ask(names)
        return [None if one is None or one.kind != kind else one.name for one in found]

    def holds(self, name: str) -> bool:
        """Whether a name leads to anything."""
        return self._headers.ask([name])[0] is not None

    def read(self, name: str, kind: str) -> bytes | None:
        """The bytes of a blob or tree; None where the name leads to none."""
        return self.read_many([name], kind)[0]

    def read_many(self, names: Sequence[str], kind: str) -> list[bytes | None]:
        """As `read`, for each of the names, without waiting for git at each."""
        found = self._contents.ask(names)
        return [None if one is None or one.kind != kind else one.data for one in found]

    def files_of(self, tree: str) -> dict[str, str]:
        """Path to blob of everything below a tree but links and submodules.

        Many commits share a tree, so each is read once. Raises UserError where the clone lacks one.
        """
        if tree not in self._below:
            found: dict[str, str] = {}
            links: list[str] = []
            for mode, name, entry in self._entries(tree):
                if mode.startswith("100"):
                    found[name] = entry
                elif mode == "40000":
                    found |= {f"{name}/{path}": blob for path, blob in self.files_of(entry).items()}
                    links += [f"{name}/{path}" for path in self._links[entry]]
                elif mode == _LINK:
                    links.append(name)
            self._below[tree], self._links[tree] = found, links
        return self._below[tree]

    def links_below(self, tree: str) -> list[str]:
        """Paths of the links below a tree. Raises as `files_of`."""
        self.files_of(tree)
        return self._links[tree]

    def link_on(self, commit: str, path: str) -> str | None:
        """The part of a path that is a link at a commit; None where none is."""
        parts = path.split("/")
        for depth in range(len(parts), 0, -1):
            tree = self.find(f"{commit}:{'/'.join(parts[: depth - 1])}", "tree")
            if tree is not None:  # git follows no link, so none leads here
                return "/".join(parts[:depth]) if parts[depth - 1] in self._links_right_in(tree) else None
        return None

    def _links_right_in(self, tree: str) -> frozenset[str]:
        if tree not in self._links_in:
            self._links_in[tree] = frozenset(name for mode, name, _ in self._entries(tree) if mode == _LINK)
        return self._links_in[tree]

    def _entries(self, tree: str) -> Iterator[tuple[str, str, str]]:
        data = self.read(tree, "tree")
        if data is None:
            hint = "a partial clone may lack it: `git fetch` brings it"
            raise UserError(f"this clone lacks the folder {tree[:10]}", hint=hint)
        return _tree_entries(data, len(tree) // 2)

    def close(self) -> None:
        """End git's processes."""
        self._contents.close()
        self._headers.close()


def _tree_entries(data: bytes, size: int) -> Iterator[tuple[str, str, str]]:
    """Mode, name and object of each entry of a tree object; `size` is that of a hash in bytes."""
    place = 0
    while place < len(data):
        end = data.index(b"\0", place)
        mode, _, name = data[place:end].decode("utf-8", "surrogateescape").partition(" ")
        place = end + 1 + size
        yield mode, name, data[end + 1 : place].hex()
