"""Would new cases from the same source show the drop? Cases are a sample then, and related ones one draw."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from llmops_cli.stats.special import student_below, student_quantile

_NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class Shift:
    """The mean drop over cases (-1 to 1 for rates), its standard error, a one-sided upper bound, and the
    one-sided p-value of "no drop". `clusters` is how many independent draws there were."""

    drop: float
    error: float
    at_most: float
    p: float
    clusters: int


def clustered_shift(
    drops: Sequence[float], clusters: Sequence[Hashable] | None = None, confidence: float = 0.95
) -> Shift | None:
    """The paired analysis with clustered standard errors (Miller 2024, *Adding Error Bars to Evals*,
    arXiv:2411.00640), Student's t with clusters - 1 degrees of freedom; None with fewer than two clusters.

    `drops` holds base less candidate of each case, `clusters` which cases belong together (none: each alone).
    A normal interval: below a few hundred cases it is too narrow (Bowyer et al. 2025, arXiv:2503.01747).
    Raises ValueError for sequences of unequal length, for what is no number, a confidence not inside 0..1.
    """
    names = list(clusters) if clusters is not None else list(range(len(drops)))
    if len(names) != len(drops) or not all(math.isfinite(drop) for drop in drops):
        raise ValueError("each case needs a number and a cluster")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies inside 0..1, not {confidence}")
    sums: dict[Hashable, float] = defaultdict(float)
    mean = sum(drops) / len(drops) if drops else 0.0
    for name, drop in zip(names, drops, strict=True):
        sums[name] += drop - mean
    count = len(sums)
    if count < 2:
        return None
    error = math.sqrt(count / (count - 1) * sum(value * value for value in sums.values())) / len(drops)
    at_most = mean + student_quantile(confidence, count - 1) * error
    if error > _NO_SPREAD:
        return Shift(mean, error, at_most, 1 - student_below(mean / error, count - 1), count)
    # no spread at all: t is infinite or undefined, the sign test still says something
    return Shift(mean, error, at_most, 0.5**count if mean > 0 else 1.0, count)


def detectable_shift(shift: Shift, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest drop that a sample with this spread shows at `alpha`, one-sided, with this power.

    Raises ValueError for alpha or power not inside 0..1.
    """
    freedom = shift.clusters - 1
    return (student_quantile(1 - alpha, freedom) + student_quantile(power, freedom)) * shift.error
