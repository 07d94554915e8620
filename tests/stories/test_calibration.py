"""`llmops judge`: a judge behind HTTP is held against people's labels, and eval says what came of it."""

import json
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, Project

JUDGE = """\
model: judge
inputs:
  output: {type: string}
  input: {default: ""}
  tone: {default: ""}
messages:
  - role: user
    content: "Grade this ({{ tone }}). Asked: {{ input }} Answered: {{ output }}"
"""
EVALSET = """\
prompt: greet
scorers:
  - judge: {prompt: judges/kind, name: kind}
cases:
  - {id: ada, vars: {name: Ada}}
  - {id: bob, vars: {name: Bob}}
"""
HEAD = "output,label\n"
CALIBRATION = "evalsets/judges-kind.calibration.json"


def _says(word: Any) -> str:
    key = "verdict" if isinstance(word, str) else "score"
    return json.dumps({"rationale": f"because {word}", key: word})


def _by_word(body: dict[str, Any]) -> str:
    """Passes what holds "good" or "fair"; of "odd" it says nothing."""
    text = body["messages"][-1]["content"]
    if "odd" in text:
        return "I would rather not."
    return _says("pass" if "good" in text or "fair" in text else "fail")


def _by_digit(body: dict[str, Any]) -> str:
    return _says(int(body["messages"][-1]["content"].split("said ")[1][0]))


def _judged(project: Project, server: ModelServer, labels: str, evalset: str = EVALSET) -> Project:
    project.replies(("", "a good answer"))
    alias = f"  judge: {{model: openai/judge-1, api_base: '{server.url}'}}\n"
    project.write({"llmops.yaml": project.read("llmops.yaml") + alias, "labels.csv": labels})
    files = {"prompts/greet.yaml": GREET, "prompts/judges/kind.yaml": JUDGE, "evalsets/greet.yaml": evalset}
    project.commit("judged", files)
    return project


# 6 good and 4 bad as people see it; the judge passes all the good ones and one of the bad
TEN = HEAD + "".join(f"good {n},pass\n" for n in range(6)) + "".join(f"bad {n},fail\n" for n in range(3))
TEN += "fair to middling,fail\n"


def test_a_judge_is_measured_and_its_calibration_kept(project: Project) -> None:
    with ModelServer(_by_word) as server:
        result = _judged(project, server, TEN).llmops("judge", "judges/kind", "--labels", "labels.csv")

    assert result.exit_code == ExitCode.PASS
    assert "judges/kind: 10 outputs judged and labelled" in result.stdout
    assert "agreement    90%" in result.stdout
    assert "kappa        0.78" in result.stdout
    assert "sensitivity  100% (54% to 100%)" in result.stdout
    assert "specificity  75% (19% to 99%)" in result.stdout
    assert "few labels   only 4 of 10 labels say fail" in result.stdout
    assert "labels.csv:11: label fail, judge pass" in result.stdout
    assert "judge: because pass" in result.stdout
    assert result.stderr.splitlines()[-1] == f"wrote {CALIBRATION}"
    kept = json.loads(project.read(CALIBRATION))
    assert (kept["judge"], kept["n"], kept["identity"]["model"]) == ("judges/kind", 10, "openai/judge-1")
    assert [kept[name] for name in ("true_pass", "false_pass", "true_fail", "false_fail")] == [6, 1, 3, 0]
    assert "good" not in project.read(CALIBRATION)  # no texts: they may be personal


def test_eval_says_whether_its_judge_is_calibrated(project: Project) -> None:
    with ModelServer(_by_word) as server:
        before = _judged(project, server, TEN).llmops("eval")
        assert "judge kind: not calibrated" in before.stdout
        assert "every scorer only warns, so that no case can fail" in before.stdout
        project.edit("evalsets/greet.yaml", "cases:", "gate: {metrics: [kind]}\ncases:")
        assert "only warns" not in project.llmops("eval").stdout, "its score gates over all cases"
        project.edit("evalsets/greet.yaml", "gate: {metrics: [kind]}\n", "")

        project.llmops("judge", "judges/kind", "--labels", "labels.csv")
        date = json.loads(project.read(CALIBRATION))["date"]
        after = project.llmops("eval")
        few = "only 4 of 10 labels say fail, and fewer than 10 tell little"
        assert f"judge kind: hardly calibrated (kappa 0.78, n 10, {date}): {few}" in after.both
        assert (
            "greet · kind: pass rate 1.00 (95 % interval 0.16 to 1.00) of 2 answers; corrected " in after.both
        )

        project.edit("prompts/judges/kind.yaml", "Grade", "Strictly grade")
        edited = project.llmops("eval")
    expected = f"judge kind: not calibrated (the calibration of {date} is of another version of it)"
    assert expected in edited.stdout


def test_ten_labels_of_either_kind_make_a_calibration(project: Project) -> None:
    labels = HEAD + "".join(f"good {n},pass\nbad {n},fail\n" for n in range(10))
    with ModelServer(_by_word) as server:
        told = _judged(project, server, labels).llmops("judge", "judges/kind", "--labels", "labels.csv")
        shown = project.llmops("eval").stdout

    assert "few labels" not in told.stdout
    assert "judge kind: calibrated (kappa 1.00, n 20, " in shown


def test_another_way_to_read_the_replies_is_another_judge(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, TEN).llmops("judge", "judges/kind", "--labels", "labels.csv")
        project.edit("evalsets/greet.yaml", "name: kind", "name: kind, votes: 3")

        assert "judge kind: not calibrated" in project.llmops("eval").stdout


def test_an_uncalibrated_judge_gates_where_the_evalset_says_so_and_that_is_said(project: Project) -> None:
    gating = EVALSET.replace("name: kind", "name: kind, severity: fail")
    with ModelServer(lambda _: _says("fail")) as server:
        result = _judged(project, server, TEN, gating).llmops("eval")

    assert "judge kind: not calibrated, and it gates greet" in result.stdout
    assert "0/2" in result.stdout


def test_a_judge_of_its_own_model_is_named(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, TEN).edit(
            "evalsets/greet.yaml", "prompt: greet", "prompt: greet\nmodels: [judge]"
        )
        result = project.llmops("eval")

    assert "judge kind is the model that it judges in greet" in result.stdout


def test_a_warning_judge_without_verdicts_is_not_passed_over(project: Project) -> None:
    with ModelServer(lambda _: "no") as server:
        result = _judged(project, server, TEN).llmops("eval")

    assert result.exit_code == ExitCode.PASS
    assert "greet: kind had no verdict on 2 of 2 answers: the judge did not reply" in result.stdout


@pytest.mark.parametrize(("least", "code"), [("0.7", ExitCode.PASS), ("0.8", ExitCode.REGRESSION)])
def test_min_kappa_sets_the_exit_code(project: Project, least: str, code: ExitCode) -> None:
    with ModelServer(_by_word) as server:
        arguments = ("judge", "judges/kind", "--labels", "labels.csv", "--min-kappa", least)
        result = _judged(project, server, TEN).llmops(*arguments)

    assert result.exit_code == code
    assert ("kappa 0.783 is below 0.8" in result.stderr) is (code is ExitCode.REGRESSION)


def test_labels_of_one_class_leave_kappa_undefined_and_not_0(project: Project) -> None:
    why = "all labels are 'pass'"
    with ModelServer(_by_word) as server:
        _judged(project, server, HEAD + "good,pass\nbad,pass\n")
        result = project.llmops("judge", "judges/kind", "--labels", "labels.csv")
        told = project.llmops("judge", "judges/kind", "--labels", "labels.csv", "--format", "json").json()
        gated = project.llmops("judge", "judges/kind", "--labels", "labels.csv", "--min-kappa", "0")
        shown = project.llmops("eval").both

    assert result.exit_code == ExitCode.PASS
    assert f"kappa        undefined: {why}" in result.stdout
    assert (told["calibration"]["kappa"], told["why_undefined"]) == (None, why)
    assert gated.exit_code == ExitCode.INCONCLUSIVE  # neither reached nor missed: it cannot be told
    assert f"kappa is undefined ({why}), so that --min-kappa cannot be decided" in gated.both
    assert "judge kind: hardly calibrated (kappa undefined, n 2, " in shown


def test_a_judge_who_always_says_the_same_has_a_kappa_of_0(project: Project) -> None:
    arguments = ("judge", "judges/kind", "--labels", "labels.csv")
    with ModelServer(_by_word) as server:
        _judged(project, server, HEAD + "good 1,pass\ngood 2,fail\n")
        told = project.llmops(*arguments, "--format", "json").json()
        gated = project.llmops(*arguments, "--min-kappa", "0.6")

    assert (told["calibration"]["kappa"], told["why_undefined"]) == (0, None)
    assert gated.exit_code == ExitCode.REGRESSION
    assert "kappa 0.000 is below 0.6" in gated.stderr


def test_what_the_judge_does_not_answer_is_listed_and_counts_nowhere(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, TEN + "odd,pass\n")
        result = project.llmops("judge", "judges/kind", "--labels", "labels.csv", "--format", "json")

    found = result.json()
    assert (found["calibration"]["n"], found["calibration"]["missing"]) == (10, 1)
    assert found["calibration"]["agreement"] == 0.9
    (failure,) = found["failures"]
    assert failure["where"] == "labels.csv:12"
    assert "I would rather not." in failure["reason"]


def test_mostly_unanswered_is_no_calibration(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, HEAD + "good,pass\nodd 1,pass\nodd 2,fail\n")
        result = project.llmops("judge", "judges/kind", "--labels", "labels.csv")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "outputs, which is more than a tenth: nothing was written" in result.stderr
    assert not (project.root / CALIBRATION).exists()


def test_nothing_answered_is_no_verdict(project: Project) -> None:
    with ModelServer(faults=[400]) as server:
        result = _judged(project, server, TEN).llmops("judge", "judges/kind", "--labels", "labels.csv")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "nothing can be compared: the judge gave no answer" in result.stderr


GRADES = HEAD + "".join(f"said {judge} number {n},{label}\n" for n, (judge, label) in enumerate(
    [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (5, 1), (4, 5)]))  # fmt: skip


def test_grades_are_weighed_by_their_distance(project: Project) -> None:
    with ModelServer(_by_digit) as server:
        _judged(project, server, GRADES)
        result = project.llmops("judge", "judges/kind", "--labels", "labels.csv", "--format", "json")
        shown = project.llmops("judge", "judges/kind", "--labels", "labels.csv")

    found = result.json()
    pairs = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (5, 1), (4, 5)]
    seen = sum((a - b) ** 2 for a, b in pairs) / 7
    chance = sum((a - b) ** 2 for a, _ in pairs for _, b in pairs) / 49
    assert found["calibration"]["kappa"] == pytest.approx(1 - seen / chance)
    assert found["calibration"]["agreement"] == pytest.approx(5 / 7)
    assert found["disagreements"][0]["where"] == "labels.csv:7"
    assert "(quadratic weights)" in shown.stdout
    assert "labels.csv:7: label 1, judge 5" in shown.stdout


def test_several_raters_are_measured_among_themselves(project: Project) -> None:
    rows = ["output,label,rater", "good 1,pass,ann", "good 1,pass,bob", "good 1,fail,cy",
            "bad 1,fail,ann", "bad 1,fail,bob", "good 2,pass,ann", "good 2,fail,bob"]  # fmt: skip
    with ModelServer(_by_word) as server:
        _judged(project, server, "\n".join(rows) + "\n")
        result = project.llmops("judge", "judges/kind", "--labels", "labels.csv")

        assert len(server.requests) == 3
    assert "judges/kind: 2 outputs judged and labelled" in result.stdout
    assert "among 3 raters (Krippendorff)" in result.stdout
    assert "labels.csv:7: its raters are evenly split" in result.stdout


def test_stability_over_votes(project: Project) -> None:
    words = iter(["pass", "pass", "fail", "fail", "fail", "fail"])
    with ModelServer(lambda _: _says(next(words))) as server:
        _judged(project, server, HEAD + "good,pass\nbad,fail\n")
        arguments = ("--labels", "labels.csv", "--votes", "3", "--concurrency", "1", "--format", "json")
        result = project.llmops("judge", "judges/kind", *arguments)
        again = project.llmops("judge", "judges/kind", *arguments)

        assert len(server.requests) == 6
    assert result.json()["calibration"]["stability"] == 0.5
    assert result.json()["calibration"]["reading"]["votes"] == 1
    assert again.stdout == result.stdout


def test_an_even_number_of_votes_is_refused_as_in_an_evalset(project: Project) -> None:
    with ModelServer(_by_word) as server:
        arguments = ("judge", "judges/kind", "--labels", "labels.csv", "--votes", "2")
        result = _judged(project, server, TEN).llmops(*arguments)
        project.edit("evalsets/greet.yaml", "name: kind", "name: kind, votes: 2")
        check = project.llmops("check")

        assert server.requests == []
    assert result.exit_code == check.exit_code == ExitCode.USAGE
    said = "must be an odd number from 1 to 99, got 2"
    assert f"--votes {said}" in result.stderr
    assert f"'votes' {said}" in check.stderr


def test_variables_of_a_row_reach_the_prompt(project: Project) -> None:
    with ModelServer(_by_word) as server:
        rows = '{"output": "good", "label": "pass", "input": "Hi?", "vars": {"tone": "dry"}}\n'
        _judged(project, server, TEN).write({"labels.jsonl": rows + '{"output": "bad", "label": "fail"}\n'})
        project.llmops("judge", "judges/kind", "--labels", "labels.jsonl")
        texts = sorted(request.body["messages"][-1]["content"] for request in server.requests)

    assert "Grade this (). Asked:  Answered: <answer-" in texts[0]
    assert "Grade this (dry). Asked: Hi? Answered: <answer-" in texts[1]


def test_the_report_can_go_to_a_file(project: Project) -> None:
    with ModelServer(_by_word) as server:
        arguments = ("judge", "judges/kind", "--labels", "labels.csv", "-o", "report.txt")
        result = _judged(project, server, TEN).llmops(*arguments)

    assert result.stdout == ""
    assert "kappa        0.78" in project.read("report.txt")


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        ("", "labels.csv: holds no labels"),
        ("output,label\n", "labels.csv: holds no labels"),
        ("output,labels\nx,pass\n", "labels.csv:1: has no column 'label'; did you mean 'labels'?"),
        ("output,label\nx,good\n", "labels.csv:2: unknown label; write pass, fail, or a grade from 1 to 5"),
        ("output,label\nx,7\n", "labels.csv:2: the grade 7 is not on the scale of 1 to 5"),
        ("output,label\nx,pass\ny,3\n", "labels.csv:3: the label is a grade, the first one is a verdict"),
        ("output,label\nx,pass\nx,fail\n", "labels.csv:3: this output is labelled twice"),
        ("output,label,note\nx,pass,n\n", "labels.csv:1: unknown column 'note'"),
        (
            "output,label,vars.nope\nx,pass,n\ny,fail,n\n",
            "labels.csv:1: judges/kind has no input 'nope' that 'vars.nope' could fill; known: vars.tone",
        ),
        ("output,label,vars.output\nx,pass,n\n", "labels.csv:2: 'vars' may not hold 'output'"),
    ],
)
def test_a_mistake_in_the_labels_is_one_error_with_its_line(
    project: Project, labels: str, complaint: str
) -> None:
    with ModelServer(_by_word) as server:
        result = _judged(project, server, labels).llmops("judge", "judges/kind", "--labels", "labels.csv")

        assert len(server.requests) == 0
    assert result.exit_code == ExitCode.USAGE
    assert complaint in result.stderr
    assert result.stderr.count("error:") == 1


def test_a_judge_that_is_asked_in_two_ways_wants_to_know_which(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, TEN)
        project.write({"evalsets/other.yaml": EVALSET.replace("name: kind", "name: kind, votes: 3")})
        both = project.llmops("judge", "judges/kind", "--labels", "labels.csv")
        one = project.llmops("judge", "judges/kind", "--labels", "labels.csv", "--evalset", "other")

    assert both.exit_code == ExitCode.USAGE
    assert "judges/kind is asked in 2 ways: evalsets/greet.yaml:3" in both.stderr
    assert one.exit_code == ExitCode.PASS
    assert json.loads(project.read(CALIBRATION))["reading"]["votes"] == 3


def test_an_unknown_judge_and_absent_labels_are_mistakes(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, TEN)
        unknown = project.llmops("judge", "judges/kin", "--labels", "labels.csv")
        absent = project.llmops("judge", "judges/kind", "--labels", "nowhere.csv")

    assert (unknown.exit_code, absent.exit_code) == (ExitCode.USAGE, ExitCode.USAGE)
    assert "did you mean 'judges/kind'?" in unknown.stderr
    assert "nowhere.csv: cannot be read: No such file" in absent.stderr


def test_a_broken_calibration_is_said_and_stops_nothing(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, TEN).write({CALIBRATION: "{}"})
        result = project.llmops("eval")

    assert result.exit_code == ExitCode.PASS
    assert f"judge kind: not calibrated ({CALIBRATION}: is no calibration of this format" in result.stdout


def test_hostile_texts_are_made_visible(project: Project) -> None:
    labels = json.dumps({"output": "bad \x1b[31m", "label": "pass"}) + '\n{"output": "b", "label": "fail"}\n'
    reply = json.dumps({"rationale": "\x1b]0;x\x07", "verdict": "fail"})
    with ModelServer(lambda _: reply) as server:
        _judged(project, server, TEN).write({"labels.jsonl": labels})
        result = project.llmops("judge", "judges/kind", "--labels", "labels.jsonl")
        machine = project.llmops("judge", "judges/kind", "--labels", "labels.jsonl", "--format", "json")

    assert "\x1b" not in result.stdout + machine.stdout
    assert "\\x1b[31m" in result.stdout
