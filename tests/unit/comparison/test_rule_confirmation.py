"""Confirming a single case: what is suspicious, how much is asked, when it stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from llmops_cli.comparison.confirmation import Plan, Standing, doubts, examine, in_doubt, plan_of, suspicious
from llmops_cli.stats.fisher import fisher_worse
from llmops_cli.stats.stratified import Counts

LEVELS = st.sampled_from([0.01, 5e-4, 1e-4, 1e-5])
THIN, SOLID = Counts(0, 1, 1, 1), Counts(0, 3, 10, 10)
BOTH_FAILED = Counts(0, 1, 0, 1)
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


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 1, 0, 1), True),
        ((0, 2, 1, 2), True),
        ((1, 3, 2, 3), True),
        ((0, 1, 1, 1), False),
        ((1, 1, 0, 1), False),
        ((0, 2, 0, 2), False),
        ((0, 3, 1, 3), False),
        ((2, 3, 2, 3), False),
        ((0, 3, 3, 5), False),
        ((0, 0, 0, 1), False),
        ((0, 1, 0, 0), False),
    ],
)
def test_one_unlucky_trial_of_a_thin_record_leaves_a_doubt(
    counts: tuple[int, int, int, int], expected: bool
) -> None:
    assert in_doubt(Counts(*counts)) is expected


@given(st.integers(0, 12), st.integers(1, 12), st.integers(0, 12), st.integers(1, 12))
def test_no_case_is_both_suspicious_and_in_doubt(a: int, m: int, b: int, k: int) -> None:
    counts = Counts(min(a, m), m, min(b, k), k)
    assert not (suspicious(counts) and in_doubt(counts))


def test_a_set_that_has_been_failing_for_long_is_not_asked_all_over_again() -> None:
    failing = {f"case-{n}": BOTH_FAILED for n in range(100)}
    assert len(doubts(failing)) == 5
    assert len(doubts({"a": BOTH_FAILED, "b": BOTH_FAILED})) == 1
    flips = {f"flip-{n}": THIN for n in range(9)}
    assert len(doubts({**failing, **flips})) == 9
    assert doubts(failing) == doubts(dict(reversed(failing.items())))
    assert not doubts(failing, settled=failing)
    assert "better" in doubts({**failing, "better": Counts(0, 3, 2, 3)})


def test_where_both_sides_failed_the_base_is_asked_first_and_one_failure_ends_it() -> None:
    plan = plan_of(BOTH_FAILED, 1e-4)
    first = examine(plan, NONE_YET)
    assert (first.candidate, first.base) == (0, 1)
    standing, fresh, _ = asked(plan, [False] * 200, [False] * 200)
    assert standing is Standing.CLEARED
    assert (fresh.trials, fresh.base_trials) == (0, 1)
    standing, fresh, p = asked(plan, [False] * 200, [True] * 200)
    assert standing is Standing.CONFIRMED
    assert p <= 1e-4


@given(LEVELS, st.sampled_from([THIN, BOTH_FAILED, None]), st.data())
def test_stopping_early_never_confirms_what_all_trials_would_not(
    level: float, thin: Counts | None, data: st.DataObject
) -> None:
    plan = plan_of(thin or Counts(0, 3, data.draw(st.integers(7, 10)), 10), level)
    candidate = data.draw(st.lists(st.booleans(), min_size=plan.fresh, max_size=plan.fresh))
    base = data.draw(st.lists(st.booleans(), min_size=plan.base_fresh, max_size=plan.base_fresh))
    standing, fresh, p = asked(plan, candidate, base)
    record = plan.record or (sum(base), len(base))
    at_the_end = fisher_worse(Counts(sum(candidate), plan.fresh, *record))
    assert fresh.trials + fresh.base_trials <= plan.calls
    if standing is Standing.CONFIRMED:
        assert at_the_end <= p <= level
    elif at_the_end <= level:
        against = fresh.passes + fresh.base_trials - fresh.base_passes
        assert against >= 1  # given up early, which costs power and never level


@pytest.mark.parametrize(("record", "passes"), [(10, 3), (9, 2), (8, 1), (7, 1)])
def test_the_better_the_record_the_more_early_passes_it_takes_to_clear_a_case(
    record: int, passes: int
) -> None:
    standing, fresh, _ = asked(plan_of(Counts(0, 3, record, 10), 5e-4), [True] * passes, [])
    assert standing is Standing.CLEARED
    assert fresh.trials == passes


def test_late_passes_weigh_less_than_early_ones() -> None:
    broken = [False] * 6 + [True] + [False] * 20
    standing, _, _ = asked(plan_of(SOLID, 5e-4), broken, [])
    assert standing is Standing.CONFIRMED


def test_both_sides_are_asked_side_by_side() -> None:
    plan, fresh = plan_of(THIN, 1e-4), NONE_YET
    while (step := examine(plan, fresh)).standing is Standing.GO_ON:
        fresh = Counts(
            0, fresh.trials + step.candidate, fresh.base_passes + step.base, fresh.base_trials + step.base
        )
        assert fresh.trials - fresh.base_trials <= 3
    assert step.standing is Standing.CONFIRMED


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize(("trials", "record"), [(1, 1), (3, 3), (2, 2), (1, 10), (3, 10)])
def test_the_level_holds_exactly_over_all_outcomes(rate: float, trials: int, record: int) -> None:
    """Every path of an unchanged case, from the trials that make it suspicious to the last, by its chance."""
    level = 5e-3
    total = 0.0
    for passes in range(trials + 1):
        for base_passes in range(record + 1):
            counts = Counts(passes, trials, base_passes, record)
            if suspicious(counts) or in_doubt(counts):
                chance = stats.binom.pmf(passes, trials, rate) * stats.binom.pmf(base_passes, record, rate)
                total += float(chance) * confirmed_share(plan_of(counts, level), rate)
    assert 0 < total <= level


@pytest.mark.parametrize("rate", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("counts", [THIN, BOTH_FAILED])
def test_with_fresh_trials_of_both_sides_the_level_holds_whatever_chose_the_case(
    rate: float, counts: Counts
) -> None:
    assert confirmed_share(plan_of(counts, 5e-3), rate) <= 5e-3


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
