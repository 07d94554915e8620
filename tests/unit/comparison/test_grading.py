"""Graded metrics: which scores count, what is missing, and the exact comparison where nothing varies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.comparison.grading import EXACT, exact_test, graded, reaches, ungraded
from llmops_cli.comparison.rule import PASS_RATE, Compared, judge
from llmops_cli.domain.comparison import Delta, DeltaKind, Side
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import NamedScore, Score
from llmops_cli.stats.permutation import GradedCase
from llmops_cli.stats.stratified import Counts


def _side(*values: float | None) -> Side:
    """A trial for each value; None where the scorer could not judge."""
    scores = [
        NamedScore("q", "d", "warn", failure="no reply")
        if value is None
        else NamedScore("q", "d", "warn", score=Score(value, True))
        for value in values
    ]
    outcomes = [
        Outcome("c", "default", n, "f", Source.CALLED, Response("x"), scores=(score,))
        for n, score in enumerate(scores, 1)
    ]
    return Side(tuple(outcomes), True)


def _delta(base: Side, candidate: Side, kind: DeltaKind = DeltaKind.UNCHANGED, case_id: str = "c") -> Delta:
    return Delta(kind, case_id, "default", base, candidate)


def test_scores_are_taken_by_name_from_what_may_be_compared() -> None:
    deltas = [
        _delta(_side(0.9, 0.7), _side(0.5, None)),
        _delta(_side(0.1), _side(0.1), DeltaKind.INCOMPARABLE, "other"),
        _delta(_side(0.1), _side(None), case_id="without"),
    ]

    assert graded(deltas, "q") == {"c": GradedCase((0.5,), (0.9, 0.7))}
    assert graded(deltas, "unheard of") == {}
    (missing,) = ungraded(deltas, "q")
    assert (missing.whose, missing.cases, missing.of, missing.why) == (
        "this run",
        ("without",),
        2,
        "no reply",
    )


def test_what_a_baseline_rounded_is_no_difference() -> None:
    # a baseline keeps six digits
    deltas = [_delta(_side(0.666667), _side(2 / 3), case_id=str(n)) for n in range(8)]

    (finding,) = judge([Compared("e", {}, {"q": graded(deltas, "q")}, min_effect=0)])

    assert (finding.tests[0].drop, finding.tests[0].p) == (0, 1)


_cases = st.dictionaries(
    st.sampled_from("abc"),
    st.builds(GradedCase, *[st.lists(st.floats(0, 1), min_size=1, max_size=3).map(tuple)] * 2),
    min_size=1,
)


@given(_cases, st.floats(0, 0.5))
def test_where_nothing_varies_the_fall_is_what_it_is(cases: dict[str, GradedCase], min_effect: float) -> None:
    found = exact_test("q", cases, min_effect)
    mirrored = {name: GradedCase(case.base_scores, case.scores) for name, case in cases.items()}
    other = exact_test("q", mirrored, min_effect)

    assert found is not None
    assert other is not None
    assert found.method == EXACT
    assert found.drop == -other.drop
    assert found.worse == (found.drop > 0 and reaches(found.drop, min_effect))
    assert not (found.worse and other.worse)


def test_no_cases_are_no_test() -> None:
    assert exact_test("q", {}, 0.02) is None


def test_each_gated_metric_is_one_more_test_for_holm() -> None:
    counts = {str(n): Counts(3, 3, 10, 10) for n in range(20)}
    low = {str(n): GradedCase((0.6, 0.7, 0.6), (0.8, 0.9, 0.8)) for n in range(20)}
    same = {str(n): GradedCase((0.6,), (0.6,)) for n in range(20)}

    (finding,) = judge([Compared("e", counts, {"q": low, "r": same}, effects={"q": 0.1})])

    rate, q, r = finding.tests
    assert (rate.metric, q.metric, r.metric) == (PASS_RATE, "q", "r")
    assert q.adjusted_p == pytest.approx(3 * q.p)
    assert (rate.worse, q.worse, r.worse) == (False, True, False)
    assert not judge([Compared("e", counts, {"q": low}, effects={"q": 0.3})])[0].worse
