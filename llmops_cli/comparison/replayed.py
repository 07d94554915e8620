"""Answers that are the base's own record. They stand on both sides, and are evidence of nothing.

A case whose request is the one on record is answered from there. Its candidate then *is* the base: it did not
get worse, whatever its trials say, and to count them once more would only add their noise to that of the cases
that were asked. Such a case is known to be unchanged; it shares in the drop of its set with exactly nought.
"""

from dataclasses import replace

from llmops_cli.domain.comparison import Delta, Side
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.stats.intervals import Drop
from llmops_cli.stats.stratified import Counts


def asked(candidate: Side, base: Side) -> tuple[Outcome, ...]:
    """The candidate's trials but for those that are the base's own."""
    known = _requests(base)
    return tuple(one for one in candidate.outcomes if not _replayed(one, known))


def known_unchanged(candidate: Side, base: Side) -> bool:
    """All of the candidate's answers are the base's own record (not so with --fresh)."""
    return bool(candidate.outcomes) and not asked(candidate, base)


def asked_alike(candidate: Side, base: Side) -> bool:
    """Some of the candidate's answers are the base's own record: both sides are asked the same."""
    known = _requests(base)
    return any(_replayed(one, known) for one in candidate.outcomes)


def counts_of(delta: Delta) -> Counts:
    """The judged trials of both sides.

    What the candidate has from the base's own record counts once; where that is all it has, it is the base.
    """
    base = delta.base
    unchanged = known_unchanged(delta.candidate, base)
    mine = base if unchanged else Side(asked(delta.candidate, base))
    return Counts(mine.passes, mine.trials, base.passes, base.trials)


def share(changed: int, cases: int) -> float:
    """What a drop over the changed cases alone is worth over all of them: the others' is nought."""
    return changed / cases if cases else 0.0


def over_all(drop: Drop, part: float) -> Drop:
    """A drop over the changed cases and its bounds, over a whole set of which they are this part."""
    return replace(
        drop, estimate=drop.estimate * part, at_least=drop.at_least * part, at_most=drop.at_most * part
    )


def _requests(base: Side) -> frozenset[str]:
    return frozenset(outcome.fingerprint for outcome in base.outcomes)


def _replayed(outcome: Outcome, known: frozenset[str]) -> bool:
    return outcome.source is Source.BASELINE and outcome.fingerprint in known
