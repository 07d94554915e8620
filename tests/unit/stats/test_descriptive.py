"""Quantiles and means against the standard library."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.stats.descriptive import mean, quantile

_values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


@given(_values, st.integers(1, 99))
def test_a_quantile_is_the_one_of_the_statistics_module(values: list[float], percent: int) -> None:
    expected = statistics.quantiles(values, n=100, method="inclusive")[percent - 1]

    assert quantile(values, percent / 100) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(_values, st.floats(0, 1))
def test_a_quantile_lies_within_the_sample_and_does_not_depend_on_order(
    values: list[float], share: float
) -> None:
    found = quantile(values, share)

    assert found is not None
    assert min(values) - 1e-6 <= found <= max(values) + 1e-6
    assert quantile(values[::-1], share) == found
    assert (quantile(values, 0), quantile(values, 1)) == (min(values), max(values))


@given(_values)
def test_a_mean_is_the_one_of_the_statistics_module(values: list[float]) -> None:
    assert mean(values) == pytest.approx(statistics.fmean(values), rel=1e-9, abs=1e-6)


def test_of_nothing_there_is_nothing() -> None:
    assert (mean([]), quantile([], 0.5)) == (None, None)
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile([1.0], 1.5)
