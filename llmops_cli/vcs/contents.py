"""The project's files as they stand at a commit, read from git's objects."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from llmops_cli.vcs.moves import Places
from llmops_cli.vcs.objects import Objects
from llmops_cli.vcs.records import plain, relative
from llmops_cli.vcs.running import Running


class Contents:
    """Blobs and folders by commit and path; paths are relative to the project's root, not the repository's."""

    def __init__(self, git: Running, prefix: str) -> None:
        """`prefix` is the project's folder in the repository."""
        self._git = git
        self.prefix = prefix
        self._objects = Objects(git.cat_file)
        self._places = Places(prefix, self._objects)

    def blob(self, commit: str, path: str) -> bytes | None:
        """A file's bytes at a commit, or None where it has none there."""
        name = self._name(commit, path)
        return None if name is None else self._objects.read(name, "blob")

    def blob_id(self, commit: str, path: str) -> str | None:
        """The name of a file's content at a commit: equal names are equal bytes. None where it has none."""
        name = self._name(commit, path)
        return None if name is None else self._objects.find(name, "blob")

    def blob_by_id(self, blob_id: str) -> bytes:
        """The bytes of a blob; none where this clone lacks it."""
        return self._objects.read(blob_id, "blob") or b""

    def blobs_by_id(self, blob_ids: Sequence[str]) -> list[bytes | None]:
        """The bytes of many blobs, without waiting for git at each; None for those that this clone lacks."""
        return self._objects.read_many(blob_ids, "blob")

    def files_below(self, commit: str, folder: str) -> list[str]:
        """Files below a folder at a commit, sorted; links and submodules are left out."""
        return sorted(self.blob_ids(commit, folder))

    def blob_ids(self, commit: str, folder: str) -> dict[str, str]:
        """Path to `blob_id` of the files below a folder at a commit; links and submodules are left out."""
        trees = self._trees(commit, folder)
        if not trees:
            # there is no such folder, or the clone lacks it: this complains where it is lacking
            full = self._places.path(commit, folder) + "/"
            self._git.run("ls-tree", "-r", "--name-only", "--full-tree", commit, "--", full)
            return {}
        above = posixpath.normpath(folder)
        found: dict[str, str] = {}
        for tree in reversed(trees):
            found |= self._objects.files_of(tree)
        return found if above == "." else {f"{above}/{path}": blob for path, blob in found.items()}

    def links_below(self, commit: str, folder: str) -> list[str]:
        """Links below a folder at a commit: what they lead to is not read."""
        above = posixpath.normpath(f"{folder}/x").removesuffix("x")
        found = (path for tree in self._trees(commit, folder) for path in self._objects.links_below(tree))
        return [above + path for path in dict.fromkeys(found)]

    def link_on(self, commit: str, path: str) -> str | None:
        """The link that stands at a path of a commit, or on the way there."""
        if _as_name(commit, full := self._places.path(commit, path)) is None:
            return None
        found = self._objects.link_on(commit, full)
        return relative(found, *self._places.at(commit)) if found else None

    def _trees(self, commit: str, folder: str) -> list[str]:
        """What a folder is at a commit, in each place that the project has there, newest first."""
        names = (_as_name(commit, plain(place, folder)) for place in self._places.at(commit))
        return [tree for name in names if name and (tree := self._objects.find(name, "tree"))]

    def _name(self, commit: str, path: str) -> str | None:
        return _as_name(commit, self._places.path(commit, path))


def _as_name(commit: str, full: str) -> str | None:
    """A path of the repository as `cat-file` takes it; None where it could not be one."""
    return None if "\n" in full or full.startswith("..") else f"{commit}:{full if full != '.' else ''}"
