"""Answers that vary: the border is asked again before it is believed, and both sides' counts are shown."""

import random

import pytest

from llmops_cli.errors import ExitCode
from tests.stories.test_bisect import versions
from tests.support.project import Project

ADA = ("--case", "ada")


def varying(project: Project, *rules: tuple[str, object]) -> None:
    """Replies of a model that does not say of itself that it is deterministic."""
    project.replies(*rules)
    project.edit("scripted.py", "answer.deterministic = True\n", "")


def coin(seed: int, passes: float = 0.5) -> list[str]:
    """Answers that fail by chance."""
    draw = random.Random(seed)
    return ["Hello, Ada!" if draw.random() < passes else "Go!" for _ in range(2000)]


def line_of(project: Project, bad_from: int, last: int = 8) -> list[str]:
    return versions(project, *(f"{'Insult' if n >= bad_from else 'Greet'} {n}" for n in range(1, last + 1)))


@pytest.mark.parametrize("seed", range(12))
def test_a_version_that_made_a_case_flicker_is_found_or_it_is_not_certain(
    project: Project, seed: int
) -> None:
    varying(project, ("Insult", coin(seed)), ("", "Hello, Ada!"))
    commits = line_of(project, bad_from=4)

    result = project.llmops("bisect", "greet", "--good", commits[0], *ADA)

    if "is the first bad version" in result.stdout:
        assert result.exit_code == ExitCode.PASS
        assert f"commit {commits[3]}" in result.stdout
        assert "passed before it" in result.stdout
    else:
        assert "not certain" in result.stdout or "answers may vary" in result.stdout


def test_most_of_these_searches_find_it(project: Project) -> None:
    commits: list[str] = []
    found = 0
    for seed in range(10):
        varying_replies = [("Insult", ["Go!", *coin(seed)]), ("", "Hello, Ada!")]
        if commits:
            project.replies(*varying_replies)
        else:
            varying(project, *varying_replies)
            commits = line_of(project, bad_from=4)
        result = project.llmops("bisect", "greet", "--good", commits[0], *ADA)
        found += f"commit {commits[3]}" in result.stdout and result.exit_code == ExitCode.PASS

    assert found >= 8, "fixed seeds: the same answers in every run"


def test_a_clean_break_takes_five_trials_of_both_sides(project: Project) -> None:
    varying(project, ("Insult", "Go!"), ("", "Hello, Ada!"))
    commits = line_of(project, bad_from=4)
    arguments = ("bisect", "greet", "--good", commits[0], *ADA)

    estimate = project.llmops(*arguments, "--estimate", "--format", "json").json()
    result = project.llmops(*arguments)
    document = project.llmops(*arguments, "--format", "json").json()

    assert result.exit_code == ExitCode.PASS
    assert "ada (greet)  5 of 5 passed before it, 0 of 5 since" in result.stdout
    assert result.calls == 2 + 3 + 10
    assert result.calls <= estimate["calls"]
    (case,) = document["border"]["cases"]
    assert (document["border"]["certain"], case["before"], case["since"]) == (
        True, {"passes": 5, "trials": 5}, {"passes": 0, "trials": 5},
    )  # fmt: skip


def test_what_failed_once_by_chance_everywhere_alike_is_not_certain(project: Project) -> None:
    varying(project, ("", ["Hello, Ada!", "Go!", *["Hello, Ada!"] * 500]))
    commits = versions(project, "Greet 1", "Greet 2")

    result = project.llmops("bisect", "greet", "--good", commits[0], *ADA)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "not certain: v2" in result.stdout
    assert "5 of 5 passed before it, 5 of 5 since" in result.stdout
    assert "the two do not part clearly" in result.stdout


def test_a_failure_by_chance_long_before_the_break_does_not_lead_astray(project: Project) -> None:
    varying(project, ("Greet 5", ["Go!", *["Hello, Ada!"] * 500]), ("Insult", "Go!"), ("", "Hello, Ada!"))
    commits = line_of(project, bad_from=7, last=9)

    result = project.llmops("bisect", "greet", "--good", commits[0], *ADA)

    assert result.exit_code == ExitCode.PASS
    assert f"commit {commits[6]}" in result.stdout


def test_where_it_may_not_ask_again_it_is_not_certain_and_says_why(project: Project) -> None:
    varying(project, ("Insult", "Go!"), ("", ["Hello, Ada!", "!no line"]))
    commits = versions(project, "Greet 1", "Insult 2")

    result = project.llmops("bisect", "greet", "--good", commits[0], *ADA)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "not certain: v2" in result.stdout
    assert "no line" in result.stdout


def test_one_version_at_both_ends_is_said_at_once(project: Project) -> None:
    varying(project, ("", "Hello, Ada!"))
    versions(project, "Greet 1", "Greet 2")

    result = project.llmops("bisect", "greet", "--good", "HEAD")

    assert (result.exit_code, result.calls) == (ExitCode.USAGE, 0)
    assert "hold the same version of greet: nothing lies between" in result.both


def test_the_price_of_the_projects_own_code_is_unknown_and_not_nothing(project: Project) -> None:
    varying(project, ("", "Hello, Ada!"))
    commits = versions(project, "Greet 1", "Greet 2")

    search = project.llmops("bisect", "greet", "--good", commits[0], "--estimate")
    whole = project.llmops("eval", "--estimate")

    assert "price unknown" in search.stdout
    assert "$0" not in search.stdout
    assert "cost at most the unknown price of python:scripted:answer" in whole.both
    assert "$0" not in whole.stdout
