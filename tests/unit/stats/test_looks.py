"""Looking several times, and cases as a sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from llmops_cli.stats.clustered import clustered_shift, detectable_shift
from llmops_cli.stats.sequential import Proof, look, spent
from llmops_cli.stats.stratified import Counts


@given(st.floats(0.01, 1), st.floats(0.001, 0.2))
def test_spending_is_o_brien_and_flemings(share: float, alpha: float) -> None:
    expected = 2 * stats.norm.sf(stats.norm.ppf(1 - alpha / 2) / np.sqrt(share))
    assert spent(share, alpha) == pytest.approx(expected, abs=1e-9)
    assert spent(share, alpha) <= alpha + 1e-12


def test_all_looks_together_spend_alpha() -> None:
    strata, shares = [Counts(9, 10, 9, 10)] * 20, (0.15, 0.3, 0.6, 1.0)
    levels = [
        look(strata, 0.05, now, before).level for before, now in zip((0, *shares), shares, strict=False)
    ]
    assert sum(levels) == pytest.approx(0.05)
    assert levels == sorted(levels)


def test_the_standings() -> None:
    same = [Counts(20, 20, 20, 20)] * 50
    assert look(same, 0.05, 1.0).proof is Proof.PROVEN
    assert look([Counts(10, 20, 20, 20)] * 50, 0.05, 1.0).proof is Proof.REFUTED
    assert look([Counts(3, 3, 9, 10)] * 5, 0.05, 0.2).proof is Proof.GO_ON
    assert look([Counts(3, 3, 9, 10)] * 5, 0.05, 1.0).proof is Proof.UNDECIDED
    assert look([], 0.05, 0.5).proof is Proof.GO_ON


@pytest.mark.parametrize(
    ("margin", "share", "looked"), [(0, 1, 0), (1, 1, 0), (0.05, 0.5, 0.5), (0.05, 0, 0), (0.05, 1.2, 0)]
)
def test_looks_out_of_range_are_refused(margin: float, share: float, looked: float) -> None:
    with pytest.raises(ValueError, match="inside"):
        look([Counts(1, 1, 1, 1)], margin, share, looked)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40))
def test_each_case_alone_is_the_paired_t_test(drops: list[float]) -> None:
    found = clustered_shift(drops)
    assert found is not None
    if np.std(drops) < 1e-6:
        return
    expected = stats.ttest_1samp(drops, 0, alternative="greater")
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.error == pytest.approx(stats.sem(drops), rel=1e-6)
    bound = np.mean(drops) + stats.t.ppf(0.95, len(drops) - 1) * stats.sem(drops)
    assert found.at_most == pytest.approx(bound, abs=1e-7)


def test_copies_of_a_case_are_one_draw() -> None:
    drops = [0.3, 0.0, 0.1, 0.2, -0.1, 0.15]
    alone = clustered_shift(drops)
    copied = clustered_shift(drops * 5, list(range(6)) * 5)
    assert alone is not None
    assert copied is not None
    assert (copied.error, copied.p) == pytest.approx((alone.error, alone.p))
    assert copied.clusters == 6


def test_edges_of_the_sample() -> None:
    assert clustered_shift([]) is None
    assert clustered_shift([0.5]) is None
    assert clustered_shift([0.5, 0.1], ["a", "a"]) is None
    flat = clustered_shift([0.5, 0.5, 0.5])
    assert flat is not None
    assert flat.p == 1 / 8
    with pytest.raises(ValueError, match="a number and a cluster"):
        clustered_shift([0.1, float("nan")])
    with pytest.raises(ValueError, match="a number and a cluster"):
        clustered_shift([0.1, 0.2], ["a"])
    with pytest.raises(ValueError, match="confidence"):
        clustered_shift([0.1, 0.2], confidence=1)


def test_the_detectable_shift_is_shown_in_four_of_five_samples() -> None:
    rng = np.random.default_rng(3)
    pilot = clustered_shift(rng.normal(0, 0.2, 60).tolist())
    assert pilot is not None
    drop = detectable_shift(pilot, 0.05, 0.8)
    spread = pilot.error * np.sqrt(60)
    found = [clustered_shift(rng.normal(drop, spread, 60).tolist()) for _ in range(500)]
    assert sum(one is not None and one.p <= 0.05 for one in found) / 500 == pytest.approx(0.8, abs=0.06)
