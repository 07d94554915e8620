"""The README does what it says: its commands are run, its tables and examples compared with the program."""

import dataclasses
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer

from llmops_cli import plugins
from llmops_cli.cli.main import app
from llmops_cli.domain.evalset import GateSpec
from llmops_cli.errors import ExitCode
from llmops_cli.files.evalset_file import read_evalset
from llmops_cli.files.settings_file import read_settings
from llmops_cli.files.worktree import WorkTree
from llmops_cli.workflows.init import init
from tests.docs.markdown import README, ROOT, Command, blocks, commands, table
from tests.docs.picture import picture
from tests.docs.walking import Walk
from tests.support.project import Project

_TEXT = README.read_text(encoding="utf-8")
_LAST_IN_THE_DEMO = "llmops eval --no-calls"
_DURATION = re.compile(r"<?\d+(?:\.\d+)? (?:ms|s)\b")


def wrong(start: Path, todo: list[Command]) -> list[str]:
    """What goes otherwise than the README says when its commands are run in order."""
    return [step.wrong for step in Walk(start).run_all(todo) if step.wrong]


@pytest.mark.parametrize("git", [False, True], ids=["outside git", "in a repository"])
def test_the_ten_minute_tour(tmp_path: Path, *, git: bool) -> None:
    todo = commands("tour")
    ran = {command.line.split()[1] for command in todo if command.line.startswith("llmops")}

    assert wrong(Project.create(tmp_path / "home", git=git).root, todo) == []
    assert {"init", "check", "render", "eval", "accept"} <= ran
    assert ExitCode.REGRESSION in [command.exit_code for command in todo]


def test_the_tour_begins_where_no_git_is_installed(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "home", git=False)
    without = {"PATH": str(tmp_path)}

    assert project.run_process("init", env=without).exit_code == 0
    assert project.run_process("eval", env=without).exit_code == 0


def test_all_that_is_done_in_the_demo_goes_as_the_page_says_from_top_to_bottom(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "home", git=False)
    todo = commands("tour", "history")
    assert [c.line for c in todo].index("git init --quiet") < [c.line for c in todo].index(_LAST_IN_THE_DEMO)
    steps = Walk(project.root).run_all(todo)
    said = {step.command.line.split(" --")[0]: step.output for step in steps}

    assert [step.wrong for step in steps if step.wrong] == []
    assert {"init", "log", "diff", "bisect", "label", "show"} <= {line.split()[1] for line in said}
    assert "A shorter list of returns" in said["llmops bisect triage"]
    (older,) = [line for line in said["llmops log triage"].splitlines() if "Sort the mail" in line]
    digest = older.split()[1]
    assert digest in said["llmops show triage@:production"]
    (loaded,) = [step.output for step in steps if step.command.line.startswith("python3")]
    assert digest in loaded


def test_the_line_for_a_pull_request(tmp_path: Path) -> None:
    (command,) = commands("pull-request")
    line = shlex.split(command.line)[1:]
    upstream = Project.create(tmp_path / "upstream")
    init(upstream.root)
    upstream.commit("start")
    upstream.git("clone", "--quiet", str(upstream.root), str(tmp_path / "clone"))
    branch = Project(tmp_path / "clone", tmp_path / "clone")
    branch.git("switch", "--quiet", "--create", "change")

    branch.commit("docs only", {"notes.md": "hello\n"})
    untouched = branch.llmops(*line)
    branch.edit("prompts/triage.system.j2", ", torn or too small", " or torn").commit("worse")
    worse = branch.llmops(*line)
    assert branch.llmops("accept").exit_code == ExitCode.PASS
    branch.commit("accepted")
    accepted = branch.llmops(*line)
    branch.edit("evalsets/triage.yaml", "min_pass_rate: 0.7", "min_pass_rate: 0.8").commit("a bound")

    assert (untouched.exit_code, untouched.stdout.split()[0]) == (ExitCode.PASS, "UNAFFECTED")
    assert (worse.exit_code, accepted.exit_code) == (ExitCode.REGRESSION, ExitCode.PASS)
    assert "accepted in this branch's baseline: too-small" in accepted.both
    assert "ACCEPTED too-small" in accepted.both
    assert branch.llmops(*line).exit_code == ExitCode.REGRESSION, "an accepted baseline softens no bound"


def test_the_commands_on_this_repository(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "clone", git=False)
    for folder in ("prompts", "evalsets"):
        shutil.copytree(ROOT / folder, project.root / folder)
    todo = commands("repository")

    assert todo
    assert wrong(project.root, todo) == []


def test_the_picture_is_what_the_tool_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Durations aside, and with them the width of their columns."""
    ((_, shown),) = blocks("picture")
    monkeypatch.delenv("NO_COLOR")

    assert plain(shown) == plain(picture(tmp_path)), "python -m tests.docs.rewrite mends it"
    assert len(shown.splitlines()) < 25
    assert all(len(line) <= 80 for line in shown.splitlines())


def plain(text: str) -> list[str]:
    return [re.sub(r" +", " ", _DURATION.sub("TIME", line)).rstrip() for line in text.strip().splitlines()]


def test_the_table_of_commands_is_the_help_page() -> None:
    named = [row[0].split()[1] for row in table("command")]
    group = typer.main.get_command(app)
    known = getattr(group, "commands", {})

    assert sorted(named) == sorted(name for name, command in known.items() if command.help)
    assert all(row[0].startswith("llmops ") and row[1] for row in table("command"))


def test_the_table_of_exit_codes_is_complete() -> None:
    assert [int(row[0]) for row in table("exit code")] == [int(code) for code in ExitCode]


def test_every_scorer_has_a_row() -> None:
    assert sorted(row[0] for row in table("name")) == sorted(plugins.names("scorers"))


@pytest.mark.parametrize(("name", "example"), [(row[0], row[2]) for row in table("name")])
def test_the_example_of_a_scorer_is_one(tmp_path: Path, name: str, example: str) -> None:
    (tmp_path / "evalsets").mkdir()
    text = f"prompt: any\nscorers:\n  - {example}\ncases:\n  - id: one\n    expected: x\n"
    (tmp_path / "evalsets/one.yaml").write_text(text, encoding="utf-8")

    (spec,) = read_evalset(WorkTree(tmp_path), "evalsets/one.yaml").scorers

    assert spec.type == name


def test_the_settings_are_accepted(tmp_path: Path) -> None:
    examples = blocks("settings")

    assert len(examples) == 2
    for _, text in examples:
        (tmp_path / "llmops.yaml").write_text(text, encoding="utf-8")
        assert read_settings(WorkTree(tmp_path)).model


def test_the_files_of_the_examples_make_a_project_without_mistakes(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "home", git=False)
    project.write(dict(blocks("file")))
    project.write({"prompts/support/triage.system.j2": "Sort the message.\n"})

    result = project.llmops("check")

    assert (result.exit_code, result.stderr) == (ExitCode.PASS, "")
    assert "1 evalset" in result.stdout
    assert "3 cases" in result.stdout


def test_every_format_of_a_report_has_a_row() -> None:
    assert [row[0] for row in table("format")] == list(plugins.built_in("reporters"))
    assert all(row[1] for row in table("format"))


def test_every_bound_of_the_gate_is_named() -> None:
    (sentence,) = re.findall(r"^`gate:` may hold (.*?)\.\s", _TEXT, re.DOTALL | re.MULTILINE)

    assert sorted(re.findall(r"`(\w+)`", sentence)) == sorted(
        field.name for field in dataclasses.fields(GateSpec)
    )


def test_every_option_and_variable_that_is_named_exists(tmp_path: Path) -> None:
    ours = re.sub(r"^git .*$", "", _TEXT, flags=re.MULTILINE)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours)) - {"--help", "--version"}
    variables = set(re.findall(r"LLMOPS_[A-Z_]+", _TEXT))
    known_options, known_variables = set[str](), set[str]()
    commands = getattr(typer.main.get_command(app), "commands", {})
    for command in [*commands.values(), *commands["ci"].commands.values()]:
        for parameter in command.params:
            known_options |= set(parameter.opts)
            known_variables |= {str(parameter.envvar)} if parameter.envvar else set()

    assert named <= known_options
    assert variables <= known_variables
    assert named
    assert variables


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert set(re.findall(r"\bmake ([a-z]+)", _TEXT)) - {"makes"} <= set(targets)
    assert {"eval", "test"} <= set(targets)


def test_the_package_asks_for_the_python_that_is_named() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert 'requires-python = ">=3.11,<3.15"' in text
    assert "Python 3.11 to 3.14" in _TEXT


def test_no_page_names_a_place_of_this_machine() -> None:
    home = os.sep + "home" + os.sep

    assert str(ROOT) not in _TEXT
    assert home not in _TEXT
