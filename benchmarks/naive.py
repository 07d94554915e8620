"""What is usual today: rules without trials or without statistics, on the same simulated pull requests."""

from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.simulated import Change, Passes, World, changed, rates_of, recorded
from llmops_cli.stats.fisher import fisher_worse
from llmops_cli.stats.special import student_quantile
from llmops_cli.stats.stratified import Counts

Rule = Callable[[World, Passes, Passes], bool]


def any_flip(world: World, passes: Passes, base: Passes) -> bool:
    """A case whose majority passed fails now."""
    return bool(((2 * passes <= world.trials) & (2 * base > world.base_trials)).any())


def mean_dropped(world: World, passes: Passes, base: Passes) -> bool:
    """The mean dropped by more than five points."""
    drop = base.mean() / world.base_trials - passes.mean() / world.trials
    return bool(drop > 0.05 + 1e-9)  # five points to the last digit are not more than five


def fisher_per_case(world: World, passes: Passes, base: Passes) -> bool:
    """Fisher's test of each case at 5 %."""
    return any(
        fisher_worse(Counts(int(a), world.trials, int(b), world.base_trials)) <= 0.05
        for a, b in zip(passes, base, strict=True)
    )


def paired_t(world: World, passes: Passes, base: Passes) -> bool:
    """Student's paired t test of the cases' means, one-sided at 5 %."""
    drops = base / world.base_trials - passes / world.trials
    error = float(drops.std(ddof=1)) / np.sqrt(world.n)
    return bool(error > 0 and drops.mean() / error > student_quantile(0.95, world.n - 1))


RULES: Mapping[str, Rule] = {
    "any flip fails": any_flip,
    "mean dropped > 5 points": mean_dropped,
    "uncorrected Fisher per case": fisher_per_case,
    "paired t on case means": paired_t,
}


def fails(rule: str, world: World, change: Change, rng: np.random.Generator) -> bool:
    """One simulated pull request under a naive rule."""
    rates = rates_of(world, rng)
    passes = rng.binomial(world.trials, changed(rates, change, rng))
    return RULES[rule](world, passes, recorded(world, rates, rng))
