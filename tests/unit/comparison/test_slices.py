"""Slices by tag: the set's own test on a part of it, corrected for looking at many parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.comparison.rule import Compared, judge
from llmops_cli.comparison.slices import FEWEST, slices, with_notable
from llmops_cli.domain.statistics import Slice
from llmops_cli.stats.holm import holm
from llmops_cli.stats.intervals import drop_of
from llmops_cli.stats.stratified import Counts, stratified_test

GOOD, BAD = Counts(3, 3, 10, 10), Counts(1, 3, 10, 10)


def _set(**tags: list[Counts]) -> tuple[dict[str, Counts], dict[str, tuple[str, ...]]]:
    counts = {f"{tag}{n}": one for tag, found in tags.items() for n, one in enumerate(found)}
    return counts, {case_id: (case_id.rstrip("0123456789"),) for case_id in counts}


def test_a_tag_that_dropped_is_told_from_one_that_did_not() -> None:
    ((bad, good),) = slices([_set(bad=[BAD] * 6, good=[GOOD] * 9)])

    assert (bad.tag, bad.cases, good.tag, good.cases) == ("bad", 6, "good", 9)
    assert bad.drop == pytest.approx(2 / 3)
    assert bad.base == 1.0
    assert bad.candidate == pytest.approx(1 / 3)
    assert bad.at_most > bad.drop
    assert bad.adjusted_p == 2 * bad.p < 0.001
    assert good.adjusted_p > 0.5


def test_a_tag_with_too_few_comparable_cases_is_no_slice() -> None:
    unasked = Counts(0, 0, 10, 10)

    assert slices([_set(few=[BAD] * (FEWEST - 1), more=[BAD] * 4 + [unasked] * 3)]) == [()]


def test_a_tag_that_stands_twice_at_a_case_counts_it_once() -> None:
    counts, tags = _set(a=[BAD] * 5)

    ((one,),) = slices([(counts, {case_id: (*tags[case_id], *tags[case_id]) for case_id in counts})])

    assert one.cases == 5


_counts = st.builds(lambda a, b: Counts(min(a, 3), 3, min(b, 5), 5), st.integers(0, 3), st.integers(0, 5))
_sets = st.lists(
    st.lists(st.tuples(_counts, st.sets(st.sampled_from("xyz"))), min_size=1, max_size=25), max_size=3
)


@given(_sets)
def test_each_slice_is_the_test_of_a_set_of_its_cases_alone(
    drawn: list[list[tuple[Counts, set[str]]]],
) -> None:
    sets = [
        (
            {str(n): one for n, (one, _) in enumerate(part)},
            {str(n): sorted(t) for n, (_, t) in enumerate(part)},
        )
        for part in drawn
    ]
    found = slices(sets)

    everything = [one for part in found for one in part]
    assert [one.adjusted_p for one in everything] == list(holm([one.p for one in everything]))
    for (counts, tags), part in zip(sets, found, strict=True):
        for one in part:
            own = [counts[case_id] for case_id in counts if one.tag in tags[case_id]]
            drop = drop_of(own)
            assert drop is not None
            assert (one.cases, one.drop, one.at_most) == (len(own), drop.estimate, drop.at_most)
            assert one.p == stratified_test(own).mid_p
            assert one.base - one.candidate == pytest.approx(one.drop)


def test_an_unchanged_prompt_seldom_has_a_tag_that_looks_worse() -> None:
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(400):
        rates = np.concatenate((rng.beta(30, 1, 42), rng.beta(2, 1.2, 18)))
        passes, base = rng.binomial(3, rates), rng.binomial(10, rates)
        counts = {str(n): Counts(int(passes[n]), 3, int(base[n]), 10) for n in range(60)}
        tags = {str(n): (f"tag{n % 6}",) for n in range(60)}
        ((*found,),) = slices([(counts, tags)])
        alarms += any(one.adjusted_p <= 0.05 for one in found)

    assert alarms / 400 <= 0.07


def test_slices_decide_nothing() -> None:
    counts, tags = _set(few=[Counts(1, 3, 10, 10)] * 5, rest=[GOOD] * 5)
    other = {f"other{n}": GOOD for n in range(400)}

    (finding,) = judge([Compared("e", counts | other, min_effect=0.05, tags=tags)])

    assert min(one.adjusted_p for one in finding.slices) < 0.01
    assert not finding.worse


def _slice(tag: str, drop: float, p: float, cases: int = 9) -> Slice:
    return Slice(tag, cases, 0.9, 0.9 - drop, drop, drop + 0.1, p, p)


@pytest.mark.parametrize(
    ("got_worse", "min_effect", "notable"),
    [(False, 0.02, {"sure"}), (True, 0.02, {"sure"}), (False, 0.2, set()), (True, 0.2, {"largest"})],
)
def test_what_a_short_report_shows(got_worse: bool, min_effect: float, notable: set[str]) -> None:
    found = [_slice("sure", 0.1, 0.001), _slice("largest", 0.15, 0.2), _slice("better", -0.1, 0.9)]

    marked = with_notable([*found, _slice("all", 0.3, 0.0001, 90)], 90, min_effect, got_worse=got_worse)

    assert {one.tag for one in marked if one.notable} == notable
