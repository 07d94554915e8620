"""What decides without a baseline, the bounds, critical cases, and trials."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, greeting_project, kinds_of

GOOD = ("", "Hello, Ada! Hello, Bob!")


def _set_up(project: Project, evalset: str = TWO_CASES, prompt: str = GREET) -> Project:
    project.commit("greet", {"prompts/greet.yaml": prompt, "evalsets/greet.yaml": evalset})
    return project


def test_the_first_run_passes_says_so_and_names_accept(project: Project) -> None:
    result = _set_up(project).replies(("Ada", "Hello, Ada!"), ("", "No.")).llmops("eval")

    assert result.exit_code == ExitCode.PASS
    assert "no baseline for greet: only bounds and critical cases decided" in result.stdout
    assert "→ make these answers the baseline: llmops accept" in result.stdout
    assert "FAILED  bob  evalsets/greet.yaml:8" in result.stdout


def test_the_first_run_fails_where_a_bound_is_missed(project: Project) -> None:
    _set_up(project, TWO_CASES + "gate: {min_pass_rate: 90%}\n")

    result = project.replies(("Ada", "Hello, Ada!"), ("", "No.")).llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert "greet: pass rate 1/2 = 50%, the gate wants at least 90%" in result.stdout


def test_a_required_baseline_that_is_absent_is_no_verdict(project: Project) -> None:
    result = _set_up(project, TWO_CASES + "gate: {require_baseline: true}\n").replies(GOOD).llmops("eval")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "a baseline is required and there is none; `llmops accept` writes one" in result.stdout


def test_a_critical_case_blocks_even_where_the_baseline_failed_too(project: Project) -> None:
    _set_up(project).replies(("Ada", "Hello, Ada!"), ("", "No.")).llmops("eval")
    project.llmops("accept")
    project.edit("evalsets/greet.yaml", "  - id: bob\n", "  - id: bob\n    critical: true\n")

    result = project.llmops("eval")

    assert result.calls == 0
    assert result.exit_code == ExitCode.REGRESSION
    assert "critical case bob failed its trial" in result.stdout
    assert "FAILED  bob (critical)  evalsets/greet.yaml:8" in result.stdout


def test_one_failed_trial_of_a_critical_case_blocks(project: Project) -> None:
    _set_up(project, TWO_CASES.replace("id: bob\n", "id: bob\n    critical: true\n"))

    result = project.replies(("Ada", "Hello, Ada!"), ("Bob", ["Hello, Bob!", "No.", "Hello, Bob!"])).llmops(
        "eval", "--trials", "3"
    )

    assert result.exit_code == ExitCode.REGRESSION
    assert "critical case bob failed 1 of 3 trials" in result.stdout


ANSWER = {"text": GOOD[1], "cost": 0.01, "usage": {"input_tokens": 90, "output_tokens": 10}}


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        ("min_pass_rate: 0.9", "pass rate 1/2 = 50%, the gate wants at least 90%"),
        ("min_mean_score: 0.75", "mean score 0.50, the gate wants at least 0.75"),
        ("max_cost: 0.015", "cost $0.0200, the gate wants at most $0.0150"),
        ("max_latency_p95: 0.000001s", "the gate wants at most 0.00 s"),
    ],
)
def test_each_absolute_bound_decides_alone(project: Project, gate: str, reason: str) -> None:
    _set_up(project, TWO_CASES + f"gate: {{{gate}}}\n")
    rules = [("Ada", ANSWER), ("Bob", {**ANSWER, "text": "No."})]

    result = project.replies(*rules).llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert reason in result.stdout
    project.edit("evalsets/greet.yaml", f"gate: {{{gate}}}\n", "")
    assert project.llmops("eval").exit_code == ExitCode.PASS


@pytest.mark.parametrize(
    ("gate", "change", "reason"),
    [
        ("max_cost_increase: 20%", {"cost": 0.02}, "cost per answer rose by 100%"),
        (
            "max_tokens_increase: 20%",
            {"usage": {"input_tokens": 90, "output_tokens": 60}},
            "tokens per answer rose by 50%, the gate wants at most 20% more",
        ),
    ],
)
def test_each_relative_bound_decides_alone(
    project: Project, gate: str, change: dict[str, object], reason: str
) -> None:
    _set_up(project, TWO_CASES + f"gate: {{{gate}}}\n").replies(("", ANSWER)).llmops("eval")
    project.llmops("accept")
    project.edit("prompts/greet.yaml", "Greet", "Please greet")
    assert project.llmops("eval").exit_code == ExitCode.PASS

    result = project.replies(("", {**ANSWER, **change})).llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert reason in result.stdout


def test_an_unknown_cost_under_a_bound_is_no_verdict(project: Project) -> None:
    result = _set_up(project, TWO_CASES + "gate: {max_cost: 1}\n").replies(GOOD).llmops("eval")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "cost is unknown, the gate allows at most $1.0000" in result.stdout


def test_a_cost_that_became_unknown_is_not_taken_for_the_old_one(project: Project) -> None:
    _set_up(project, TWO_CASES + "gate: {max_cost_increase: 20%}\n").replies(("", ANSWER)).llmops("eval")
    project.llmops("accept")
    project.edit("prompts/greet.yaml", "Greet", "Please greet")

    result = project.replies(GOOD).llmops("eval")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "cost per answer is unknown, the gate allows at most 20% more than before" in result.both
    assert "$10" not in result.stdout


def test_bounds_of_the_settings_hold_for_a_set_that_names_none(project: Project) -> None:
    _set_up(project).replies(("Ada", "Hello, Ada!"), ("", "No."))
    project.write({"llmops.yaml": project.read("llmops.yaml") + "gate: {min_pass_rate: 0.9}\n"})

    assert project.llmops("eval").exit_code == ExitCode.REGRESSION
    project.write({"evalsets/greet.yaml": TWO_CASES + "gate: {min_pass_rate: 0.5}\n"})
    assert project.llmops("eval").exit_code == ExitCode.PASS


@pytest.mark.parametrize(("rule", "passes"), [("2/3", True), ("3/3", False)])
def test_a_case_passes_by_the_share_of_its_trials(project: Project, rule: str, passes: bool) -> None:
    _set_up(project, TWO_CASES + f"trials: 3\npass: {rule}\ngate: {{min_pass_rate: 1}}\n")
    answers = ["Hello, Bob!", "No.", "Hello, Bob!"]

    result = project.replies(("Ada", "Hello, Ada!"), ("Bob", answers)).llmops("eval")

    assert result.calls == 6
    assert (result.exit_code == ExitCode.PASS) is passes


def test_a_case_that_wavers_is_flaky_and_says_how_often_it_passed(project: Project) -> None:
    _set_up(project, TWO_CASES + "trials: 3\n").replies(GOOD).llmops("eval")
    project.llmops("accept")
    project.edit("prompts/greet.yaml", "Greet", "Please greet")
    answers = ["Hello, Bob!", "No.", "Hello, Bob!"]

    rules = [("Ada", "Hello, Ada!"), ("Bob", answers)]

    result = project.replies(*rules).llmops("eval", "--format", "json")

    assert kinds_of(result) == {"ada": "unchanged", "bob": "flaky"}
    assert result.exit_code == ExitCode.PASS
    table = project.replies(*rules).llmops("eval").stdout
    assert "1 flaky (some trials passed, some failed): bob (2 of 3 trials passed)" in table


def test_equal_answers_of_trials_stand_in_the_baseline_once_with_a_count(project: Project) -> None:
    _set_up(project, TWO_CASES + "trials: 3\n")
    project.replies(("Ada", "Hello, Ada!"), ("Bob", ["Hello, Bob!", "Hello, Bob! Hi.", "Hello, Bob!"]))
    project.llmops("eval", "--concurrency", "1")
    project.llmops("accept")

    lines = project.baseline()

    assert len(lines) == 3
    assert [line.count('"count": 3') for line in lines] == [1, 0, 0]
    assert sum('"count": 2' in line for line in lines) == 1
    assert project.llmops("eval").calls == 0
    assert project.llmops("eval", "--trials", "4").calls == 2


def test_a_failing_warning_does_not_fail_the_case(project: Project) -> None:
    scorer = "  - contains: {value: Good day, name: polite, severity: warn}\n"
    _set_up(project, TWO_CASES.replace("scorers:\n", f"scorers:\n{scorer}") + "gate: {min_pass_rate: 1}\n")

    assert project.replies(GOOD).llmops("eval").exit_code == ExitCode.PASS


def test_a_case_that_could_not_be_judged_is_no_regression(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Please greet")

    result = project.replies(("Ada", "Hello, Ada!"), ("Bob", "!out of order")).llmops("eval")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert (
        "1 case could not be judged (bob): scripted:answer raised RuntimeError: out of order" in result.stdout
    )


def test_a_known_regression_stays_one_beside_what_could_not_be_judged(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Please greet")

    result = project.replies(("Ada", "No."), ("Bob", "!out of order")).llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
