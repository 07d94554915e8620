"""Graded scores: against SciPy, against enumeration, and what is refused."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from llmops_cli.stats.permutation import GradedCase, permutation_test

SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=4)


def case(mine: list[float], base: list[float]) -> GradedCase:
    return GradedCase(tuple(mine), tuple(base))


@settings(max_examples=40, deadline=None)
@given(SCORES, SCORES)
def test_one_case_is_scipys_exact_permutation_test(mine: list[float], base: list[float]) -> None:
    if len(mine) < 2 or len(base) < 2:
        return
    expected = stats.permutation_test(
        (mine, base),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        vectorized=True,
        n_resamples=np.inf,
        alternative="less",
    )
    found = permutation_test([case(mine, base)])
    assert found is not None
    assert found.exact
    assert found.drop == pytest.approx(-expected.statistic, abs=1e-9)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=3))
def test_several_cases_are_permuted_within_each(cases: list[tuple[list[float], list[float]]]) -> None:
    options = []
    for mine, base in cases:
        pool, values = mine + base, []
        for chosen in combinations(range(len(pool)), len(mine)):
            a = [pool[i] for i in chosen]
            b = [pool[i] for i in range(len(pool)) if i not in chosen]
            values.append(sum(a) / len(a) - sum(b) / len(b))
        options.append(values)
    observed = sum(values[0] for values in options)
    sums = [sum(one) for one in product(*options)]
    found = permutation_test([case(*one) for one in cases])
    assert found is not None
    if found.exact:
        expected = sum(value <= observed + 1e-9 for value in sums) / len(sums)
        assert found.p == pytest.approx(expected, abs=1e-9)


def many(rng: np.random.Generator, shift: float) -> list[GradedCase]:
    return [case((rng.random(3) * (1 - shift)).tolist(), rng.random(10).tolist()) for _ in range(40)]


def test_drawing_is_repeatable_and_near_the_normal_answer() -> None:
    cases = many(np.random.default_rng(5), 0.15)
    found = permutation_test(cases, seed=3)
    assert found == permutation_test(cases, seed=3)
    assert found is not None
    assert not found.exact
    differences = [np.mean(one.scores) - np.mean(one.base_scores) for one in cases]
    error = np.sqrt(sum(np.var(one.scores + one.base_scores) * (1 / 3 + 1 / 10) for one in cases))
    assert found.p == pytest.approx(stats.norm.cdf(sum(differences) / error), abs=0.02)


def test_a_clear_drop_uses_every_resample_and_an_unclear_one_stops_early() -> None:
    clear = permutation_test(many(np.random.default_rng(5), 0.6), resamples=2000)
    unclear = permutation_test(many(np.random.default_rng(6), 0.0), resamples=2000)
    assert clear is not None
    assert unclear is not None
    assert (clear.p, clear.arrangements) == (1 / 2001, 2000)
    assert unclear.arrangements < 2000


def test_unchanged_scores_are_rarely_significant() -> None:
    rng = np.random.default_rng(9)
    found = [permutation_test(many(rng, 0.0), seed=place, resamples=400) for place in range(150)]
    assert 0 < sum(one is not None and one.p <= 0.1 for one in found) / 150 < 0.2


@pytest.mark.parametrize("bad", [float("nan"), -0.1, 1.1, float("inf")])
def test_scores_outside_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        case([0.5, bad], [0.5])


def test_edges() -> None:
    assert permutation_test([]) is None
    assert permutation_test([case([], [0.5])]) is None
    same = permutation_test([case([1.0, 1.0], [1.0])] * 3)
    assert same is not None
    assert (same.p, same.drop) == (1, 0)
    with pytest.raises(ValueError, match="resample"):
        permutation_test([case([0.5], [0.5])], resamples=0)
