"""What eval keeps and says of a judge: its rate, what it rests on, its calibration, and the rate without its errors."""

import json
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.stories.test_calibration import CALIBRATION, EVALSET, GRADES, HEAD, _by_digit, _by_word, _judged
from tests.stories.test_judge import _paired, _prefers
from tests.support.model_server import ModelServer
from tests.support.project import Project

# of 20 that people pass the judge passes 18, of 20 that they fail 3
FORTY = HEAD + "".join(
    f"{'good' if (kind == 'pass') == (n >= wrong) else 'bad'} {kind} {n},{kind}\n"
    for kind, wrong in (("pass", 2), ("fail", 3))
    for n in range(20)
)


def _judges(project: Project, *options: str) -> list[dict[str, Any]]:
    project.llmops("eval", *options)
    document = project.llmops("report", "--format", "json").json()
    (evalset,) = document["evalsets"]
    found: list[dict[str, Any]] = evalset["judges"]
    return found


def _calibrated(project: Project, server: ModelServer, labels: str, evalset: str = EVALSET) -> Project:
    _judged(project, server, labels, evalset)
    assert project.llmops("judge", "judges/kind", "--labels", "labels.csv").exit_code == ExitCode.PASS
    return project


def test_the_run_file_holds_the_calibration_and_the_corrected_rate(project: Project) -> None:
    with ModelServer(_by_word) as server:
        (found,) = _judges(_calibrated(project, server, FORTY))

    date = json.loads(project.read(CALIBRATION))["date"]
    assert found["calibration"] == {
        "kappa": 0.75, "n": 40, "date": date, "labels": "verdict",
        "true_pass": 18, "false_pass": 3, "true_fail": 17, "false_fail": 2, "caution": "",
    }  # fmt: skip
    assert (found["scorer"], found["variant"], found["judge"]) == ("kind", "default", "judges/kind")
    assert (found["answers"], found["judged"], found["passed"], found["units"]) == (2, 2, 2, 2)
    assert found["calibrated"] is True
    assert found["rate"] == pytest.approx({"value": 1, "low": 0.1581139, "high": 1})
    (comparison,) = project.llmops("report", "--format", "json").json()["evalsets"][0]["comparisons"]
    figures = comparison["metrics"]["kind"]["values"]  # the same, where figures of all scorers stand
    assert figures == pytest.approx({"pass rate": 1, "95% from": 0.1581139, "95% to": 1})
    assert found["corrected"]["value"] == 1  # (1 + 0.85 - 1) / (0.9 + 0.85 - 1), which is more than all
    assert 0 < found["corrected"]["low"] < found["corrected"]["high"] == 1


def test_every_report_for_people_says_it_in_the_same_words(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _calibrated(project, server, FORTY).llmops("eval")
    date = json.loads(project.read(CALIBRATION))["date"]
    said = [
        f"judge kind: calibrated (kappa 0.75, n 40, {date})",
        "greet · kind: pass rate 1.00 (95 % interval 0.16 to 1.00) of 2 answers; corrected for the judge's errors",
        "errors (Rogan-Gladen) 1.00 (95 % interval 0.",
    ]

    for name in ("terminal", "junit", "sarif", "markdown"):
        # Markdown writes some marks as entities, and the terminal folds
        text = project.llmops("report", "--format", name).stdout.replace("&#39;", "'")
        text = " ".join(text.replace("\\", "").replace("&#x27;", "'").split())
        assert [line in text for line in said] == [True, True, True], name


def test_a_run_file_without_judges_is_read_and_old_intervals_are_intervals(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, FORTY).llmops("eval")
    path = next(Path(project.root, ".llmops", "runs").glob("*.json"))
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["evalsets"][0]["judges"]
    path.write_text(json.dumps(document), encoding="utf-8")

    shown = project.llmops("report").stdout

    assert "greet · kind: pass rate 1.00 (95 % interval 0.16 to 1.00)\n" in shown
    assert project.llmops("report", "--format", "json").json()["evalsets"][0]["judges"] == []


def test_trials_of_one_answer_that_is_always_the_same_count_once(project: Project) -> None:
    with ModelServer(_by_word) as server:  # the judge is asked about every trial, the answer is one
        (found,) = _judges(_calibrated(project, server, FORTY), "--trials", "5")
        shown = project.llmops("report").stdout
        assert len(server.requests) == 40 + 10

    assert (found["judged"], found["passed"], found["units"]) == (10, 10, 2)
    assert found["rate"]["low"] == pytest.approx(0.1581139)
    assert "of 10 answers, worth 2 independent ones;" in shown


def test_a_calibration_of_another_judge_is_said_and_not_used(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _calibrated(project, server, FORTY).edit("prompts/judges/kind.yaml", "Grade", "Strictly grade")
        (edited,) = _judges(project)
        project.edit("prompts/judges/kind.yaml", "Strictly grade", "Grade")
        project.edit("evalsets/greet.yaml", "name: kind", "name: kind, votes: 3")
        (votes,) = _judges(project)

    date = json.loads(project.read(CALIBRATION))["date"]
    for found, other in ((edited, "version of it"), (votes, "way to ask it")):
        assert (found["calibrated"], found["calibration"], found["corrected"]) == (False, None, None)
        assert found["why_uncalibrated"] == f"the calibration of {date} is of another {other}"
        assert found["rate"]["value"] == 1
    assert edited["identity"] != votes["identity"]


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ("good 1,pass\ngood 2,pass\nbad,pass\n", "no label of its calibration says fail"),
        ("good 1,fail\nbad 1,fail\n", "no label of its calibration says pass"),
        (
            "good 1,fail\ngood 2,pass\nbad 1,pass\nbad 2,fail\n",
            "on its labels it was no better than chance (sensitivity 0.50 + specificity 0.50)",
        ),
    ],
)
def test_where_a_rate_cannot_be_corrected_the_reason_is_said(project: Project, labels: str, why: str) -> None:
    with ModelServer(_by_word) as server:
        (found,) = _judges(_calibrated(project, server, HEAD + labels))
        shown = project.llmops("report", "--format", "markdown").stdout

    assert (found["calibrated"], found["corrected"], found["why_uncorrected"]) == (True, None, why)
    assert "not corrected: " in shown


def test_a_judge_without_a_verdict_has_no_rate(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _calibrated(project, server, FORTY).replies(("", "an odd answer"))
        (found,) = _judges(project)
        shown = project.llmops("report").stdout

    assert (found["answers"], found["judged"], found["units"]) == (2, 0, 0)
    assert (found["rate"], found["corrected"]) == (None, None)
    assert found["why_uncorrected"] == "it judged no answer"
    assert "greet · kind: no answer to take a pass rate of" in shown
    assert "greet: kind had no verdict on 2 of 2 answers" in shown


def test_grades_are_corrected_by_what_passes(project: Project) -> None:
    with ModelServer(_by_digit) as server:
        _calibrated(project, server, GRADES).replies(("", "said 4 of it"))
        (found,) = _judges(project)
        shown = project.llmops("report").stdout

    counts = [found["calibration"][name] for name in ("true_pass", "false_pass", "true_fail", "false_fail")]
    assert (found["calibration"]["labels"], counts) == ("grade", [4, 1, 2, 0])
    assert found["mean_grade"] == 4
    assert found["corrected"]["value"] == 1
    assert "greet · kind: mean grade 4.00, pass rate 1.00 (95 % interval 0.16 to 1.00) of 2 answers" in shown


def test_a_judge_under_not_is_corrected_the_other_way_round(project: Project) -> None:
    evalset = EVALSET.replace("name: kind", "name: kind, not: true")
    with ModelServer(_by_word) as server:
        (found,) = _judges(_calibrated(project, server, FORTY, evalset))

    assert (found["negated"], found["passed"], found["rate"]["value"]) == (True, 0, 0)
    assert found["corrected"]["value"] == found["corrected"]["low"] == 0  # (0 + 0.9 - 1) / 0.75


@pytest.mark.parametrize("more", ["", ", vars: {tone: of NAME}"])
def test_a_judge_of_single_cases_has_one_entry_of_those(project: Project, more: str) -> None:
    head, _, _ = EVALSET.partition("scorers:")
    own = f"scorers: [{{judge: {{prompt: judges/kind, name: kind{more}}}}}]"
    rows = ((name, own.replace("NAME", name)) for name in ("Ada", "Bob"))
    cases = "".join(f"  - {{id: {name}, vars: {{name: {name}}}, {scorers}}}\n" for name, scorers in rows)
    rest = "  - {id: cleo, vars: {name: Cleo}, scorers: [contains: good]}\n"
    with ModelServer(_by_word) as server:
        _calibrated(project, server, FORTY)
        project.write({"evalsets/greet.yaml": f"{head}cases:\n{cases}{rest}"})
        (found,) = _judges(project)
        shown = project.llmops("report").stdout

    assert (found["scorer"], found["answers"], found["passed"]) == ("kind", 2, 2)
    assert found["calibrated"] is not bool(more)  # it was calibrated without a tone
    assert shown.count("greet · kind: ") == 1


def test_a_judge_that_compares_has_a_rate_of_wins_and_no_correction(project: Project) -> None:
    with ModelServer(_prefers("Hello!")) as server:
        _paired(project, server, "warn")
        (first,) = _judges(project)
        assert "· kind: " not in project.llmops("report").stdout  # nothing to compare with: it was not asked
        project.llmops("accept")
        project.edit("prompts/greet.yaml", "Greet", "Insult").replies(("", "Go away!"))
        (found,) = _judges(project)
        shown = project.llmops("report").stdout

    assert (first["answers"], first["rate"]) == (0, None)
    assert (found["metric"], found["judged"], found["passed"], found["units"]) == ("win rate", 2, 0, 2)
    assert found["rate"] == pytest.approx({"value": 0, "low": 0, "high": 0.8418861})
    assert (found["calibration"], found["corrected"], found["why_uncorrected"]) == (None, None, "")
    assert "greet · kind: win rate 0.00 (95 % interval 0.00 to 0.84) of 2 decided comparisons" in shown
    assert "wins  ties  losses" in shown
