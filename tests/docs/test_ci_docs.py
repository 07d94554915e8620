"""docs/ci.md: its commands and options are the program's, its tables say what the tests of the stories show."""

import re

import pytest
import typer

from llmops_cli.cli.main import app
from llmops_cli.domain.comparison import Status
from llmops_cli.workflows.ci import artifact
from llmops_cli.workflows.ci.publish import PublishOptions
from tests.docs.markdown import ROOT, table

PAGE = ROOT / "docs" / "ci.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands["ci"].commands  # type: ignore[attr-defined]


def test_every_command_of_the_page_is_one() -> None:
    named = {row[0].split()[-1] for row in table("command", PAGE)}

    assert {"outcome", "publish", "authorize", "propose"} <= named
    assert named <= set(COMMANDS)


def test_every_option_of_the_page_is_one() -> None:
    known = {name for command in COMMANDS.values() for option in command.params
             for name in (*option.opts, *option.secondary_opts)}  # fmt: skip
    elsewhere = {"--report", "--ci", "--tree", "--trust", "--no-python", "--against", "--changed-since"}
    elsewhere |= {"--rerun-baseline", "--fresh", "--bank"}

    assert set(re.findall(r"`[^`\n]*?(--[a-z-]+)", TEXT)) - elsewhere <= known


def test_every_verdict_has_a_row() -> None:
    assert {row[0] for row in table("verdict", PAGE)} >= {status.value for status in Status}


def test_the_outputs_are_those_of_outcome() -> None:
    from pathlib import Path

    from llmops_cli.domain.ci import NoRun
    from llmops_cli.workflows.ci.outcome import EvalOutcome

    outputs = EvalOutcome(None, NoRun(3, None), 0, Path()).outputs

    assert [row[0] for row in table("output", PAGE)] == list(outputs)


@pytest.mark.parametrize("said", [artifact.RUN, artifact.CONTEXT, f"{artifact.MOST_RUN // 2**20} MB"])
def test_files_and_sizes_are_the_ones_of_the_code(said: str) -> None:
    assert said in TEXT


def test_the_mark_is_the_one_that_is_written() -> None:
    assert f"`{PublishOptions(name='NAME').marker}`" in TEXT
