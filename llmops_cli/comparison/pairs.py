"""Judges that compare with the accepted answer: who wins in how many cases, and whether luck explains it.

Such a score says nothing of a trial by itself: the base's own trials would be compared with themselves. So it
does not enter the pass of a trial; it is tested over the cases, by the exact one-sided sign test (Arbuthnot
1710; Dixon & Mood 1946). Under "no change" a case is as likely to be won as lost.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from llmops_cli.comparison.links import Link
from llmops_cli.comparison.replayed import asked_alike
from llmops_cli.domain.comparison import Delta

SIGN_TEST = "sign test"
_EVEN = 0.5


@dataclass(frozen=True, slots=True)
class Pairs:
    """The cases that were won, lost and tied against the accepted answers."""

    wins: int
    losses: int
    ties: int

    @property
    def drop(self) -> float:
        """Cases lost less cases won, of all: -1 to 1."""
        return (self.losses - self.wins) / (self.wins + self.losses + self.ties)

    @property
    def win_rate(self) -> float:
        """Of the cases that were decided; one half where none was."""
        decided = self.wins + self.losses
        return self.wins / decided if decided else _EVEN

    @property
    def p(self) -> float:
        """How often luck alone would lose so many of the decided cases, or more."""
        decided = self.wins + self.losses
        return float(
            Fraction(sum(math.comb(decided, k) for k in range(self.losses, decided + 1)), 2**decided)
        )


def pairs_of(deltas: Iterable[Delta], metric: str, links: Iterable[Link] = ()) -> Pairs | None:
    """The trials of a case vote; None without a case that was compared and might have changed. Cases that share calls
    (`links`) have one vote together.

    A trial beyond those of the base meets an answer that another trial met before it: it has no vote, for two
    that meet the same answer are not as likely to win as to lose. Neither has one that is the base's own record:
    it meets itself. A case that was asked nothing else is a tie, whatever a judge said of it: it shares in the
    drop of the set with nought, and is no evidence.
    """
    votes, ties = dict[str, int](), 0
    for delta in deltas:
        if not delta.comparable or delta.accepted:
            continue
        if asked_alike(delta.candidate, delta.base):
            ties += any(named.name == metric for o in delta.candidate.outcomes for named in o.scores)
            continue
        met = [outcome for outcome in delta.candidate.outcomes if outcome.trial <= len(delta.base.outcomes)]
        values = [n.score.value for o in met for n in o.scores if n.name == metric and n.score is not None]
        if values:
            votes[delta.case_id] = _sign(
                sum(value > _EVEN for value in values) - sum(value < _EVEN for value in values)
            )
    if not votes:
        return None
    for link in links:
        names = [name for name in link.cases if name in votes]
        if names:
            votes[names[0]] = _sign(sum(votes.pop(name) for name in names))
    wins, losses = (sum(vote == side for vote in votes.values()) for side in (1, -1))
    return Pairs(wins, losses, ties + len(votes) - wins - losses)


def _sign(vote: int) -> int:
    return (vote > 0) - (vote < 0)
