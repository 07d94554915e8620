"""Slices by tag: where in the set the drop is. They are shown, and gate nothing.

The test of the whole set, restricted to the cases of one tag; Holm over all tags of all sets behind the exit
code, so that of many tags without a change hardly one looks worse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from llmops_cli.domain.statistics import Slice
from llmops_cli.stats.holm import holm
from llmops_cli.stats.intervals import drop_of
from llmops_cli.stats.stratified import Counts, stratified_test

FEWEST = 5
"""With fewer comparable cases a tag says nothing that the cases themselves do not."""
ALPHA = 0.05

Tagged = tuple[Mapping[str, Counts], Mapping[str, Sequence[str]]]
"""The counts of one set by case id, and the tags of its cases."""


def slices(sets: Sequence[Tagged], confidence: float = 0.95) -> list[tuple[Slice, ...]]:
    """The tags of each set with enough cases that have trials on both sides, in alphabetical order."""
    found = [_slices(counts, tags, confidence) for counts, tags in sets]
    adjusted = iter(holm([one.p for part in found for one in part]))
    return [tuple(replace(one, adjusted_p=next(adjusted)) for one in part) for part in found]


def with_notable(
    found: Sequence[Slice], cases: int, min_effect: float, *, got_worse: bool
) -> tuple[Slice, ...]:
    """The slices, those marked that a short report shows: significant drops of at least `min_effect`; where
    none is and the set got worse all the same, the largest drop. A tag of all `cases` says nothing new."""
    parts = [one for one in found if one.cases < cases]
    worse = [one for one in parts if one.adjusted_p <= ALPHA and one.drop >= min_effect]
    if not worse and got_worse:
        fell = [one for one in parts if one.drop > 0]
        worse = [max(fell, key=lambda one: one.drop)] if fell else []
    return tuple(replace(one, notable=one in worse) for one in found)


def _slices(
    counts: Mapping[str, Counts], tags: Mapping[str, Sequence[str]], confidence: float
) -> list[Slice]:
    by_tag: dict[str, list[Counts]] = {}
    for case_id, one in counts.items():
        if one.comparable:
            for tag in dict.fromkeys(tags.get(case_id, ())):
                by_tag.setdefault(tag, []).append(one)
    return [_slice(tag, by_tag[tag], confidence) for tag in sorted(by_tag) if len(by_tag[tag]) >= FEWEST]


def _slice(tag: str, strata: Sequence[Counts], confidence: float) -> Slice:
    drop = drop_of(strata, confidence)
    assert drop is not None  # all of them are comparable
    p = stratified_test(strata).mid_p
    base, candidate = rates(strata)
    return Slice(tag, len(strata), base, candidate, drop.estimate, drop.at_most, p, p)


def rates(strata: Sequence[Counts]) -> tuple[float, float]:
    """The mean over comparable cases of the trial pass rate: the base's, and the candidate's."""
    return (
        sum(one.base_passes / one.base_trials for one in strata) / len(strata),
        sum(one.passes / one.trials for one in strata) / len(strata),
    )
