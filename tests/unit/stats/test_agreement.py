"""Agreement against statsmodels and published examples; the corrected rate by its coverage."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.stats.agreement import (
    Accuracy,
    Level,
    Rate,
    accuracy,
    cohen_kappa,
    krippendorff_alpha,
    rogan_gladen,
)
from llmops_cli.stats.intervals import clopper_pearson

_grades = st.integers(1, 5)
_pairs = st.lists(st.tuples(_grades, _grades), min_size=1, max_size=60)
_units = st.lists(st.lists(st.none() | _grades, min_size=1, max_size=4), min_size=1, max_size=25)


@pytest.mark.parametrize("weights", ["none", "quadratic"])
@given(pairs=_pairs)
def test_kappa_is_that_of_statsmodels(weights: str, pairs: list[tuple[int, int]]) -> None:
    import numpy as np
    from statsmodels.stats.inter_rater import cohens_kappa

    found = cohen_kappa(pairs, "quadratic" if weights == "quadratic" else "none")
    table = np.zeros((5, 5))
    for a, b in pairs:
        table[a - 1, b - 1] += 1
    if len({rating for pair in pairs for rating in pair}) == 1:
        assert found is None
        return
    expected = cohens_kappa(table, wt="fc" if weights == "quadratic" else None, return_results=False)

    assert found == pytest.approx(float(expected), abs=1e-9)


def test_kappa_by_hand() -> None:
    # 20 + 15 of 50 agree; both say yes as often as 25 × 30 would have it
    pairs = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15

    assert cohen_kappa(pairs) == pytest.approx(0.4)
    assert cohen_kappa([(1, 2), (2, 3), (3, 1)], "quadratic") == pytest.approx(-0.5)
    assert cohen_kappa([]) is None


@pytest.mark.parametrize("weights", ["none", "quadratic"])
@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(1, 1), (1, 0)], 0.0),
        ([(1, 1), (0, 1)], 0.0),
        ([(1, 0), (1, 0)], 0.0),
        ([(1, 0)] * 12 + [(0, 0)] * 12, 0.0),
        ([(1, 1), (1, 1)], None),
        ([(1, 1)], None),
    ],
)
def test_a_rater_who_always_says_the_same_agrees_by_chance_and_two_who_say_one_thing_are_undefined(
    weights: str, pairs: list[tuple[int, int]], expected: float | None
) -> None:
    assert cohen_kappa(pairs, "quadratic" if weights == "quadratic" else "none") == expected


@given(_pairs)
def test_kappa_does_not_depend_on_who_is_first_and_is_1_for_twins(pairs: list[tuple[int, int]]) -> None:
    for weights in ("none", "quadratic"):
        there = cohen_kappa(pairs, "quadratic" if weights == "quadratic" else "none")
        back = cohen_kappa([(b, a) for a, b in pairs], "quadratic" if weights == "quadratic" else "none")
        assert there == (None if back is None else pytest.approx(back, abs=1e-12))
        assert there is None or there <= 1
    assert cohen_kappa([(a, a) for a, _ in pairs]) in (None, 1.0)


# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example D: four observers, twelve units
_OBSERVERS: list[list[int | None]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


@pytest.mark.parametrize(("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_the_published_example(level: Level, expected: float) -> None:
    units = list(zip(*_OBSERVERS, strict=True))

    assert krippendorff_alpha(units, level) == pytest.approx(expected, abs=0.0005)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@given(units=_units)
def test_alpha_is_one_less_the_share_of_disagreement_over_all_pairs(
    level: Level, units: list[list[int | None]]
) -> None:
    found = krippendorff_alpha(units, level)
    kept = [[v for v in unit if v is not None] for unit in units]
    kept = [unit for unit in kept if len(unit) > 1]
    pool = [v for unit in kept for v in unit]

    def apart(a: int, b: int) -> float:
        if level == "nominal":
            return float(a != b)
        if level == "interval":
            return float((a - b) ** 2)
        low, high = min(a, b), max(a, b)
        between = sum(low <= v <= high for v in pool) - (pool.count(a) + pool.count(b)) / 2
        return float(between**2) if a != b else 0.0

    seen = sum(
        apart(unit[i], unit[j]) / (len(unit) - 1)
        for unit in kept
        for i in range(len(unit))
        for j in range(len(unit))
        if i != j
    )
    chance = sum(apart(pool[i], pool[j]) for i in range(len(pool)) for j in range(len(pool)) if i != j)
    if not chance:
        assert found is None
        return

    assert found == pytest.approx(1 - (len(pool) - 1) * seen / chance, abs=1e-9)
    assert krippendorff_alpha([unit[::-1] for unit in units[::-1]], level) == pytest.approx(found, abs=1e-9)


def test_alpha_of_nothing_rated_twice_or_of_one_class_is_undefined() -> None:
    assert krippendorff_alpha([]) is None
    assert krippendorff_alpha([[1, None], [2]]) is None
    assert krippendorff_alpha([[1, 1], [1, 1]]) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=50))
def test_sensitivity_and_specificity_carry_exact_intervals(pairs: list[tuple[bool, bool]]) -> None:
    from scipy.stats import binomtest

    found = accuracy(pairs, 0.9)
    for truth, rate in ((True, found.sensitivity), (False, found.specificity)):
        readings = [reading for real, reading in pairs if real is truth]
        if not readings:
            assert rate is None
            continue
        assert rate is not None
        assert (rate.hits, rate.of) == (readings.count(truth), len(readings))
        exact = binomtest(rate.hits, rate.of).proportion_ci(0.9, method="exact")
        assert (rate.interval.low, rate.interval.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_the_correction_by_hand() -> None:
    # (0.8 + 0.7 - 1) / (0.9 + 0.7 - 1)
    found = rogan_gladen(80, 100, _known(90, 100, 70, 100))

    assert found is not None
    assert found.estimate == pytest.approx(5 / 6)
    assert 0.6 < found.interval.low < found.estimate < found.interval.high < 1


def test_an_instrument_without_fault_leaves_the_rate_about_where_it_was() -> None:
    found = rogan_gladen(60, 100, _known(100_000, 100_000, 100_000, 100_000))

    assert found is not None
    assert found.estimate == pytest.approx(0.6)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.502, 0.691), abs=0.002)


def test_an_instrument_that_is_no_better_than_chance_says_nothing() -> None:
    assert rogan_gladen(80, 100, _known(50, 100, 50, 100)) is None
    assert rogan_gladen(80, 100, Accuracy(None, _rate(5, 5))) is None
    assert rogan_gladen(80, 100, Accuracy(_rate(5, 5), None)) is None
    with pytest.raises(ValueError, match="no rate"):
        rogan_gladen(3, 2, _known(9, 9, 9, 9))


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_the_correction_never_leaves_0_to_1(readings: int, labels: int, data: st.DataObject) -> None:
    hits = st.integers(0, labels)
    positives = data.draw(st.integers(0, readings))
    found = rogan_gladen(positives, readings, _known(data.draw(hits), labels, data.draw(hits), labels))

    if found is not None:
        assert 0 <= found.estimate <= 1
        assert 0 <= found.interval.low <= found.interval.high <= 1


@pytest.mark.parametrize(
    ("truth", "sensitivity", "specificity", "labels"),
    [(0.9, 0.95, 0.8, 40), (0.7, 0.85, 0.9, 60), (0.5, 0.8, 0.7, 100), (0.95, 0.99, 0.9, 30)],
)
def test_its_interval_covers_the_true_rate_as_often_as_it_says(
    truth: float, sensitivity: float, specificity: float, labels: int
) -> None:
    import numpy as np

    chance, rounds, readings = np.random.default_rng(4), 1000, 150
    positive = truth * sensitivity + (1 - truth) * (1 - specificity)
    draws = ((labels, sensitivity), (labels, specificity), (readings, positive))
    covered = 0
    for passed, failed, seen in zip(*(chance.binomial(*one, rounds).tolist() for one in draws), strict=True):
        found = rogan_gladen(seen, readings, _known(passed, labels, failed, labels))
        covered += found is not None and found.interval.low <= truth <= found.interval.high

    assert covered / rounds >= 0.935


def _known(passed: int, passes: int, failed: int, fails: int) -> Accuracy:
    return Accuracy(_rate(passed, passes), _rate(failed, fails))


@cache  # the same few counts come again and again
@cache
def _rate(hits: int, of: int) -> Rate:
    return Rate(hits, of, clopper_pearson(hits, of))
