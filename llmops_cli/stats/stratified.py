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
class Linked:
    """Cases whose trials were answered by the very same calls: of each call of the candidate and of the base, which
    of the cases it passed, always in the same order of cases.

    Raises ValueError for calls that speak of different numbers of cases.
    """

    calls: tuple[tuple[bool, ...], ...]
    base_calls: tuple[tuple[bool, ...], ...]

    def __post_init__(self) -> None:
        if len({len(call) for call in (*self.calls, *self.base_calls)}) > 1:
            raise ValueError(f"every call speaks of all cases: {self}")

    @property
    def strata(self) -> tuple[Counts, ...]:
        """Each case by itself."""
        columns = zip(zip(*self.calls, strict=True), zip(*self.base_calls, strict=True), strict=True)
        return tuple(Counts(sum(a), len(a), sum(b), len(b)) for a, b in columns)


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


def stratified_test(strata: Iterable[Counts], linked: Iterable[Linked] = ()) -> StratifiedTest:
    """Is the candidate worse than the base over these cases?

    Cases without trials on a side are ignored; where no case can say anything both p-values are 1. Of `linked` cases
    not the trials of each change places between the sides, but the calls, with all that they mean to the cases: so
    the test stays exact however alike the cases are.
    """
    groups: Counter[tuple[int, int, int]] = Counter()
    observed = 0
    for (passes, trials, base_passes, base_trials), count in tally(strata).items():
        total = passes + base_passes
        if trials and base_trials and 0 < total < trials + base_trials:
            groups[total, trials, base_trials] += count
            observed += count * weight_of(total, trials, base_trials) * passes
    summands = [Summand(*hypergeometric(*key), weight_of(*key), count) for key, count in groups.items()]
    informative = sum(groups.values())
    for one in linked:
        mine, theirs = _weighed(one)
        if len({*mine, *theirs}) > 1:
            summands.append(Summand(*_subset_sums(tuple(sorted((*mine, *theirs))), len(mine))))
            observed += sum(mine)
            informative += sum(0 < s.passes + s.base_passes < s.trials + s.base_trials for s in one.strata)
    if not summands:
        return StratifiedTest(1.0, 1.0, 0)
    upto, at = lower_tail(summands, observed)
    return StratifiedTest(max(upto, SMALLEST_P), max(upto - at / 2, SMALLEST_P), informative)


def _weighed(linked: Linked) -> tuple[list[int], list[int]]:
    """The weights of the cases that each call passed, added up: the candidate's calls, and the base's."""
    keys = [(s.passes + s.base_passes, s.trials, s.base_trials) for s in linked.strata]
    weights = [weight_of(*key) if 0 < key[0] < key[1] + key[2] else 0 for key in keys]
    sides = (linked.calls, linked.base_calls)
    mine, theirs = ([sum(w for w, passed in zip(weights, call, strict=True) if passed) for call in side]
                    for side in sides)  # fmt: skip
    return mine, theirs


@lru_cache(maxsize=4096)
def _subset_sums(scores: tuple[int, ...], size: int) -> tuple[int, tuple[float, ...]]:
    """The sum of `size` of these scores, each choice as likely: the least it can be, and probabilities.

    Choices are counted by number and sum, as coefficients of polynomials that are packed into whole numbers
    (Kronecker substitution), so that one addition adds a whole polynomial.
    """
    ways, least = math.comb(len(scores), size), min(scores)
    bits = ways.bit_length()
    packed = [1] + [0] * size
    for score in scores:
        for chosen in range(size, 0, -1):
            packed[chosen] += packed[chosen - 1] << (bits * (score - least))
    counts, rest, mask = [], packed[size], (1 << bits) - 1
    while rest:
        counts.append(rest & mask)
        rest >>= bits
    return least * size, tuple(count / ways for count in counts)


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
