"""Proving that nothing got worse by more than a margin, with trials added until it is known.

Looking again after more trials would find something sooner or later, so that the level is shared out over
the looks. The share a look may spend grows as O'Brien and Fleming's boundary does (1979, Biometrics
35:549), in the form of Lan & DeMets (1983, Biometrika 70:659): almost nothing early, almost all at the end.
What each look spends is added up (Bonferroni), whatever depends on what, so that the level holds for any
number of looks.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

from llmops_cli.stats.intervals import Drop, drop_of
from llmops_cli.stats.stratified import Counts

SMALLEST_LEVEL = 1e-9
"""No look spends less; so little more is nothing to any alpha."""


class Proof(StrEnum):
    """The drop is within the margin, or beyond it; or more trials are needed; or there are no more."""

    PROVEN = "proven"
    REFUTED = "refuted"
    GO_ON = "go on"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look shows: the drop with bounds that both hold at this look's level, and what follows.

    `level` is the error this look may make (0..1); `drop` is None without comparable cases.
    """

    proof: Proof
    drop: Drop | None
    level: float


def spent(share: float, alpha: float = 0.05) -> float:
    """How much of alpha may be spent once `share` of all trials (above 0, up to 1) is in.

    Raises ValueError for a share or an alpha outside.
    """
    if not (0 < share <= 1 and 0 < alpha < 1):
        raise ValueError(f"a share lies in 0..1 and alpha inside, not {share} and {alpha}")
    normal = NormalDist()
    return 2 * (1 - normal.cdf(normal.inv_cdf(1 - alpha / 2) / math.sqrt(share)))


def look(
    strata: Iterable[Counts],
    margin: float,
    share: float,
    looked: float = 0.0,
    alpha: float = 0.05,
    linked: Iterable[Sequence[Counts]] = (),
) -> Look:
    """Is the drop within `margin` (above 0, below 1)? `share` of all trials is in, `looked` was at the last
    look.

    PROVEN: its upper bound is within the margin. REFUTED: its lower bound is beyond. Each is wrong at most
    `alpha` of the time over all looks. At a share of 1 GO_ON becomes UNDECIDED. `linked` are further cases, as
    in `drop_of`. Raises ValueError for a margin outside, and for looks that do not move on.
    """
    if not 0 < margin < 1 or not 0 <= looked < share:
        raise ValueError(f"a margin lies inside 0..1 and looks move on: {margin}, {looked} to {share}")
    # a level far below the smallest asks for quantiles that a score bound does not promise
    level = max(SMALLEST_LEVEL, spent(share, alpha) - (spent(looked, alpha) if looked else 0.0))
    drop = drop_of(strata, 1 - level, linked)
    if drop is not None and drop.at_most <= margin:
        return Look(Proof.PROVEN, drop, level)
    if drop is not None and drop.at_least > margin:
        return Look(Proof.REFUTED, drop, level)
    return Look(Proof.UNDECIDED if share == 1 else Proof.GO_ON, drop, level)
