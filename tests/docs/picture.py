"""The README's picture: a regression in the project that `llmops init` writes."""

import re
from pathlib import Path

from llmops_cli.reporters.terminal import format_terminal
from llmops_cli.workflows.evaluation.evaluate import EvalOptions, evaluate
from llmops_cli.workflows.init import init
from llmops_cli.workflows.project import open_project
from tests.support.project import Project

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def picture(folder: Path) -> str:
    """What `llmops eval` prints in a terminal of 80 columns, colours left out."""
    init(folder)
    Project(folder, None).edit("prompts/triage.system.j2", ", torn or too small", " or torn")
    result = evaluate(open_project(folder), EvalOptions(), lambda event: None)
    lines = _ANSI.sub("", format_terminal(result, width=80, color=True)).splitlines()
    return "\n".join(line.rstrip() for line in lines)
