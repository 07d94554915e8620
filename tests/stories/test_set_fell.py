"""A set that got worse without a single case that is known to have: a reviewer sees those that fell most."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support import varying
from tests.support.project import Project

CASES = "prompt: p\ntrials: 4\nscorers: [{equals: right}]\ncases:\n" + "".join(
    f"  - {{id: c{n:02}, vars: {{q: question {n}}}}}\n" for n in range(14)
)


@pytest.fixture
def fallen(project: Project) -> Project:
    varying.accepted(project, varying.IN_TURN, CASES)
    half = "content: \"be wrong once in {{ 1000 if q == 'question 3' else 2 }}\""
    project.edit("prompts/p.yaml", "content: be wrong once in 1000", half)
    return project


def test_ten_cases_are_shown_whole_in_each_report_for_people(fallen: Project) -> None:
    result = fallen.llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert "pass rate dropped by 46.4 points" in " ".join(result.stdout.split())
    markdown = fallen.llmops("report", "--format", "markdown").stdout
    assert result.stdout.count("4 of 4 passed before, 2 of 4 passed now") == 10
    assert markdown.count("4 of 4 passed before, 2 of 4 passed now") == 10
    assert "FELL  c00" in result.stdout
    assert "FAILED  c03" not in result.stdout  # it did not fall
    assert "question 0" in markdown
    assert "+wrong" in markdown


def test_reports_for_machines_do_not_say_that_these_cases_broke(fallen: Project) -> None:
    fallen.llmops("eval")

    junit = fallen.llmops("report", "--format", "junit").stdout

    assert junit.count("<failure") == 1  # of the set


def test_a_case_that_is_known_to_have_broken_stands_alone(fallen: Project) -> None:
    fallen.edit("prompts/p.yaml", "in {{ 1000 if q == 'question 3'", "in {{ 1 if q == 'question 3'")

    result = fallen.llmops("eval")

    assert "REGRESSED  c03" in result.stdout
    assert "FAILED" not in result.stdout


def test_a_prompt_that_broke_everything_is_asked_again_about_some_cases_only(project: Project) -> None:
    many = CASES.partition("cases:\n")[0].replace("trials: 4", "trials: 1") + "cases:\n"
    many += "".join(f"  - {{id: c{n:02}, vars: {{q: question {n}}}}}\n" for n in range(80))
    varying.accepted(project, varying.IN_TURN, many)
    project.edit("prompts/p.yaml", "once in 1000", "once in 1")

    result = project.llmops("eval", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    found = result.json()
    (comparison,) = found["evalsets"][0]["comparisons"]
    standings = [case["fresh"]["standing"] for case in comparison["cases"] if "fresh" in case]
    assert (standings.count("confirmed"), standings.count("go on")) == (20, 60)
    why = [case["fresh"]["unasked"] for case in comparison["cases"] if case["fresh"]["standing"] == "go on"]
    assert set(why) == {"the whole set is worse"}
    confirmed, dropped, others = found["verdict"]["reasons"]
    assert "pass rate dropped by 100.0 points" in dropped["text"]
    assert confirmed["text"].startswith("p: 20 cases that passed fail now, confirmed by fresh trials")
    assert others["text"].startswith("p: 60 cases that passed fail now")
    assert others["text"].endswith("not confirmed one by one")
