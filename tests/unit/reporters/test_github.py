"""Annotations: ten at most, the most important first, each one line that says what was meant."""

from dataclasses import replace
from functools import cache

import pytest

from llmops_cli.domain.comparison import DeltaKind, Reason, Result, Status
from llmops_cli.errors import SourceLocation
from llmops_cli.reporters.github import MAX, format_github
from tests.support import results
from tests.unit.reporters.test_workflow_commands import parsed

SET = "services/desk/evalsets/support/triage.yaml"


@cache
def lines(kind: str) -> list[tuple[str, dict[str, str], str]]:
    return read(results.ALL[kind]())


def read(result: Result) -> list[tuple[str, dict[str, str], str]]:
    return [parsed(line) for line in format_github(result).splitlines()]


def test_the_verdict_comes_first_then_what_matters_most() -> None:
    found = lines("everything")

    assert [
        (level, given.get("title"), given.get("file"), given.get("line")) for level, given, _ in found
    ] == [
        ("notice", "llmops: REGRESSION", None, None),
        ("error", "REGRESSED (critical) critical-one in support/triage", SET, "30"),
        ("error", "llmops: the gate", SET, "1"),
        ("error", "llmops: prompt support/triage", "services/desk/prompts/support/triage.system.j2", "2"),
        ("error", "REGRESSED worse in support/triage", SET, "10"),
        ("error", "FAILED new-bad in support/triage", SET, "24"),
        ("error", "FAILED edited-bad in support/triage", SET, "27"),
        ("warning", "llmops: no verdict", SET, "1"),
    ]
    assert found[4][2].splitlines() == [
        "team: expected 'billing', got 'other'", "before: TEAM: billing - It mentions an invoice.",
        "after: Nothing in it calls for that.", "trials: 3 of 3 passed before, 1 of 3 passed now (p = 0.2)",
        "asked again: 1 of 12 fresh trials passed, the base 11 of 12 (p = 0.00012)",
    ]  # fmt: skip
    assert found[3][2] == "since this changed, 2 cases got worse: critical-one, worse"
    grounds = "2 cases and the set as a whole got worse, a critical case failed, a bound is missed:"
    assert found[0][2].startswith(f"{grounds}\n- support/triage: 1 case")


@pytest.mark.parametrize("kind", ["unaffected", "passing", "first run"])
def test_a_run_that_passed_is_one_notice(kind: str) -> None:
    ((level, given, _),) = lines(kind)

    assert (level, given["title"]) == ("notice", f"llmops: {results.ALL[kind]().verdict.status}")


def test_no_verdict_is_no_error() -> None:
    assert [level for level, _, _ in lines("interrupted")] == ["notice", "warning"]
    worse = results.delta(DeltaKind.REGRESSED, "worse", 10, [True], [False])
    reason = Reason(Status.INCONCLUSIVE, "could not be confirmed", SourceLocation("evalsets/x.yaml", 3))

    found = read(results.result([worse], Status.INCONCLUSIVE, [reason]))

    assert {level for level, _, _ in found} == {"notice", "warning"}


def test_there_are_ten_at_most_and_the_last_one_says_how_many_more() -> None:
    found = lines("huge")

    assert len(found) == MAX == 10
    assert found[-1] == (
        "notice", {"title": "llmops: 3004 more"}, "and 3004 more; the run's own report holds them all"
    )  # fmt: skip
    assert [given["title"] for _, given, _ in found[1:3]] == [
        "llmops: the gate", "llmops: prompt support/triage",
    ]  # fmt: skip


def test_exactly_ten_are_all_shown() -> None:
    deltas = [results.delta(DeltaKind.REGRESSED, f"c{n}", n, [True], [False]) for n in range(1, 9)]
    made = results.result(deltas, Status.REGRESSION)

    assert len(read(made)) == 10
    assert "more" not in read(made)[-1][1]["title"]
    one_more = [*deltas, results.delta(DeltaKind.REGRESSED, "c9", 9, [True], [False])]
    assert read(results.result(one_more, Status.REGRESSION))[-1][2].startswith("and 2 more")


def test_hostile_texts_stay_in_their_place_and_are_short() -> None:
    for level, given, message in lines("hostile"):
        assert level in ("notice", "error", "warning")
        assert set(given) <= {"file", "line", "title"}
        assert len(message) < 4000
        assert "\x1b" not in message
        assert "\u202e" not in given["title"] + message
        assert "\n" not in given["title"]
    named = [given["file"] for _, given, _ in lines("hostile") if "file" in given]
    assert "services/desk/evalsets/a b/ü,%:x.yaml" in named


def test_a_text_that_was_changed_by_two_sets_is_marked_once() -> None:
    made = results.result([results.delta(DeltaKind.REGRESSED, "a", 3, [True], [False])], Status.REGRESSION)
    other = replace(made.comparisons[0], evalset="other")

    found = read(replace(made, comparisons=(made.comparisons[0], other)))

    assert [given["title"] for _, given, _ in found].count("llmops: prompt support/triage") == 1
