"""`llmops power`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli.cli.options import HERE, Directory, Format, FormatOption
from llmops_cli.cli.output import emit

if TYPE_CHECKING:
    from llmops_cli.workflows.evaluation.power import Power


def power(
    evalset: Annotated[str, typer.Argument(help="Name or path of an evalset.")],
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """Say how small a drop a set can see, and what more would cost."""
    from llmops_cli.workflows.evaluation.power import power as tables
    from llmops_cli.workflows.project import open_project

    found = tables(open_project(directory), evalset)
    if output is Format.JSON:
        emit(json.dumps([asdict(one) for one in found], indent=2) + "\n")
        return
    emit("\n".join(_format(one) for one in found))


def _supposed(found: "Power") -> str:
    """For what the table speaks."""
    said = [f"at {found.level:g}"]
    if found.tests > 1:
        said[0] += f" / {found.tests}, for {found.tests} tests of this set stand behind the exit code"
    said.append("other evalsets in the same run share that level, and the drops get larger")
    if found.generalise:
        said.append(
            "asked of new cases (generalise), which are supposed to vary no more than the trials on record"
        )
    if found.own_trials:
        said.append("cases with their own `trials` count like the others")
    return f"({'; '.join(said)})"


def _format(found: "Power") -> str:
    from llmops_cli.reporters.figures import dollars, percent, plural
    from llmops_cli.reporters.tables import folded, format_table

    head = (
        f"{found.evalset} · {found.variant}: {plural(found.cases, 'case')}, {percent(found.rate)} of the answers "
        f"on record pass, {plural(found.on_record, 'trial')} of a case on record"
    )
    counted = "" if found.min_effect <= 0 else f"; below {percent(found.min_effect)} (min_effect) none counts"
    what = "smallest drop of the pass rate, alike in all cases, that would be seen (80 %), by cases and trials of a run"
    what = f"{what}{counted}:"
    lines = [*folded(head), *folded(what), *folded(_supposed(found)), ""]
    trials = sorted({cell.trials for cell in found.table})
    rows = []
    for cases in sorted({cell.cases for cell in found.table}):
        cells = {cell.trials: cell for cell in found.table if cell.cases == cases}
        drops = [f"{cells[t].drop:.0%}" if cells[t].drop is not None else "none" for t in trials]
        costs = {cells[t].cost for t in trials}
        price = f"{dollars(cells[trials[0]].cost)} a trial"
        price = "unknown" if None in costs else "nothing" if costs == {0.0} else price
        rows.append((f"{cases}{' (now)' if cases == found.cases else ''}", *drops, price))
    header = ("cases", *(plural(t, "trial") for t in trials), "cost")
    lines.append(format_table(header, rows, right=range(1, len(trials) + 1)))
    if found.miss is not None and found.min_pass_rate is not None:
        often = f"{found.miss:.1%}" if found.miss >= 0.001 else "less than 0.1%"
        asked = "each case's own trials" if found.own_trials else f"{plural(found.trials, 'trial')} a case"
        lines += folded(
            f"min_pass_rate {found.min_pass_rate:.0%} fails an unchanged prompt by chance {often} of the time "
            f"({asked}), if its answers vary"
        )
        lines.append("")
    return "\n".join(lines)
