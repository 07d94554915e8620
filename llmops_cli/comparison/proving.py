"""`gate: {prove: 5%}`: the burden turned round. Who changes a prompt shows that it is not worse by more.

Trials are added on all cases, on both sides, until the drop's bound is within the margin, or beyond it, or
there are no more to be had. When to look, and what each look may spend, is fixed beforehand
(`stats/sequential.py`), so that looking often makes no error more likely. Pure: an engine asks and comes back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.comparison.links import Link, evidence_of, links_of
from llmops_cli.comparison.replayed import asked_alike, over_all, share
from llmops_cli.domain.comparison import Comparison, Delta
from llmops_cli.domain.outcome import Outcome
from llmops_cli.domain.statistics import Proof
from llmops_cli.stats import sequential
from llmops_cli.stats.stratified import Counts

PROVEN, REFUTED, UNDECIDED = "proven", "refuted", "undecided"


@dataclass(frozen=True)
class Claim:
    """What is to be proven: over `cases` comparable cases the trial pass rate dropped by `margin` at most.

    `changed` holds the trials so far of those whose request is another one than the base's: the others are
    the same question, and their drop is nought without asking. `looks`: trials a case at which it is looked.
    """

    margin: float
    cases: int
    changed: Mapping[str, Counts]
    looks: tuple[int, ...]
    links: tuple[Link, ...] = ()
    """Cases that are answered by the very same calls."""

    @property
    def margin_of_changed(self) -> float:
        """What the drop over the changed cases alone may be: the others share in it with nought."""
        return self.margin / self.share

    @property
    def share(self) -> float:
        """The part of all cases that changed."""
        return share(len(self.changed), self.cases)


def claim_of(margin: float, deltas: Sequence[Delta], counts: Mapping[str, Counts], most: int) -> Claim:
    """The claim about the cases in `counts` (the comparable ones), with at most `most` trials a case."""
    known = {delta.case_id: delta for delta in deltas}
    changed = {name: one for name, one in counts.items() if not unchanged(known[name])}
    trials = min((one.trials for one in changed.values()), default=most)
    return Claim(margin, len(counts), changed, looks(trials, most), links_of(deltas))


def unchanged(delta: Delta) -> bool:
    """Both sides were asked the same, and the candidate's answers are those on record (not so with --fresh)."""
    return asked_alike(delta.candidate, delta.base)


def looks(trials: int, most: int) -> tuple[int, ...]:
    """When to look: after the run's own trials, then after twice as many each time, and after all.

    Raises ValueError for less than one trial.
    """
    if trials < 1:
        raise ValueError(f"a first look needs a trial of each case, not {trials}")
    found = []
    while trials < most:
        found.append(trials)
        trials *= 2
    return (*found, max(most, found[0] if found else trials))


def needed(counts: Counts, target: int) -> tuple[int, int]:
    """Trials of the candidate and of the base that are missing; the base's record counts."""
    return max(0, target - counts.trials), max(0, target - counts.base_trials)


def look(claim: Claim, counts: Mapping[str, Counts], number: int) -> sequential.Look:
    """What the trials of the changed cases so far show at the look of this number, from 0."""
    evidence = evidence_of(counts, claim.links)
    most = claim.looks[-1]
    before = claim.looks[number - 1] / most if number else 0.0
    part = claim.looks[number] / most
    return sequential.look(evidence.single, claim.margin_of_changed, part, before, linked=evidence.together)


def trivial(claim: Claim) -> bool:
    """So few cases changed that not even their total loss would reach the margin; or none did."""
    return not claim.changed or claim.margin_of_changed >= 1


def without_trials(claim: Claim) -> Proof:
    """The proof of a trivial claim."""
    return Proof(PROVEN, claim.margin, claim.cases, len(claim.changed), at_most=claim.share)


def proof_of(
    claim: Claim, found: sequential.Look | None, number: int, asked: tuple[int, int], why: str = ""
) -> Proof:
    """How it ended: at the look of this number, after so many trials of candidate and base were added.

    `why` says why it ended before it was settled.
    """
    standing = {sequential.Proof.PROVEN: PROVEN, sequential.Proof.REFUTED: REFUTED}
    drop = over_all(found.drop, claim.share) if found and found.drop else None
    return Proof(
        standing=standing.get(found.proof, UNDECIDED) if found else UNDECIDED,
        margin=claim.margin,
        cases=claim.cases,
        changed=len(claim.changed),
        looks=claim.looks[: number + 1] if found else (),
        most=claim.looks[-1],
        added=asked[0],
        base_added=asked[1],
        drop=drop.estimate if drop else None,
        at_most=drop.at_most if drop else None,
        at_least=drop.at_least if drop else None,
        level=found.level if found else None,
        why=why,
    )


def counted(before: Counts, candidate: Iterable[Outcome], base: Iterable[Outcome]) -> Counts:
    """The trials of a case with those that were added; all of them were judged."""
    mine = [outcome.passed is True for outcome in candidate]
    theirs = [outcome.passed is True for outcome in base]
    return Counts(
        before.passes + sum(mine),
        before.trials + len(mine),
        before.base_passes + sum(theirs),
        before.base_trials + len(theirs),
    )


def wants_proof(comparison: Comparison) -> bool:
    """Whether trials could tell: where answers do not vary every flip is known to be one."""
    return (
        comparison.gate.prove is not None
        and comparison.against is not None
        and not comparison.variant.deterministic
    )
