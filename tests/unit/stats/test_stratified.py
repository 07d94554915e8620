"""The stratified test against brute force, SciPy and statsmodels."""

import math
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from llmops_cli.stats.lattice import Summand, lower_tail
from llmops_cli.stats.stratified import HEAVIEST, Counts, Linked, hypergeometric, stratified_test, weight_of

SIDES = st.integers(1, 5)


@st.composite
def strata(draw: st.DrawFn, most: int = 5) -> list[Counts]:
    found = []
    for _ in range(draw(st.integers(1, most))):
        trials, base_trials = draw(SIDES), draw(SIDES)
        found.append(
            Counts(draw(st.integers(0, trials)), trials, draw(st.integers(0, base_trials)), base_trials)
        )
    return found


def enumerated(cases: list[Counts]) -> tuple[Fraction, Fraction]:
    """P(S <= s) and P(S = s) over every way to deal the passes of each case to its trials."""
    options = []
    observed = 0
    for one in cases:
        total = one.passes + one.base_passes
        if not 0 < total < one.trials + one.base_trials:
            continue
        weight = weight_of(total, one.trials, one.base_trials)
        observed += weight * one.passes
        ways = math.comb(one.trials + one.base_trials, total)
        options.append(
            [
                (weight * a, Fraction(math.comb(one.trials, a) * math.comb(one.base_trials, total - a), ways))
                for a in range(one.trials + 1)
                if 0 <= total - a <= one.base_trials
            ]
        )
    below = at = Fraction(0)
    for chosen in product(*options):
        chance = math.prod((part for _, part in chosen), start=Fraction(1))
        value = sum(number for number, _ in chosen)
        below += chance * (value <= observed)
        at += chance * (value == observed)
    return below, at


@settings(max_examples=150, deadline=None)
@given(strata())
def test_it_is_the_exact_distribution(cases: list[Counts]) -> None:
    below, at = enumerated(cases)
    found = stratified_test(cases)
    if not found.informative:
        assert found.p == found.mid_p == 1
    else:
        assert found.p == pytest.approx(float(below), abs=1e-12)
        assert found.mid_p == pytest.approx(float(below - at / 2), abs=1e-12)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 9))
def test_one_trial_a_side_is_mcnemars_test(broke: int, mended: int, same: int) -> None:
    cases = [Counts(0, 1, 1, 1)] * broke + [Counts(1, 1, 0, 1)] * mended + [Counts(1, 1, 1, 1)] * same
    found = stratified_test(cases)
    if broke + mended == 0:
        assert found.mid_p == 1
        return
    both = broke + mended
    exact = stats.binomtest(mended, both, 0.5, alternative="less").pvalue
    assert found.p == pytest.approx(exact, abs=1e-9)
    assert found.mid_p == pytest.approx(exact - stats.binom.pmf(mended, both, 0.5) / 2, abs=1e-9)
    if mended < broke:
        table = [[same, broke], [mended, 0]]
        assert min(1, 2 * found.p) == pytest.approx(mcnemar(table, exact=True).pvalue, abs=1e-9)


@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_a_single_stratum_is_scipys_hypergeometric(trials: int, base: int, data: st.DataObject) -> None:
    passes = data.draw(st.integers(0, trials + base))
    least, chances = hypergeometric(passes, trials, base)
    expected = stats.hypergeom(trials + base, passes, trials)
    for place, chance in enumerate(chances):
        assert chance == pytest.approx(expected.pmf(least + place), abs=1e-9)
    assert sum(chances) == pytest.approx(1)


@settings(deadline=None)
@given(strata(8), st.integers(0, 7))
def test_one_more_failure_never_weakens_the_evidence_within_its_stratum(
    cases: list[Counts], place: int
) -> None:
    one = cases[place % len(cases)]
    total = one.passes + one.base_passes
    if one.passes == 0 or one.base_passes == one.base_trials or not 0 < total < one.trials + one.base_trials:
        return
    moved = Counts(one.passes - 1, one.trials, one.base_passes + 1, one.base_trials)
    worse = [moved if each is one else each for each in cases]
    assert stratified_test(worse).mid_p <= stratified_test(cases).mid_p + 1e-12


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_the_two_sides_are_treated_alike(pairs: list[tuple[int, int]]) -> None:
    there = stratified_test(Counts(a, 4, b, 4) for a, b in pairs)
    back = stratified_test(Counts(b, 4, a, 4) for a, b in pairs)
    if there.informative:
        assert there.mid_p + back.mid_p == pytest.approx(1, abs=1e-9)


def test_the_level_holds_whichever_passes_are_the_candidates() -> None:
    """All ways to deal out 5 + 4 + 7 passes: the chance that p is at most alpha is at most alpha."""
    shapes = [(3, 5, 5), (2, 4, 4), (3, 5, 7)]
    options = [
        [(a, total, k, base, chance) for a, chance in enumerate(hypergeometric(total, k, base)[1])]
        for k, base, total in shapes
    ]
    for alpha in (0.01, 0.05, 0.2):
        rejected = 0.0
        for chosen in product(*options):
            cases = []
            for index, total, k, base, _ in chosen:
                a = hypergeometric(total, k, base)[0] + index
                cases.append(Counts(a, k, total - a, base))
            if stratified_test(cases).p <= alpha:
                rejected += math.prod(chance for *_, chance in chosen)
        assert rejected <= alpha


def test_cases_without_trials_on_a_side_say_nothing() -> None:
    some = [Counts(1, 3, 9, 10), Counts(2, 3, 10, 10)]
    assert stratified_test([*some, Counts(0, 0, 10, 10), Counts(3, 3, 0, 0)]) == stratified_test(some)
    assert stratified_test([Counts(0, 0, 10, 10)]).p == 1
    assert stratified_test([]).mid_p == 1


def test_all_pass_and_all_fail_say_nothing() -> None:
    assert stratified_test([Counts(3, 3, 10, 10)] * 50).mid_p == 1
    assert stratified_test([Counts(0, 3, 0, 10)] * 50).mid_p == 1


def test_everything_broken_is_beyond_doubt_and_never_zero() -> None:
    found = stratified_test([Counts(0, 5, 10, 10)] * 2000)
    assert 0 < found.p < 1e-12


@pytest.mark.parametrize("bad", [(-1, 3, 0, 3), (4, 3, 0, 3), (0, 3, 4, 3), (0, 3, -1, 3)])
def test_impossible_counts_are_refused(bad: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="between 0 and the trials"):
        Counts(*bad)


@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_weights_are_bounded_and_heavier_towards_the_ends(
    trials: int, base_trials: int, data: st.DataObject
) -> None:
    whole = trials + base_trials
    passes = data.draw(st.integers(1, whole - 1))
    weight = weight_of(passes, trials, base_trials)
    assert 1 <= weight <= HEAVIEST
    assert weight == weight_of(whole - passes, trials, base_trials)
    assert weight >= weight_of(whole // 2, trials, base_trials)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(-3, 3),
            st.lists(st.integers(1, 9), min_size=1, max_size=5),
            st.integers(1, 6),
            st.integers(1, 40),
        ),
        min_size=1,
        max_size=4,
    ),
    st.floats(0, 1),
)
def test_the_lattice_sum_is_the_convolution(
    parts: list[tuple[int, list[int], int, int]], where: float
) -> None:
    summands, whole, low = [], np.ones(1), 0
    for least, ratios, scale, count in parts:
        chances = [ratio / sum(ratios) for ratio in ratios]
        summands.append(Summand(least, tuple(chances), scale, count))
        one = np.zeros(scale * (len(chances) - 1) + 1)
        one[::scale] = chances
        for _ in range(count):
            whole = np.convolve(whole, one)
        low += count * scale * least
    value = low + int(where * (len(whole) - 1))
    below, at = lower_tail(summands, value)
    assert below == pytest.approx(whole[: value - low + 1].sum(), abs=1e-10)
    assert at == pytest.approx(whole[value - low], abs=1e-10)


@given(st.data())
def test_linked_calls_change_places_whole(data: st.DataObject) -> None:
    """Against every choice of the candidate's calls, one by one."""
    width, mine, theirs = (data.draw(st.integers(1, 3)) for _ in range(3))
    call = st.tuples(*[st.booleans()] * width)
    calls = [data.draw(call) for _ in range(mine + theirs)]
    linked = Linked(tuple(calls[:mine]), tuple(calls[mine:]))
    weights = [
        weight_of(s.passes + s.base_passes, mine, theirs)
        if 0 < s.passes + s.base_passes < mine + theirs
        else 0
        for s in linked.strata
    ]
    scores = [sum(w for w, passed in zip(weights, one, strict=True) if passed) for one in calls]
    sums = [sum(chosen) for chosen in combinations(scores, mine)]
    observed = sum(scores[:mine])

    found = stratified_test([], [linked])

    if len(set(scores)) == 1:
        assert (found.p, found.mid_p) == (1.0, 1.0)
    else:
        share = sum(s <= observed for s in sums) / len(sums)
        at = sum(s == observed for s in sums) / len(sums)
        assert found.p == pytest.approx(share, abs=1e-9)
        assert found.mid_p == pytest.approx(share - at / 2, abs=1e-9)


def test_a_link_of_one_case_is_that_case() -> None:
    one = Linked(((True,), (False,), (False,)), ((True,),) * 9 + ((False,),))

    found, alone = stratified_test([], [one]), stratified_test(one.strata)

    assert (found.p, found.mid_p) == pytest.approx((alone.p, alone.mid_p), abs=1e-12)
    assert found.informative == alone.informative
