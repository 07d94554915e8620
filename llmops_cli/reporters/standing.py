"""What a case means to the verdict: the one question that every report for machines asks of it."""

from collections.abc import Iterator
from enum import StrEnum

from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Result, Status
from llmops_cli.domain.outcome import Outcome
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.errors import SourceLocation
from llmops_cli.reporters.cases import fails_alike, is_broken_by_itself


class Standing(StrEnum):
    """Where a case stands. Nothing is BROKEN or UNJUDGED in a run that passed."""

    BROKEN = "broken"
    """It got worse, or is critical and failed, or fails with nothing to compare with in a run that is no pass."""
    UNJUDGED = "unjudged"
    """There is no answer, or a scorer could not judge it."""
    ACCEPTED = "accepted"
    """It got worse, and the branch's own baseline accepts that."""
    FAILING = "failing"
    """It fails and blocks nothing: it failed before, or the verdict is a pass all the same."""
    REMOVED = "removed"
    INCOMPARABLE = "incomparable"
    """It passes, and what it was compared with is no measure for it."""
    PASSED = "passed"


def standing_of(delta: Delta, comparison: Comparison, status: Status) -> Standing:
    """The standing of a case in a run with this verdict."""
    if delta.kind is DeltaKind.REMOVED:
        return Standing.REMOVED
    if (
        is_broken_by_itself(delta, comparison)
        and not delta.excused
        and status not in (Status.PASS, Status.UNAFFECTED)
    ):
        return Standing.BROKEN
    if delta.candidate.passed is None:
        return Standing.UNJUDGED
    if delta.excused:
        return Standing.ACCEPTED
    if not delta.candidate.passed:
        return Standing.FAILING
    return Standing.INCOMPARABLE if delta.kind is DeltaKind.INCOMPARABLE else Standing.PASSED


def place_of(delta: Delta, comparison: Comparison) -> SourceLocation:
    """The case's line; of a case that is gone, the evalset's."""
    return delta.case.where if delta.case is not None and delta.case.where.path else comparison.where


def why_not(delta: Delta, standing: Standing) -> str:
    """Why a case is no failure and no pass, in one line."""
    kind = delta.kind
    if standing is Standing.REMOVED:
        return f"removed{_because(delta)}"
    if standing is Standing.INCOMPARABLE:
        return f"passes, but is not compared{_because(delta)}"
    if standing is Standing.ACCEPTED:
        return "got worse, and this branch's own baseline accepts it"
    if fails_alike(delta):
        return f"fails, and is not shown to be worse{_because(delta)}"
    if kind is DeltaKind.FLAKY:
        return f"fails some of its trials; not shown to be worse{_because(delta)}"
    if kind is DeltaKind.UNCHANGED:
        return "fails as it did before"
    return f"fails, and there is nothing to compare it with; it does not block{_because(delta)}"


def _because(delta: Delta) -> str:
    return f": {delta.reason}" if delta.reason else ""


def unjudged_because(delta: Delta) -> str:
    """Why a case could not be judged."""
    for outcome in delta.candidate.outcomes:
        if outcome.unjudged:
            hint = f"; {outcome.failure.hint}" if outcome.failure and outcome.failure.hint else ""
            return outcome.unjudged + hint
    return "no answer"


def telling(delta: Delta) -> Outcome | None:
    """The answer that a report shows: the first that failed, else the first there is."""
    outcomes = delta.candidate.outcomes
    failed = next((outcome for outcome in outcomes if outcome.passed is False), None)
    return failed or next((outcome for outcome in outcomes if outcome.response is not None), None)


def failed_scores(outcome: Outcome | None) -> list[NamedScore]:
    """Scores that the answer did not pass, those that only warn included."""
    scores = outcome.scores if outcome else ()
    return [named for named in scores if named.score is not None and not named.score.passed]


def cases(result: Result) -> Iterator[tuple[Comparison, Delta, Standing]]:
    """Every case of every comparison, with its standing."""
    for comparison in result.comparisons:
        for delta in comparison.deltas:
            yield comparison, delta, standing_of(delta, comparison, result.verdict.status)


def beyond_cases(result: Result) -> list[tuple[SourceLocation | None, str]]:
    """Grounds of a red verdict that speak of a whole set: bounds, drops. Those of single cases stand with them."""
    places = {str(delta.case.where) for _, delta, _ in cases(result) if delta.case is not None}
    return [
        (reason.where, reason.text)
        for reason in result.verdict.reasons
        if reason.status is Status.REGRESSION and str(reason.where) not in places
    ]
