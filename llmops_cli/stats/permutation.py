"""Graded scores over the whole set: did these cases score lower than before?

Trials are exchanged between the sides within each case only, so that the spread between cases is no noise.
(A rank test of Wilcoxon's kind has a fraction of this power when few cases break.)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from llmops_cli.stats.lattice import lower_tail
from llmops_cli.stats.rearranged import all_differences, drawn, grid_of, on_grid

RESAMPLES = 9999
_EXACT = 20_000
_ENOUGH = 100
_ROUNDING = 1e-9
_SMALLEST_P = 1e-14


@dataclass(frozen=True, slots=True)
class GradedCase:
    """The scores of one case's trials, 0 to 1. Raises ValueError for anything else, NaN included."""

    scores: tuple[float, ...]
    base_scores: tuple[float, ...]

    def __post_init__(self) -> None:
        bad = [score for score in self.scores + self.base_scores if not 0 <= score <= 1]
        if bad:
            raise ValueError(f"scores lie between 0 and 1, not {bad[0]}")


@dataclass(frozen=True, slots=True)
class GradedTest:
    """The mean over cases of (base mean - candidate mean), -1 to 1, and the evidence for a drop.

    `p` is one-sided, above 0 and up to 1; `arrangements` were counted: all there are, if `exact`.
    """

    drop: float
    p: float
    arrangements: int
    exact: bool
    base: float = 0.0
    """The mean over cases of the base's mean; `candidate` likewise."""
    candidate: float = 0.0


def permutation_test(
    cases: Sequence[GradedCase], *, seed: int = 0, resamples: int = RESAMPLES
) -> GradedTest | None:
    """Is the candidate worse? None without cases that have scores on both sides.

    All arrangements are counted where there are few, and where scores are fractions of a small number
    (quarters, say): their sum then has an exact distribution, however many cases there are. Else they are
    drawn: p = (1 + #{T* <= T}) / (R + 1), the observed arrangement being one of them (Phipson & Smyth 2010,
    SAGMB 9:39). Drawing ends early once 100 were as low as the observed one: then p = 100 / R, as valid (Besag
    & Clifford 1991, Biometrika 78:301). Raises ValueError where `resamples` is below 1.
    """
    if resamples < 1:
        raise ValueError(f"a permutation test needs at least one resample, not {resamples}")
    both = [(case.scores, case.base_scores) for case in cases if case.scores and case.base_scores]
    if not both:
        return None
    base = sum(sum(theirs) / len(theirs) for _, theirs in both) / len(both)
    drop = -sum(_difference(*case) for case in both) / len(both)
    moving = [(mine, theirs) for mine, theirs in both if len({*mine, *theirs}) > 1]
    # cases whose scores are all equal are the same in every arrangement
    p, arrangements, exact = _p(moving, seed, resamples)
    return GradedTest(drop, min(1.0, p), arrangements, exact, base=base, candidate=base - drop)


def _p(
    cases: Sequence[tuple[Sequence[float], Sequence[float]]], seed: int, most: int
) -> tuple[float, int, bool]:
    """The chance of scores as low, how many arrangements it comes from, and whether these are all."""
    at = sum(_difference(*case) for case in cases) + _ROUNDING
    whole = math.prod(math.comb(len(mine) + len(theirs), len(mine)) for mine, theirs in cases)
    if whole <= _EXACT:
        sums = [sum(values) for values in product(*(all_differences(*case) for case in cases))]
        return sum(value <= at for value in sums) / len(sums), len(sums), True
    grid = grid_of(cases)
    found = on_grid(cases, grid) if grid else None
    if found is not None:
        return max(lower_tail(*found)[0], _SMALLEST_P), whole, True
    low, draws = drawn(cases, at, Random(seed), most, _ENOUGH)  # noqa: S311
    return (low / draws if low >= _ENOUGH else (1 + low) / (1 + draws)), draws, False


def _difference(mine: Sequence[float], theirs: Sequence[float]) -> float:
    return sum(mine) / len(mine) - sum(theirs) / len(theirs)
