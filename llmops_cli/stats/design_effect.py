"""What readings are worth that fall into groups, as several trials of one case do."""

from collections.abc import Iterable, Sequence


def independent_readings(groups: Iterable[tuple[int, int]]) -> float:
    """How many independent readings these are worth; of each group its positives and its readings.

    All readings by the design effect 1 + (m - 1) r (Kish 1965, *Survey Sampling*), where m is Σ k² / Σ k over
    the groups' sizes, and r how far readings of one group agree beyond chance: the analysis-of-variance
    estimator (Donner 1986, Int. Stat. Rev. 54:67), within 0..1. For it a group of positives alone and one of
    negatives alone are added, both of size m, as Agresti & Coull (1998, Am. Stat. 52:119) add readings to a
    rate: few groups that chance to be alike would say that groups do not matter, and with nothing but
    positives nothing could be said at all. `benchmarks/judges.py` has what becomes of intervals by it.
    0 without readings. Raises ValueError for a group with more positives than readings.
    """
    counted = [(float(hits), float(of)) for hits, of in groups if of or hits]
    if any(not 0 <= hits <= of for hits, of in counted):
        raise ValueError("a group has more positives than readings")
    if not counted:
        return 0.0
    whole = sum(of for _, of in counted)
    size = sum(of * of for _, of in counted) / whole
    if size == 1:
        return whole
    return whole / (1 + (size - 1) * _agreement([*counted, (size, size), (0.0, size)]))


def _agreement(groups: Sequence[tuple[float, float]]) -> float:
    """The correlation of two readings of one group; there are more readings than groups, of both kinds."""
    count, whole = len(groups), sum(of for _, of in groups)
    rate = sum(hits for hits, _ in groups) / whole
    between = sum(of * (hits / of - rate) ** 2 for hits, of in groups) / (count - 1)
    within = sum(hits * (of - hits) / of for hits, of in groups) / (whole - count)
    size = (whole - sum(of * of for _, of in groups) / whole) / (count - 1)
    return min(1.0, max(0.0, (between - within) / (between + (size - 1) * within)))
