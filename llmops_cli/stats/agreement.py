"""How far a judge agrees with people, and what its errors do to the rates it reports."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from llmops_cli.stats.intervals import Interval, clopper_pearson

Scale = Literal["nominal", "ordinal", "interval"]


def agreement(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """The share of items on which both say the same, 0 to 1; None of nothing.

    Raises ValueError where the two are not of the same length.
    """
    _same_length(first, second)
    if not first:
        return None
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Agreement beyond chance, -1 to 1 (Cohen 1960, Educational and Psychological Measurement 20:37).

    None where it is undefined: a rater who only ever gives one answer cannot be told from chance. Raises
    ValueError where the two are not of the same length.
    """
    _same_length(first, second)
    mine, theirs = Counter(first), Counter(second)
    if len(mine) < 2 or len(theirs) < 2:
        return None
    count = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    expected = sum(mine[answer] * theirs[answer] for answer in mine) / count**2
    return (observed - expected) / (1 - expected)


def weighted_kappa(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Kappa of grades, where a disagreement counts by the square of its size (Cohen 1968, Psychological
    Bulletin 70:213), -1 to 1.

    Distances are those of the grades themselves. None where it is undefined, as for `cohen_kappa`. Raises
    ValueError where the two are not of the same length, or a grade is no finite number.
    """
    _same_length(first, second)
    if not all(math.isfinite(grade) for grade in (*first, *second)):
        raise ValueError("grades are finite numbers")
    mine, theirs = Counter(first), Counter(second)
    if len(mine) < 2 or len(theirs) < 2:
        return None
    observed = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) / len(first)
    expected = sum(n * m * (a - b) ** 2 for a, n in mine.items() for b, m in theirs.items()) / len(first) ** 2
    return 1 - observed / expected


def krippendorff_alpha(items: Sequence[Sequence[float | None]], scale: Scale = "nominal") -> float | None:
    """Agreement of any number of raters, up to 1; 0 is chance, below 0 worse than chance.

    `items` holds what was said of each item, None for a rater who said nothing; items with fewer than two
    ratings do not count. Krippendorff, *Content Analysis* (4th ed., 2019), ch. 12, by coincidences. None
    where only one value was ever given. Raises ValueError for ratings that are not finite or an unknown
    scale.
    """
    pairable = [[rating for rating in item if rating is not None] for item in items]
    pairable = [item for item in pairable if len(item) > 1]
    if not all(math.isfinite(rating) for item in pairable for rating in item):
        raise ValueError("ratings are finite numbers")
    totals = Counter(rating for item in pairable for rating in item)
    if len(totals) < 2:
        return None
    distance = _distances(totals, scale)
    observed = 0.0
    for item in pairable:
        counts = Counter(item)
        within = sum(n * m * distance[a, b] for a, n in counts.items() for b, m in counts.items())
        observed += within / (len(item) - 1)
    count = totals.total()
    expected = sum(n * m * distance[a, b] for a, n in totals.items() for b, m in totals.items())
    return 1 - (count - 1) * observed / expected


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often a judge is right about what people pass (sensitivity) and fail (specificity), 0 to 1.

    Each with its exact two-sided 95 % interval; None where people never passed, or never failed, anything.
    The four counts are the confusion matrix: `false_pass` is passed by the judge and failed by people.
    """

    true_pass: int
    false_pass: int
    true_fail: int
    false_fail: int
    sensitivity: float | None
    sensitivity_interval: Interval | None
    specificity: float | None
    specificity_interval: Interval | None


def accuracy(judge: Sequence[bool], people: Sequence[bool], confidence: float = 0.95) -> Accuracy:
    """Compare a judge's verdicts with people's.

    Raises ValueError where the two are not of the same length, or for a confidence not inside 0..1.
    """
    _same_length(judge, people)
    cells = Counter(zip(judge, people, strict=True))
    passed, failed = cells[True, True] + cells[False, True], cells[False, False] + cells[True, False]
    return Accuracy(
        true_pass=cells[True, True],
        false_pass=cells[True, False],
        true_fail=cells[False, False],
        false_fail=cells[False, True],
        sensitivity=cells[True, True] / passed if passed else None,
        sensitivity_interval=clopper_pearson(cells[True, True], passed, confidence) if passed else None,
        specificity=cells[False, False] / failed if failed else None,
        specificity_interval=clopper_pearson(cells[False, False], failed, confidence) if failed else None,
    )


@dataclass(frozen=True, slots=True)
class Corrected:
    """A pass rate as people would have given it, 0 to 1, with a two-sided interval."""

    rate: float
    interval: Interval


def corrected_rate(
    passes: int, trials: int, calibration: Accuracy, confidence: float = 0.95
) -> Corrected | None:
    """What a judge's pass rate would be without its errors; None where the judge is no better than chance or
    its calibration lacks a class.

    The estimate of Rogan & Gladen (1978, American Journal of Epidemiology 107:71), kept within 0..1. The
    interval is that of Lang & Reiczigel (2014, Preventive Veterinary Medicine 113:13), which counts the
    calibration's own uncertainty; for judges see Lee et al. 2025, arXiv:2511.21140. Raises ValueError where
    passes are not within 0..trials, without trials, or for a confidence not inside 0..1.
    """
    if not (trials > 0 and 0 <= passes <= trials and 0 < confidence < 1):
        raise ValueError(f"{passes} of {trials} at confidence {confidence} is no rate")
    good = calibration.true_pass + calibration.false_fail
    bad = calibration.true_fail + calibration.false_pass
    sensitivity, specificity = calibration.sensitivity, calibration.specificity
    if sensitivity is None or specificity is None or sensitivity + specificity <= 1:
        return None
    rate = (passes / trials + specificity - 1) / (sensitivity + specificity - 1)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    seen = (passes + z * z / 2) / (trials + z * z)
    right = (calibration.true_pass + 1) / (good + 2)
    wrong = (calibration.true_fail + 1) / (bad + 2)
    gain = right + wrong - 1
    if gain <= 0:
        return None
    centre = (seen + wrong - 1) / gain
    of_right, of_wrong = right * (1 - right) / (good + 2), wrong * (1 - wrong) / (bad + 2)
    shift = 2 * z * z * (centre * of_right - (1 - centre) * of_wrong)
    spread = seen * (1 - seen) / (trials + z * z) + centre**2 * of_right + (1 - centre) ** 2 * of_wrong
    half = z * math.sqrt(spread) / gain
    low, high = _within(centre + shift - half), _within(centre + shift + half)
    return Corrected(_within(rate), Interval(low, high, confidence))


def _distances(totals: Counter[float], scale: Scale) -> dict[tuple[float, float], float]:
    """The squared difference of each two values on a scale."""
    ordered = sorted(totals)
    if scale == "nominal":
        return {(a, b): float(a != b) for a in ordered for b in ordered}
    if scale == "interval":
        return {(a, b): (a - b) ** 2 for a in ordered for b in ordered}
    if scale != "ordinal":
        raise ValueError(f"a scale is nominal, ordinal or interval, not {scale!r}")
    below, ranks = 0.0, {}
    for value in ordered:
        ranks[value] = below + totals[value] / 2
        below += totals[value]
    return {(a, b): (ranks[a] - ranks[b]) ** 2 for a in ordered for b in ordered}


def _within(rate: float) -> float:
    return min(1.0, max(0.0, rate))


def _same_length(first: Sequence[object], second: Sequence[object]) -> None:
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} ratings cannot be paired")
