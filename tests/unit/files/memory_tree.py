"""A FileTree that is a dictionary."""

import io
from collections.abc import Mapping
from typing import BinaryIO


class MemoryTree:
    """Paths to texts, or to bytes that are none."""

    label = "memory"

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = dict(files)

    def open(self, path: str) -> BinaryIO | None:
        text = self._files.get(path)
        if text is None:
            return None
        return io.BytesIO(text if isinstance(text, bytes) else text.encode())

    def list(self, folder: str) -> list[str]:
        return sorted(path for path in self._files if path.startswith(f"{folder}/"))
