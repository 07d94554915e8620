"""Confirming a single case: what is suspicious, how much is asked, when it stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from llmops_cli.comparison.confirmation import Plan, Standing, examine, plan_of, suspicious
from llmops_cli.stats.fisher import fisher_worse
from llmops_cli.stats.stratified import Counts

LEVELS = st.sampled_from([0.01, 5e-4, 1e-4, 1e-5])
THIN, SOLID = Counts(0, 1, 1, 1), Counts(0, 3, 10, 10)
NONE_YET = Counts(0, 0, 0, 0)


def asked(plan: Plan, candidate: list[bool], base: list[bool]) -> tuple[Standing, Counts, float]:
    """Follow the steps with these answers."""
    fresh, step = NONE_YET, examine(plan, NONE_YET)
    while step.standing is Standing.GO_ON:
        assert step.candidate + step.base > 0
        to, base_to = fresh.trials + step.candidate, fresh.base_trials + step.base
        fresh = Counts(sum(candidate[:to]), to, sum(base[:base_to]), base_to)
        step = examine(plan, fresh)
    return step.standing, fresh, step.p


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 1, 1, 1), True),
        ((1, 3, 7, 10), True),
        ((2, 3, 10, 10), False),
        ((1, 3, 6, 10), False),
        ((0, 3, 2, 3), False),
        ((1, 2, 10, 10), False),
        ((0, 0, 10, 10), False),
        ((0, 3, 0, 0), False),
    ],
)
def test_what_is_suspicious(counts: tuple[int, int, int, int], expected: bool) -> None:
    assert suspicious(Counts(*counts)) is expected


@given(LEVELS, st.integers(1, 40))
def test_a_clean_break_can_always_be_confirmed_and_the_base_is_asked_when_its_record_is_thin(
    level: float, on_record: int
) -> None:
    plan = plan_of(Counts(0, 3, on_record, on_record), level)
    assert plan.reachable
    assert (plan.base_fresh == 0) == (on_record >= 10)
    standing, fresh, p = asked(plan, [False] * 200, [True] * 200)
    assert standing is Standing.CONFIRMED
    assert p <= level
    assert fresh.trials <= plan.fresh


def test_the_size_of_the_plan_ignores_how_the_record_ended() -> None:
    assert plan_of(Counts(0, 3, 7, 10), 1e-4).fresh == plan_of(Counts(0, 3, 10, 10), 1e-4).fresh


def test_too_few_allowed_calls_cannot_confirm_and_are_not_wasted() -> None:
    plan = plan_of(THIN, 1e-4, most=4)
    assert not plan.reachable
    assert examine(plan, NONE_YET).standing is Standing.CLEARED


@given(LEVELS, st.booleans(), st.data())
def test_stopping_early_never_confirms_what_all_trials_would_not(
    level: float, thin: bool, data: st.DataObject
) -> None:
    plan = plan_of(THIN if thin else Counts(0, 3, data.draw(st.integers(7, 10)), 10), level)
    candidate = data.draw(st.lists(st.booleans(), min_size=plan.fresh, max_size=plan.fresh))
    base = data.draw(st.lists(st.booleans(), min_size=plan.base_fresh, max_size=plan.base_fresh))
    standing, fresh, p = asked(plan, candidate, base)
    record = plan.record or (sum(base), len(base))
    at_the_end = fisher_worse(Counts(sum(candidate), plan.fresh, *record))
    assert fresh.trials + fresh.base_trials <= plan.calls
    if standing is Standing.CONFIRMED:
        assert at_the_end <= p <= level
    elif at_the_end <= level:
        early = fresh.passes + fresh.base_trials - fresh.base_passes
        assert early >= 2  # cleared by early answers alone, which costs power and never level


def test_two_early_passes_clear_a_case() -> None:
    standing, fresh, _ = asked(plan_of(SOLID, 5e-4), [True, True], [])
    assert standing is Standing.CLEARED
    assert fresh.trials == 2


def test_both_sides_are_asked_side_by_side() -> None:
    plan, fresh = plan_of(THIN, 1e-4), NONE_YET
    while (step := examine(plan, fresh)).standing is Standing.GO_ON:
        fresh = Counts(
            0, fresh.trials + step.candidate, fresh.base_passes + step.base, fresh.base_trials + step.base
        )
        assert fresh.trials - fresh.base_trials <= 3
    assert step.standing is Standing.CONFIRMED


@pytest.mark.parametrize("rate", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("record", [None, 10])
def test_the_level_holds_exactly_over_all_outcomes(rate: float, record: int | None) -> None:
    """Every path of an unchanged case, weighed by its chance."""
    level = 5e-3
    total = 0.0
    for passes in range((record or 0) + 1):
        chance = stats.binom.pmf(passes, record, rate) if record else 1.0
        plan = plan_of(Counts(0, 3, passes, record) if record else THIN, level)
        total += chance * confirmed_share(plan, rate)
    assert total <= level


def confirmed_share(plan: Plan, rate: float) -> float:
    paths, found = {NONE_YET: 1.0}, 0.0
    while paths:
        onward: dict[Counts, float] = {}
        for fresh, chance in paths.items():
            step = examine(plan, fresh)
            found += chance * (step.standing is Standing.CONFIRMED)
            if step.standing is not Standing.GO_ON:
                continue
            for mine in range(step.candidate + 1):
                for base in range(step.base + 1):
                    to = Counts(
                        fresh.passes + mine,
                        fresh.trials + step.candidate,
                        fresh.base_passes + base,
                        fresh.base_trials + step.base,
                    )
                    here = stats.binom.pmf(mine, step.candidate, rate) * stats.binom.pmf(
                        base, step.base, rate
                    )
                    onward[to] = onward.get(to, 0.0) + chance * float(here)
        paths = onward
    return found


@pytest.mark.parametrize(("level", "most"), [(0.0, 5), (1.0, 5), (0.01, 0), (float("nan"), 5)])
def test_levels_out_of_range_are_refused(level: float, most: int) -> None:
    with pytest.raises(ValueError, match="level"):
        plan_of(SOLID, level, most)


def test_more_trials_than_planned_are_refused() -> None:
    plan = plan_of(SOLID, 1e-3)
    with pytest.raises(ValueError, match="planned"):
        examine(plan, Counts(0, plan.fresh + 1, 0, 0))
    with pytest.raises(ValueError, match="planned"):
        examine(plan, Counts(0, 1, 1, 1))
