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
        name = self._name(commit, folder)
        tree = name and self._objects.find(name, "tree")
        if not tree:
            # there is no such folder, or the clone lacks it: this complains where it is lacking
            full = plain(self._places.at(commit), folder) + "/"
            self._git.run("ls-tree", "-r", "--name-only", "--full-tree", commit, "--", full)
            return {}
        above = posixpath.normpath(folder)
        found = self._objects.files_of(tree)
        return found if above == "." else {f"{above}/{path}": blob for path, blob in found.items()}

    def links_below(self, commit: str, folder: str) -> list[str]:
        """Links below a folder at a commit: what they lead to is not read."""
        name, above = self._name(commit, folder), posixpath.normpath(f"{folder}/x").removesuffix("x")
        tree = name and self._objects.find(name, "tree")
        return [above + path for path in self._objects.links_below(tree)] if tree else []

    def link_on(self, commit: str, path: str) -> str | None:
        """The link that stands at a path of a commit, or on the way there."""
        found = self._name(commit, path) and self._objects.link_on(commit, plain(self.prefix, path))
        return relative(found, self.prefix) if found else None

    def _name(self, commit: str, path: str) -> str | None:
        """A file or folder of the project as `cat-file` takes it; None where it could not be one."""
        full = plain(self._places.at(commit), path)
        return None if "\n" in full or full.startswith("..") else f"{commit}:{full if full != '.' else ''}"
