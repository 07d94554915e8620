"""One test over the whole set: did the trials of *these* cases pass less often than the base's?

Every case is a stratum. Given how many of its trials passed on both sides together, the number among the
candidate's is hypergeometric when nothing changed; a weighted sum of these numbers has an exact
distribution, so that the spread between cases is no noise and nothing is assumed to be normal. This is the
exact form of the Cochran-Mantel-Haenszel test (Cochran 1954, Biometrics 10:417; Mantel & Haenszel 1959,
JNCI 22:719; Agresti, *Categorical Data Analysis*, ch. 7) and McNemar's exact test with one trial a side.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from llmops_cli.stats.lattice import Summand, lower_tail

HEAVIEST = 6
"""The largest weight of a stratum: one case never counts for more than three coin-like ones."""
SMALLEST_P = 1e-14
"""p-values are computed to about this absolute error, and never said to be smaller."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Passed and judged trials of one case: the candidate's and the base's.

    Raises ValueError where passes are negative or more than the trials.
    """

    passes: int
    trials: int
    base_passes: int
    base_trials: int

    def __post_init__(self) -> None:
        if not (0 <= self.passes <= self.trials and 0 <= self.base_passes <= self.base_trials):
            raise ValueError(f"passes lie between 0 and the trials: {self}")

    @property
    def comparable(self) -> bool:
        """Both sides have at least one trial."""
        return self.trials > 0 and self.base_trials > 0

    @property
    def difference(self) -> float:
        """The candidate's pass rate less the base's, -1 to 1. Raises ZeroDivisionError if not comparable."""
        return self.passes / self.trials - self.base_passes / self.base_trials


@dataclass(frozen=True, slots=True)
class StratifiedTest:
    """The evidence that the candidate is worse: one-sided p-values, above 0 and up to 1.

    `p` counts all of the observed value's probability, `mid_p` half of it (Lancaster 1961, JASA 56:223).
    `informative` is how many cases could say anything: those with passes and failures among their trials.
    """

    p: float
    mid_p: float
    informative: int


@lru_cache(maxsize=4096)
def weight_of(passes: int, trials: int, base_trials: int) -> int:
    """The weight of a stratum with so many passes on both sides together: 1 to HEAVIEST.

    The inverse of its variance, as for any weighted mean, 2 for a coin; the bound at HEAVIEST shrinks the
    variance of cases that hardly ever fail. It depends on what the test conditions on and on nothing else,
    so that the test stays exact. `passes` lies between 1 and all trials less one.
    """
    whole = trials + base_trials
    return min(HEAVIEST, max(1, round(whole * whole / (2 * passes * (whole - passes)))))


def stratified_test(strata: Iterable[Counts]) -> StratifiedTest:
    """Is the candidate worse than the base over these cases?

    Cases without trials on a side are ignored; where no case can say anything both p-values are 1.
    """
    groups: Counter[tuple[int, int, int]] = Counter()
    observed = 0
    for (passes, trials, base_passes, base_trials), count in tally(strata).items():
        total = passes + base_passes
        if trials and base_trials and 0 < total < trials + base_trials:
            groups[total, trials, base_trials] += count
            observed += count * weight_of(total, trials, base_trials) * passes
    if not groups:
        return StratifiedTest(1.0, 1.0, 0)
    summands = [Summand(*hypergeometric(*key), weight_of(*key), count) for key, count in groups.items()]
    upto, at = lower_tail(summands, observed)
    return StratifiedTest(max(upto, SMALLEST_P), max(upto - at / 2, SMALLEST_P), sum(groups.values()))


def tally(strata: Iterable[Counts]) -> Counter[tuple[int, int, int, int]]:
    """Equal strata counted together: (passes, trials, base passes, base trials) to their number."""
    return Counter((s.passes, s.trials, s.base_passes, s.base_trials) for s in strata)


@lru_cache(maxsize=4096)
def hypergeometric(passes: int, trials: int, base_trials: int) -> tuple[int, tuple[float, ...]]:
    """How many of all the passes are the candidate's when nothing changed: the least, and probabilities."""
    low, high = max(0, passes - base_trials), min(trials, passes)
    ways = math.comb(trials + base_trials, passes)
    found = (math.comb(trials, a) * math.comb(base_trials, passes - a) / ways for a in range(low, high + 1))
    return low, tuple(found)
