"""What readings are worth that fall into groups, as several trials of one case do."""

from collections.abc import Iterable


def independent_readings(groups: Iterable[tuple[int, int]]) -> float:
    """How many independent readings these are worth; of each group its positives and its readings.

    All readings by the design effect 1 + (m - 1) r (Kish 1965, *Survey Sampling*), where m is Σ k² / Σ k over
    the groups' sizes, and r how far readings of one group agree beyond chance: the analysis-of-variance
    estimator (Donner 1986, Int. Stat. Rev. 54:67), within 0..1. Where it cannot be estimated, as all readings
    are alike or there is one group only, r is 1: a group counts once. 0 without readings. Raises ValueError for
    a group with more positives than readings.
    """
    counted = [(hits, of) for hits, of in groups if of or hits]
    if any(not 0 <= hits <= of for hits, of in counted):
        raise ValueError("a group has more positives than readings")
    whole = sum(of for _, of in counted)
    squares = sum(of * of for _, of in counted)
    return whole / (1 + (squares / whole - 1) * _agreement(counted)) if whole else 0.0


def _agreement(groups: list[tuple[int, int]]) -> float:
    """The correlation of two readings of one group."""
    count, whole = len(groups), sum(of for _, of in groups)
    if count < 2 or count == whole:  # in the second case nobody needs it
        return 1.0
    rate = sum(hits for hits, _ in groups) / whole
    between = sum(of * (hits / of - rate) ** 2 for hits, of in groups) / (count - 1)
    within = sum(hits * (of - hits) / of for hits, of in groups) / (whole - count)
    size = (whole - sum(of * of for _, of in groups) / whole) / (count - 1)
    total = between + (size - 1) * within
    return min(1.0, max(0.0, (between - within) / total)) if total else 1.0
