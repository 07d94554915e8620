"""`llmops power`: what a set can see."""

from llmops_cli.errors import ExitCode
from tests.support.project import Project, greeting_project


def test_more_cases_and_more_trials_see_smaller_drops(project: Project) -> None:
    greeting_project(project)

    (found,) = project.llmops("power", "greet", "--format", "json").json()

    drops = {(cell["cases"], cell["trials"]): cell["drop"] for cell in found["table"]}
    assert (found["cases"], found["on_record"], found["rate"]) == (2, 1, 1.0)
    assert drops[2, 1] is None  # two cases asked once can show nothing
    for cases in {cases for cases, _ in drops}:
        row = [drops[cases, trials] or 2 for trials in (1, 2, 3, 5, 10)]
        assert row == sorted(row, reverse=True)


def test_no_smaller_drop_is_shown_than_the_gate_counts(project: Project) -> None:
    greeting_project(project).edit("evalsets/greet.yaml", "cases:", "gate: {min_effect: 45%}\ncases:")

    result = project.llmops("power", "greet")
    (found,) = project.llmops("power", "greet", "--format", "json").json()

    drops = [cell["drop"] for cell in found["table"] if cell["drop"] is not None]
    assert drops
    assert min(drops) == 0.45
    assert "alike in all cases" in result.stdout
    assert "below 45% (min_effect) none counts" in result.stdout


def test_a_cost_that_nobody_knows_is_said_to_be_unknown(project: Project) -> None:
    greeting_project(project)

    rows = project.llmops("power", "greet").stdout.splitlines()[3:]

    assert rows
    assert all(row.endswith(("  unknown", "  cost")) for row in rows if row), rows


def test_a_bound_is_said_to_fail_by_chance(project: Project) -> None:
    greeting_project(project).edit("evalsets/greet.yaml", "cases:", "gate: {min_pass_rate: 1.0}\ncases:")

    (found,) = project.llmops("power", "greet", "--format", "json").json()

    assert 0 < found["miss"] < 1
    assert "fails an unchanged prompt by chance" in project.llmops("power", "greet").stdout


def test_without_a_baseline_it_says_what_to_do(project: Project) -> None:
    greeting_project(project)
    (project.root / "evalsets/greet.baseline.jsonl").unlink()

    result = project.llmops("power", "greet")

    assert result.exit_code == ExitCode.USAGE
    assert "greet has no baseline; run `llmops eval` and `llmops accept` first" in result.stderr
