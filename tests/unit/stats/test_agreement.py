"""Judges against people: against statsmodels, published examples and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from llmops_cli.stats.agreement import (
    Accuracy,
    accuracy,
    agreement,
    cohen_kappa,
    corrected_rate,
    krippendorff_alpha,
    weighted_kappa,
)

GRADES = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=5, max_size=60)
N = None
PUBLISHED: list[list[float | None]] = [
    [1, 1, N, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [N, 5, 5, 5],
    [N, N, 1, 1],
    [N, N, 3, N],
]
"""Krippendorff's own example of four observers and twelve units."""


@given(GRADES)
def test_kappa_is_statsmodels(pairs: list[tuple[int, int]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    plain, weighted = cohen_kappa(first, second), weighted_kappa(first, second)
    if len(set(first)) < 2 or len(set(second)) < 2:
        assert plain is None
        assert weighted is None
        return
    table = np.zeros((5, 5))
    for a, b in pairs:
        table[a - 1, b - 1] += 1
    assert plain == pytest.approx(cohens_kappa(table).kappa, abs=1e-9)
    assert weighted == pytest.approx(cohens_kappa(table, wt="quadratic").kappa, abs=1e-9)


def test_kappa_without_both_classes_is_undefined_and_not_zero() -> None:
    assert cohen_kappa(["pass"] * 9, ["pass"] * 8 + ["fail"]) is None
    assert cohen_kappa([], []) is None
    assert weighted_kappa([3, 3, 3], [3, 3, 3]) is None
    assert cohen_kappa([0, 1, 0, 1], [0, 0, 1, 1]) == 0


@pytest.mark.parametrize(("scale", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorffs_own_example(scale: str, expected: float) -> None:
    assert krippendorff_alpha(PUBLISHED, scale) == pytest.approx(expected, abs=6e-4)  # type: ignore[arg-type]


@given(GRADES)
def test_interval_alpha_is_one_less_the_share_of_squared_differences(pairs: list[tuple[int, int]]) -> None:
    alpha = krippendorff_alpha([list(pair) for pair in pairs], "interval")
    values = [grade for pair in pairs for grade in pair]
    if len(set(values)) < 2:
        assert alpha is None
        return
    observed = np.mean([(a - b) ** 2 for a, b in pairs])
    expected = np.mean([(a - b) ** 2 for a in values for b in values]) * len(values) / (len(values) - 1)
    assert alpha == pytest.approx(1 - observed / expected, abs=1e-9)


def test_alpha_needs_pairs_and_two_values() -> None:
    assert krippendorff_alpha([[1, None], [None, 2]]) is None
    assert krippendorff_alpha([[1, 1], [1, 1]]) is None
    with pytest.raises(ValueError, match="scale"):
        krippendorff_alpha([[1, 2]], "ratio")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="finite"):
        krippendorff_alpha([[1, float("nan")]])


def test_accuracy_counts_and_bounds() -> None:
    found = accuracy([True] * 9 + [False] + [False] * 6 + [True] * 2, [True] * 10 + [False] * 8)
    assert (found.true_pass, found.false_fail, found.true_fail, found.false_pass) == (9, 1, 6, 2)
    assert (found.sensitivity, found.specificity) == (0.9, 0.75)
    assert found.sensitivity_interval is not None
    bounds = (found.sensitivity_interval.low, found.sensitivity_interval.high)
    assert bounds == pytest.approx(proportion_confint(9, 10, method="beta"), abs=1e-9)
    assert accuracy([True], [True]).specificity is None
    assert agreement(["a", "b"], ["a", "c"]) == 0.5
    assert agreement([], []) is None


def calibrated(sensitivity: float, specificity: float, each: int, rng: np.random.Generator) -> Accuracy:
    right, wrong = int(rng.binomial(each, sensitivity)), int(rng.binomial(each, specificity))
    judge = [True] * right + [False] * (each - right) + [False] * wrong + [True] * (each - wrong)
    return accuracy(judge, [True] * each + [False] * each)


@pytest.mark.parametrize(
    ("truth", "sensitivity", "specificity", "each"), [(0.8, 0.9, 0.85, 100), (0.95, 0.97, 0.8, 40)]
)
def test_the_correction_undoes_the_judges_errors_and_its_interval_covers(
    truth: float, sensitivity: float, specificity: float, each: int
) -> None:
    rng = np.random.default_rng(4)
    covered, rates = 0, []
    for _ in range(300):
        seen = int(rng.binomial(200, truth * sensitivity + (1 - truth) * (1 - specificity)))
        found = corrected_rate(seen, 200, calibrated(sensitivity, specificity, each, rng))
        assert found is not None
        rates.append(found.rate)
        covered += found.interval.low <= truth <= found.interval.high
    assert np.mean(rates) == pytest.approx(truth, abs=0.02)
    assert 0.92 <= covered / 300 <= 0.99


def test_a_perfect_judge_needs_no_correction_and_a_useless_one_has_none() -> None:
    perfect = accuracy([True, False] * 500, [True, False] * 500)
    found = corrected_rate(80, 100, perfect)
    assert found is not None
    assert found.rate == pytest.approx(0.8)
    useless = accuracy([True, True, False, False], [True, False, True, False])
    assert corrected_rate(80, 100, useless) is None
    assert corrected_rate(80, 100, accuracy([True], [True])) is None
    with pytest.raises(ValueError, match="no rate"):
        corrected_rate(3, 2, perfect)


@pytest.mark.parametrize("measure", [agreement, cohen_kappa, weighted_kappa])
def test_ratings_of_unequal_length_are_refused(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match="cannot be paired"):
        measure([1, 2], [1])


def test_grades_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        weighted_kappa([1, float("nan")], [1, 2])
