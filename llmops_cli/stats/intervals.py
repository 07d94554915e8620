"""Intervals of rates and of their difference, none of which assumes much data."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from llmops_cli.stats.special import beta_quantile
from llmops_cli.stats.stratified import Counts, tally

DROP_BOUND = "stratified Miettinen–Nurminen score bound"
"""What the bounds of a drop are called."""
_PRECISE = 1e-10
_NEGATIVE = 0.05


@dataclass(frozen=True, slots=True)
class Interval:
    """Two bounds, `low` <= `high`, and the confidence that they hold together, inside 0..1."""

    low: float
    high: float
    confidence: float


def clopper_pearson(passes: float, trials: float, confidence: float = 0.95) -> Interval:
    """The exact two-sided interval of a rate (Clopper & Pearson 1934, Biometrika 26:404).

    Fractions are what dependent trials are worth (Korn & Graubard 1998, Survey Methodology 24:193). Raises
    ValueError where passes are not within 0..trials, without trials, or for a confidence not inside 0..1.
    """
    check_rate(passes, trials, confidence)
    tail = (1 - confidence) / 2
    low = beta_quantile(passes, trials - passes + 1, tail) if passes else 0.0
    high = beta_quantile(passes + 1, trials - passes, 1 - tail) if passes < trials else 1.0
    return Interval(low, high, confidence)


def wilson(passes: int, trials: int, confidence: float = 0.95) -> Interval:
    """The two-sided score interval of a rate (Wilson 1927, JASA 22:209). Raises as `clopper_pearson` does."""
    check_rate(passes, trials, confidence)
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    rate, whole = passes / trials, trials + z2
    centre = (passes + z2 / 2) / whole
    half = math.sqrt(z2) / whole * math.sqrt(trials * rate * (1 - rate) + z2 / 4)
    return Interval(max(0.0, centre - half), min(1.0, centre + half), confidence)


@dataclass(frozen=True, slots=True)
class Drop:
    """How much lower the candidate's trial pass rate is than the base's over these cases, -1 to 1.

    `at_most` and `at_least` are one-sided bounds, each holding with `confidence` (inside 0..1) on its own.
    """

    estimate: float
    at_least: float
    at_most: float
    confidence: float
    method: str = DROP_BOUND


def drop_of(
    strata: Iterable[Counts], confidence: float = 0.95, linked: Iterable[Sequence[Counts]] = ()
) -> Drop | None:
    """The mean over cases of (base rate - candidate rate) with its bounds; None without comparable cases.

    The score statistic of Miettinen & Nurminen (1985, Statistics in Medicine 4:213), every case a stratum of
    equal weight: variances are those that are most likely under the bound itself, so that cases without a
    failure still add to it. It is inverted numerically. `linked` are further cases, in groups whose trials were
    answered by the same calls: their errors add up as if they always went together, which is the most they can.
    Raises ValueError for a confidence below 0.5 or not below 1.
    """
    if not 0.5 <= confidence < 1:
        raise ValueError(f"the confidence of a bound lies in 0.5..1, not {confidence}")
    groups = [(key, count) for key, count in tally(strata).items() if key[1] and key[3]]
    together = [list(tally(s for s in group if s.comparable).items()) for group in linked]
    every = [*groups, *(one for group in together for one in group)]
    cases = sum(count for _, count in every)
    if not cases:
        return None
    estimate = sum(count * (key[2] / key[3] - key[0] / key[1]) for key, count in every) / cases
    z = NormalDist().inv_cdf(confidence)

    def excess(drop: float, sign: int) -> float:
        variance = sum(count * _variance(*key, -drop) for key, count in groups)
        for group in together:
            variance += sum(count * math.sqrt(_variance(*key, -drop)) for key, count in group) ** 2
        error = math.sqrt(variance) / cases
        return sign * (drop - estimate) - z * error

    def bound(sign: int) -> float:
        return _crossing(lambda drop: excess(drop, sign), estimate, float(sign))

    return Drop(estimate, bound(-1), bound(1), confidence)


def _variance(passes: int, trials: int, base_passes: int, base_trials: int, difference: float) -> float:
    """The variance of one stratum's difference when the true one (candidate - base) is `difference`.

    Rates are the most likely ones under that difference: the root of a cubic in closed form (Miettinen &
    Nurminen 1985, appendix; Farrington & Manning 1990, Statistics in Medicine 9:1447).
    """
    whole, both = trials + base_trials, passes + base_passes
    square = ((trials + 2 * base_trials) * difference - whole - both) / (3 * whole)
    linear = ((base_trials * difference - whole - 2 * base_passes) * difference + both) / (3 * whole)
    constant = base_passes * difference * (1 - difference) / whole
    q = square**3 - 1.5 * linear * square + constant / 2
    p = math.copysign(math.sqrt(max(0.0, square**2 - linear)), q)
    turn = (math.pi + math.acos(max(-1.0, min(1.0, q / p**3 if p else 1.0)))) / 3
    low, high = max(0.0, -difference), min(1.0, 1 - difference)
    base = min(high, max(low, 2 * p * math.cos(turn) - square))
    rate = min(1.0, max(0.0, base + difference))
    spread = rate * (1 - rate) / trials + base * (1 - base) / base_trials
    return spread * whole / (whole - 1)


def _crossing(function: Callable[[float], float], inside: float, outside: float) -> float:
    """Where a function turns positive on the way from `inside` to `outside`; `outside` if it never does.

    False position with the Illinois step (Dowell & Jarratt 1971, BIT 11:168).
    """
    # without a failure anywhere it is 0 at the estimate and negative right beside it
    low, high = min(function(inside), -_NEGATIVE), function(outside)
    if high <= 0:
        return outside
    last = 0
    for _ in range(100):
        place = (inside * high - outside * low) / (high - low)
        value = function(place)
        side = 1 if value > 0 else -1
        if side > 0:
            moved, outside, high, low = outside - place, place, value, low / 2 if side == last else low
        else:
            moved, inside, low, high = inside - place, place, value, high / 2 if side == last else high
        last = side
        if abs(moved) < _PRECISE or value == 0:
            break
    return place


def check_rate(passes: float, trials: float, confidence: float) -> None:
    """Raises ValueError where passes are not within 0..trials, without trials, or for an odd confidence."""
    if not (trials > 0 and 0 <= passes <= trials):
        raise ValueError(f"{passes} of {trials} is no rate")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies inside 0..1, not {confidence}")
