"""`llmops report --list`: the kept runs as a table, and as JSON values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from llmops_cli.domain.kept import KeptRun
from llmops_cli.reporters import figures
from llmops_cli.reporters.tables import format_table

_HEADER = ("run", "started (UTC)", "verdict", "evalsets", "cases", "rate", "calls", "cost")


def format_runs(runs: Sequence[KeptRun]) -> str:
    """A row a run, in the order given."""
    return format_table(_HEADER, [_row(run) for run in runs], right=(4, 5, 6, 7), fold=(3,))


def _row(run: KeptRun) -> tuple[str, ...]:
    if run.error is not None:
        return run.id, "", "unreadable", run.error, "", "", "", ""
    return (
        run.id,
        run.started.partition("+")[0].replace("T", " "),
        run.verdict + (" (interrupted)" if run.interrupted else ""),
        ", ".join(run.evalsets),
        str(run.cases),
        figures.percent(run.pass_rate),
        str(run.calls),
        figures.dollars(run.cost),
    )


def runs_to_list(runs: Sequence[KeptRun]) -> list[dict[str, Any]]:
    """The rows as JSON."""
    return [asdict(run) for run in runs]
