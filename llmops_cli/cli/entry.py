"""Where the `llmops` command begins: ^C while Python is still loading the rest says what it says later, and no more."""

import os
import signal
from contextlib import suppress
from typing import Any

INTERRUPTED = "interrupted; answers that can be kept are in the cache"
_CODE = 130


def console() -> None:
    """The `llmops` command."""
    leave_at_once()
    from llmops_cli.cli.main import console as run

    run()


def leave_at_once() -> None:
    """From here on ^C ends the process with a word: there is nothing to finish, and nobody to catch an exception.

    Where it is ignored, as in a shell's background, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def raise_again() -> None:
    """From here on ^C is a KeyboardInterrupt again, for those who can catch it."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(*_: Any) -> None:
    with suppress(OSError):
        os.write(2, f"{INTERRUPTED}\n".encode())
    os._exit(_CODE)


if __name__ == "__main__":
    console()
