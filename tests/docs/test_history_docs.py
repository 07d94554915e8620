"""docs/history.md: its commands are run in a real repository, what they print is what the page shows."""

import re
from pathlib import Path

from llmops_cli.errors import ExitCode
from tests.docs.markdown import ROOT
from tests.docs.walking import follow

PAGE = ROOT / "docs" / "history.md"


def test_the_story_is_what_the_tool_does(tmp_path: Path) -> None:
    steps, told = follow(PAGE, tmp_path)

    assert [step.wrong for step in steps if step.wrong] == []
    assert [part.command for part in told if not part.same] == [], "python -m tests.docs.rewrite mends it"
    assert len(told) == 5
    assert all(part.page.strip("…\n") for part in told), "an output that shows nothing compares nothing"


def test_the_story_promotes_asks_what_was_live_and_goes_back(tmp_path: Path) -> None:
    steps, told = follow(PAGE, tmp_path)
    shown = {part.command: part.real for part in told}
    by_line = {step.command.line: step for step in steps}

    (v2,) = re.findall(r"^v2 .*?(p1:\w+)", shown["llmops log triage"], re.MULTILINE)
    assert f"production  {v2}" in shown["llmops label"]
    assert v2 in shown["llmops show triage@:production --on 2026-03-05"]
    assert v2 in by_line["llmops show triage@:production --format json"].output
    assert "is the first bad version" in shown["llmops bisect triage --good HEAD~1 --case too-small"]
    assert by_line["llmops eval"].exit_code == ExitCode.REGRESSION
