"""A crash as a report that can be pasted into an issue."""

import platform
import sys
import traceback

from llmops_cli import __version__


def report_bug() -> str:
    """The exception in flight as Markdown, without argument values: they may hold customers' texts."""
    command = " ".join(sys.argv[1:2])
    machine = f"{platform.system()} {platform.machine()}"
    return "\n".join(
        [
            "This is a bug in llmops, not a verdict on your prompts (exit code 4).",
            "Please report it with the following:",
            "",
            f"- llmops {__version__}, Python {platform.python_version()}, {machine}",
            f"- command: llmops {command}",
            "",
            "```",
            "".join(traceback.format_exception(_first(sys.exception()))).rstrip(),
            "```",
        ]
    )


def _first(error: BaseException | None) -> BaseException | None:
    """Of a group of exceptions (as many as calls were in flight) the first: they are seldom of two kinds."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
