"""Every case's own p: of the trials that were compared, and only where there was something to test."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from llmops_cli.comparison.confirmation import Standing
from llmops_cli.comparison.findings import annotate, weighed
from llmops_cli.comparison.replayed import counts_of, known_unchanged
from llmops_cli.comparison.rule import Compared, Finding, judge
from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Side, Totals
from llmops_cli.domain.evalset import GateSpec
from llmops_cli.domain.outcome import Outcome, Source, VariantInfo
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import NamedScore, Score
from llmops_cli.errors import SourceLocation

NOTHING = DeltaKind.NEW, DeltaKind.REMOVED, DeltaKind.INCOMPARABLE


def _side(passes: int, trials: int, *, known: int = 0, request: str = "old") -> Side:
    """So many trials, the first of which passed; the first `known` are the base's own."""
    outcomes = tuple(
        Outcome("c", "default", n + 1, "old" if n < known else request,
                Source.BASELINE if n < known else Source.CALLED, Response("x"),
                scores=(NamedScore("s", "d", score=Score(float(n < passes), n < passes)),))
        for n in range(trials)
    )  # fmt: skip
    return Side(outcomes, passes * 2 > trials if trials else None)


def _delta(
    name: str, base: Side, candidate: Side, kind: DeltaKind = DeltaKind.UNCHANGED, **more: Any
) -> Delta:
    return Delta(kind, name, "default", base, candidate, **more)


def _comparison(deltas: Sequence[Delta], *, deterministic: bool = False) -> Comparison:
    info = VariantInfo("default", "p", "p1:x", {}, deterministic)
    where = SourceLocation("evalsets/e.yaml", 1)
    return Comparison("e", where, info, GateSpec(), "the baseline", tuple(deltas), Totals(0, 0, 0, 0, 0))


def _finding(deltas: Sequence[Delta]) -> Finding:
    """As an evaluation has it: what is accepted is in no test."""
    counted = [delta for delta in deltas if delta.comparable and not delta.accepted]
    unchanged = {one.case_id for one in counted if known_unchanged(one.candidate, one.base)}
    (found,) = judge([Compared("e", {one.case_id: counts_of(one) for one in counted}, unchanged=unchanged)])
    return found


def p_of(delta: Delta) -> float | None:
    (found,) = annotate(_comparison([delta]), _finding([delta])).deltas
    return found.p


def _scipy(passes: int, trials: int, base_passes: int, base_trials: int) -> float:
    table = [[passes, trials - passes], [base_passes, base_trials - base_passes]]
    return float(fisher_exact(table, alternative="less").pvalue)


@given(st.tuples(st.integers(1, 9), st.integers(1, 12)), st.data())
def test_it_is_fishers_of_the_counts(trials: tuple[int, int], data: st.DataObject) -> None:
    passes, base_passes = (data.draw(st.integers(0, size)) for size in trials)

    found = p_of(_delta("c", _side(base_passes, trials[1]), _side(passes, trials[0], request="new")))

    assert found == pytest.approx(_scipy(passes, trials[0], base_passes, trials[1]), abs=1e-9)


def test_fresh_trials_of_a_confirmation_are_no_part_of_it() -> None:
    delta = _delta("c", _side(10, 10), _side(0, 3, request="new"), DeltaKind.REGRESSED)
    finding = _finding([delta])
    (suspect,) = finding.suspects
    confirmed = replace(suspect, standing=Standing.CONFIRMED, p=1e-6, fresh=counts_of(delta))

    (found,) = annotate(_comparison([delta]), replace(finding, suspects=(confirmed,))).deltas

    assert found.fresh is not None
    assert found.fresh.p == 1e-6
    assert found.p == pytest.approx(_scipy(0, 3, 10, 10))


def test_of_a_case_that_was_topped_up_only_what_was_asked_counts() -> None:
    delta = _delta("c", _side(3, 3), _side(3, 7, known=3))

    assert p_of(delta) == pytest.approx(_scipy(0, 4, 3, 3))


def test_an_accepted_case_has_one_though_no_test_of_the_set_counts_it() -> None:
    accepted = _delta("a", _side(3, 3), _side(0, 3, request="new"), DeltaKind.REGRESSED, accepted=True)
    other = _delta("b", _side(3, 3), _side(3, 3, request="new"))

    found = annotate(_comparison([accepted, other]), _finding([accepted, other]))

    assert [delta.p for delta in found.deltas] == [pytest.approx(0.05), 1]
    assert found.statistics is not None
    assert found.statistics.cases == 1


@pytest.mark.parametrize(
    "delta",
    [
        *(_delta("c", _side(3, 3), _side(0, 3, request="new"), kind) for kind in NOTHING),
        _delta("c", _side(2, 3), _side(2, 3, known=3)),
        _delta("c", _side(2, 3), _side(2, 3, known=3), accepted=True),
    ],
)
def test_where_there_was_nothing_to_test_there_is_none(delta: Delta) -> None:
    assert p_of(delta) is None


def test_where_answers_do_not_vary_a_difference_is_no_matter_of_chance() -> None:
    delta = _delta("c", _side(1, 1), _side(0, 1, request="new"), DeltaKind.REGRESSED)

    (found,) = weighed(_comparison([delta], deterministic=True), _finding([delta]), ()).deltas

    assert found.p is None
