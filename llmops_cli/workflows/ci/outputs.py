"""What a step leaves for the workflow: outputs for other steps, and the job's summary.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

import os
import secrets
from collections.abc import Mapping

from llmops_cli.errors import NoVerdictError, SourceLocation

MOST_SUMMARY = 1024 * 1024
"""Bytes of a step's summary; GitHub shows none of a longer one."""
_CUT = "\n\n(cut here: a job summary holds 1 MiB)\n"


def add_outputs(environment: Mapping[str, str], values: Mapping[str, str]) -> None:
    """Set outputs of this step, where there is a workflow to read them.

    Each stands between two lines of random text, so that no value can set another one.
    """
    path = environment.get("GITHUB_OUTPUT")
    if path:
        lines = []
        for name, value in values.items():
            mark = f"llmops_{secrets.token_hex(16)}"
            lines.append(f"{name}<<{mark}\n{value}\n{mark}\n")
        _append(path, "".join(lines))


def add_summary(environment: Mapping[str, str], markdown: str) -> bool:
    """Add to the job's summary; False where there is none (outside a workflow)."""
    path = environment.get("GITHUB_STEP_SUMMARY")
    if not path:
        return False
    data = markdown.encode("utf-8", "replace")
    room = MOST_SUMMARY - (os.path.getsize(path) if os.path.exists(path) else 0) - 1  # noqa: PTH110, PTH202
    if len(data) > room:
        kept = data[: max(0, room - len(_CUT.encode()))].decode("utf-8", "ignore")
        markdown = kept.rpartition("\n")[0] + _CUT
    _append(path, markdown.encode("utf-8", "replace").decode() + "\n")
    return True


def _append(path: str, text: str) -> None:
    try:
        with open(path, "a", encoding="utf-8", newline="") as stream:  # noqa: PTH123
            stream.write(text)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise NoVerdictError(what, where=SourceLocation(path)) from error
