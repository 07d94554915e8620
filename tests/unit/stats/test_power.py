"""What a set can see: against simulation, and against exact sums."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from llmops_cli.stats.power import chance_of_missing, detectable_drop, error_of_drop, shrunken_rates
from llmops_cli.stats.stratified import Counts, stratified_test


def mixed(n: int, seed: int = 4) -> list[float]:
    rng = np.random.default_rng(seed)
    good = round(0.7 * n)
    return [*rng.beta(30, 1, good).tolist(), *rng.beta(2, 1.2, n - good).tolist()]


@pytest.mark.parametrize(("n", "trials", "base_trials"), [(20, 3, 10), (100, 3, 10), (200, 1, 1)])
def test_the_detectable_drop_agrees_with_simulation_within_a_point(
    n: int, trials: int, base_trials: int
) -> None:
    rates, rng = np.array(mixed(n)), np.random.default_rng(2)
    found = detectable_drop(rates.tolist(), trials, base_trials, 0.05)
    assert found is not None
    each = np.linspace(0, 1, 1001)
    means = np.array([np.minimum(rates, drop).mean() for drop in each])

    def shown(mean_drop: float) -> float:
        lowered = np.maximum(rates - np.interp(mean_drop, means, each), 0)
        hits = 0
        for _ in range(500):
            mine, base = rng.binomial(trials, lowered), rng.binomial(base_trials, rates)
            pairs = zip(mine, base, strict=True)
            hits += (
                stratified_test(Counts(int(a), trials, int(b), base_trials) for a, b in pairs).mid_p <= 0.05
            )
        return hits / 500

    noise = 0.04
    assert shown(found - 0.01) - noise < 0.8 < shown(found + 0.01) + noise


@pytest.mark.parametrize(
    ("n", "trials", "base_trials"),
    [(50, 1, 1), (100, 1, 1), (20, 3, 3), (50, 3, 3), (50, 3, 10), (100, 3, 10)],
)
def test_from_a_record_of_a_golden_set_the_drop_is_seen_about_as_often_as_it_says(
    n: int, trials: int, base_trials: int
) -> None:
    rng, hits, sets = np.random.default_rng(12), 0, 150
    for seed in range(sets):
        rates = np.array(mixed(n, seed))
        record = rng.binomial(base_trials, rates).tolist()
        likely = shrunken_rates([(passes, base_trials) for passes in record])
        found = detectable_drop(likely, trials, base_trials, 0.041)
        assert found is not None
        each = np.linspace(0, 1, 501)
        drop = np.interp(found, [np.minimum(rates, one).mean() for one in each], each)
        mine = rng.binomial(trials, np.maximum(0, rates - drop)).tolist()
        counts = [Counts(a, trials, b, base_trials) for a, b in zip(mine, record, strict=True)]
        hits += stratified_test(counts).mid_p <= 0.041

    assert 0.69 < hits / sets < 0.93


def test_the_error_of_the_drop_is_that_of_the_means() -> None:
    rates = mixed(60)
    rng = np.random.default_rng(3)
    drops = (rng.binomial(10, rates, (4000, 60)) / 10 - rng.binomial(3, rates, (4000, 60)) / 3).mean(axis=1)

    assert error_of_drop(rates, 3, 10) == pytest.approx(drops.std(), rel=0.05)
    assert error_of_drop(rates, 3, 10, 240) == pytest.approx(error_of_drop(rates, 3, 10) / 2)
    with pytest.raises(ValueError, match="without a case"):
        error_of_drop([], 3, 10)


def test_more_cases_and_more_trials_see_smaller_drops() -> None:
    sizes = [(cases, trials) for cases in (20, 50, 200) for trials in (1, 3, 5)]
    drops = {size: detectable_drop(mixed(50), size[1], 10, cases=size[0]) or 1.0 for size in sizes}
    for trials in (1, 3, 5):
        assert drops[20, trials] > drops[50, trials] > drops[200, trials]
    for cases in (20, 50, 200):
        assert drops[cases, 1] > drops[cases, 3] > drops[cases, 5]


def test_a_single_case_with_one_trial_sees_nothing() -> None:
    assert detectable_drop([0.95], 1, 1) is None
    assert detectable_drop([], 3, 10) is None


def test_a_thousand_different_rates_are_quick() -> None:
    rates = np.random.default_rng(1).random(1000).tolist()
    began = time.process_time()
    assert detectable_drop(rates, 5, 10) is not None
    assert time.process_time() - began < 0.5


def test_records_are_drawn_towards_each_other_and_never_promise_perfection() -> None:
    record = [(10, 10)] * 14 + [(6, 10), (3, 10), (8, 10), (9, 10), (10, 10), (5, 10)]
    found = shrunken_rates(record)
    assert 0.9 < found[0] < 1
    assert 0.3 < found[15] < 0.6
    assert all(0 < rate < 1 for rate in shrunken_rates([(10, 10)] * 20))
    assert shrunken_rates([(3, 3), (0, 0)])[1] == pytest.approx(3.5 / 4)
    assert shrunken_rates([]) == ()
    with pytest.raises(ValueError, match="between 0 and the trials"):
        shrunken_rates([(3, 2)])


@given(st.floats(0, 1), st.integers(1, 40), st.integers(1, 5), st.floats(0, 1))
def test_equal_rates_miss_a_bound_as_a_binomial_does(
    rate: float, cases: int, trials: int, bound: float
) -> None:
    enough = int(np.ceil(bound * cases * trials - 1e-9))
    expected = stats.binom.cdf(enough - 1, cases * trials, rate)
    assert chance_of_missing([rate] * cases, trials, bound) == pytest.approx(expected, abs=1e-9)


def test_unequal_rates_are_convolved() -> None:
    rates = mixed(30)
    whole = np.ones(1)
    for rate in rates:
        for _ in range(3):
            whole = np.convolve(whole, [1 - rate, rate])
    assert chance_of_missing(rates, 3, 0.9) == pytest.approx(whole[:81].sum(), abs=1e-9)


def test_a_critical_case_fails_by_chance() -> None:
    assert chance_of_missing([0.98], 3, 1) == pytest.approx(1 - 0.98**3)
    assert chance_of_missing([], 3, 1) == 0


@pytest.mark.parametrize(
    "bad",
    [
        lambda: detectable_drop([1.2], 3, 10),
        lambda: detectable_drop([0.5], 0, 10),
        lambda: detectable_drop([0.5], 3, 10, alpha=1),
        lambda: detectable_drop([0.5], 3, 10, power=0),
        lambda: chance_of_missing([0.5], 3, 1.5),
        lambda: chance_of_missing([float("nan")], 3, 0.5),
    ],
)
def test_values_out_of_range_are_refused(bad: object) -> None:
    assert callable(bad)
    with pytest.raises(ValueError, match=r"between 0 and 1|at least one|inside"):
        bad()
