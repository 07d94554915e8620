"""`llmops power`: what a set can see."""

import pytest

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
    assert min(drops) >= 0.45
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


VARYING = """
import collections, threading
COUNTS, LOCK = collections.Counter(), threading.Lock()

def answer(messages):
    text = messages[-1]["content"]
    with LOCK:
        COUNTS[text] += 1
        number = COUNTS[text]
    return "wrong" if (number + len(text)) % 5 == 0 else "right"
"""
PROMPT = (
    "model: python:varying:answer\ninputs: {q: {}}\nmessages: [{role: user, content: 'please {{ q }}'}]\n"
)
SET = "prompts: [p, other]\ntrials: 3\nscorers:\n  - starts_with: right\n  - length: {max: 5, name: short}\n"
CASES = "cases:\n" + "".join(
    f"  - {{id: c{n}, vars: {{q: {'x' * n}}}, cluster: k{n % 6}}}\n" for n in range(24)
)


def varying_project(project: Project, gate: str) -> Project:
    files = {
        "varying.py": VARYING,
        "llmops.yaml": "allow_python: true\n",
        "prompts/p.yaml": PROMPT,
        "prompts/other.yaml": PROMPT.replace("please", "kindly"),
        "evalsets/s.yaml": SET + gate + CASES,
    }
    project.commit("s", files)
    project.llmops("eval", "--trials", "10")
    assert project.llmops("accept").exit_code == ExitCode.PASS
    project.commit("accept")
    return project


@pytest.mark.parametrize("gate", ["gate: {metrics: [short]}\n", "gate: {min_effect: 15%}\n"])
def test_it_says_what_the_report_of_a_run_says(project: Project, gate: str) -> None:
    varying_project(project, gate)
    for prompt in ("p", "other"):
        project.edit(f"prompts/{prompt}.yaml", "{{ q }}", "now {{ q }}")

    run = project.llmops("eval", "--format", "json").json()
    tables = project.llmops("power", "s", "--format", "json").json()

    for comparison, table in zip(run["evalsets"][0]["comparisons"], reversed(tables), strict=True):
        (drop,) = [cell["drop"] for cell in table["table"] if (cell["cases"], cell["trials"]) == (24, 3)]
        assert drop == pytest.approx(comparison["statistics"]["detectable"], abs=0.03)
        assert table["tests"] == len(comparison["statistics"]["tests"]) * 2


def test_it_says_for_what_it_speaks(project: Project) -> None:
    varying_project(project, "gate: {metrics: [short], generalise: true}\n")

    said = project.llmops("power", "s").both

    assert "at 0.041 / 4, for 4 tests of this set stand behind the exit code" in said
    assert "other evalsets in the same run share that level" in said
    assert "asked of new cases (generalise)" in said
    assert "trials` count like the others" not in said


def test_of_new_cases_less_is_known_the_fewer_clusters_there_are(project: Project) -> None:
    varying_project(project, "gate: {generalise: true}\n")
    told = [project.llmops("power", "s", "--format", "json").json()[0]]
    for old, new in ((", cluster: k", "}  # "), ("gate: {generalise: true}", "gate: {}")):
        evalset = (project.root / "evalsets/s.yaml").read_text(encoding="utf-8")
        project.write({"evalsets/s.yaml": evalset.replace(old, new)})
        told.append(project.llmops("power", "s", "--format", "json").json()[0])

    clusters, alone, these = ({(c["cases"], c["trials"]): c["drop"] for c in one["table"]} for one in told)
    assert [one["generalise"] for one in told] == [True, True, False]
    assert clusters[24, 3] > alone[24, 3]
    assert alone[24, 3] == pytest.approx(these[24, 3], abs=0.06)


def test_more_tests_behind_the_exit_code_hide_larger_drops(project: Project) -> None:
    varying_project(project, "gate: {metrics: [short]}\n")
    several = project.llmops("power", "s", "--format", "json").json()
    project.edit("evalsets/s.yaml", "gate: {metrics: [short]}\n", "")
    fewer = project.llmops("power", "s", "--format", "json").json()

    assert (several[0]["tests"], fewer[0]["tests"]) == (4, 2)
    for one, other in zip(several[0]["table"], fewer[0]["table"], strict=True):
        assert other["drop"] < one["drop"]


def test_a_bound_counts_the_trials_of_each_case(project: Project) -> None:
    varying_project(project, "gate: {min_pass_rate: 100%}\npass: 1/1\n")
    (alike, _) = project.llmops("power", "s", "--format", "json").json()
    evalset = (project.root / "evalsets/s.yaml").read_text(encoding="utf-8")
    project.write({"evalsets/s.yaml": evalset.replace("cluster: k0", "cluster: k0, trials: 9")})
    (own, _) = project.llmops("power", "s", "--format", "json").json()

    assert own["miss"] > alike["miss"]
    assert (alike["own_trials"], own["own_trials"]) == (False, True)
    assert "(each case's own trials), if its answers vary" in project.llmops("power", "s").both
