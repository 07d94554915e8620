"""Writing results to standard output."""

import os
import sys

from llmops_cli.errors import NoVerdictError


def emit(text: str) -> None:
    """Write to standard output; a reader who left (`| head`) does not change the exit code.

    Raises NoVerdictError where the disk behind it is full.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # nothing may be flushed at exit either (docs.python.org/3/library/signal.html#note-on-sigpipe)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise NoVerdictError(f"standard output cannot be written: {error.strerror or error}") from error
