"""A clone of one branch, as CI makes it: another branch is not there, and the mend is named and works."""

import re
import subprocess
from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project, greeting_project

COMMANDS = pytest.mark.parametrize(
    "command",
    [
        "show greet@{}",
        "diff {}",
        "diff {}...",
        "eval --no-calls --against {}",
        "eval --no-calls --changed-since {}...",
    ],
)


@pytest.fixture
def job(project: Project, tmp_path: Path) -> Project:
    """What a checkout step makes of a pull request: its head alone, detached, without any branch."""
    greeting_project(project).git("switch", "--quiet", "--create", "change")
    project.edit("prompts/greet.yaml", "by name", "by first name").commit("change")
    commit = project.git("rev-parse", "HEAD")
    clone = Project.create(tmp_path / "job")
    clone.git("remote", "add", "origin", project.root.as_uri())
    clone.git("fetch", "--quiet", "--depth=1", "origin", f"+{commit}:refs/remotes/pull/1/merge")
    clone.git("checkout", "--quiet", "refs/remotes/pull/1/merge")
    return clone


@COMMANDS
def test_the_command_that_brings_the_branch_is_named_and_does(job: Project, command: str) -> None:
    result = job.llmops(*command.format("main").split())

    assert result.exit_code == ExitCode.USAGE
    found = re.search(r"`(git fetch [^`]*)`", result.both)
    assert found is not None, result.both
    assert found[1].endswith("origin main:main")
    subprocess.run(found[1].split(), cwd=job.root, check=True, capture_output=True)
    again = job.llmops(*command.format("main").split())
    assert again.exit_code in (ExitCode.PASS, ExitCode.INCONCLUSIVE), again.both
    assert "git fetch" not in again.both


@COMMANDS
def test_a_branch_that_is_there_as_the_remotes_is_named(job: Project, command: str) -> None:
    job.git("fetch", "--quiet", "--unshallow", "origin", "main:refs/remotes/origin/main")

    result = job.llmops(*command.format("main").split())

    assert result.exit_code == ExitCode.USAGE
    assert "main is no branch of this clone: write origin/main" in result.both
    assert job.llmops(*command.format("origin/main").split()).exit_code != ExitCode.USAGE


def test_an_ancestor_of_it_is_named_as_such(job: Project) -> None:
    job.git("fetch", "--quiet", "--unshallow", "origin", "main:refs/remotes/origin/main")

    assert "write origin/main~1" in job.llmops("show", "greet@main~1").both


def test_diff_names_what_brings_the_remotes_branch(job: Project) -> None:
    assert "main:refs/remotes/origin/main" in job.llmops("diff", "origin/main").both
