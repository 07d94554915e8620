"""A result for a person at a terminal: the table, what broke and why, the verdict, what to do next."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Result, Status
from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.reporters import figures, judges, summary
from llmops_cli.reporters.cases import LISTED, heading, listed, shown_whole, view_of
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.next_steps import next_steps
from llmops_cli.reporters.tables import make_console, marked, trimmed
from llmops_cli.reporters.warned import warnings
from llmops_cli.reporters.word_diff import word_diff

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NARROW = 72
MAX_SHOWN = 20
"""Cases shown in full; the others are named."""
_VALUE_LIMIT = 600
_STYLES = {
    Status.PASS: "bold green",
    Status.UNAFFECTED: "bold green",
    Status.REGRESSION: "bold red",
    Status.INCONCLUSIVE: "bold yellow",
}


def format_terminal(result: Result, width: int | None = None, color: bool | None = None) -> str:
    """The report as text. Width and colour default to what standard output can do (`NO_COLOR` is heeded)."""
    buffer = io.StringIO()
    console = make_console(buffer, width, color)
    _Report(console, result, plain=console.color_system is None).write()
    return trimmed(buffer.getvalue())


class _Report:
    def __init__(self, console: Console, result: Result, *, plain: bool) -> None:
        self.console = console
        self.result = result
        self.plain = plain
        self.narrow = console.width < NARROW

    def write(self) -> None:
        self._summary()
        for comparison in self.result.comparisons:
            self._changes(comparison)
        for comparison in self.result.comparisons:
            self._statistics(comparison)
        for comparison in self.result.comparisons:
            self._metrics(comparison)
        self._judges()
        self._broken()
        self._lists()
        self._verdict()

    def line(self, text: str | Text = "", style: str = "", indent: int = 0) -> None:
        from rich.padding import Padding
        from rich.text import Text

        body = Text(inert(text), style=style) if isinstance(text, str) else text
        body.overflow = "fold"
        self.console.print(Padding(body, (0, 0, 0, indent), expand=False) if indent else body)

    def _summary(self) -> None:
        """One table where it fits; else each name on a line of its own, its figures below."""
        rows = [row for comparison in self.result.comparisons for row in summary.rows(comparison)]
        if not rows:
            return
        widths = [
            max(len(row[place]) for row in [summary.HEADER, *rows]) + 2 for place in range(len(rows[0]))
        ]
        if sum(widths) <= self.console.width:
            self._table(summary.HEADER, rows, left=(0, 4))
            return
        for row in rows:
            self.line(row[0], "bold")
            if sum(widths[1:]) <= self.console.width:
                self._table(summary.HEADER[1:], [row[1:]], left=(3,))
                continue
            for name, value in zip(summary.HEADER[1:], row[1:], strict=True):
                if value != figures.NONE:
                    self.line(f"{name:<8} {value}", indent=2)

    def _table(self, header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int]) -> None:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for place, name in enumerate(header):
            table.add_column(inert(name), justify="left" if place in left else "right", overflow="fold")
        for row in rows:
            table.add_row(*(inert(cell) for cell in row))
        self.console.print(table)

    def _statistics(self, comparison: Comparison) -> None:
        for line in [*summary.statistics(comparison), *warnings(comparison)]:
            self.line(f"{comparison.title}: {line}")

    def _changes(self, comparison: Comparison) -> None:
        if comparison.changes:
            label = comparison.title
            self.line(f"{label}: {'; '.join(comparison.changes)}", "dim")

    def _metrics(self, comparison: Comparison) -> None:
        told = judges.told(self.result, comparison)
        for name, metrics in comparison.metrics:
            if name in told and not metrics.rows:
                continue
            self.line()
            title = f"{comparison.title} · {name}"
            self.line(title if name in told else f"{title}: {judges.metric_words(metrics.values)}")
            if metrics.rows:
                self._table(metrics.header, metrics.rows, left=(0,))

    def _judges(self) -> None:
        for number, text in enumerate(judges.lines(self.result)):
            if not number:
                self.line()
            self.line(text)

    def _broken(self) -> None:
        found = shown_whole(self.result.comparisons)
        for comparison, delta in found[:MAX_SHOWN]:
            self._case(comparison, delta)
        if len(found) > MAX_SHOWN:
            self.line()
            where = "`--format cases` lists them, `--format json` holds them whole"
            self.line(f"and {len(found) - MAX_SHOWN} more; {where}", "dim")

    def _case(self, comparison: Comparison, delta: Delta) -> None:
        from rich.text import Text

        word = delta.kind.value.upper() if delta.kind is DeltaKind.REGRESSED else "FAILED"
        if delta.case_id in comparison.fell_most and delta.kind is not DeltaKind.REGRESSED:
            word = "FELL"
        word = "ACCEPTED" if delta.excused else word
        where = str(delta.case.where) if delta.case else comparison.evalset
        head = Text()
        head.append(word, style="bold" if delta.excused else "bold red")
        critical = " (critical)" if delta.case and delta.case.critical else ""
        head.append(f"  {inert(delta.case_id)}{critical}", style="bold")
        if comparison.variant.name != DEFAULT_VARIANT:
            head.append(f"  {inert(comparison.variant.name)}")
        head.append(f"  {inert(where)}", style="dim")
        self.line()
        self.line(head)
        self._fields(self._details(delta))

    def _details(self, delta: Delta) -> Iterator[tuple[str, str | Text, str]]:
        """What the case was given, what came before and now, and which scorers failed: name, text, style."""
        view = view_of(delta)
        for name, value in view.inputs.items():
            yield name, shorten(inert(str(value)), _VALUE_LIMIT), ""
        yield from self._answers(_shown(view.before), _shown(view.after))
        for name, explanation in view.failed:
            yield f"✗ {name}", inert(explanation), "red"
        if view.trials is not None:
            yield "trials", view.trials, ""
        if view.fresh is not None:
            yield "confirmed" if view.confirmed else view.asked_again, view.fresh, ""
        if view.void is not None:
            yield "accepted", view.void.removeprefix("accepted").strip(" ,"), ""

    def _answers(self, before: str | None, after: str | None) -> Iterator[tuple[str, str | Text, str]]:
        """Before and after, each with the words marked that the other has not."""
        if before is None or before == after:
            if after is not None:
                yield "answer", after, ""
            return
        pieces = list(word_diff(before, after or ""))
        yield "before", marked(pieces, "removed", plain=self.plain), ""
        if after is not None:
            yield "after", marked(pieces, "added", plain=self.plain), ""

    def _fields(self, fields: Iterable[tuple[str, str | Text, str]]) -> None:
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(overflow="fold")
        grid.add_column(overflow="fold")
        for name, value, style in fields:
            body = Text(value, style=style, overflow="fold") if isinstance(value, str) else value
            if self.narrow:
                self.line(inert(name), style or "dim", indent=2)
                self.line(body, indent=4)
            else:
                grid.add_row(Text(f"  {inert(name)}", style=style or "dim"), body)
        if not self.narrow:
            self.console.print(grid)

    def _bullets(self, mark: str, texts: Iterable[str]) -> None:
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for text in texts:
            grid.add_row(Text(f"  {mark}"), Text(inert(text), overflow="fold"))
        if grid.row_count:
            self.console.print(grid)

    def _lists(self) -> None:
        """The other kinds by name, each only where there are any."""
        first = True
        for comparison in self.result.comparisons:
            for kind, label in LISTED:
                found = listed(comparison, kind)
                if not found:
                    continue
                if first:
                    self.line()
                    first = False
                same = len(found) > 1 and len({delta.reason for delta in found}) == 1
                names = ", ".join(_named(delta, alone=not same) for delta in found[:MAX_SHOWN])
                why = f" ({inert(found[0].reason)})" if same and found[0].reason else ""
                more = f" and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
                said = heading(kind, label, [(comparison, delta) for delta in found])
                self.line(f"{comparison.title}: {len(found)} {said}{why}: {names}{more}")

    def _verdict(self) -> None:
        from rich.text import Text

        verdict = self.result.verdict
        self.line()
        if self.result.comparisons:
            self.line(summary.effort(self.result), "dim")
        for note in verdict.notes:
            self.line(f"note: {inert(note)}", "dim")
        head = Text()
        head.append(verdict.status.value, style=_STYLES[verdict.status])
        head.append(f"  {inert(summary.headline(self.result))}")
        self.line(head)
        self._bullets(
            "-", [inert(r.text) for r in verdict.reasons if r.status not in (Status.PASS, Status.UNAFFECTED)]
        )
        self._bullets("→", next_steps(self.result))


def _shown(answer: str | None) -> str | None:
    return None if answer is None else shorten(inert(answer), _VALUE_LIMIT)


def _named(delta: Delta, *, alone: bool) -> str:
    reason = f" ({inert(delta.reason)})" if delta.reason and alone else ""
    return inert(delta.case_id) + reason
