"""docs/ci.md: the twenty lines, the tables of files and inputs, held against what the package writes."""

import shlex
from pathlib import Path

import pytest
import yaml

from llmops_cli.workflows.ci.files import PINS, actions, github_files
from llmops_cli.workflows.ci.keys import Keys
from tests.docs.markdown import ROOT, blocks, commands_of, table
from tests.support.project import Project
from tests.workflow_files.test_checked import fits
from tests.workflow_files.variants import PUBLISHED

PAGE = ROOT / "docs" / "ci.md"


def test_the_first_command_writes_what_the_table_says(project: Project) -> None:
    project.llmops("init")
    ((_, body),) = blocks("start", PAGE)
    (command,) = commands_of(body)

    assert project.llmops(*shlex.split(command.line)[1:]).exit_code == command.exit_code
    plain = {row[0] for row in table("file", PAGE) if "--forks" not in row[0]}
    assert all((project.root / name.split("`")[0].split(",")[0]).exists() for name in plain)
    assert project.llmops("ci", "github", "--forks", "--force").exit_code == 0
    forks = [row[0].split("`")[0] for row in table("file", PAGE) if "--forks" in row[0]]
    assert len(forks) == 2
    assert all((project.root / name).exists() for name in forks)


@pytest.mark.parametrize("name", ["evaluate", "report"])
def test_every_input_has_its_row(name: str) -> None:
    inputs = yaml.safe_load(actions("")[name])["inputs"]
    rows = [row[:3] for row in table(f"input of `{name}`", PAGE)]

    assert rows == [[key, one.get("default", ""), one["description"]] for key, one in inputs.items()]


def test_the_twenty_lines_are_a_workflow_with_the_same_rights(tmp_path: Path) -> None:
    """Names, time limits and concurrency aside, it is what `--uses` writes."""
    ((_, text),) = blocks("workflow", PAGE)
    path = tmp_path / "llmops.yml"
    path.write_text(text, encoding="utf-8")
    fits("vendor.github-workflows", [path])
    short = yaml.safe_load(text)
    written = github_files(".", Keys(("OPENAI_API_KEY",)), uses=PUBLISHED)[".github/workflows/llmops.yml"]
    long = yaml.safe_load(written)

    assert len(text.splitlines()) <= 21
    assert short["permissions"] == long["permissions"] == {}
    for job in ("evaluate", "report"):
        assert short["jobs"][job]["permissions"] == long["jobs"][job]["permissions"]
        plain = [
            {key: step[key] for key in ("uses", "with", "env") if key in step}
            for step in long["jobs"][job]["steps"]
        ]
        assert short["jobs"][job]["steps"] == plain
    assert PINS["checkout"].split(" ")[0] in text
