"""What dependent readings are worth: the analysis of variance of SciPy, bounds, and the coverage that follows."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.stats.agreement import Accuracy, Rate, rogan_gladen
from llmops_cli.stats.design_effect import independent_readings
from llmops_cli.stats.intervals import Interval

_groups = st.lists(
    st.integers(1, 6).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))), min_size=1, max_size=12
)


def _alone(groups: list[tuple[int, int]]) -> float:
    """What they are worth where a group counts once: Kish's number for groups of unequal size."""
    return sum(of for _, of in groups) ** 2 / sum(of * of for _, of in groups)


@given(st.integers(2, 6).flatmap(lambda of: st.tuples(st.lists(st.integers(0, of), min_size=1), st.just(of))))
def test_agreement_within_groups_is_that_of_an_analysis_of_variance(drawn: tuple[list[int], int]) -> None:
    from scipy.stats import f_oneway

    passes, of = drawn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no spread within groups: F is infinite
        ratio = f_oneway(*([1] * hits + [0] * (of - hits) for hits in [*passes, of, 0])).statistic
    alike = 1.0 if ratio == float("inf") else max(0.0, (ratio - 1) / (ratio + of - 1))

    found = independent_readings((hits, of) for hits in passes)
    assert found == pytest.approx(len(passes) * of / (1 + (of - 1) * alike), rel=1e-9)


@given(_groups)
def test_they_are_worth_no_more_than_they_are_and_no_less_than_their_groups(
    groups: list[tuple[int, int]],
) -> None:
    found = independent_readings(groups)

    assert _alone(groups) - 1e-9 <= found <= sum(of for _, of in groups) + 1e-9
    assert independent_readings(groups[::-1]) == pytest.approx(found)
    assert independent_readings([(of - hits, of) for hits, of in groups]) == pytest.approx(found)


def test_by_hand() -> None:
    alone, varied, whole = [(3, 3)] * 5 + [(0, 3)] * 5, [(2, 4)] * 10, [(10, 10)]

    assert independent_readings([(1, 1), (0, 1), (1, 1)]) == 3
    assert independent_readings(alone) == pytest.approx(10)  # all trials of a case alike
    assert independent_readings([(3, 3)] * 10) == pytest.approx(10)  # nothing to tell it by
    assert independent_readings(varied) == 40  # trials of a case no more alike than others
    # groups 2/4, 2/4, 4/4, 0/4: between 2/3, within 1/6, so that r = (1/2) / (2/3 + 3/6)
    assert independent_readings(varied[:2]) == pytest.approx(8 / (1 + 3 * 0.5 / (2 / 3 + 0.5)))
    assert independent_readings(whole) == pytest.approx(1)
    assert independent_readings([]) == independent_readings([(0, 0)]) == 0
    with pytest.raises(ValueError, match="more positives than readings"):
        independent_readings([(2, 1)])


@pytest.mark.parametrize(("cases", "trials"), [(20, 3), (20, 10), (50, 10)])
@pytest.mark.parametrize("bound", [False, True], ids=["errors of answers", "errors of cases"])
def test_a_corrected_rate_of_several_trials_a_case_is_covered(
    cases: int, trials: int, *, bound: bool
) -> None:
    """A judge errs by answer, or is wrong about all that passes, or all that fails, in a case. Most cases pass
    nearly always, as golden sets do; the set is fixed."""
    import numpy as np

    chance = np.random.default_rng(7)
    good = chance.random(cases) < 0.7
    passing = np.where(good, chance.beta(30, 1, cases), chance.beta(2, 1.2, cases))
    truth, labels, rounds = passing.mean(), 80, 800
    shape = (rounds, cases, trials)
    answers = chance.random(shape) < passing[None, :, None]
    errors = (rounds, cases, 1) if bound else shape
    said = np.where(answers, chance.random(errors) < 0.9, chance.random(errors) >= 0.8).sum(axis=2)
    right = zip(chance.binomial(labels, 0.9, rounds), chance.binomial(labels, 0.8, rounds), strict=True)
    covered = naive = 0
    for row, (passed, failed) in zip(said.tolist(), right, strict=True):
        known = Accuracy(*(Rate(int(n), labels, Interval(0, 1, 0.95)) for n in (passed, failed)))
        whole = cases * trials
        units = independent_readings((hits, trials) for hits in row)
        ours, theirs = (
            rogan_gladen(sum(row) / whole * units, units, known),
            rogan_gladen(sum(row), whole, known),
        )
        assert ours is not None
        assert theirs is not None
        assert ours.estimate == pytest.approx(theirs.estimate)
        covered += ours.interval.low <= truth <= ours.interval.high
        naive += theirs.interval.low <= truth <= theirs.interval.high

    assert covered / rounds >= 0.94
    if bound:  # every answer counted by itself, the interval is too narrow
        assert naive / rounds < 0.91
