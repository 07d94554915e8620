"""Which cases of all comparisons behind one exit code are asked again, and how each is examined."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from llmops_cli.comparison.confirmation import (
    ENOUGH_FLIPS,
    MOST,
    Plan,
    doubts,
    in_no_order,
    plan_of,
    suspicious,
)
from llmops_cli.comparison.rule import Alpha, Compared, Examined, drop_of_set, tests_of_sets

_SOUND = 0.75
"""The accepted prompt passes so many of its fresh trials, or the model may have changed."""


def plans(
    compared: Sequence[Compared], *, alpha: Alpha | None = None, most: int = MOST
) -> dict[tuple[int, str], Plan]:
    """The suspicious cases, by (place in `compared`, case id), each with how to examine it; flips first.

    Where the test of the set says already that it got worse, a few flips name some of the broken cases; the others
    are a reserve. `most` bounds the fresh trials a side. A plan
    that is not `reachable` within it is not worth a call: leave it out of `examined`, and its case stays an
    unconfirmed flip. Raises ValueError where `most` is below 1.
    """
    spent = alpha or Alpha()
    level = spent.cases / max(1, sum(len(one.tested) for one in compared))
    tested = [one.tested for one in compared]
    flips = [[name for name in cases if suspicious(cases[name])] for cases in tested]
    found, reserve, doubtful = [], [], []
    worse = _worse(compared, spent) if any(len(names) > ENOUGH_FLIPS for names in flips) else set()
    for n, names in enumerate(flips):
        settled = n in worse and len(names) > ENOUGH_FLIPS
        ordered, enough = (in_no_order(names), ENOUGH_FLIPS) if settled else (names, len(names))
        found += [(n, name) for name in ordered[:enough]]
        reserve += [(n, name) for name in ordered[enough:]]
        doubtful += [(n, name) for name in ([] if settled else doubts(tested[n], compared[n].settled))]
    order = found + reserve + doubtful
    planned = {(n, name): plan_of(compared[n].cases[name], level, most) for n, name in order}
    return planned | {key: replace(planned[key], reserve=True) for key in reserve}


def worth_the_rest(place: int, examined: Mapping[tuple[int, str], Examined]) -> bool:
    """Whether the reserve of a set is examined, too: the accepted prompt failed often in the first of its cases, so
    that the model may have changed and not the prompt. Nothing but fresh trials of other cases decides it, so that
    the level holds."""
    fresh = [one.fresh for (at, _), one in examined.items() if at == place]
    trials = sum(one.base_trials for one in fresh)
    return trials > 0 and sum(one.base_passes for one in fresh) < _SOUND * trials


def _worse(compared: Sequence[Compared], alpha: Alpha) -> set[int]:
    """The places of those sets whose own tests say that they got worse."""
    found = enumerate(tests_of_sets(compared, alpha, [drop_of_set(one) for one in compared], seed=0))
    return {place for place, tests in found if any(test.worse for test in tests)}
