"""How far raters agree, how often an instrument errs, and what that means for a rate it measured."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from llmops_cli.stats.intervals import Interval, check_rate, clopper_pearson

Level = Literal["nominal", "ordinal", "interval"]
Weights = Literal["none", "quadratic"]


def cohen_kappa(pairs: Sequence[tuple[float, float]], weights: Weights = "none") -> float | None:
    """Agreement of two raters beyond chance, up to 1 (Cohen 1960, Educ. Psychol. Meas. 20:37).

    "quadratic" weighs a disagreement by the squared distance of the grades (Cohen 1968, Psychol. Bull.
    70:213). 0 where one rater gave the same rating throughout, whatever the other one says. None where it is
    undefined, 0 / 0: nothing was rated, or both gave one and the same rating throughout.
    """
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    if len(first | second) < 2:
        return None
    apart: Callable[[float, float], float] = _squared if weights == "quadratic" else _different
    seen = math.fsum(apart(a, b) for a, b in pairs) / len(pairs)
    chance = math.fsum(m * n * apart(a, b) for a, m in first.items() for b, n in second.items())
    return 1 - seen * len(pairs) ** 2 / chance


def krippendorff_alpha(units: Iterable[Sequence[float | None]], level: Level = "nominal") -> float | None:
    """Agreement of any number of raters, up to 1; None as a rating is a missing one.

    Each unit holds its ratings, in any order; units with fewer than two say nothing (Hayes & Krippendorff
    2007, Communication Methods and Measures 1:77; Krippendorff 2011, Computing Krippendorff's
    Alpha-Reliability). Ratings of "ordinal" are ordered by their value. None where it is undefined: nothing
    was rated twice, or all ratings are the same.
    """
    given = [[rating for rating in unit if rating is not None] for unit in units]
    given = [unit for unit in given if len(unit) > 1]
    totals = Counter(rating for unit in given for rating in unit)
    apart = _metric(level, totals)
    values = list(totals)
    chance = math.fsum(totals[a] * totals[b] * apart(a, b) for a in values for b in values)
    if not chance:
        return None
    parts = []
    for unit in given:
        counts = Counter(unit)
        # pairs within one rating are no distance apart, so that m² pairs may be summed for m(m - 1)
        parts += [m * n * apart(a, b) / (len(unit) - 1) for a, m in counts.items() for b, n in counts.items()]
    return 1 - (totals.total() - 1) * math.fsum(parts) / chance


def _metric(level: Level, totals: Mapping[float, int]) -> Callable[[float, float], float]:
    if level == "nominal":
        return _different
    if level == "interval":
        return _squared
    ranks, below = {}, 0
    for value in sorted(totals):
        ranks[value] = below + totals[value] / 2  # the middle of the ranks that share this value
        below += totals[value]
    return lambda a, b: _squared(ranks[a], ranks[b])


def _different(a: float, b: float) -> float:
    return float(a != b)


def _squared(a: float, b: float) -> float:
    return (a - b) ** 2


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `of` (at least 1), with the exact interval of the rate."""

    hits: int
    of: int
    interval: Interval

    @property
    def value(self) -> float:
        """The rate, 0 to 1."""
        return self.hits / self.of


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often an instrument is right: about what is positive, and about what is negative.

    None where no unit is positive, or none negative.
    """

    sensitivity: Rate | None
    specificity: Rate | None


def accuracy(pairs: Iterable[tuple[bool, bool]], confidence: float = 0.95) -> Accuracy:
    """From pairs of (truth, reading), with Clopper-Pearson intervals.

    Raises ValueError for a confidence not inside 0..1.
    """
    counts = Counter((bool(truth), bool(reading)) for truth, reading in pairs)
    return Accuracy(
        _rate(counts[True, True], counts[True, True] + counts[True, False], confidence),
        _rate(counts[False, False], counts[False, False] + counts[False, True], confidence),
    )


def _rate(hits: int, of: int, confidence: float) -> Rate | None:
    return Rate(hits, of, clopper_pearson(hits, of, confidence)) if of else None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A rate as it would be without the instrument's errors, with its interval, both within 0..1."""

    estimate: float
    interval: Interval


def rogan_gladen(
    positives: float, readings: float, known: Accuracy, confidence: float = 0.95
) -> Corrected | None:
    """The true rate behind `positives` of `readings` by an instrument with estimated errors.

    The estimate is that of Rogan & Gladen (1978, Am. J. Epidemiology 107:71), the interval that of Lang &
    Reiczigel (2014, Prev. Vet. Med. 113:13), which counts the uncertainty of sensitivity and specificity
    in. (Lee et al., arXiv:2511.21140, recommend both for judges that are models.) Both take the readings for
    independent. Where they are not, `readings` is the number they are worth (`independent_readings`) and
    `positives` that times their rate, a fraction where it falls so. None where sensitivity or specificity is
    unknown, or where together they are no better than chance: then a reading says nothing. Raises ValueError
    where positives are not within 0..readings, without readings, or for a confidence not inside 0..1.
    """
    check_rate(positives, readings, confidence)
    sensitivity, specificity = known.sensitivity, known.specificity
    if sensitivity is None or specificity is None or sensitivity.value + specificity.value <= 1:
        return None
    estimate = _true_rate(positives / readings, sensitivity.value, specificity.value)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    n = readings + z * z
    p = (positives + z * z / 2) / n
    n_sens, n_spec = sensitivity.of + 2, specificity.of + 2
    sens, spec = (sensitivity.hits + 1) / n_sens, (specificity.hits + 1) / n_spec
    if sens + spec <= 1:
        return Corrected(_clipped(estimate), Interval(0.0, 1.0, confidence))
    centre = _true_rate(p, sens, spec)
    v_sens, v_spec = sens * (1 - sens) / n_sens, spec * (1 - spec) / n_spec
    shift = 2 * z * z * (centre * v_sens - (1 - centre) * v_spec)
    spread = math.sqrt(p * (1 - p) / n + (1 - centre) ** 2 * v_spec + centre**2 * v_sens) / (sens + spec - 1)
    low, high = centre + shift - z * spread, centre + shift + z * spread
    return Corrected(_clipped(estimate), Interval(_clipped(low), _clipped(high), confidence))


def _true_rate(rate: float, sensitivity: float, specificity: float) -> float:
    return (rate + specificity - 1) / (sensitivity + specificity - 1)


def _clipped(value: float) -> float:
    return min(1.0, max(0.0, value))
