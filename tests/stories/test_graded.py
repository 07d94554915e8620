"""Graded metrics in the gate: scores that fall although every answer passes."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support import varying
from tests.support.project import GREET, Project

CHECKS = """
def quality(output, **rest):
    return {"score": float(output.split()[-1]), "passed": True}

def missing(output, vars, **rest):
    return float("nan") if vars["q"] == "1" else 0.8
"""
SET = """\
prompt: p
trials: 2
scorers:
  - contains: an answer
  - python: {value: checks:quality, name: quality, severity: warn}
gate: {metrics: [quality]}
cases:
""" + "".join(f"  - {{id: c{n}, vars: {{q: '{n}'}}}}\n" for n in range(10))


@pytest.fixture
def graded(project: Project) -> Project:
    return varying.accepted(project, varying.WAVERING, SET, more={"checks.py": CHECKS})


def test_scores_that_fall_while_every_answer_passes_are_a_regression(graded: Project) -> None:
    graded.edit("prompts/p.yaml", "worth 0.85", "worth 0.7")

    result = graded.llmops("eval", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    (reason,) = result.json()["verdict"]["reasons"]
    assert reason["text"].startswith("p: quality fell by 0.1")
    assert "(0.8" in reason["text"]
    assert "→ 0.7" in reason["text"]
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    rate, quality = comparison["statistics"]["tests"]
    assert (rate["metric"], rate["worse"], rate["adjusted_p"]) == ("pass rate", False, 1.0)
    assert (quality["metric"], quality["method"], quality["worse"]) == ("quality", "permutation", True)
    assert quality["adjusted_p"] == pytest.approx(2 * quality["p"])
    assert quality["base"] - quality["candidate"] == pytest.approx(quality["drop"])
    assert result.json()["evalsets"][0]["gate"]["metrics"] == {"quality": 0.02}
    text = graded.llmops("report").stdout
    assert "p: quality −0.1" in text
    assert "→ if the new answers are right: llmops accept" in text


def test_a_fall_below_the_smallest_that_counts_passes(graded: Project) -> None:
    graded.edit("prompts/p.yaml", "worth 0.85", "worth 0.7")
    graded.edit("evalsets/p.yaml", "[quality]", "[{name: quality, min_effect: 0.2}]")

    assert graded.llmops("eval").exit_code == ExitCode.PASS


def test_without_the_gate_a_score_decides_nothing(graded: Project) -> None:
    graded.edit("prompts/p.yaml", "worth 0.85", "worth 0.5")
    graded.edit("evalsets/p.yaml", "gate: {metrics: [quality]}\n", "")

    assert graded.llmops("eval").exit_code == ExitCode.PASS


def test_an_unchanged_prompt_asked_again_passes(graded: Project) -> None:
    codes = {graded.llmops("eval", "--fresh").exit_code for _ in range(5)}

    assert codes == {ExitCode.PASS}


def test_a_metric_added_later_is_scored_on_the_record_as_well(graded: Project) -> None:
    graded.write({"evalsets/p.yaml": SET.replace("checks:quality, name: quality", "checks:quality, name: new")
                  .replace("[quality]", "[new]")})  # fmt: skip
    graded.edit("prompts/p.yaml", "worth 0.85", "worth 0.7")

    result = graded.llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert "p: new fell by 0.1" in result.both


def test_a_trial_without_a_score_is_no_nought_and_a_case_without_any_is_no_verdict(graded: Project) -> None:
    graded.edit("evalsets/p.yaml", "checks:quality", "checks:missing")

    result = graded.llmops("eval", "--fresh")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "p: this run has no quality for 1 of 10 cases (c1): checks:missing returned nan" in result.both
    assert "fell" not in result.stdout


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("metrics: [qualty]", "evalsets/p.yaml:6:18: no scorer is called 'qualty'; did you mean 'quality'?"),
        ("metrics: [{name: qualty}]", "evalsets/p.yaml:6:18: no scorer is called 'qualty'; did you mean 'quality'?"),
        ("metrics: zzz", "evalsets/p.yaml:6:17: no scorer is called 'zzz'; known: contains, quality"),
        ("metrics: [quality, quality]", "evalsets/p.yaml:6:27: metric 'quality' is there twice"),
        ("metrics: [3]", "evalsets/p.yaml:6:18: a metric is the name of a scorer"),
        ("metrics: [{name: quality, min: 1}]", "evalsets/p.yaml:6:34: unknown key 'min' in a metric of `gate:`"),
        ("metrics: [{min_effect: 1%}]", "evalsets/p.yaml:6:18: a metric of `gate:` has no 'name'"),
    ],
)  # fmt: skip
def test_a_mistake_in_metrics_is_said_with_its_place_before_a_call(
    graded: Project, gate: str, said: str
) -> None:
    graded.edit("evalsets/p.yaml", "metrics: [quality]", gate)

    result = graded.llmops("eval")

    assert result.exit_code == ExitCode.USAGE
    assert said in result.both


def test_a_scorer_with_a_mistake_is_one_mistake(graded: Project) -> None:
    graded.edit("evalsets/p.yaml", "value: checks:quality", "valu: checks:quality")

    result = graded.llmops("eval")

    assert result.exit_code == ExitCode.USAGE
    assert "no scorer is called" not in result.both


def test_metrics_belong_into_the_evalset(graded: Project) -> None:
    graded.write({"llmops.yaml": "allow_python: true\ngate: {metrics: [quality]}\n"})

    result = graded.llmops("eval")

    assert result.exit_code == ExitCode.USAGE
    assert "llmops.yaml:2:17: 'metrics' belongs into an evalset's `gate:`" in result.both


def test_where_answers_do_not_vary_a_fall_counts_as_it_is(project: Project) -> None:
    scorers = "  - python: {value: checks:quality, name: quality}\n"
    evalset = f"prompt: greet\nscorers:\n{scorers}gate: {{metrics: [quality]}}\ncases:\n" + "".join(
        f"  - {{id: {name}, vars: {{name: {name}}}}}\n" for name in ("ada", "bob")
    )
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": evalset, "checks.py": CHECKS}
    project.replies(("", "of 0.9")).commit("greet", files)
    project.llmops("eval")
    project.llmops("accept")
    project.edit("prompts/greet.yaml", "Greet", "Welcome")
    assert project.llmops("eval").exit_code == ExitCode.PASS

    result = project.replies(("ada", "of 0.8"), ("", "of 0.9")).llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert "greet: quality fell by 0.05 (0.90 → 0.85)" in result.stdout
    assert "greet: quality −0.05 (0.90 → 0.85)" in result.stdout
    assert "p =" not in result.stdout


def test_a_fall_that_the_branch_accepts_is_shown_and_does_not_block(graded: Project) -> None:
    graded.git("switch", "--quiet", "--create", "change")
    graded.edit("prompts/p.yaml", "worth 0.85", "worth 0.7")
    graded.commit("worse")
    assert graded.llmops("eval", "--against", "main...").exit_code == ExitCode.REGRESSION
    graded.llmops("eval")
    graded.llmops("accept")
    graded.commit("worse, and accepted")

    result = graded.llmops("eval", "--against", "main...", "--format", "json")

    assert result.exit_code == ExitCode.PASS
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    assert [test["accepted"] for test in comparison["statistics"]["tests"]] == [False, True]
    assert "accepted in this branch's baseline: quality fell by 0.1" in str(result.json()["verdict"]["notes"])
    graded.edit("prompts/p.yaml", "worth 0.7", "worth 0.5")
    graded.commit("worse again")
    assert graded.llmops("eval", "--against", "main...").exit_code == ExitCode.REGRESSION
