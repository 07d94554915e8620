"""Clones that lack old files (`--filter`) or old commits (`--depth`): what needs none of them works, with a word."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project, greeting_project

EDIT = ("prompts/greet.yaml", "by name", "by first name")
FILES = ("-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false")
CLONES = {
    "--filter=blob:none": "git fetch --refetch --no-filter",
    "--filter=tree:0": "git fetch --refetch --no-filter",
    "--depth=1": "git fetch --unshallow",
}


def clone(project: Project, option: str) -> Project:
    """A pull request's change, cloned in part: the baseline and a label are of the version before."""
    project.git("config", "uploadpack.allowFilter", "true")
    project.git(*FILES, "clone", "--quiet", option, f"file://{project.root}", "partial")
    partial = Project(project.root / "partial", project.root / "partial")
    return partial.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))


def changed_after_accepting(project: Project) -> None:
    greeting_project(project)
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    project.llmops("eval")
    project.llmops("accept")
    project.llmops("label", "greet", "production", "HEAD")
    project.commit("accepted")
    project.edit(*EDIT).commit("change")


@pytest.mark.parametrize("option", CLONES)
def test_a_change_is_judged_without_the_older_version(project: Project, option: str) -> None:
    changed_after_accepting(project)
    partial = clone(project, option)

    result = partial.llmops("eval")

    assert result.exit_code == ExitCode.PASS, result.both
    assert "recorded inputs decided what compares" in result.both
    assert CLONES[option] in result.both


@pytest.mark.parametrize("option", CLONES)
def test_a_label_that_cannot_be_checked_here_is_named(project: Project, option: str) -> None:
    changed_after_accepting(project)
    partial = clone(project, option)

    result = partial.llmops("check")

    assert result.exit_code == ExitCode.PASS, result.both
    assert "label 'production' was not checked" in result.both
    assert CLONES[option] in result.both


def test_with_all_of_history_there_is_nothing_to_say(project: Project) -> None:
    changed_after_accepting(project)

    assert "label" not in project.llmops("check").both
    project.edit("prompts/labels.yaml", "p1:", "p1:00")
    assert "which no commit here holds" in project.llmops("check").both
