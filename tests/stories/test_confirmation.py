"""Answers that vary: a flip alone proves nothing, a break is confirmed, and nothing is blamed without calls."""

import json

import pytest

from llmops_cli.errors import ExitCode
from tests.support import varying
from tests.support.project import Project, kinds_of

CASES = "prompt: p\nscorers: [{equals: right}]\ncases:\n" + "".join(
    f"  - {{id: c{n}, vars: {{q: question {n}}}}}\n" for n in range(8)
)


@pytest.fixture
def noisy(project: Project) -> Project:
    return varying.accepted(project, varying.BY_CHANCE, CASES, "--trials", "2")


def test_a_broken_case_is_confirmed_by_fresh_trials_of_both_sides(noisy: Project) -> None:
    noisy.edit(
        "prompts/p.yaml", "content: be chance 0.99", "content: \"be chance {{ 0 if '3' in q else 0.99 }}\""
    )

    result = noisy.llmops("eval", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    (broken,) = [case for case in comparison["cases"] if case["kind"] == "regressed"]
    assert (broken["id"], broken["fresh"]["standing"], broken["fresh"]["passes"]) == ("c3", "confirmed", 0)
    assert broken["fresh"]["base_passes"] == broken["fresh"]["base_trials"] > 0
    assert broken["fresh"]["p"] < 0.01
    assert "confirmed by fresh trials" in result.json()["verdict"]["reasons"][0]["text"]


def test_the_answers_of_a_confirmation_are_in_the_run_file_and_not_in_the_record(noisy: Project) -> None:
    noisy.edit("llmops.yaml", "allow_python: true", "allow_python: true\nredact: [email]")
    noisy.edit(
        "prompts/p.yaml", "content: be chance 0.99", "content: \"be chance {{ 0 if '3' in q else 0.99 }}\""
    )

    result = noisy.llmops("eval", "--trials", "3", "--format", "json").json()

    (comparison,) = result["evalsets"][0]["comparisons"]
    (broken,) = [case for case in comparison["cases"] if "asked_again" in case]
    fresh, answers = broken["fresh"], broken["asked_again"]
    assert broken["id"] == "c3"
    for side, passes, trials in (("candidate", "passes", "trials"), ("base", "base_passes", "base_trials")):
        assert len(answers[side]) == fresh[trials] > 0
        assert sum(all(s["passed"] for s in one["scores"]) for one in answers[side]) == fresh[passes]
    own = broken["candidate"]["outcomes"]
    assert [one["trial"] for one in own] == [1, 2, 3]
    assert [one["trial"] for one in answers["candidate"]] == list(range(4, 4 + fresh["trials"]))
    assert {one["fingerprint"] for one in answers["candidate"]} == {own[0]["fingerprint"]}
    assert {one["fingerprint"] for one in answers["base"]} == {broken["base"]["outcomes"][0]["fingerprint"]}
    assert {one["response"]["text"] for one in answers["candidate"]} == {"wrong, ask [email]"}
    assert "ada@" not in noisy.llmops("report", "--format", "json").stdout

    noisy.llmops("accept")

    record = [json.loads(line) for line in noisy.baseline("p")]
    calls = {call for line in record for call in line["calls"]}
    assert {one["response"]["call_id"] for one in own} <= calls
    assert not {one["response"]["call_id"] for one in answers["candidate"]} & calls
    assert sum(line.get("count", 1) for line in record if line["id"] == "c3") == 3


def test_what_could_not_be_asked_again_leaves_no_answers(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "chance 0.99", "chance 0")

    result = noisy.llmops("eval", "--confirm", "1", "--format", "json").json()

    (comparison,) = result["evalsets"][0]["comparisons"]
    assert {case["fresh"]["standing"] for case in comparison["cases"]} == {"go on"}
    assert not any("asked_again" in case for case in comparison["cases"])
    why = "no more calls were allowed for it (--confirm)"
    assert {case["fresh"]["unasked"] for case in comparison["cases"]} == {why}
    said = "- not asked again: no more calls were allowed for it `(--confirm)`"
    assert said in noisy.llmops("report", "--format", "markdown").stdout


def test_an_unchanged_prompt_that_has_bad_luck_is_not_a_regression(noisy: Project) -> None:
    # every case is a coin that the record saw on its lucky side
    noisy.edit("prompts/p.yaml", "chance 0.99", "chance 0.8").commit("a weaker prompt")
    for _ in range(4):
        noisy.llmops("eval", "--trials", "1", "--fresh")
        noisy.llmops("accept")

    codes = {noisy.llmops("eval", "--trials", "1", "--fresh").exit_code for _ in range(6)}

    assert codes == {ExitCode.PASS}


def test_without_calls_a_flip_is_no_verdict(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "chance 0.99", "chance 0")
    noisy.edit("evalsets/p.yaml", CASES.partition("  - {id: c2")[2], "")
    noisy.edit("evalsets/p.yaml", "  - {id: c2", "")
    result = noisy.llmops("eval", "--confirm", "never")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "which could not be confirmed" in result.both
    assert result.both.count("not asked again --confirm never") == 2


def test_a_drop_of_the_whole_set_is_seen_without_any_case_confirmed(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "chance 0.99", "chance 0.3")

    result = noisy.llmops("eval", "--trials", "6", "--confirm", "never", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    (test,) = comparison["statistics"]["tests"]
    assert test["worse"]
    assert test["drop"] > 0.3
    assert test["p"] <= test["adjusted_p"] < 0.05
    assert test["at_most"] > test["drop"]


def test_the_report_says_what_the_set_would_have_seen(noisy: Project) -> None:
    out = noisy.llmops("eval", "--trials", "3", "--fresh").stdout

    assert "would have been seen (80 %)" in out
    assert "pts worse (95 %)" in out


def test_a_desk_without_a_commit_is_compared_by_the_kept_version(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "be chance", "always be chance")
    noisy.llmops("eval", "--trials", "2")
    noisy.llmops("accept")
    noisy.edit("prompts/p.yaml", "chance 0.99", "chance 0")

    result = noisy.llmops("eval", "--trials", "2", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    assert set(kinds_of(result).values()) == {"regressed"}


@pytest.fixture
def unlucky(noisy: Project) -> Project:
    """One trial of each case on record, and that of c3 failed by bad luck."""
    noisy.edit("prompts/p.yaml", "be chance 0.99", "be chance 1").write({"unlucky.txt": "question 3\n"})
    noisy.llmops("eval", "--trials", "1")
    noisy.llmops("accept")
    noisy.commit("one trial a case")
    (noisy.root / "unlucky.txt").unlink()
    return noisy


BREAK_C3 = "content: \"be chance {{ 0 if '3' in q else 1 }}\""


def test_a_break_does_not_hide_behind_an_unlucky_answer_on_record(unlucky: Project) -> None:
    unlucky.edit("prompts/p.yaml", "content: be chance 1", BREAK_C3)

    result = unlucky.llmops("eval", "--trials", "1", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    (broken,) = [case for case in comparison["cases"] if case["kind"] == "regressed"]
    assert (broken["id"], broken["fresh"]["standing"], broken["fresh"]["passes"]) == ("c3", "confirmed", 0)
    assert broken["fresh"]["base_passes"] == broken["fresh"]["base_trials"] > 5


def test_a_case_that_fails_with_either_prompt_costs_one_call_and_no_verdict(unlucky: Project) -> None:
    unlucky.write({"unlucky.txt": "question 3\n"}).edit("prompts/p.yaml", "be chance 1", "always be chance 1")

    result = unlucky.llmops("eval", "--trials", "1", "--format", "json")

    assert result.exit_code == ExitCode.PASS
    assert kinds_of(result)["c3"] == "unchanged"
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    (failing,) = [case for case in comparison["cases"] if case["id"] == "c3"]
    assert (failing["fresh"]["base_passes"], failing["fresh"]["base_trials"]) == (0, 1)


def test_a_doubt_that_nobody_may_look_into_is_no_reason_to_have_no_verdict(unlucky: Project) -> None:
    unlucky.edit("prompts/p.yaml", "content: be chance 1", BREAK_C3)

    assert unlucky.llmops("eval", "--trials", "1", "--confirm", "never").exit_code == ExitCode.PASS


def test_what_the_branch_has_accepted_is_no_doubt(unlucky: Project) -> None:
    unlucky.edit("prompts/p.yaml", "content: be chance 1", BREAK_C3)
    unlucky.llmops("eval", "--trials", "1")
    unlucky.llmops("accept")
    unlucky.commit("c3 may fail")

    result = unlucky.llmops("eval", "--trials", "1", "--against", "HEAD~1")

    assert result.exit_code == ExitCode.PASS
    assert "asked again" not in result.both


def test_the_report_says_how_often_luck_fails_a_critical_case(noisy: Project) -> None:
    noisy.edit("evalsets/p.yaml", "{id: c3,", "{id: c3, critical: true,")
    record = noisy.read("evalsets/p.baseline.jsonl")
    (line,) = [line for line in record.splitlines() if '"c3"' in line]
    wrong = json.loads(line) | {"output": "wrong", "count": 1, "scores": {}, "calls": ["other"]}
    wrong.pop("marks", None)
    noisy.write({"evalsets/p.baseline.jsonl": record.replace(line, line + "\n" + json.dumps(wrong))})

    result = noisy.llmops("eval", "--trials", "3", "--fresh")

    failed = "critical case c3 failed 1 of 3 on record: fails an unchanged prompt about 70% of the time with 3 trials"
    assert f"note: p: {failed} (17% to 99%)" in result.both
