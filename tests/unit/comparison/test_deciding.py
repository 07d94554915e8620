"""What becomes of a case, and of the whole: tables of classification, totals and the gate."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.comparison.classify import classify
from llmops_cli.comparison.compare import compare
from llmops_cli.comparison.gate import decide
from llmops_cli.comparison.totals import totals_of
from llmops_cli.domain.baseline import VariantSummary
from llmops_cli.domain.comparison import BaseCase, BaseSide, Comparison, DeltaKind, Side, Status
from llmops_cli.domain.evalset import Case, Evalset, GateSpec, PassRule
from llmops_cli.domain.outcome import EvalsetRun, Failure, Outcome, Source, VariantInfo
from llmops_cli.domain.request import Response, Usage
from llmops_cli.domain.scoring import NamedScore, Score
from llmops_cli.errors import SourceLocation

WHERE = SourceLocation("evalsets/e.yaml", 1)
INFO = VariantInfo("default", "p", "p1:new", {"provider": "echo", "model": "echo"})


def _outcome(passed: bool | None, case: str = "c", trial: int = 1, **response: Any) -> Outcome:
    if passed is None:
        return Outcome(case, "default", trial, "f", Source.CALLED, failure=Failure("down", "try later"))
    score = NamedScore("s", "d", score=Score(float(passed), passed))
    return Outcome(case, "default", trial, "f", Source.CALLED, Response("x", **response), scores=(score,))


def _trials(marks: str, case: str = "c") -> tuple[Outcome, ...]:
    """`+` passed, `-` failed, `?` could not be judged."""
    known = {"+": True, "-": False, "?": None}
    return tuple(_outcome(known[mark], case, number) for number, mark in enumerate(marks, start=1))


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        ("+", "+", DeltaKind.UNCHANGED), ("-", "-", DeltaKind.UNCHANGED),
        ("+", "-", DeltaKind.REGRESSED), ("-", "+", DeltaKind.IMPROVED),
        ("+", "?", DeltaKind.INCOMPARABLE), ("?", "+", DeltaKind.INCOMPARABLE),
        ("?", "-", DeltaKind.INCOMPARABLE),
        ("+", "++-", DeltaKind.FLAKY), ("-", "--+", DeltaKind.FLAKY), ("++-", "+", DeltaKind.UNCHANGED),
        ("+++", "--+", DeltaKind.REGRESSED), ("--+", "++-", DeltaKind.IMPROVED),
        ("+", "++?", DeltaKind.UNCHANGED), ("+", "+-?", DeltaKind.INCOMPARABLE),
        ("+", "--?", DeltaKind.REGRESSED),
    ],
)  # fmt: skip
def test_what_becomes_of_a_case(before: str, now: str, kind: DeltaKind) -> None:
    base = BaseSide("the baseline", {"c": BaseCase(_trials(before))})

    (delta,) = classify("default", [Case("c", WHERE)], {"c": _trials(now)}, base, PassRule())

    assert delta.kind is kind


def test_new_removed_and_incomparable_cases() -> None:
    cases = [Case("new", WHERE), Case("edited", WHERE)]
    candidate = {"new": _trials("-", "new"), "edited": _trials("-", "edited")}
    known = {"gone": BaseCase(_trials("+", "gone")), "edited": BaseCase(_trials("+", "edited"), "because")}

    deltas = classify("default", cases, candidate, BaseSide("b", known), PassRule())
    partial = classify("default", cases, candidate, BaseSide("b", known, whole=False), PassRule())

    assert {delta.case_id: delta.kind for delta in deltas} == {
        "new": DeltaKind.NEW,
        "edited": DeltaKind.INCOMPARABLE,
        "gone": DeltaKind.REMOVED,
    }
    assert [delta.case_id for delta in partial] == ["new", "edited"]


def _comparison(sides: dict[str, tuple[str, str]], gate: GateSpec | None = None, **case: Any) -> Comparison:
    """Case id to marks before and now; no marks before is a new case."""
    cases = tuple(Case(name, WHERE, **case) for name in sides)
    evalset = Evalset("e", "evalsets/e.yaml", WHERE, ("p",), cases, gate=gate or GateSpec())
    outcomes = tuple(o for name, (_, now) in sides.items() for o in _trials(now, name))
    run = EvalsetRun(evalset, (INFO,), cases, outcomes, 1)
    known = {name: BaseCase(_trials(before, name)) for name, (before, _) in sides.items() if before}
    return compare(run, INFO, BaseSide("the baseline", known) if known else None)


@pytest.mark.parametrize(
    ("sides", "status"),
    [
        ({"a": ("+", "+")}, Status.PASS),
        ({"a": ("-", "-")}, Status.PASS),
        ({"a": ("+", "-"), "b": ("+", "+")}, Status.REGRESSION),
        ({"a": ("+", "+"), "b": ("+", "?")}, Status.INCONCLUSIVE),
        ({"a": ("+", "-"), "b": ("+", "?")}, Status.REGRESSION),
        ({"a": ("+", "+"), "b": ("", "-")}, Status.PASS),
        ({"a": ("", "-")}, Status.PASS),
        ({"a": ("", "?")}, Status.INCONCLUSIVE),
        ({}, Status.INCONCLUSIVE),
    ],
)
def test_the_gravest_ground_decides(sides: dict[str, tuple[str, str]], status: Status) -> None:
    assert decide([_comparison(sides)], []).status is status


@pytest.mark.parametrize(
    ("before", "now", "status"),
    [
        ("-", "-", Status.REGRESSION),
        ("+", "++-", Status.REGRESSION),
        ("", "-", Status.REGRESSION),
        ("-", "+", Status.PASS),
    ],
)
def test_a_critical_case_bears_no_failed_trial(before: str, now: str, status: Status) -> None:
    assert decide([_comparison({"a": (before, now)}, critical=True)], []).status is status


@pytest.mark.parametrize(
    ("marks", "status"),
    [
        ("++++", Status.PASS),
        ("+++-", Status.PASS),
        ("++--", Status.REGRESSION),
        ("++-?", Status.INCONCLUSIVE),  # the one without a verdict may still save the rate
        ("+--?", Status.REGRESSION),
    ],
)
def test_a_rate_is_missed_only_where_nothing_could_save_it(marks: str, status: Status) -> None:
    sides = {f"c{number}": ("", mark) for number, mark in enumerate(marks)}

    assert decide([_comparison(sides, GateSpec(min_pass_rate=0.75))], []).status is status


def test_an_interrupted_run_never_passes() -> None:
    assert decide([_comparison({"a": ("+", "+")})], [], interrupted=True).status is Status.INCONCLUSIVE


def test_each_cause_is_one_reason_whatever_the_number_of_cases() -> None:
    verdict = decide([_comparison({f"c{n}": ("", "?") for n in range(9)})], [])

    (reason,) = verdict.reasons
    assert "9 cases could not be judged (c0, c1, c2, c3, c4 and 4 more): down; try later" in reason.text


_marks = st.text("+-?", min_size=1, max_size=3)
_sides = st.dictionaries(st.sampled_from("abcde"), st.tuples(st.just("") | _marks, _marks), min_size=1)


@given(_sides)
def test_a_pass_means_that_nothing_regressed_and_everything_was_judged(
    sides: dict[str, tuple[str, str]],
) -> None:
    comparison = _comparison(sides)
    verdict = decide([comparison], [])

    if verdict.status is Status.PASS:
        assert not comparison.of_kind(DeltaKind.REGRESSED)
        assert all(delta.candidate.passed is not None for delta in comparison.deltas)
    if verdict.status is Status.REGRESSION:
        assert comparison.of_kind(DeltaKind.REGRESSED)


@given(_sides)
def test_a_side_compared_with_itself_never_regresses(sides: dict[str, tuple[str, str]]) -> None:
    comparison = _comparison({name: (now, now) for name, (_, now) in sides.items()})

    assert not comparison.of_kind(DeltaKind.REGRESSED)
    assert not comparison.of_kind(DeltaKind.IMPROVED)


def test_figures_of_a_side() -> None:
    paid = _outcome(True, usage=Usage(8, 2), cost=0.01, latency=1.0)
    dear = _outcome(False, usage=Usage(20, 10), cost=0.03, latency=3.0)
    sides = [Side((paid,), True), Side((dear,), False), Side((_outcome(None),), None)]

    totals = totals_of(sides)

    assert (totals.cases, totals.judged, totals.passed, totals.trials) == (3, 2, 1, 2)
    assert totals.pass_rate == 0.5
    assert (totals.mean_score, totals.tokens) == (0.5, 20.0)
    assert totals.cost == pytest.approx(0.02)
    assert totals.latency_p50 == 2.0
    assert totals.latency_p95 == pytest.approx(2.9)


def test_what_is_unknown_stays_unknown_and_the_record_fills_in() -> None:
    side = Side((_outcome(True),), True)

    assert totals_of([side]).cost is None
    recorded = Side((replace(_outcome(True), source=Source.BASELINE),), True)
    summary = VariantSummary("default", 1.0, 2.0, 0.5, 7.0)
    filled = totals_of([recorded], summary)
    assert totals_of([side], summary).cost is None
    assert (filled.latency_p50, filled.latency_p95, filled.cost, filled.tokens) == (1.0, 2.0, 0.5, 7.0)
    unanswered = totals_of([Side((_outcome(None),), None)], summary)
    assert (unanswered.latency_p50, unanswered.cost, unanswered.tokens) == (None, None, None)
    assert totals_of([]).pass_rate is None


def test_a_score_of_a_failed_call_is_none_and_not_nought() -> None:
    totals = totals_of([Side((_outcome(None),), None)])

    assert (totals.mean_score, totals.judged, totals.passed) == (None, 0, 0)


def test_one_failed_scorer_decides_beside_one_that_could_not_judge() -> None:
    good, bad = _outcome(True).scores[0], _outcome(False).scores[0]
    broken = NamedScore("judge", "d", failure="no verdict")
    outcome = _outcome(True)

    assert replace(outcome, scores=(good, broken)).passed is None
    assert replace(outcome, scores=(bad, broken)).passed is False
    assert replace(outcome, scores=(good, replace(broken, severity="warn"))).passed is True
