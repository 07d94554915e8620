"""Writing results to standard output."""

import os
import sys


def emit(text: str) -> None:
    """Write to standard output; a reader who left (`| head`) does not change the exit code."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # nothing may be flushed at exit either (docs.python.org/3/library/signal.html#note-on-sigpipe)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
