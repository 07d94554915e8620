"""A project that moved inside its repository, at once or over several commits, keeps its history."""

from pathlib import Path

import pytest

from tests.support.project import Project

LABELS = "prompts/labels.yaml"
ANSWER = 'inputs: {word: {type: string}}\nprompt: |\n  {% include "_rules.j2" %} Say {{ word }} in way 1.\n'
FILES = {
    "llmops.yaml": "model: echo\n",
    "prompts/_rules.j2": "Be kind and brief.",
    "prompts/answer.yaml": ANSWER,
    "prompts/greet.yaml": "prompt: Greet in way 1.\n",
}


def started(repository: Path, below: str) -> Project:
    """Two versions of `greet`, the first of them in production, and one of `answer`."""
    project = Project.create(repository, below)
    project.commit("start", FILES)
    project.git("tag", "start")
    assert project.llmops("label", "greet", "production").exit_code == 0
    project.commit("promote 1")
    project.edit("prompts/greet.yaml", "way 1", "way 2").commit("greet 2")
    return project


def move(project: Project, *paths: str, to: str) -> Project:
    """`git mv` of paths of the project into another folder of the repository, as a commit."""
    assert project.repository is not None
    for path in paths:
        target = project.repository / to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        old = (project.root / path).relative_to(project.repository).as_posix()
        project.git("mv", old, target.relative_to(project.repository).as_posix())
    project.commit(f"move {' '.join(paths)}")
    return Project(project.repository / to, project.repository)


def subjects(project: Project, name: str) -> list[str]:
    result = project.llmops("log", name, "--format", "json")
    assert result.exit_code == 0, result.both
    return [entry["commit"]["subject"] for entry in result.json()]


@pytest.mark.parametrize(("old", "new"), [("old", "new"), (".", "services/bot"), ("services/bot", ".")])
@pytest.mark.parametrize(
    "steps",
    [
        [("llmops.yaml", "prompts/greet.yaml", LABELS), ("prompts/answer.yaml", "prompts/_rules.j2")],
        [("prompts/_rules.j2", "llmops.yaml"), ("prompts/answer.yaml",), ("prompts/greet.yaml", LABELS)],
        [("prompts/answer.yaml", "prompts/_rules.j2"), ("prompts/greet.yaml",), (LABELS, "llmops.yaml")],
    ],
    ids=["halves", "partial first", "labels last"],
)
def test_a_move_over_several_commits(
    tmp_path: Path, old: str, new: str, steps: list[tuple[str, ...]]
) -> None:
    before = started(tmp_path / "mono", old)
    for number, step in enumerate(steps):
        after = move(before, *step, to=new)
        if number == 0:  # while half of it is on its way, work goes on in both folders
            at = after if any("answer" in path for path in step) else before
            at.edit("prompts/answer.yaml", "way 1", "way 2").commit("answer 2")
    after.edit("prompts/_rules.j2", "brief", "short").commit("rules 2")

    assert subjects(after, "greet") == ["greet 2", "start"]
    assert subjects(after, "answer") == ["rules 2", "answer 2", "start"]
    assert "in way 1" in after.llmops("show", "greet@start").stdout
    assert "in way 1" in after.llmops("show", "greet@:production").stdout
    assert "promote 1" in after.llmops("show", "greet@:production", "--on", "2999-01-01").stdout
    assert after.llmops("check").exit_code == 0
    blamed = after.llmops("blame", "answer", "--format", "json").json()
    assert {line["commit"]["subject"] for line in blamed["lines"]} >= {"answer 2", "rules 2"}


def test_a_commit_in_the_middle_of_a_move_holds_both_halves(tmp_path: Path) -> None:
    before = started(tmp_path / "mono", "old")
    move(before, "llmops.yaml", "prompts/greet.yaml", to="new")
    before.git("tag", "half")
    after = move(before, "prompts/answer.yaml", "prompts/_rules.j2", LABELS, to="new")

    assert subjects(after, "answer@half") == ["start"]
    assert "in way 2" in after.llmops("show", "greet@half").stdout
    assert "_rules.j2" in after.llmops("show", "answer@half").stdout


def test_two_moves_one_of_them_slow(tmp_path: Path) -> None:
    first = started(tmp_path / "mono", "a")
    everything = ("llmops.yaml", "prompts/greet.yaml", "prompts/answer.yaml", "prompts/_rules.j2", LABELS)
    second = move(first, *everything, to="b")
    second.edit("prompts/greet.yaml", "way 2", "way 3").commit("greet 3")
    move(second, *everything[:2], to="c")
    third = move(second, *everything[2:], to="c")

    assert subjects(third, "greet") == ["greet 3", "greet 2", "start"]
    assert subjects(third, "answer") == ["start"]
    assert subjects(third, "greet@start") == ["start"]


def test_there_and_back_again_begins_at_the_return(tmp_path: Path) -> None:
    first = started(tmp_path / "mono", "a")
    everything = ("llmops.yaml", "prompts/greet.yaml", "prompts/answer.yaml", "prompts/_rules.j2", LABELS)
    move(first, *everything[:2], to="b")
    second = move(first, *everything[2:], to="b")
    second.edit("prompts/greet.yaml", "way 2", "way 3").commit("greet 3")
    third = move(second, *everything, to="a")

    assert subjects(third, "greet") == [f"move {' '.join(everything)}", "greet 2", "start"]


def test_an_old_folder_that_keeps_prompts_is_another_project(tmp_path: Path) -> None:
    before = started(tmp_path / "mono", "old")
    after = move(before, "llmops.yaml", "prompts/greet.yaml", to="new")
    before.edit("prompts/answer.yaml", "way 1", "way 2").commit("answer 2")

    assert subjects(after, "greet") == ["move llmops.yaml prompts/greet.yaml"]
    assert after.llmops("log", "answer").exit_code != 0
