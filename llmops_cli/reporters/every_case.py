"""A result case by case, for a person who wants to see them all: counts of both sides, class and p, a line each."""

from collections.abc import Iterator

from llmops_cli.domain.comparison import Comparison, Delta, Result, Side, Status
from llmops_cli.reporters import figures, summary
from llmops_cli.reporters.cases import fresh_of
from llmops_cli.reporters.inert import inert
from llmops_cli.reporters.tables import folded, format_table

HEADER = ("case", "class", "before", "now", "p", "asked again")
NOTE = (
    "p: how often such trials would part at least so far, towards worse, had nothing changed. Of one case it is no "
    "verdict: of a hundred that did not change, up to five have 0.05 or less."
)


def format_every_case(result: Result, width: int | None = None) -> str:
    """A table for each comparison with what its set says below it, then the verdict."""
    parts = [_section(comparison, width) for comparison in result.comparisons]
    if any(delta.p is not None for comparison in result.comparisons for delta in comparison.deltas):
        parts.append(_lines([NOTE]))
    return "\n".join([*parts, _lines(_verdict(result))])


def _section(comparison: Comparison, width: int | None) -> str:
    against = f"against {comparison.against}" if comparison.against else "no baseline"
    rows = [_row(delta) for delta in comparison.deltas]
    # most runs ask nothing again
    shown = len(HEADER) if any(row[-1] for row in rows) else len(HEADER) - 1
    table = format_table(
        HEADER[:shown], [row[:shown] for row in rows], right=(2, 3, 4), fold=(0, 5)[: shown - 4], width=width
    )
    return _lines([f"{comparison.title}, {against}"]) + table + _lines(summary.statistics(comparison))


def _row(delta: Delta) -> tuple[str, ...]:
    return (
        delta.case_id,
        f"{delta.kind.value}, accepted" if delta.excused else delta.kind.value,
        _side(delta.base),
        _side(delta.candidate),
        figures.NONE if delta.p is None else f"{delta.p:.2g}",
        fresh_of(delta.fresh) if delta.fresh is not None else "",
    )


def _side(side: Side) -> str:
    """Passes of the trials that could be judged; a dash where there is no such side."""
    return f"{side.passes} of {side.trials}" if side.outcomes else figures.NONE


def _verdict(result: Result) -> Iterator[str]:
    verdict = result.verdict
    yield f"{verdict.status.value}  {summary.headline(result)}"
    yield from (
        f"- {one.text}" for one in verdict.reasons if one.status not in (Status.PASS, Status.UNAFFECTED)
    )


def _lines(texts: Iterator[str] | list[str]) -> str:
    return "".join(f"{line}\n" for text in texts for line in folded(inert(text)))
