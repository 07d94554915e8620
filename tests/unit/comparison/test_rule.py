"""One decision over everything behind an exit code."""

from dataclasses import replace

import numpy as np
import pytest

from llmops_cli.comparison.confirmation import Standing, examine
from llmops_cli.comparison.rule import PASS_RATE, Alpha, Compared, Examined, Finding, judge
from llmops_cli.comparison.suspects import plans
from llmops_cli.stats.fisher import fisher_worse
from llmops_cli.stats.permutation import GradedCase
from llmops_cli.stats.stratified import Counts, stratified_test

GOOD = Counts(3, 3, 10, 10)
WORSE = Counts(2, 3, 10, 10)
FLIPPED = Counts(0, 3, 10, 10)


def cases(*counts: Counts) -> dict[str, Counts]:
    return {f"case-{place}": one for place, one in enumerate(counts)}


def only(compared: Compared, **more: object) -> Finding:
    (finding,) = judge([compared], **more)  # type: ignore[arg-type]
    return finding


def test_an_equal_set_is_not_worse_and_says_what_it_is_worth() -> None:
    found = only(Compared("shop", cases(*[GOOD] * 30, *[Counts(2, 3, 7, 10)] * 10)))
    assert not found.worse
    assert found.cases == 40
    assert found.drop is not None
    assert found.drop.at_least < found.drop.estimate < found.drop.at_most
    assert found.detectable is not None
    assert 0.02 < found.detectable < 0.2


def test_a_drop_of_the_whole_set_is_found_without_any_single_case() -> None:
    compared = Compared("shop", cases(*[WORSE] * 12, *[GOOD] * 8))
    found = only(compared)
    assert found.worse
    assert not found.suspects
    (test,) = found.tests
    assert test.metric == PASS_RATE
    assert test.p == test.adjusted_p == stratified_test(compared.counts).mid_p
    assert test.drop == pytest.approx(0.2)


def test_a_significant_drop_that_is_too_small_does_not_count() -> None:
    compared = Compared("shop", cases(*[WORSE] * 40, *[GOOD] * 960), min_effect=0.02)
    (test,) = only(compared).tests
    assert test.adjusted_p <= Alpha().sets
    assert not test.worse
    assert only(Compared("shop", compared.cases, min_effect=0.01)).worse


def test_a_drop_of_exactly_the_smallest_effect_counts() -> None:
    assert only(Compared("shop", cases(*[WORSE] * 30, *[GOOD] * 470), min_effect=0.02)).worse


def test_alpha_is_spent_once_over_all_sets_and_metrics() -> None:
    weak = Compared("weak", cases(*[WORSE] * 2, *[GOOD] * 18))
    alone = only(weak).tests[0]
    assert alone.worse
    among = judge([weak, *[Compared(f"other {n}", cases(*[GOOD] * 20, WORSE)) for n in range(19)]])
    assert among[0].tests[0].p == alone.p
    assert among[0].tests[0].adjusted_p == pytest.approx(min(1, 20 * alone.p))
    assert not among[0].worse


def test_the_level_of_a_case_is_shared_by_all_cases_of_all_sets() -> None:
    one, two = Compared("one", cases(FLIPPED, *[GOOD] * 19)), Compared("two", cases(*[GOOD] * 30))
    assert plans([one])[0, "case-0"].level == pytest.approx(Alpha().cases / 20)
    assert plans([one, two])[0, "case-0"].level == pytest.approx(Alpha().cases / 50)
    assert set(plans([one, two])) == {(0, "case-0")}


def test_a_flip_counts_once_it_is_confirmed_and_is_named_until_then() -> None:
    compared = Compared("shop", cases(FLIPPED, *[GOOD] * 59))
    open_ = only(compared)
    assert [one.case_id for one in open_.unconfirmed] == ["case-0"]
    assert not open_.worse
    plan = plans([compared])[0, "case-0"]
    broken, sound = Counts(0, plan.fresh, 0, 0), Counts(plan.fresh, plan.fresh, 0, 0)
    confirmed = only(compared, examined={(0, "case-0"): Examined(broken, examine(plan, broken))})
    assert confirmed.worse
    (case,) = confirmed.confirmed
    assert case.p == pytest.approx(fisher_worse(Counts(0, plan.fresh, 10, 10)))
    cleared = only(compared, examined={(0, "case-0"): Examined(sound, examine(plan, sound))})
    assert cleared.suspects[0].standing is Standing.CLEARED
    assert not cleared.worse
    assert not cleared.unconfirmed


def test_a_case_that_failed_on_both_sides_is_a_finding_only_once_it_is_confirmed() -> None:
    compared = Compared("shop", cases(Counts(0, 1, 0, 1), *[Counts(1, 1, 1, 1)] * 59))
    assert not only(compared).suspects
    plan = plans([compared])[0, "case-0"]
    assert plan.doubtful
    assert not plans([replace(compared, settled=("case-0",))])
    halfway = Counts(0, 1, 1, 1)
    open_ = only(compared, examined={(0, "case-0"): Examined(halfway, examine(plan, halfway))})
    assert not open_.worse
    assert not open_.unconfirmed
    broken = Counts(0, plan.fresh, plan.fresh, plan.fresh)
    confirmed = only(compared, examined={(0, "case-0"): Examined(broken, examine(plan, broken))})
    assert [one.case_id for one in confirmed.confirmed] == ["case-0"]


def test_graded_scores_are_tested_beside_the_pass_rate() -> None:
    rng = np.random.default_rng(2)
    grades = {
        f"case-{place}": GradedCase(tuple(rng.uniform(0.5, 0.8, 3)), tuple(rng.uniform(0.7, 1, 10)))
        for place in range(30)
    }
    found = only(Compared("shop", cases(*[GOOD] * 30), {"quality": grades}), seed=1)
    passing, quality = found.tests
    assert not passing.worse
    assert quality.metric == "quality"
    assert quality.worse
    assert quality.adjusted_p == pytest.approx(2 * quality.p)


def test_generalising_treats_related_cases_as_one_draw() -> None:
    some = cases(*[WORSE] * 10, *[GOOD] * 10)
    apart = Compared("shop", some, generalise=True)
    related = Compared(
        "shop", some, generalise=True, clusters={name: place // 5 for place, name in enumerate(some)}
    )
    assert only(apart).tests[0].p < 0.01
    assert only(related).tests[0].p > only(apart).tests[0].p
    assert only(related).shift is not None
    assert only(apart).tests[0].method == "clustered paired t"


@pytest.mark.parametrize(
    "counts",
    [
        (),
        (Counts(0, 0, 10, 10),),
        (Counts(0, 3, 0, 0),),
        (Counts(3, 3, 10, 10),),
        (Counts(0, 3, 0, 10),) * 5,
        (Counts(1, 2, 3, 7), Counts(0, 1, 10, 10), Counts(5, 5, 1, 1)),
    ],
)
def test_thin_and_uneven_sets_are_judged_without_a_false_alarm(counts: tuple[Counts, ...]) -> None:
    found = only(Compared("shop", cases(*counts)))
    assert not found.worse
    assert found.cases == sum(one.comparable for one in counts)
    if not found.cases:
        assert found.drop is None
        assert found.detectable is None
        assert not found.tests


def test_an_all_failing_candidate_is_a_regression() -> None:
    assert only(Compared("shop", cases(*[FLIPPED] * 10))).worse


def test_a_bound_on_calls_can_leave_a_flip_unconfirmed() -> None:
    compared = Compared("shop", cases(FLIPPED, *[GOOD] * 59))
    assert plans([compared])[0, "case-0"].reachable
    assert not plans([compared], most=4)[0, "case-0"].reachable


def test_nothing_compared_is_nothing_found() -> None:
    assert judge([]) == ()
    assert plans([]) == {}


@pytest.mark.parametrize("parts", [(0.0, 0.01), (0.04, 1.0), (0.6, 0.5), (float("nan"), 0.1)])
def test_alpha_out_of_range_is_refused(parts: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="alpha"):
        Alpha(*parts)


@pytest.mark.parametrize("effect", [-0.1, 1.5, float("nan")])
def test_an_effect_out_of_range_is_refused(effect: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Compared("shop", {}, min_effect=effect)


def test_unchanged_prompts_rarely_fail() -> None:
    """200 of the simulation's pull requests; benchmarks/verdict.py has the real figures."""
    rng = np.random.default_rng(7)
    failed = 0
    for _ in range(200):
        rates = np.concatenate([rng.beta(30, 1, 14), rng.beta(2, 1.2, 6)])
        pairs = zip(rng.binomial(3, rates), rng.binomial(10, rates), strict=True)
        failed += only(Compared("shop", cases(*(Counts(int(a), 3, int(b), 10) for a, b in pairs)))).worse
    assert failed / 200 <= 0.08
