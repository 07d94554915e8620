"""Writing results to standard output, and keeping what is printed from commanding the CI service that reads it."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, cast

from llmops_cli.errors import NoVerdictError


def emit(text: str) -> None:
    """Write to standard output; a reader who left (`| head`) does not change the exit code.

    Raises NoVerdictError where the disk behind it is full.
    """
    _write(sys.stdout, text)


def emit_commands(text: str) -> None:
    """As `emit`, for workflow commands that are meant as such: whole lines that our own reporter wrote."""
    _write(getattr(sys.stdout, "unguarded", sys.stdout), text)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        # nothing may be flushed at exit either (docs.python.org/3/library/signal.html#note-on-sigpipe)
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            raise NoVerdictError(f"standard output cannot be written: {error.strerror or error}") from error


class Guarded:
    """A stream whose text can start no workflow command (`reporters/workflow_commands.py`).

    It has no `buffer`: whoever would write bytes past the guard writes text instead.
    """

    def __init__(self, stream: TextIO) -> None:
        from llmops_cli.reporters.workflow_commands import Neutraliser

        self.unguarded = stream
        self._neutral = Neutraliser()

    def write(self, text: str) -> int:
        """See TextIO.write."""
        if not isinstance(text, str):
            raise TypeError(f"a text is written here, not {type(text).__name__}")
        self.unguarded.write(self._neutral(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """See TextIO.writelines."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self.unguarded, name)


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Standard output and error, guarded for as long as it lasts where a CI service obeys what it reads.

    A stream that goes to a file is left as it is: `llmops report --format csv > cases.csv` is no log.
    """
    with ExitStack() as stack:
        if _obeyed():
            if not _is_file(sys.stdout):
                stack.enter_context(redirect_stdout(cast("TextIO", Guarded(sys.stdout))))
            if not _is_file(sys.stderr):
                stack.enter_context(redirect_stderr(cast("TextIO", Guarded(sys.stderr))))
        yield


def _obeyed() -> bool:
    from llmops_cli.reporters.workflow_commands import SERVICES

    return any(os.environ.get(name) for name in SERVICES)


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # closed, or no file of the system at all
        return False
