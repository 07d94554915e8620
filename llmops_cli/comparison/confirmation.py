"""Is this one case really broken? Asked of fresh trials, and only for cases that look broken.

A case that failed its few trials proves nothing: three against three can never be significant. So the
suspicious ones are asked again, and where the base has but a few trials on record, those that failed on both
sides as well: a break must not hide behind one unlucky answer. Pure: an engine asks, counts and comes back.

*The level.* Fisher's exact test decides, on a number of trials that is fixed beforehand, at a level L = alpha
divided by *all* cases. It sees fresh trials of the candidate only, and of the base either fresh ones only or
the whole record. Write A for "this case is examined" and C for "Fisher's test over all planned trials is
significant". When nothing changed, fresh trials do not depend on the trials that chose the case (of this case
and of all others), so that with fresh trials of both sides P(A and C) = P(A) P(C | A) <= L, whatever the
choice: by a flip, by failures on both sides, or by how many others there are. Where the record is the base's
part, P(A and C) <= P(C) <= L, as Fisher's test is exact over every record: the choice can only take away. A case
is confirmed only where C is certain, and giving up early takes away again. Summed over all cases the chance of
any false confirmation is at most alpha.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from llmops_cli.stats.fisher import fisher_worse
from llmops_cli.stats.stratified import Counts

ENOUGH_ON_RECORD = 10
"""A base with so many trials on record is not asked again."""
_THIN_ENOUGH = 3
"""Up to so many trials on record a single failure of the base hides a break from `suspicious`."""
_WORTH = 4
"""An answer against a break (the candidate passes, the base fails) is worth so many that speak for one. Where a
broken case passes 2 % of its trials and a sound one about 60 %, as those do that flip by chance, the
logarithms of the likelihood ratios are log(0.02 / 0.6) = -3.4 and log(0.98 / 0.4) = 0.9."""
_FLIP, _CLEAN_RECORD, _FAILED_SHARE = 4, 8, 30
"""Head starts, in answers that speak for a break: a flip on a thin record; a clean record of ten or more, less
so much for its share of failures (8, 5, 2 and 0 for none to three of ten). Flips against such a record are mostly
cases that fail often. The optimum of a dynamic programme over what calls find is of this shape."""
_LEAD = 3
"""The candidate is so many trials ahead of the base: most suspects are cleared by it alone."""
_DOUBTS = 20
"""One case that failed on both sides is examined for so many of the candidate's trials, or for each flip."""
ENOUGH_FLIPS = 20
"""Where the whole set is found worse, so many of its flips are asked again at first."""
MOST = 200
"""No case is worth more fresh trials a side than this."""


class Standing(StrEnum):
    """What is known of a suspicious case: it is broken, it is not shown to be, or more trials are needed."""

    CONFIRMED = "confirmed"
    CLEARED = "cleared"
    GO_ON = "go on"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a suspicious case is examined: at most so many fresh trials a side, at this level (inside 0..1).

    `base_fresh` is 0 where the base's record serves as its trials; then `record` holds its (passes, trials).
    `doubtful`: it failed on both sides, so that the base is asked first, and one answer is enough to drop it.
    `reserve`: it is examined only where the first ones give reason to (`suspects.worth_the_rest`).
    """

    fresh: int
    base_fresh: int
    level: float
    record: tuple[int, int] | None = None
    doubtful: bool = False
    reserve: bool = False

    @property
    def calls(self) -> int:
        """Calls at most."""
        return self.fresh + self.base_fresh

    @property
    def reachable(self) -> bool:
        """Could a clean break (all fresh trials of the candidate fail, the base's pass) be confirmed?"""
        return _outcome(self, Counts(0, self.fresh, self.base_fresh, self.base_fresh)) is Standing.CONFIRMED


@dataclass(frozen=True, slots=True)
class Step:
    """Where an examination stands, and how many trials to ask next, both sides interleaved.

    None of the trials asked for can turn out superfluous. `p` is Fisher's, of the trials so far; once
    confirmed it supposes the worst of those that were not asked, so that stopping early does not flatter
    it.
    """

    standing: Standing
    p: float
    candidate: int = 0
    base: int = 0


def suspicious(counts: Counts) -> bool:
    """The candidate passed at most a third of its trials, and the base at least 70 % of its own."""
    return (
        counts.comparable
        and 3 * counts.passes <= counts.trials
        and 10 * counts.base_passes >= 7 * counts.base_trials
    )


def in_doubt(counts: Counts) -> bool:
    """No flip, but it might be a break: the candidate passed at most a third, and the base failed one trial of
    a record so short that this alone keeps it from being `suspicious` (0 of 1, 1 of 2, 2 of 3)."""
    return (
        counts.comparable
        and 3 * counts.passes <= counts.trials
        and counts.base_passes == counts.base_trials - 1 < _THIN_ENOUGH
    )


def doubts(cases: Mapping[str, Counts], settled: Collection[str] = ()) -> list[str]:
    """Which of the cases in doubt are examined: as many as there are flips, or one for each twenty trials of
    the candidate, whichever is more, and at least one.

    A set that has been failing for long is thus not asked all over again; the best records come first.
    `settled` need no examination.
    """
    found = [name for name, counts in cases.items() if in_doubt(counts) and name not in settled]
    flips = sum(suspicious(counts) for counts in cases.values())
    trials = sum(counts.trials for counts in cases.values() if counts.comparable)
    found = sorted(in_no_order(found), key=lambda name: -cases[name].base_passes)
    return found[: max(1, flips, trials // _DOUBTS)]


def in_no_order(names: Iterable[str]) -> list[str]:
    """In the order of a hash, which no place in a file favours, and no answer."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())


def plan_of(counts: Counts, level: float, most: int = MOST) -> Plan:
    """How to examine a case with these trials on record; `level` is this case's own part of alpha.

    As few fresh trials as will still confirm a break with a few answers astray: two passes and three failures
    of the base where both are asked; against a record, one pass where the base failed two, and none against
    the poorest record that is suspicious. Never more than `most`. The number depends on how many trials the
    base has on record, not on how they ended: the level would be lost. Raises ValueError for a level not
    inside 0..1 or `most` below 1.
    """
    if not 0 < level < 1 or most < 1:
        raise ValueError(f"a confirmation needs a level inside 0..1 and at least one trial: {level}, {most}")
    on_record = counts.base_trials
    if on_record >= ENOUGH_ON_RECORD:
        poorest = -(-7 * on_record // 10)
        fresh = next(
            (
                k
                for k in range(2, most)
                if fisher_worse(Counts(1, k, on_record - 2, on_record)) <= level
                and fisher_worse(Counts(0, k, poorest, on_record)) <= level
            ),
            most,
        )
        return Plan(fresh, 0, level, (counts.base_passes, on_record))
    fresh = next((k for k in range(5, most) if fisher_worse(Counts(2, k, k - 3, k)) <= level), most)
    return Plan(fresh, fresh, level, doubtful=in_doubt(counts))


@lru_cache(maxsize=16384)
def examine(plan: Plan, fresh: Counts) -> Step:
    """What follows from the fresh trials so far (the record is in the plan).

    Raises ValueError for more trials than planned.
    """
    if fresh.trials > plan.fresh or fresh.base_trials > plan.base_fresh:
        raise ValueError(f"more trials than planned: {fresh} of {plan}")
    standing = _outcome(plan, fresh)
    if standing is Standing.CONFIRMED:
        return Step(standing, fisher_worse(_whole(plan, _at_worst(plan, fresh))))
    candidate, base = _next(plan, fresh) if standing is Standing.GO_ON else (0, 0)
    return Step(standing, fisher_worse(_whole(plan, fresh)), candidate, base)


def _outcome(plan: Plan, fresh: Counts) -> Standing:
    """Confirmed or cleared where nothing that may follow can change it, or early answers speak against it."""
    if fisher_worse(_whole(plan, _at_worst(plan, fresh))) <= plan.level:
        return Standing.CONFIRMED
    base_left = plan.base_fresh - fresh.base_trials
    at_best = Counts(fresh.passes, plan.fresh, fresh.base_passes + base_left, plan.base_fresh)
    if fisher_worse(_whole(plan, at_best)) > plan.level:
        return Standing.CLEARED
    return Standing.CLEARED if _hopeless(plan, fresh) else Standing.GO_ON


def _hopeless(plan: Plan, fresh: Counts) -> bool:
    """The lower boundary of Wald's sequential probability-ratio test (1945, Ann. Math. Stat. 16:117): the
    answers that speak for a break do not outweigh those against it, with the head start that the record
    gives."""
    against = fresh.passes + fresh.base_trials - fresh.base_passes
    speaking_for = fresh.trials + fresh.base_trials - against
    return speaking_for + _head_start(plan) < _WORTH * against


def _head_start(plan: Plan) -> float:
    if plan.record is None:
        return 0 if plan.doubtful else _FLIP
    passes, trials = plan.record
    return max(0.0, _CLEAN_RECORD - _FAILED_SHARE * (trials - passes) / trials)


def _at_worst(plan: Plan, fresh: Counts) -> Counts:
    """The candidate passes all that is left and the base fails it."""
    passes = fresh.passes + plan.fresh - fresh.trials
    return Counts(passes, plan.fresh, fresh.base_passes, plan.base_fresh)


def _whole(plan: Plan, fresh: Counts) -> Counts:
    if plan.record is None:
        return fresh
    return Counts(fresh.passes, fresh.trials, *plan.record)


def _next(plan: Plan, fresh: Counts) -> tuple[int, int]:
    """The trials without which nothing can be decided: the soonest end is where all go one way."""
    broken = sound = fresh
    candidate = base = 0
    while True:
        if _candidate_next(plan, broken):
            candidate += 1
            broken = Counts(broken.passes, broken.trials + 1, broken.base_passes, broken.base_trials)
            sound = Counts(sound.passes + 1, sound.trials + 1, sound.base_passes, sound.base_trials)
        else:
            base += 1
            broken = Counts(broken.passes, broken.trials, broken.base_passes + 1, broken.base_trials + 1)
            sound = Counts(sound.passes, sound.trials, sound.base_passes, sound.base_trials + 1)
        if any(_outcome(plan, counts) is not Standing.GO_ON for counts in (broken, sound)):
            return candidate, base


def _candidate_next(plan: Plan, fresh: Counts) -> bool:
    if fresh.trials >= plan.fresh:
        return False
    lead = 0 if plan.doubtful else _LEAD
    return fresh.base_trials >= plan.base_fresh or fresh.trials < fresh.base_trials + lead
