"""What a set can see before it is asked: the smallest drop it would show, and what chance alone does."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist

from llmops_cli.stats.lattice import Summand, lower_tail
from llmops_cli.stats.stratified import hypergeometric, weight_of

POWER = 0.8
_GROUPS = 48
_GOLDEN = 2.0
"""The prior's size in sets of which 70 % pass with p ~ Beta(30, 1) and 30 % with p ~ Beta(2, 1.2), about."""


def detectable_drop(
    rates: Sequence[float],
    trials: int,
    base_trials: int,
    alpha: float = 0.05,
    power: float = POWER,
    *,
    cases: int | None = None,
) -> float | None:
    """The smallest drop of every case's pass rate (not below 0) that the stratified test shows with `power`.

    `rates` are the base's true pass rates, as far as they are known (see `shrunken_rates`), `cases` how many
    cases like these there would be. The drop is that of the mean rate, 0 to 1; None where even failing
    everything would not be shown. A normal approximation of the exact test's distribution under the drop;
    the simulation agrees within a point of the drop. Raises ValueError for rates outside 0..1, alpha or power
    not inside 0..1, and fewer than one trial a side.
    """
    _check(rates, trials, base_trials, alpha, power)
    if not rates:
        return None
    share = (cases or len(rates)) / len(rates)
    groups = _grouped(rates)
    z, wanted = NormalDist().inv_cdf(1 - alpha), NormalDist().inv_cdf(power)

    def shown(drop: float) -> bool:
        mean = variance = null = 0.0
        for rate, count in groups.items():
            parts = _by_passes(rate, trials, base_trials)
            chances = _binomial(max(0.0, rate - drop), trials)
            first, second, third = (
                sum(chance * part[place] for chance, part in zip(chances, parts, strict=True))
                for place in range(3)
            )
            mean += share * count * first
            variance += share * count * (second - first * first)
            null += share * count * third
        if null <= 0 or -mean <= z * math.sqrt(null):
            return False
        return -mean - z * math.sqrt(null) >= wanted * math.sqrt(max(variance, 0.0))

    low, high = 0.0, 1.0
    if not shown(high):
        high = max((place / 50 for place in range(50, 0, -1) if shown(place / 50)), default=0.0)
        if not high:
            return None
    for _ in range(11):
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return sum(count * min(rate, high) for rate, count in groups.items()) / len(rates)


def error_of_drop(rates: Sequence[float], trials: int, base_trials: int, cases: int | None = None) -> float:
    """The standard error of the mean drop (0 to 1) of an unchanged prompt whose cases pass at these rates.

    `cases`: how many cases like these there would be. Raises as `detectable_drop` does; ValueError without rates.
    """
    _check(rates, trials, base_trials, 0.5, 0.5)
    if not rates:
        raise ValueError("without a case there is no drop")
    coin = sum(rate * (1 - rate) for rate in rates) / len(rates)
    return math.sqrt(coin * (1 / trials + 1 / base_trials) / (cases or len(rates)))


def shrunken_rates(record: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """Likely true rates of cases with (passes, trials) on record: each drawn towards the mean of all.

    Ten of ten is no promise of never failing. Empirical Bayes with a beta prior fitted by moments (Kleinman
    1973, JASA 68:46), drawn less far than each case by itself would be, so that together the rates differ as much
    as true ones would (Louis 1984, JASA 79:393): what a set shows depends on how its cases differ. One trial a
    case says nothing of that; then cases are taken to differ as golden sets do, most reliable and some not. Cases
    without trials get the mean. Raises ValueError where passes exceed trials.
    """
    if any(not 0 <= passes <= trials for passes, trials in record):
        raise ValueError("passes lie between 0 and the trials")
    judged = [(passes, trials) for passes, trials in record if trials]
    if not judged:
        return ()
    # half a pass and half a failure, so that a set without a failure is not taken for perfect
    mean = (sum(passes for passes, _ in judged) + 0.5) / (sum(trials for _, trials in judged) + 1)
    prior = _prior_size(judged, mean)
    return tuple(
        mean + math.sqrt(trials / (trials + prior)) * (passes / trials - mean) if trials else mean
        for passes, trials in record
    )


def chance_of_missing(rates: Sequence[float], trials: int, bound: float) -> float:
    """How often an unchanged prompt would miss a bound on the pass rate: P(passes / trials < bound).

    `rates` are true pass rates of the cases, each asked `trials` times, so that the passes are a sum of
    unequal coins (Poisson 1837); exact. For a bound on cases that pass by a rule: `case_pass_rates` and one
    trial. Raises ValueError for rates or a bound outside 0..1, and for fewer than one trial.
    """
    _check(rates, trials, 1, 0.5, 0.5)
    if not 0 <= bound <= 1:
        raise ValueError(f"a rate lies between 0 and 1, not {bound}")
    if not rates:
        return 0.0
    enough = math.ceil(bound * len(rates) * trials - 1e-9)
    groups = Counter(rates)
    coins = [Summand(0, (1 - rate, rate), 1, count * trials) for rate, count in groups.items()]
    return lower_tail(coins, enough - 1)[0]


def case_pass_rates(rates: Sequence[float], trials: int, needed: int) -> tuple[float, ...]:
    """How likely each case is to pass at least `needed` of its trials, which pass at these rates.

    Raises ValueError for rates outside 0..1, fewer than one trial, and a need that is not within 1..trials.
    """
    _check(rates, trials, 1, 0.5, 0.5)
    if not 1 <= needed <= trials:
        raise ValueError(f"a case needs between 1 and {trials} of its trials to pass, not {needed}")
    found = {rate: math.fsum(_binomial(rate, trials)[needed:]) for rate in set(rates)}
    return tuple(min(1.0, found[rate]) for rate in rates)


def _prior_size(record: Sequence[tuple[int, int]], mean: float) -> float:
    """How many trials the prior is worth: few where cases differ more than chance explains."""
    trials = sum(count for _, count in record) / len(record)
    if trials <= 1:
        return _GOLDEN
    spread = sum((passes / count - mean) ** 2 for passes, count in record) / len(record)
    coin = mean * (1 - mean)
    share = (spread / coin - 1 / trials) / (1 - 1 / trials) if coin > 0 else 0.0
    return min(50.0, max(0.5, 1 / share - 1)) if share > 0 else 50.0


def _grouped(rates: Sequence[float]) -> Counter[float]:
    """Equal rates counted; where there are very many different ones, neighbours share their mean."""
    groups = Counter(rates)
    if len(groups) <= _GROUPS:
        return groups
    ordered = sorted(rates)
    cuts = [len(ordered) * place // _GROUPS for place in range(_GROUPS + 1)]
    parts = [ordered[low:high] for low, high in pairwise(cuts) if high > low]
    merged: Counter[float] = Counter()
    for part in parts:
        merged[sum(part) / len(part)] += len(part)
    return merged


@lru_cache(maxsize=1024)
def _by_passes(rate: float, trials: int, base_trials: int) -> tuple[tuple[float, float, float], ...]:
    """One case's part of the test, by the candidate's passes, over all the base may do at this rate.

    w (a - E a), its square, and the variance that the test expects of it.
    """
    theirs = _binomial(rate, base_trials)
    found = []
    for passes in range(trials + 1):
        mean = square = null = 0.0
        for base_passes, chance in enumerate(theirs):
            total = passes + base_passes
            if 0 < total < trials + base_trials:
                expected, variance = _null(total, trials, base_trials)
                weight = weight_of(total, trials, base_trials)
                value = weight * (passes - expected)
                mean += chance * value
                square += chance * value * value
                null += chance * weight * weight * variance
        found.append((mean, square, null))
    return tuple(found)


@lru_cache(maxsize=4096)
def _null(total: int, trials: int, base_trials: int) -> tuple[float, float]:
    least, chances = hypergeometric(total, trials, base_trials)
    mean = sum((least + x) * chance for x, chance in enumerate(chances))
    return mean, sum((least + x - mean) ** 2 * chance for x, chance in enumerate(chances))


def _binomial(rate: float, trials: int) -> list[float]:
    return [math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(trials + 1)]


def _check(rates: Sequence[float], trials: int, base_trials: int, alpha: float, power: float) -> None:
    if not all(0 <= rate <= 1 for rate in rates):
        raise ValueError("pass rates lie between 0 and 1")
    if trials < 1 or base_trials < 1:
        raise ValueError(f"each side needs at least one trial, not {trials} and {base_trials}")
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha and power lie inside 0..1, not {alpha} and {power}")
