"""Figures of one side over a whole set."""

from collections.abc import Iterable, Sequence

from llmops_cli.domain.baseline import VariantSummary
from llmops_cli.domain.comparison import Side, Totals
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.stats.descriptive import mean, quantile


def totals_of(sides: Sequence[Side], summary: VariantSummary | None = None) -> Totals:
    """Totals over the cases of one side.

    Tokens and cost are means per answer, so that sides with unlike numbers of trials compare. Answers on
    record carry neither latency nor cost; where all answers are such, the recorded `summary` stands. What
    was asked now and has no price has none, and what got no answer has no figures: the old ones say nothing of it.
    """
    outcomes = [outcome for side in sides for outcome in side.outcomes]
    if {o.source for o in outcomes if o.response} != {Source.BASELINE}:
        summary = None
    judged = [side for side in sides if side.passed is not None]
    latencies = _known(o.response.latency for o in outcomes if o.response)
    costs = _known(o.response.cost for o in outcomes if o.response)
    tokens = [o.response.usage.total for o in outcomes if o.response and o.response.usage]
    return Totals(
        cases=len(sides),
        judged=len(judged),
        passed=sum(side.passed is True for side in judged),
        trials=sum(side.trials for side in sides),
        trials_passed=sum(side.passes for side in sides),
        mean_score=mean(_known(o.mean_score for o in outcomes)),
        tokens=mean(tokens) if tokens else (summary.tokens if summary else None),
        cost=mean(costs) if costs else (summary.cost if summary else None),
        latency_p50=quantile(latencies, 0.5) if latencies else (summary.latency_p50 if summary else None),
        latency_p95=quantile(latencies, 0.95) if latencies else (summary.latency_p95 if summary else None),
    )


def summary_of(variant: str, outcomes: Sequence[Outcome], before: VariantSummary | None) -> VariantSummary:
    """What a baseline keeps of a variant's latency and cost; the old figures where nothing new was timed."""
    totals = totals_of([Side(tuple(outcomes))], before)
    return VariantSummary(variant, totals.latency_p50, totals.latency_p95, totals.cost, totals.tokens)


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
