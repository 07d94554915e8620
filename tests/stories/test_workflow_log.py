"""What is printed into the log of a CI service commands nothing, whoever wrote the text."""

import json
import re
from pathlib import Path

import pytest

from tests.support.project import GREET, TWO_CASES, Project, Result, greeting_project

ACTIONS = {"GITHUB_ACTIONS": "true"}
HOSTILE = (
    "\n::error file=x,line=1::no\r::add-mask::a\n \t::group::g\nsay ##[error]no\n##vso[task.complete]\n"
    "\u00ad::warning::w\n"
)
NOISY = """\
import sys


def judge(output):
    print("::error::x")
    sys.stderr.write("##[error]")
    return True
"""


def commands(text: str) -> list[str]:
    """Lines that the runner would obey."""
    lines = re.split(r"\r\n|\n|\r", text)
    return [
        line for line in lines if re.match(r"[\s\u00ad\u200b\ufeff]*::", line) or re.search(r"##\w*\[", line)
    ]


def both(result: Result) -> list[str]:
    return commands(result.stdout) + commands(result.stderr)


@pytest.fixture
def hostile(project: Project) -> Project:
    """A project whose model answers with commands, and whose files hold some, too."""
    greeting_project(project)
    project.edit("prompts/greet.yaml", "Greet", "Salute")
    project.edit("evalsets/greet.yaml", "id: bob", 'id: "::error::bob ##[group]"')
    return project.replies(("", HOSTILE))


@pytest.mark.parametrize(
    "arguments",
    [
        ("eval",), ("eval", "--format", "json"), ("run", "greet", "--var", "name=::error::x"),
        ("run", "greet", "--var", "name=x", "--format", "json"), ("eval", "::error::x"),
        ("eval", "--case", "\n::error::x"),
        ("eval", "--::error::x"), ("show", "\n##[error]x"), ("render", "greet", "--var", "name=\n::error::x"),
    ],
)  # fmt: skip
def test_no_command_prints_a_command(hostile: Project, arguments: tuple[str, ...]) -> None:
    assert both(hostile.llmops(*arguments, env=ACTIONS)) == []


def test_without_the_guard_there_would_be_some(hostile: Project) -> None:
    """The stories above see something: the same texts are hostile where no service obeys them."""
    assert both(hostile.llmops("eval"))
    assert both(hostile.llmops("run", "greet", "--var", "name=x", "--format", "json"))


def test_json_says_the_same_with_and_without_the_guard(hostile: Project) -> None:
    asked = ("run", "greet", "--var", "name=x", "--format", "json")
    plain = hostile.llmops(*asked)
    guarded = hostile.llmops(*asked, env=ACTIONS)

    assert json.loads(guarded.stdout)["text"] == json.loads(plain.stdout)["text"] == HOSTILE
    assert commands(plain.stdout)


def test_what_a_scorer_prints_is_guarded_too(project: Project) -> None:
    """Code of the project writes to standard error while it is judging."""
    cases = TWO_CASES.replace('contains: "Hello, {{ vars.name }}!"', "python: noisy:judge")
    project.replies(("", "Hello")).write({"noisy.py": NOISY})
    project.commit("noisy", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": cases})

    result = project.run_process("eval", env=ACTIONS)

    assert result.exit_code == 0
    assert "error::x" in result.stderr
    assert both(result) == []


def test_a_bug_report_and_a_mistake_are_guarded(project: Project) -> None:
    project.write({"prompts/x.yaml": "model: |\n  ::error::x\n  ##[error]\nmessages: 7\n"})

    result = project.run_process("check", env=ACTIONS)

    assert result.exit_code == 2
    assert both(result) == []


def test_a_stream_that_goes_to_a_file_is_no_log(hostile: Project, tmp_path: Path) -> None:
    arguments = ("run", "greet", "--var", "name=x")
    with (tmp_path / "answer.txt").open("w", encoding="utf-8") as file:
        hostile.run_process(*arguments, env=ACTIONS, stdout=file)
    guarded = hostile.run_process(*arguments, env=ACTIONS)

    assert "\n::error file=x" in (tmp_path / "answer.txt").read_text(encoding="utf-8")
    assert "\n:\\u003aerror file=x" in guarded.stdout


def test_annotations_are_meant_and_nothing_else_of_them_commands(hostile: Project) -> None:
    """`--format github` prints commands: ours, one a line, with the hostile texts inside them."""
    for result in (
        hostile.llmops("eval", "--format", "github", env=ACTIONS),
        hostile.llmops("report", "--format", "github"),
    ):
        lines = result.stdout.splitlines()
        assert len(lines) > 2
        assert all(re.match(r"::(notice|error|warning) [^\n]*title=", line) for line in lines)
        assert commands(result.stderr) == []


def test_reports_in_files_are_no_log(hostile: Project) -> None:
    hostile.llmops("eval", "--report", "csv=log.csv", "--report", "json=log.json", env=ACTIONS)

    assert "say ##[error]no" in hostile.read("log.csv")
    assert "##[error]no" in hostile.read("log.json")
