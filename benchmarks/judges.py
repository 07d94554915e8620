"""How often the interval of a judge's corrected pass rate holds the true rate, where cases have several trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

import numpy as np

from benchmarks.harness import show
from llmops_cli.stats.agreement import Accuracy, Rate, rogan_gladen
from llmops_cli.stats.design_effect import independent_readings
from llmops_cli.stats.intervals import Interval

RIGHT = {"pass": 0.9, "fail": 0.8}
"""The judge's sensitivity and specificity, each known from `LABELS` outputs."""
LABELS = 100
REPETITIONS = 1000
SEED = 4
# a beta distribution of a case's own share of errors: none for errors that know no cases, else its weight
_CONCENTRATION = {"answer": None, "mostly case": 2.0, "case": 0.0}
_MEAN = 0.7 * 30 / 31 + 0.3 * 2 / 3.2

Counted = Callable[[Sequence[int], int], float]
WAYS: dict[str, Counted] = {
    "worth": lambda passes, trials: independent_readings((one, trials) for one in passes),
    "every answer": lambda passes, trials: float(len(passes) * trials),
    "every case": lambda passes, _: float(len(passes)),
}


@dataclass(frozen=True)
class World:
    """`errors`: whether the judge errs by answer, or is wrong about a case's passing, or failing, answers alike.

    `fixed`: the question is about these cases; else they are drawn anew each time, and it is about their source.
    """

    cases: int
    trials: int
    errors: str
    fixed: bool


def main() -> None:
    """Print the table."""
    worlds = product((20, 50, 200), (3, 10), _CONCENTRATION, (True, False))
    rows = [_row(World(*one), np.random.default_rng([SEED, place])) for place, one in enumerate(worlds)]
    header = ["cases", "trials", "judge errs by", "about", *(f"{way} counted" for way in WAYS)]
    show(
        f"A judge's corrected pass rate, {REPETITIONS:,} repetitions: held, and width in points", header, rows
    )


def _row(world: World, rng: np.random.Generator) -> list[str]:
    held: dict[str, list[bool]] = {way: [] for way in WAYS}
    width: dict[str, list[float]] = {way: [] for way in WAYS}
    rates = _rates(world.cases, rng)
    for _ in range(REPETITIONS):
        rates = rates if world.fixed else _rates(world.cases, rng)
        truth = float(rates.mean()) if world.fixed else _MEAN
        passes = [int(one) for one in _said(world, rates, rng).sum(axis=1)]
        known = Accuracy(*(_known(rate, rng) for rate in RIGHT.values()))
        for way, counted in WAYS.items():
            units = counted(passes, world.trials)
            rate = sum(passes) / (world.cases * world.trials)
            found = rogan_gladen(rate * units, units, known)
            assert found is not None
            held[way].append(found.interval.low <= truth <= found.interval.high)
            width[way].append(found.interval.high - found.interval.low)
    about = "these cases" if world.fixed else "new ones"
    shares = [f"{fmean(held[way]):.1%}, {fmean(width[way]) * 100:.0f}" for way in WAYS]
    return [str(world.cases), str(world.trials), world.errors, about, *shares]


def _rates(cases: int, rng: np.random.Generator) -> np.ndarray:
    """Golden sets as `benchmarks.simulated` has them: most cases pass nearly always."""
    return np.where(rng.random(cases) < 0.7, rng.beta(30, 1, cases), rng.beta(2, 1.2, cases))


def _said(world: World, rates: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether the judge passed each trial of each case."""
    shape = (world.cases, world.trials)
    answers = rng.random(shape) < rates[:, None]
    right = {kind: rng.random(shape) < _by_case(world, rate, rng)[:, None] for kind, rate in RIGHT.items()}
    return np.where(answers, right["pass"], ~right["fail"])


def _by_case(world: World, rate: float, rng: np.random.Generator) -> np.ndarray:
    """How often the judge is right about answers of each case."""
    weight = _CONCENTRATION[world.errors]
    if weight is None:
        return np.full(world.cases, rate)
    if not weight:
        return (rng.random(world.cases) < rate).astype(float)
    return rng.beta(weight * rate, weight * (1 - rate), world.cases)


def _known(rate: float, rng: np.random.Generator) -> Rate:
    return Rate(int(rng.binomial(LABELS, rate)), LABELS, Interval(0, 1, 0.95))


if __name__ == "__main__":
    main()
