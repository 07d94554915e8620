"""A project's files in memory."""

import io
from collections.abc import Mapping
from typing import BinaryIO


class DictTree:
    """A FileTree over a mapping of path to text."""

    label = "memory"

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def open(self, path: str) -> BinaryIO | None:
        text = self._files.get(path)
        return None if text is None else io.BytesIO(text.encode())

    def list(self, folder: str) -> list[str]:
        return sorted(path for path in self._files if path.startswith(f"{folder}/"))
