"""Graded metrics: scorers whose scores are gated beside the pass rate, because `gate:` names them.

A fall that no case shows as a failure (answers that are all good enough, and all a little worse) is seen
here. A trial without the score is left out and never counted as 0; the gate says where too much is missing.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.comparison.replayed import asked, known_unchanged
from llmops_cli.domain.comparison import Delta, Side
from llmops_cli.domain.statistics import SetTest
from llmops_cli.stats.permutation import GradedCase

EXACT = "exact: answers do not vary"
"""What the comparison of a metric is called where a provider always answers alike."""
_DIGITS = 6
"""As many as a baseline keeps: a third on record must not be less than a third of today."""


@dataclass(frozen=True, slots=True)
class Ungraded:
    """Comparable cases without one score of a gated metric, on one side, and why."""

    metric: str
    whose: str
    """"this run" or "the base"."""
    cases: tuple[str, ...]
    of: int
    why: str


def graded(deltas: Iterable[Delta], metric: str) -> dict[str, GradedCase]:
    """The scores of each comparable case that has some on both sides; what the branch accepts is left out.

    Of a case that is known to be unchanged the mean of the record, on both sides: no test moves it.
    """
    found = {
        delta.case_id: _graded(delta, metric) for delta in deltas if delta.comparable and not delta.accepted
    }
    return {case_id: case for case_id, case in found.items() if case.scores and case.base_scores}


def _graded(delta: Delta, metric: str) -> GradedCase:
    base = scores_of(delta.base, metric)
    if known_unchanged(delta.candidate, delta.base):
        same = (math.fsum(base) / len(base),) if base else ()
        return GradedCase(same, same)
    return GradedCase(scores_of(Side(asked(delta.candidate, delta.base)), metric), base)


def scores_of(side: Side, metric: str) -> tuple[float, ...]:
    """The metric's scores, in order of trial."""
    named = (named for outcome in side.outcomes for named in outcome.scores if named.name == metric)
    return tuple(round(one.score.value, _DIGITS) for one in named if one.score is not None)


def ungraded(deltas: Sequence[Delta], metric: str) -> list[Ungraded]:
    """Where the metric's scorer was asked and gave a side of a case nothing."""
    counted = [delta for delta in deltas if delta.comparable and _asked(delta, metric)]
    found = []
    for whose, side_of in (("this run", _candidate), ("the base", _base)):
        missing = [delta for delta in counted if not scores_of(side_of(delta), metric)]
        if missing:
            ids = tuple(delta.case_id for delta in missing)
            why = _why(side_of(missing[0]), metric)
            found.append(Ungraded(metric, whose, ids, len(counted), why))
    return found


def exact_test(metric: str, cases: Mapping[str, GradedCase], min_effect: float) -> SetTest | None:
    """The fall where neither answers nor scores vary: what is seen is what is; None without cases.

    Under "no change" a provider that always answers alike shows no difference at all, so that p is 0 or 1.
    """
    if not cases:
        return None
    base, candidate = means(list(cases.values()))
    drop = base - candidate
    p = 0.0 if drop > 0 else 1.0
    return SetTest(metric, EXACT, drop, None, p, p, p == 0 and reaches(drop, min_effect), base, candidate)


def means(cases: Sequence[GradedCase]) -> tuple[float, float]:
    """The mean over cases of the mean over trials: the base's, and the candidate's."""
    return (
        math.fsum(sum(one.base_scores) / len(one.base_scores) for one in cases) / len(cases),
        math.fsum(sum(one.scores) / len(one.scores) for one in cases) / len(cases),
    )


def reaches(drop: float, min_effect: float) -> bool:
    """A drop of exactly the smallest effect counts, whatever the last digit of a mean says."""
    return drop >= min_effect or math.isclose(drop, min_effect)


def _asked(delta: Delta, metric: str) -> bool:
    outcomes = (*delta.candidate.outcomes, *delta.base.outcomes)
    return any(named.name == metric for outcome in outcomes for named in outcome.scores)


def _candidate(delta: Delta) -> Side:
    return delta.candidate


def _base(delta: Delta) -> Side:
    return delta.base


def _why(side: Side, metric: str) -> str:
    failures = (
        named.failure for outcome in side.outcomes for named in outcome.scores if named.name == metric
    )
    return next((failure for failure in failures if failure), "no score")
