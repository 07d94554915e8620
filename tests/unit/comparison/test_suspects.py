"""Which cases are asked again: all that look broken, but where the whole set is worse only some of them."""

from dataclasses import replace

from llmops_cli.comparison.confirmation import ENOUGH_FLIPS, Standing, Step
from llmops_cli.comparison.rule import Compared, Examined
from llmops_cli.comparison.suspects import plans, worth_the_rest
from llmops_cli.stats.stratified import Counts

BROKEN, DOUBTFUL, GOOD, BETTER = (
    Counts(0, 1, 1, 1),
    Counts(0, 1, 0, 1),
    Counts(1, 1, 1, 1),
    Counts(1, 1, 0, 1),
)


def compared(**groups: int) -> Compared:
    kinds = {"broken": BROKEN, "doubtful": DOUBTFUL, "good": GOOD, "better": BETTER}
    return Compared("shop", {f"{kind}-{n}": kinds[kind] for kind in groups for n in range(groups[kind])})


def asked(one: Compared) -> set[str]:
    """At first."""
    return {name for (_, name), plan in plans([one]).items() if not plan.reserve}


def test_a_set_that_is_plainly_worse_asks_some_flips_again_and_no_doubtful_case() -> None:
    found = asked(compared(broken=300, doubtful=20, good=10))

    assert len(found) == ENOUGH_FLIPS
    assert all(name.startswith("broken") for name in found)


def test_which_of_them_is_no_matter_of_their_place() -> None:
    one = compared(broken=300)
    turned = replace(one, cases=dict(reversed(list(one.cases.items()))))

    assert asked(one) == asked(turned)
    assert asked(one) != {f"broken-{n}" for n in range(ENOUGH_FLIPS)}


def test_as_many_flips_in_a_set_that_is_not_worse_are_all_asked_again() -> None:
    found = asked(compared(broken=30, better=30, good=100))

    assert len(found) == 30


def test_few_flips_are_all_asked_again_though_the_set_is_worse() -> None:
    found = asked(compared(broken=ENOUGH_FLIPS, doubtful=3))

    assert len(found) == ENOUGH_FLIPS + 3


def test_another_set_behind_the_exit_code_keeps_its_suspects() -> None:
    other = compared(broken=2, good=50)
    found = plans([compared(broken=300), other])

    assert [name for place, name in found if place == 1] == ["broken-0", "broken-1"]


def test_the_others_are_a_reserve_for_where_the_accepted_prompt_fails_today_as_well() -> None:
    found = plans([compared(broken=300)])
    first = [key for key, plan in found.items() if not plan.reserve]
    step = Step(Standing.CLEARED, 1.0)

    assert len(found) == 300
    assert [plan.reserve for plan in found.values()] == [False] * ENOUGH_FLIPS + [True] * 280
    assert not worth_the_rest(0, {})
    assert not worth_the_rest(0, {key: Examined(Counts(0, 5, 4, 5), step) for key in first})
    assert worth_the_rest(0, {key: Examined(Counts(0, 5, 3, 5), step) for key in first})
    assert not worth_the_rest(1, {key: Examined(Counts(0, 5, 3, 5), step) for key in first})
    assert not worth_the_rest(0, {key: Examined(Counts(0, 5, 0, 0), step) for key in first})
