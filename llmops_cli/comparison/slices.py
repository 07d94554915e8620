"""Slices by tag: where in the set the drop is. They are shown, and gate nothing.

The test of the whole set, restricted to the cases of one tag; Holm over all tags of all sets behind the exit
code, so that of many tags without a change hardly one looks worse.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from llmops_cli.comparison.links import Evidence, Link, evidence_of
from llmops_cli.comparison.replayed import over_all, share
from llmops_cli.domain.statistics import Slice
from llmops_cli.stats.holm import holm
from llmops_cli.stats.intervals import drop_of
from llmops_cli.stats.stratified import Counts, stratified_test

FEWEST = 5
"""With fewer comparable cases a tag says nothing that the cases themselves do not."""
ALPHA = 0.05

Tagged = tuple[Mapping[str, Counts], Mapping[str, Sequence[str]]]
"""The counts of one set by case id, and the tags of its cases."""


def slices(
    sets: Sequence[Tagged],
    unchanged: Sequence[Collection[str]] = (),
    links: Sequence[Sequence[Link]] = (),
    confidence: float = 0.95,
) -> list[tuple[Slice, ...]]:
    """The tags of each set with enough cases that have trials on both sides, in alphabetical order.

    `unchanged`: of each set the cases that are known to be. A tag of nothing else was not tested: p is 1. `links`: of
    each set the cases that share calls.
    """
    known, linked = unchanged or [()] * len(sets), links or [()] * len(sets)
    found = [
        _slices(*one, left, link, confidence) for one, left, link in zip(sets, known, linked, strict=True)
    ]
    adjusted = iter(holm([one.p for part in found for one in part if _tested(one)]))
    return [
        tuple(replace(one, adjusted_p=next(adjusted)) if _tested(one) else one for one in part)
        for part in found
    ]


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
    counts: Mapping[str, Counts],
    tags: Mapping[str, Sequence[str]],
    unchanged: Collection[str],
    links: Sequence[Link],
    confidence: float,
) -> list[Slice]:
    by_tag: dict[str, list[str]] = {}
    for case_id, one in counts.items():
        if one.comparable:
            for tag in dict.fromkeys(tags.get(case_id, ())):
                by_tag.setdefault(tag, []).append(case_id)
    found = []
    for tag, names in sorted(by_tag.items()):
        if len(names) >= FEWEST:
            tested = {name: counts[name] for name in names if name not in unchanged}
            evidence = evidence_of(tested, links)
            found.append(_slice(tag, [counts[name] for name in names], len(tested), evidence, confidence))
    return found


def _slice(tag: str, strata: Sequence[Counts], tested: int, evidence: Evidence, confidence: float) -> Slice:
    base, candidate = rates(strata)
    left = len(strata) - tested
    drop = drop_of(evidence.single, confidence, evidence.together)
    if drop is None:  # nothing was asked
        return Slice(tag, len(strata), base, candidate, 0.0, 0.0, 1.0, 1.0, unchanged=left)
    drop = over_all(drop, share(tested, len(strata)))
    p = stratified_test(evidence.alone, evidence.linked).mid_p
    return Slice(tag, len(strata), base, candidate, drop.estimate, drop.at_most, p, p, unchanged=left)


def _tested(one: Slice) -> bool:
    return one.unchanged < one.cases


def rates(strata: Sequence[Counts]) -> tuple[float, float]:
    """The mean over comparable cases of the trial pass rate: the base's, and the candidate's."""
    return (
        sum(one.base_passes / one.base_trials for one in strata) / len(strata),
        sum(one.passes / one.trials for one in strata) / len(strata),
    )
