"""Graded scores over the whole set: did these cases score lower than before?

Trials are exchanged between the sides within each case only, so that the spread between cases is no noise.
(A rank test of Wilcoxon's kind has a fraction of this power when few cases break.)
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from operator import add
from random import Random

RESAMPLES = 9999
_EXACT = 20_000
_LISTED = 2000
_ENOUGH = 100
_BLOCK = 400
_WORK = 20_000_000
_ROUNDING = 1e-9


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

    `p` is one-sided, above 0 and up to 1; `arrangements` were looked at: all there are, if `exact`.
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

    p = (1 + #{T* <= T}) / (R + 1), the observed arrangement being one of them (Phipson & Smyth 2010, SAGMB
    9:39); all arrangements where there are few. Drawing ends early once 100 were as low as the observed one:
    then p = 100 / R, as valid (Besag & Clifford 1991, Biometrika 78:301). Very large sets get fewer
    resamples. Raises ValueError where `resamples` is below 1.
    """
    if resamples < 1:
        raise ValueError(f"a permutation test needs at least one resample, not {resamples}")
    both = [case for case in cases if case.scores and case.base_scores]
    if not both:
        return None
    observed = sum(_difference(case) for case in both)
    base = sum(sum(case.base_scores) / len(case.base_scores) for case in both) / len(both)
    drop = -observed / len(both)
    moving = [case for case in both if len({*case.scores, *case.base_scores}) > 1]
    # cases whose scores are all equal are the same in every arrangement
    at = sum(_difference(case) for case in moving) + _ROUNDING
    counts = [_arrangements(case) for case in moving]
    if math.prod(counts) <= _EXACT:
        sums = [sum(values) for values in product(*(list(_all(case)) for case in moving))]
        low = sum(value <= at for value in sums)
        return GradedTest(drop, low / len(sums), len(sums), exact=True, base=base, candidate=base - drop)
    low, drawn = _drawn(moving, at, Random(seed), min(resamples, max(999, _WORK // len(moving))))  # noqa: S311
    p = low / drawn if low >= _ENOUGH else (1 + low) / (1 + drawn)
    return GradedTest(drop, min(1.0, p), drawn, exact=False, base=base, candidate=base - drop)


def _difference(case: GradedCase) -> float:
    return sum(case.scores) / len(case.scores) - sum(case.base_scores) / len(case.base_scores)


def _arrangements(case: GradedCase) -> int:
    return math.comb(len(case.scores) + len(case.base_scores), len(case.scores))


def _all(case: GradedCase) -> Iterator[float]:
    pool, count = case.scores + case.base_scores, len(case.scores)
    whole, others = sum(pool), len(case.base_scores)
    for chosen in combinations(pool, count):
        mine = sum(chosen)
        yield mine / count - (whole - mine) / others


def _drawn(cases: Sequence[GradedCase], at: float, rng: Random, most: int) -> tuple[int, int]:
    """How many arrangements were at most `at`, of how many drawn.

    Block by block, and within the block that reaches enough only up to the one that does.
    """
    listed = [list(_all(case)) if _arrangements(case) <= _LISTED else None for case in cases]
    low = drawn = 0
    while drawn < most:
        size = min(_BLOCK, most - drawn)
        sums = [0.0] * size
        for case, values in zip(cases, listed, strict=True):
            some = rng.choices(values, k=size) if values else [_one(case, rng) for _ in range(size)]
            sums = list(map(add, sums, some))
        for value in sums:
            drawn += 1
            low += value <= at
            if low >= _ENOUGH:
                return low, drawn
    return low, drawn


def _one(case: GradedCase, rng: Random) -> float:
    pool, count = case.scores + case.base_scores, len(case.scores)
    mine = sum(rng.sample(pool, count))
    return mine / count - (sum(pool) - mine) / len(case.base_scores)
