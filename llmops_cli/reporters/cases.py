"""What every report shows of one case: which ones deserve a place, what was asked and answered, and why it failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Fresh, Side
from llmops_cli.domain.outcome import Outcome

FAILING_ALIKE: Literal["failing alike"] = "failing alike"
"""Cases that failed every trial and were not shown to be worse, as the accepted prompt fails today as well."""
LISTED: tuple[tuple[DeltaKind | Literal["failing alike"], str], ...] = (
    (FAILING_ALIKE, "failing, as the accepted prompt does today"),
    (DeltaKind.FLAKY, "flaky (some trials passed, some failed)"),
    (DeltaKind.IMPROVED, "improved"),
    (DeltaKind.UNCHANGED, "still failing"),
    (DeltaKind.NEW, "new"),
    (DeltaKind.REMOVED, "removed"),
    (DeltaKind.INCOMPARABLE, "not compared"),
)
"""What is named and not shown whole, in the order of a report, with their headings."""


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case as a reader needs it; texts are as the model gave them, to be made inert by each report."""

    inputs: Mapping[str, Any]
    before: str | None
    """An answer that passed, where the base has one; None where the base has none at all."""
    after: str | None
    """The first answer that failed; None where none did."""
    failed: tuple[tuple[str, str], ...]
    """Scorers that failed it, each with its explanation."""
    trials: str | None
    """Both sides' counts and their p, where there are several trials."""
    fresh: str | None
    """What asking again showed, for suspicious cases."""
    confirmed: bool


def view_of(delta: Delta) -> CaseView:
    """The case of a delta."""
    base = next((o for o in delta.base.outcomes if o.passed), None) or _first(delta.base)
    after = next((o for o in delta.candidate.outcomes if o.passed is False), None)
    several = delta.candidate.trials > 1 or delta.base.trials > 1
    return CaseView(
        inputs=delta.case.vars if delta.case else {},
        before=_answer_text(base),
        after=_answer_text(after),
        failed=tuple(
            (named.name, named.score.explanation)
            for named in (after.scores if after else ())
            if named.score is not None and not named.score.passed and named.severity == "fail"
        ),
        trials=f"{_trials(delta.base)} before, {_trials(delta.candidate)} now{_p(delta.p)}"
        if several
        else None,
        fresh=fresh_of(delta.fresh) if delta.fresh is not None else None,
        confirmed=delta.fresh is not None and delta.fresh.standing == "confirmed",
    )


def is_broken(delta: Delta, comparison: Comparison) -> bool:
    """What a person is shown whole: broken cases; where only the set as a whole got worse, those that fell most."""
    return is_broken_by_itself(delta, comparison) or delta.case_id in comparison.fell_most


def is_broken_by_itself(delta: Delta, comparison: Comparison) -> bool:
    """Regressions; whatever fails and has nothing to be compared with; and critical cases in any event."""
    if delta.kind is DeltaKind.REGRESSED:
        return True
    failed_trial = delta.candidate.passes < delta.candidate.trials
    if delta.case is not None and delta.case.critical and failed_trial:
        return True
    unknown = delta.kind in (DeltaKind.NEW, DeltaKind.INCOMPARABLE)
    return (comparison.against is None or unknown) and delta.candidate.passed is False


def fails_alike(delta: Delta) -> bool:
    """No trial of the candidate passed, and not all fresh ones of the accepted prompt did."""
    fresh = delta.fresh
    if delta.kind is not DeltaKind.FLAKY or fresh is None or delta.candidate.passes or fresh.passes:
        return False
    return fresh.base_passes < fresh.base_trials


def listed(comparison: Comparison, kind: DeltaKind | Literal["failing alike"]) -> list[Delta]:
    """Cases to be named under a kind: of the unchanged ones only those that go on failing are worth a word."""
    if kind is DeltaKind.NEW and comparison.against is None:
        return []
    if kind == FAILING_ALIKE:
        return [delta for delta in comparison.deltas if fails_alike(delta)]
    found = [delta for delta in comparison.deltas if delta.kind is kind and not fails_alike(delta)]
    return [delta for delta in found if kind is not DeltaKind.UNCHANGED or delta.candidate.passed is False]


def _first(side: Side) -> Outcome | None:
    return side.outcomes[0] if side.outcomes else None


def _answer_text(outcome: Outcome | None) -> str | None:
    if outcome is None or outcome.response is None:
        return None
    calls = "".join(f"\n[calls {call.name}({call.arguments})]" for call in outcome.response.tool_calls)
    return (outcome.response.text + calls).strip("\n") or "(empty)"


def _trials(side: Side) -> str:
    return f"{side.passes} of {side.trials} passed" if side.trials else "none"


def _p(p: float | None) -> str:
    return f" (p = {p:.2g})" if p is not None else ""


def fresh_of(fresh: Fresh) -> str:
    """What asking again showed, in words."""
    base = f", the base {fresh.base_passes} of {fresh.base_trials}" if fresh.base_trials else ""
    if not fresh.trials and not fresh.base_trials:
        return f"no ({fresh.unasked})" if fresh.unasked else "no"
    ended = f"; not to the end: {fresh.unasked}" if fresh.unasked else ""
    return f"{fresh.passes} of {fresh.trials} fresh trials passed{base}{_p(fresh.p)}{ended}"
