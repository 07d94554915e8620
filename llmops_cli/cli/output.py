"""Standard output and error: streams that are full or closed, and keeping what is printed from commanding the CI
service that reads it."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
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
    stream.write(text)
    stream.flush()


def open_streams() -> None:
    """Put something where a standard stream is closed: else the next file that is opened would take its number.

    Standard output is opened for reading, so that to write there still fails; notes go nowhere.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, mode), True)  # the lowest free number, which is this one
    # Python has None where a stream was closed when it started
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # as long as the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


class Checked:
    """A stream that may be full, closed, or without a reader.

    A reader who left is no news. Where results are lost, NoVerdictError says so, once; lost notes change nothing.
    """

    def __init__(self, stream: TextIO, *, results: bool) -> None:
        self._stream = stream
        self._results = results

    def write(self, text: str) -> int:
        """See TextIO.write."""
        if text == "":  # Typer tries streams with it, and takes any error for the answer to its question
            return 0
        try:
            return self._stream.write(text)
        except OSError as error:
            self._lost(error)
            return len(text)

    def writelines(self, lines: Any) -> None:
        """See TextIO.writelines."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """See TextIO.flush."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        # nothing may be flushed at exit either (docs.python.org/3/library/signal.html#note-on-sigpipe)
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
        if self._results and not isinstance(error, BrokenPipeError):
            raise NoVerdictError(f"standard output cannot be written: {error.strerror or error}") from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


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
    """Standard output and error, checked, and guarded for as long as it lasts where a CI service obeys what it reads.

    A stream that goes to a file is left as it is: `llmops report --format csv > cases.csv` is no log.
    """
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(cast("TextIO", Checked(sys.stdout, results=True))))
        stack.enter_context(redirect_stderr(cast("TextIO", Checked(sys.stderr, results=False))))
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
