"""`llmops diff --run` at a terminal: tables fit whatever the width, with colours and without."""

import os
import pty
import re
import subprocess

import pytest

from tests.support import warm
from tests.support.project import Project, greeting_project, process_environment

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def at_terminal(project: Project, width: int, *arguments: str, **env: str) -> list[str]:
    """What a command shows on a terminal of so many columns, without colours."""
    ours, theirs = pty.openpty()
    settings = process_environment({"COLUMNS": str(width), "LINES": "50", "TERM": "xterm"})
    settings.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [warm.llmops(), *arguments],
        cwd=project.root,
        env={**settings, **env},
        stdout=theirs,
        stdin=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # Linux says so that the other end was closed
            break
        if not read:
            break
        shown += read
    os.close(ours)
    assert process.wait(60) == 0
    return _COLOURS.sub("", shown.decode()).splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}], ids=["colours", "plain"])
def test_the_table_of_answers_is_not_broken(project: Project, width: int, env: dict[str, str]) -> None:
    greeting_project(project)
    project.edit("prompts/greet.yaml", "by name", "by first name").commit("change")
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))

    shown = at_terminal(project, width, "diff", "--run", "HEAD~1", "HEAD", **env)

    assert max(map(len, shown)) <= width
    if width >= 60:
        (header,) = (line for line in shown if "pass" in line and "rate" in line)
        assert header.split() == ["pass", "rate", "score", "tokens", "$/1k", "length"]
        after = next(line for line in shown if line.lstrip().startswith("after"))
        assert after.split()[1:3] == ["2/2", "100%"]
        assert after.index("100%") + len("100%") == header.index("rate") + len("rate")
    else:
        assert sum(line.split() == ["pass", "2/2"] for line in shown) == 2, shown
