"""Recorded answers under today's scorers: the marks they had, and the marks they get."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmops_cli.domain.comparison import Side, Totals
from llmops_cli.domain.evalset import DEFAULT_VARIANT, Case
from llmops_cli.domain.outcome import Outcome
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.errors import ExitCode


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """One scorer's word on one answer, then and today; None where it was, or is, no scorer of the case."""

    name: str
    before: NamedScore | None
    after: NamedScore | None

    @property
    def differs(self) -> bool:
        """Whether it counts otherwise: another mark, or the same one with another severity.

        A pass of a scorer that came or went makes no difference.
        """
        if self.before is None or self.after is None:
            named = self.before or self.after
            return named is not None and (named.score is None or not named.score.passed)
        return _mark(self.before) != _mark(self.after)


@dataclass(frozen=True, slots=True)
class RescoredCase:
    """One case as it stands today. `before.passed` is what was decided then, `after.passed` what is today."""

    case: Case
    before: Side
    after: Side

    @property
    def changed(self) -> bool:
        """Whether the case's own mark is another one."""
        return self.before.passed is not self.after.passed

    def trials(self) -> Iterator[tuple[Outcome, Outcome]]:
        """Each trial as it was scored then and as it is today."""
        return zip(self.before.outcomes, self.after.outcomes, strict=True)

    @property
    def unscored(self) -> str | None:
        """Why a scorer could not judge an answer today, if one could not."""
        failures = (
            f"{named.name}: {named.failure}"
            for outcome in self.after.outcomes
            for named in outcome.scores
            if named.failure is not None
        )
        return next(failures, None)

    @property
    def judged_otherwise(self) -> bool:
        """Whether any scorer says something else of any answer."""
        return any(change.differs for pair in self.trials() for change in score_changes(*pair))


@dataclass(frozen=True)
class RescoredSet:
    """One evalset and variant; the totals are over the same cases on both sides."""

    evalset: str
    path: str
    variant: str
    cases: tuple[RescoredCase, ...]
    before: Totals
    after: Totals
    gone: tuple[str, ...] = ()
    """Cases with recorded answers that the set no longer has."""
    otherwise: tuple[str, ...] = ()
    """Cases whose variables changed since: their answers are answers to another question."""
    unasked: tuple[str, ...] = ()
    """Cases of today's set without a recorded answer."""
    gated: frozenset[str] = frozenset()
    """Names of scores that are decided over all cases, so that none of them fails a trial."""

    @property
    def title(self) -> str:
        """The evalset, and the variant where there are several."""
        return self.evalset if self.variant == DEFAULT_VARIANT else f"{self.evalset} · {self.variant}"


@dataclass(frozen=True)
class Rescored:
    """What `llmops score` found.

    `kept` scores stand, as their scorer is the same; `anew` were given today. `missing` are evalsets that
    are gone.
    """

    source: str
    sets: tuple[RescoredSet, ...]
    kept: int
    anew: int
    judge_calls: int = 0
    judge_cost: float | None = 0.0
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """No gate: only an answer that could not be scored is told apart."""
        unscored = any(case.unscored for part in self.sets for case in part.cases)
        return ExitCode.INCONCLUSIVE if unscored else ExitCode.PASS


def score_changes(before: Outcome, after: Outcome) -> list[ScoreChange]:
    """Every scorer of either day, by name, today's in order first."""
    then = {named.name: named for named in before.scores}
    today = {named.name: named for named in after.scores}
    return [ScoreChange(name, then.get(name), today.get(name)) for name in {**today, **then}]


def _mark(named: NamedScore) -> object:
    return named.severity, None if named.score is None else named.score.passed
