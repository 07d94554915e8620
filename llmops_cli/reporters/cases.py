"""What every report shows of one case: which ones deserve a place, what was asked and answered, and why it failed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Fresh, Side
from llmops_cli.domain.comparison_json import reference_of
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
CONFIRMED = "confirmed"


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
    """What asking again showed, for suspicious cases; or why they were not asked again."""
    asked_again: str
    """What `fresh` is called: "asked again" or "not asked again"."""
    confirmed: bool
    void: str | None
    """That an acceptance does not count, where there is one that does not."""


def view_of(delta: Delta) -> CaseView:
    """The case of a delta."""
    base = next((o for o in delta.base.outcomes if o.passed), None) or _first(delta.base)
    after = next((o for o in delta.candidate.outcomes if o.passed is False), None)
    several = delta.candidate.trials > 1 or delta.base.trials > 1
    fresh = delta.fresh
    unasked = fresh is not None and not _was_asked(fresh)
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
        fresh=None
        if fresh is None
        else (fresh.unasked or "no reason is on record")
        if unasked
        else fresh_of(fresh),
        asked_again="not asked again" if unasked else "asked again",
        confirmed=fresh is not None and fresh.standing == CONFIRMED,
        void=_void(delta),
    )


def _void(delta: Delta) -> str | None:
    if not delta.accepted or delta.excused:
        return None
    by = f" by {delta.accepted_by}" if delta.accepted_by else ""
    return f"accepted{by}, which does not count: the case is critical"


def shown_whole(comparisons: Iterable[Comparison]) -> list[tuple[Comparison, Delta]]:
    """Cases that a person is shown whole, the gravest first: who has no room for all drops from the end."""
    found = [(one, delta) for one in comparisons for delta in one.deltas if is_broken(delta, one)]
    return sorted(found, key=lambda pair: gravity(pair[1], pair[0]))


def gravity(delta: Delta, comparison: Comparison) -> tuple[int, float]:
    """The less, the graver: critical failures, confirmed regressions, those that were not confirmed one by one,
    what fell most, what fails and has nothing to be compared with; at last what is accepted."""
    if delta.excused:
        return 5, 0
    if delta.case is not None and delta.case.critical and delta.candidate.passes < delta.candidate.trials:
        return 0, 0
    if delta.kind is DeltaKind.REGRESSED:
        return (1 if delta.fresh is None or delta.fresh.standing == CONFIRMED else 2), 0
    return (3, -delta.fall) if delta.case_id in comparison.fell_most else (4, 0)


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


def heading(
    kind: DeltaKind | Literal["failing alike"], label: str, found: Sequence[tuple[Comparison, Delta]]
) -> str:
    """What is said of a list of cases; of the other side's answers no more than is known."""
    if kind != FAILING_ALIKE:
        return label
    other = "the reference" if all(reference_of(one.against) for one, _ in found) else "the accepted prompt"
    if all(delta.fresh is not None and delta.fresh.base_trials == 1 for _, delta in found):
        each = " of each" if len(found) > 1 else ""
        return f"failing, and {other}'s one fresh trial{each} failed as well"
    return label.replace("the accepted prompt", other)


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
    if not _was_asked(fresh):
        return f"no ({fresh.unasked})" if fresh.unasked else "no"
    base = f"the base {fresh.base_passes} of {fresh.base_trials}" if fresh.base_trials else ""
    if not fresh.trials:
        counts = f"{fresh.base_passes} of {fresh.base_trials}"
        return f"of the base's fresh trials {counts} passed{_ended(fresh)}"
    counts = f"{fresh.passes} of {fresh.trials} fresh trials passed" + (f", {base}" if base else "")
    return f"{counts}{_p(fresh.p)}{_ended(fresh)}"


def _was_asked(fresh: Fresh) -> bool:
    return bool(fresh.trials or fresh.base_trials)


def _ended(fresh: Fresh) -> str:
    """How far it was from its end, where it was not asked to the end: a small p alone confirms nothing."""
    if not fresh.unasked:
        return ""
    if fresh.level is None:
        return f"; not to the end: {fresh.unasked}"
    sides = " a side" if fresh.base_planned else ""
    return f"; not to the end, of {fresh.planned} planned{sides} at level {fresh.level:.2g}: {fresh.unasked}"
