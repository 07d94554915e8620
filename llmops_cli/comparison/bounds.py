"""The user's own word: critical cases and the bounds of `gate:`. Nothing softens them; luck is only named."""

from collections.abc import Mapping

from llmops_cli.domain.comparison import Comparison, Reason, Side, Status, Totals

NOTABLE_CHANCE = 0.01
"""From here on it is said how often luck fails an unchanged prompt."""
_MAX_CASES = 3


def critical(comparison: Comparison, asked: Mapping[str, int]) -> list[Reason]:
    """Zero tolerance: one failed trial of a critical case blocks, whatever the baseline did.

    Of a record that is longer than the trials that are `asked` of a case, no more than these count: it would
    else fail the sooner the more is known of it.
    """
    reasons: list[Reason] = []
    for delta in comparison.deltas:
        if delta.case is None or not delta.case.critical:
            continue
        side = Side(delta.candidate.outcomes[: asked.get(delta.case_id)])
        failures = side.trials - side.passes
        if failures:
            of = f"{failures} of {side.trials} trials" if side.trials > 1 else "its trial"
            vain = ", and that this branch accepts it does not count" if delta.accepted else ""
            text = f"{comparison.title}: critical case {delta.case_id} failed {of}{vain}"
            reasons.append(Reason(Status.REGRESSION, text, delta.case.where))
    return reasons


def bounds(comparison: Comparison) -> list[Reason]:
    """Absolute bounds, and those against the baseline."""
    gate, now, before = comparison.gate, comparison.candidate, comparison.base
    reasons: list[Reason] = []
    if comparison.whole:
        reasons += _whole_set_bounds(comparison)
    if gate.max_latency_p95 is not None:
        reasons += _ceiling(comparison, "p95 latency", now.latency_p95, gate.max_latency_p95, "{:.2f} s")
    if before is not None:
        reasons += _increase(comparison, "cost per answer", before.cost, now.cost, gate.max_cost_increase)
        reasons += _increase(
            comparison, "tokens per answer", before.tokens, now.tokens, gate.max_tokens_increase
        )
        reasons += _increase(
            comparison, "p95 latency", before.latency_p95, now.latency_p95, gate.max_latency_increase
        )
    return reasons


def _whole_set_bounds(comparison: Comparison) -> list[Reason]:
    gate, now = comparison.gate, comparison.candidate
    reasons = _rate_bound(comparison)
    if (
        gate.min_mean_score is not None
        and now.mean_score is not None
        and now.mean_score < gate.min_mean_score
    ):
        wanted = f"at least {gate.min_mean_score:g}"
        reasons.append(_missed(comparison, f"mean score {now.mean_score:.2f}", wanted))
    if gate.max_cost is not None:
        total = None if now.cost is None else now.cost * max(now.trials, 1)
        reasons += _ceiling(comparison, "cost", total, gate.max_cost, "${:.4f}")
    return reasons


def _rate_bound(comparison: Comparison) -> list[Reason]:
    """Missed only where even the cases without a verdict could not save the rate."""
    bound, now = comparison.gate.min_pass_rate, comparison.candidate
    if bound is None or not now.cases:
        return []
    best = (now.passed + now.cases - now.judged) / now.cases
    if best < bound:
        return [_missed(comparison, f"pass rate {_rate(now)}", f"at least {bound:.0%}")]
    return []


def _ceiling(
    comparison: Comparison, what: str, value: float | None, bound: float, pattern: str
) -> list[Reason]:
    if value is None:
        text = f"{comparison.title}: {what} is unknown, the gate allows at most {pattern.format(bound)}"
        return [Reason(Status.INCONCLUSIVE, text, comparison.where)]
    if value > bound:
        return [_missed(comparison, f"{what} {pattern.format(value)}", f"at most {pattern.format(bound)}")]
    return []


def _increase(
    comparison: Comparison, what: str, before: float | None, now: float | None, bound: float | None
) -> list[Reason]:
    if bound is None or before is None:
        return []
    if now is None:
        text = f"{comparison.title}: {what} is unknown, the gate allows at most {bound:.0%} more than before"
        return [Reason(Status.INCONCLUSIVE, text, comparison.where)]
    if now <= before:
        return []
    growth = (now - before) / before if before else float("inf")
    if growth <= bound:
        return []
    return [_missed(comparison, f"{what} rose by {growth:.0%}", f"at most {bound:.0%} more")]


def _missed(comparison: Comparison, found: str, wanted: str) -> Reason:
    text = f"{comparison.title}: {found}, the gate wants {wanted}"
    return Reason(Status.REGRESSION, text, comparison.where)


def _rate(totals: Totals) -> str:
    return f"{totals.passed}/{totals.cases} = {totals.passed / totals.cases:.0%}"


def luck_notes(comparison: Comparison) -> list[str]:
    """How often the bound on the pass rate, and each critical case, would fail an unchanged prompt."""
    statistics = comparison.statistics
    if statistics is None:
        return []
    miss, bound, title = statistics.chance_of_missing, comparison.gate.min_pass_rate, comparison.title
    notes = []
    if miss is not None and bound is not None and miss >= NOTABLE_CHANCE:
        what = f"min_pass_rate {bound:.0%} fails an unchanged prompt by chance {miss:.0%} of the time"
        notes.append(f"{title}: {what}")
    known = [one for one in statistics.critical if one.failures and one.chance >= NOTABLE_CHANCE]
    known.sort(key=lambda one: -one.chance)
    for one in known[:_MAX_CASES]:
        trials = "1 trial" if one.trials == 1 else f"{one.trials} trials"
        record = f"critical case {one.case_id} failed {one.failures} of {one.on_record} on record"
        often = f"about {one.chance:.0%} of the time with {trials} ({one.low:.0%} to {one.high:.0%})"
        notes.append(f"{title}: {record}: fails an unchanged prompt {often}")
    if len(known) > 1:
        spared = 1.0
        for one in known:
            spared *= 1 - one.chance
        often = f"about {1 - spared:.0%} of the time"
        notes.append(f"{title}: its {len(known)} critical cases that failed on record do so together {often}")
    return notes
