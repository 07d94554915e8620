"""One process at a time: a lock that the system lets go of when its process ends, however it ends."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from llmops_cli.errors import NoVerdictError, SourceLocation

PATIENCE = 30.0
"""Seconds that are waited for another process."""
_PAUSE = 0.02


@contextmanager
def locked(path: Path, what: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of a file, which is made where it is missing and stays.

    `what` is what the others are doing meanwhile. Raises NoVerdictError where they take longer than `patience`
    seconds, or where the file cannot be made.
    """
    try:
        stream = path.open("ab")
    except OSError as error:
        why = f"cannot be written: {error.strerror or error}"
        raise NoVerdictError(why, where=SourceLocation(str(path))) from error
    with stream:
        deadline = time.monotonic() + patience
        while not _taken(stream):
            if time.monotonic() >= deadline:
                hint = f"try again when it is done; it holds the lock {path}"
                raise NoVerdictError(f"another llmops has been {what} for {patience:g} s", hint=hint)
            time.sleep(_PAUSE)
        yield  # closing the file lets go of it


if sys.platform == "win32":
    import msvcrt

    def _taken(stream: BinaryIO) -> bool:
        try:
            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _taken(stream: BinaryIO) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
