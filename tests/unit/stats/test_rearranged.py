"""Sums of rearranged scores: exact on a grid, drawn from tables, quick for large sets."""

import time
from collections import Counter
from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from llmops_cli.stats.lattice import lower_tail
from llmops_cli.stats.permutation import GradedCase, permutation_test
from llmops_cli.stats.rearranged import all_differences, drawn, grid_of, on_grid, subset_sums

QUARTERS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
SIDES = st.tuples(st.lists(QUARTERS, min_size=1, max_size=4), st.lists(QUARTERS, min_size=1, max_size=4))


@given(st.lists(st.integers(-3, 12), min_size=1, max_size=8), st.data())
def test_sums_without_replacement_are_those_of_all_choices(pool: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(pool)))
    sums = Counter(sum(chosen) for chosen in combinations(pool, count))

    least, chances = subset_sums(pool, count)

    assert least == min(sums)
    assert len(chances) == max(sums) - min(sums) + 1
    assert chances == pytest.approx([sums[least + x] / sums.total() for x in range(len(chances))])


def test_sums_of_many_equal_marks_are_hypergeometric() -> None:
    least, chances = subset_sums([0] * 90 + [1] * 60, 40)

    assert least == 0
    assert chances == pytest.approx(stats.hypergeom(150, 60, 40).pmf(np.arange(41)), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(SIDES, min_size=1, max_size=3))
def test_on_a_grid_the_chances_are_those_of_all_arrangements(
    cases: list[tuple[list[float], list[float]]],
) -> None:
    sums = np.zeros(1)
    for mine, theirs in cases:
        sums = np.add.outer(sums, all_differences(mine, theirs)).ravel()
    observed = sum(np.mean(mine) - np.mean(theirs) for mine, theirs in cases)

    found = on_grid(cases, 4)

    assert found is not None
    upto, at = lower_tail(*found)
    assert upto == pytest.approx(np.mean(sums <= observed + 1e-9), abs=1e-9)
    assert at == pytest.approx(np.mean(np.abs(sums - observed) < 1e-9), abs=1e-9)


@pytest.mark.parametrize(
    ("scores", "grid"),
    [
        ([0.0, 1.0], 1),
        ([0.5], 2),
        ([0.25, 0.5], 4),
        ([0.1 * 3, 0.5], 10),
        ([1 / 3, 0.5], 6),
        ([0.333333, 0.666667], 3),
        ([0.07], 100),
    ],
)
def test_the_grid_is_the_coarsest(scores: list[float], grid: int) -> None:
    assert grid_of([(scores, [1.0])]) == grid


def test_other_scores_have_no_grid() -> None:
    assert grid_of([([0.1378912], [1.0])]) is None
    assert grid_of([(np.random.default_rng(1).random(500).tolist(), [1.0])]) is None


def quarters(n: int, k: int, m: int, shift: float, seed: int = 3) -> list[tuple[list[float], list[float]]]:
    rng = np.random.default_rng(seed)
    return [
        (
            (np.round(4 * rng.random(k) * (1 - shift)) / 4).tolist(),
            (np.round(4 * rng.random(m)) / 4).tolist(),
        )
        for _ in range(n)
    ]


@pytest.mark.parametrize(
    ("n", "k", "m", "shift"),
    [(6, 3, 10, 0.2), (60, 3, 30, 0.08), (300, 5, 10, 0.04), (700, 5, 10, 0.03), (3000, 2, 3, 0.015)],
)
def test_draws_agree_with_the_exact_chances(n: int, k: int, m: int, shift: float) -> None:
    cases = quarters(n, k, m, shift)
    found = on_grid(cases, 4)
    assert found is not None
    exact = lower_tail(*found)[0]
    assert 0.002 < exact < 0.5
    at = sum(np.mean(mine) - np.mean(theirs) for mine, theirs in cases) + 1e-9

    low, draws = drawn(cases, float(at), Random(5), 9999, 10_000)

    assert low / draws == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / draws) + 0.004)


def test_draws_hold_their_level_though_tables_are_small() -> None:
    rng, hits = np.random.default_rng(8), Counter[float]()
    for seed in range(60):
        few, more = rng.random((300, 5)).tolist(), rng.random((300, 12)).tolist()
        cases = [(row[:2], row[2:]) for row in few] + [(row[:5], row[5:]) for row in more]
        at = sum(np.mean(mine) - np.mean(theirs) for mine, theirs in cases) + 1e-9
        low, draws = drawn(cases, float(at), Random(seed), 199, 200)
        for level in (0.05, 0.2, 0.5):
            hits[level] += (1 + low) / (1 + draws) <= level
    for level in (0.05, 0.2, 0.5):
        assert abs(hits[level] / 60 - level) < 3 * np.sqrt(level * (1 - level) / 60)


def test_the_other_way_round_is_the_other_tail() -> None:
    cases = quarters(200, 5, 5, 0.05)
    there, back = (
        permutation_test([GradedCase(tuple(a), tuple(b)) for a, b in pairs])
        for pairs in (cases, [(theirs, mine) for mine, theirs in cases])
    )
    found = on_grid(cases, 4)
    assert there is not None
    assert back is not None
    assert found is not None
    assert there.exact
    assert there.drop == pytest.approx(-back.drop)
    assert there.p + back.p == pytest.approx(1 + lower_tail(*found)[1], abs=1e-9)


@pytest.mark.parametrize("drop", [0.0, 0.05])
@pytest.mark.parametrize(("n", "seconds"), [(1000, 1.5), (10_000, 3.0)])
@pytest.mark.parametrize("real", [False, True])
def test_large_sets_are_quick(n: int, seconds: float, drop: float, real: bool) -> None:
    rng = np.random.default_rng(1)
    mine, theirs = rng.random((n, 5)) * (1 - drop), rng.random((n, 10))
    if not real:
        mine, theirs = np.round(mine * 4) / 4, np.round(theirs * 4) / 4
    cases = [GradedCase(tuple(a), tuple(b)) for a, b in zip(mine.tolist(), theirs.tolist(), strict=True)]

    began = time.process_time()
    found = permutation_test(cases)

    assert time.process_time() - began < seconds
    assert found is not None
    assert found.exact != real
    assert (found.p < 0.001) == (drop > 0)
