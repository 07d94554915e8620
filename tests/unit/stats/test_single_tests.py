"""Fisher, Holm and the special functions against SciPy and statsmodels."""

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from llmops_cli.stats.fisher import fisher_worse
from llmops_cli.stats.holm import holm
from llmops_cli.stats.special import beta_quantile, incomplete_beta, student_below, student_quantile
from llmops_cli.stats.stratified import Counts, stratified_test

CHANCES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(st.integers(0, 25), st.integers(0, 25), st.integers(0, 25), st.integers(0, 25))
def test_fisher_is_scipys(passes: int, fails: int, base_passes: int, base_fails: int) -> None:
    counts = Counts(passes, passes + fails, base_passes, base_passes + base_fails)
    expected = stats.fisher_exact([[passes, fails], [base_passes, base_fails]], alternative="less").pvalue
    assert fisher_worse(counts) == pytest.approx(expected, abs=1e-9)


def test_a_single_case_is_fishers_test() -> None:
    counts = Counts(1, 3, 9, 10)
    assert stratified_test([counts]).p == pytest.approx(fisher_worse(counts), abs=1e-12)


def test_three_against_three_can_never_show_anything() -> None:
    assert fisher_worse(Counts(0, 3, 3, 3)) == pytest.approx(1 / 20)


def test_a_side_without_trials_shows_nothing() -> None:
    assert fisher_worse(Counts(0, 0, 3, 3)) == 1


@given(CHANCES)
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    # it collects garbage at each call, a fifth of a second amid a whole suite
    with mock.patch("gc.collect"):
        expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected, abs=1e-9)


@given(CHANCES, st.floats(0.001, 0.5))
def test_holm_never_rejects_more_than_no_correction_and_no_less_than_bonferroni(
    p_values: list[float], alpha: float
) -> None:
    for p, adjusted in zip(p_values, holm(p_values), strict=True):
        assert adjusted >= p
        assert adjusted <= min(1, p * len(p_values)) + 1e-12
        assert not (adjusted <= alpha < p)


def test_holm_of_nothing_and_of_nonsense() -> None:
    assert holm([]) == ()
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.1, float("nan")])
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([1.2])


@given(st.floats(0.1, 500), st.floats(0.1, 500), st.floats(0, 1))
def test_the_incomplete_beta_function_is_scipys(a: float, b: float, x: float) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), abs=1e-9)


@given(st.floats(0.5, 200), st.floats(0.5, 200), st.floats(0.001, 0.999))
def test_beta_quantiles_are_scipys(a: float, b: float, chance: float) -> None:
    assert beta_quantile(a, b, chance) == pytest.approx(stats.beta.ppf(chance, a, b), abs=1e-9)


@given(st.floats(-30, 30), st.integers(1, 400))
def test_students_t_is_scipys(value: float, freedom: int) -> None:
    assert student_below(value, freedom) == pytest.approx(stats.t.cdf(value, freedom), abs=1e-9)


@given(st.floats(0.001, 0.999), st.integers(1, 400))
def test_students_quantiles_are_scipys(chance: float, freedom: int) -> None:
    assert student_quantile(chance, freedom) == pytest.approx(
        stats.t.ppf(chance, freedom), rel=1e-7, abs=1e-9
    )


@pytest.mark.parametrize(("a", "b", "x"), [(0, 1, 0.5), (1, -1, 0.5), (1, 1, 1.5), (1, 1, float("nan"))])
def test_arguments_outside_are_refused(a: float, b: float, x: float) -> None:
    with pytest.raises(ValueError, match="incomplete beta"):
        incomplete_beta(a, b, x)


def test_quantiles_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="inside"):
        student_quantile(1, 5)
    with pytest.raises(ValueError, match="degrees of freedom"):
        student_below(1, 0)
