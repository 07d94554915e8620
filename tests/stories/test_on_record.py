"""An unchanged prompt, all of whose answers are on record: nothing is asked, and nothing got worse."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project

# of its trials, by their number and the question: the first ones are wrong, those that are banked later right
MODEL = """
import collections, threading
COUNTS, LOCK = collections.Counter(), threading.Lock()

def answer(messages):
    import pathlib
    text = messages[0]["content"]
    with LOCK, (pathlib.Path(__file__).parent / "asked.txt").open("a") as asked:
        asked.write(text + "\\n")
    nights = len(list(pathlib.Path(__file__).parent.glob("night*")))
    return "wrong" if nights == 0 or "badly" in text else "right"
"""
CASES = "".join(
    f"  - {{id: c{n}, vars: {{q: question {n}}}, tags: [all], critical: false}}\n" for n in range(12)
)
FILES = {
    "model.py": MODEL,
    "checks.py": "def quality(output, **rest):\n    return {'score': float(output == 'right'), 'passed': True}\n",
    "llmops.yaml": "allow_python: true\n",
    "prompts/p.yaml": "model: python:model:answer\ninputs: {q: {}}\nmessages: [{role: user, content: '{{ q }}'}]\n",
    "evalsets/p.yaml": "prompt: p\ntrials: 3\ngate: {metrics: [quality]}\n"
    "scorers:\n  - equals: right\n  - python: {value: checks:quality, name: quality, severity: warn}\n"
    f"cases:\n{CASES}",
}


@pytest.fixture
def banked(project: Project) -> Project:
    """Three wrong answers on record for each case, then six right ones."""
    project.commit("p", FILES)
    project.llmops("eval")
    assert project.llmops("accept").exit_code == ExitCode.PASS
    for night in ("night1", "night2"):
        project.write({night: ""})
        project.llmops("eval", "--fresh")
        assert project.llmops("accept", "--bank").exit_code == ExitCode.PASS
    project.commit("banked")
    return project


def asked(project: Project) -> int:
    return len(project.read("asked.txt").splitlines())


@pytest.mark.parametrize("options", [(), ("--no-calls",)])
def test_the_whole_record_stands_on_both_sides(banked: Project, options: tuple[str, ...]) -> None:
    before = asked(banked)

    result = banked.llmops("eval", "--format", "json", *options)

    assert result.exit_code == ExitCode.PASS, result.stdout
    assert asked(banked) == before
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    same = ("judged", "passed", "trials", "trials_passed", "mean_score")
    assert [comparison["candidate"][key] for key in same] == [comparison["base"][key] for key in same]
    assert {case["kind"] for case in comparison["cases"]} == {"flaky"}
    assert all(case["candidate"]["passes"] == case["base"]["passes"] == 6 for case in comparison["cases"])
    assert comparison["statistics"]["tests"] == []
    assert (comparison["statistics"]["cases"], comparison["statistics"]["unchanged"]) == (12, 12)
    said = banked.llmops("report").stdout
    assert "12 cases, all unchanged: answered from the record" in said
    assert "108 on record" in said
    assert "−" not in said, "no points lost"


def test_accepting_a_record_once_more_adds_nothing(banked: Project) -> None:
    before = banked.baseline("p")
    banked.llmops("eval")

    assert banked.llmops("accept").exit_code == ExitCode.PASS
    assert banked.baseline("p") == before


def test_a_change_of_some_cases_is_judged_by_them_alone(banked: Project) -> None:
    banked.edit("prompts/p.yaml", "'{{ q }}'", '\'{{ q }}{{ ", badly" if q.endswith("1") }}\'')

    result = banked.llmops("eval", "--confirm", "never", "--format", "json")

    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    statistics = comparison["statistics"]
    (rate, quality) = statistics["tests"]
    assert (statistics["cases"], statistics["unchanged"]) == (12, 10)
    assert rate["drop"] == pytest.approx(2 / 12 * 6 / 9)
    assert quality["drop"] == pytest.approx(2 / 12 * 6 / 9)
    assert rate["base"] == pytest.approx(6 / 9)
    (tag,) = statistics["slices"]
    assert (tag["cases"], tag["unchanged"]) == (12, 10)
    assert tag["drop"] == pytest.approx(rate["drop"])
    changed = [case for case in comparison["cases"] if case["id"] in ("c1", "c11")]
    assert all((case["candidate"]["trials"], case["base"]["trials"]) == (3, 9) for case in changed)


def test_a_critical_case_fails_by_as_many_trials_as_are_asked(banked: Project) -> None:
    """A longer record must not fail it the sooner; what it failed in the first trials still does."""
    banked.edit("evalsets/p.yaml", "critical: false", "critical: true")
    result = banked.llmops("eval", "--no-calls")

    assert result.exit_code == ExitCode.REGRESSION
    assert "critical case c0 failed 3 of 3 trials" in result.stdout
