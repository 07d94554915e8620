"""Intervals against statsmodels, and their coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

from llmops_cli.stats.intervals import clopper_pearson, drop_of, wilson
from llmops_cli.stats.stratified import Counts


@st.composite
def rates(draw: st.DrawFn) -> tuple[int, int]:
    trials = draw(st.integers(1, 300))
    return draw(st.integers(0, trials)), trials


@given(rates(), st.sampled_from([0.8, 0.95, 0.99]))
def test_both_intervals_of_a_rate_are_statsmodels(rate: tuple[int, int], confidence: float) -> None:
    for ours, theirs in ((clopper_pearson, "beta"), (wilson, "wilson")):
        low, high = proportion_confint(*rate, alpha=1 - confidence, method=theirs)
        found = ours(*rate, confidence)
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def likeliest_variance(one: Counts, drop: float) -> float:
    """The variance of a stratum's difference under a drop, by numerical maximum likelihood."""

    def unlikely(base: float) -> float:
        mine = base - drop
        said = stats.binom.logpmf(one.passes, one.trials, mine)
        return -float(said + stats.binom.logpmf(one.base_passes, one.base_trials, base))

    inside = (max(0.0, drop) + 1e-9, min(1.0, 1 + drop) - 1e-9)
    base = optimize.minimize_scalar(unlikely, bounds=inside, method="bounded", options={"xatol": 1e-10}).x
    mine = base - drop
    whole = one.trials + one.base_trials
    spread = mine * (1 - mine) / one.trials + base * (1 - base) / one.base_trials
    return float(spread * whole / (whole - 1))


@pytest.mark.parametrize(
    "cases",
    [
        [Counts(40, 60, 81, 100)],
        [Counts(2, 3, 9, 10), Counts(3, 3, 10, 10), Counts(1, 3, 4, 10)],
        [Counts(1, 1, 0, 1), Counts(0, 1, 1, 1), Counts(1, 1, 1, 1)],
        [Counts(5, 9, 3, 7), Counts(170, 190, 11, 12)],
    ],
)
def test_the_bounds_of_a_drop_invert_the_score_test(cases: list[Counts]) -> None:
    found = drop_of(cases, 0.95)
    assert found is not None
    for bound, z in ((found.at_most, 1.644853627), (found.at_least, -1.644853627)):
        error = np.sqrt(sum(likeliest_variance(one, bound) for one in cases)) / len(cases)
        assert (bound - found.estimate) / error == pytest.approx(z, abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=25))
def test_bounds_enclose_the_estimate_and_turn_with_the_sides(pairs: list[tuple[int, int]]) -> None:
    there = drop_of([Counts(a, 3, b, 5) for a, b in pairs])
    back = drop_of([Counts(b, 5, a, 3) for a, b in pairs])
    assert there is not None
    assert back is not None
    assert -1 <= there.at_least <= there.estimate <= there.at_most <= 1
    assert there.estimate == pytest.approx(-back.estimate)
    assert there.at_most == pytest.approx(-back.at_least, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=12), st.integers(0, 11))
def test_one_more_pass_never_raises_the_bound(pairs: list[tuple[int, int]], place: int) -> None:
    before = drop_of([Counts(a, 3, b, 5) for a, b in pairs])
    better = [(a + (index == place % len(pairs)), b) for index, (a, b) in enumerate(pairs)]
    after = drop_of([Counts(a, 3, b, 5) for a, b in better])
    assert before is not None
    assert after is not None
    assert after.estimate < before.estimate
    assert after.at_most <= before.at_most + 1e-6


def test_a_set_without_any_failure_still_has_a_bound() -> None:
    found = drop_of([Counts(3, 3, 10, 10)] * 20)
    assert found is not None
    assert found.estimate == 0
    assert 0.01 < found.at_most < 0.15


def test_the_bound_holds_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(400):
        truth = np.concatenate([rng.beta(30, 1, 28), rng.beta(2, 1.2, 12)])
        mine, base = rng.binomial(3, truth), rng.binomial(10, truth)
        found = drop_of([Counts(int(a), 3, int(b), 10) for a, b in zip(mine, base, strict=True)])
        assert found is not None
        held += found.at_most >= 0
    assert 0.92 <= held / 400 <= 0.985


def test_without_comparable_cases_there_is_no_drop() -> None:
    assert drop_of([]) is None
    assert drop_of([Counts(0, 0, 5, 5)]) is None


@pytest.mark.parametrize(
    ("passes", "trials", "confidence"), [(1, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1), (1, 2, 0)]
)
def test_what_is_no_rate_is_refused(passes: int, trials: int, confidence: float) -> None:
    for interval in (clopper_pearson, wilson):
        with pytest.raises(ValueError, match=r"is no rate|inside 0\.\.1"):
            interval(passes, trials, confidence)


def test_a_confidence_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence"):
        drop_of([Counts(1, 1, 1, 1)], 1.5)
