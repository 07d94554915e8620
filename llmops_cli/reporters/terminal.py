"""A result for a person at a terminal: the table, what broke and why, the verdict, what to do next."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Result, Side, Status
from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.domain.outcome import Outcome
from llmops_cli.reporters import figures, summary
from llmops_cli.reporters.inert import inert, shorten
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
    from rich.console import Console

    if color is None:
        color = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=width or _terminal_width(),
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    _Report(console, result, plain=not color).write()
    return buffer.getvalue()


def _terminal_width() -> int:
    import shutil

    # what is piped is read elsewhere: lines are not broken to fit this terminal
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 160


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
            self._metrics(comparison)
        self._broken()
        self._lists()
        self._verdict()

    def line(self, text: str | Text = "", style: str = "", indent: int = 0) -> None:
        from rich.padding import Padding
        from rich.text import Text

        body = Text(text, style=style) if isinstance(text, str) else text
        body.overflow = "fold"
        self.console.print(Padding(body, (0, 0, 0, indent), expand=False) if indent else body)

    def _summary(self) -> None:
        rows = [row for comparison in self.result.comparisons for row in summary.rows(comparison)]
        if self.narrow:
            for row in rows:
                self.line(row[0], "bold")
                for name, value in zip(summary.HEADER[1:], row[1:], strict=True):
                    if value != figures.NONE:
                        self.line(f"{name:<8} {value}", indent=2)
            return
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for place, name in enumerate(summary.HEADER):
            table.add_column(name, justify="left" if place in (0, 4) else "right", overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print(table)

    def _changes(self, comparison: Comparison) -> None:
        if comparison.changes:
            label = comparison.title
            self.line(f"{label}: {'; '.join(comparison.changes)}", "dim")

    def _metrics(self, comparison: Comparison) -> None:
        for name, metrics in comparison.metrics:
            values = ", ".join(f"{key} {value:.2f}" for key, value in metrics.values.items())
            self.line()
            self.line(f"{comparison.title} · {name}: {values}")
            if not metrics.rows:
                continue
            from rich.table import Table

            table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
            for place, column in enumerate(metrics.header):
                table.add_column(inert(column), justify="left" if place == 0 else "right", overflow="fold")
            for row in metrics.rows:
                table.add_row(*(inert(cell) for cell in row))
            self.console.print(table)

    def _broken(self) -> None:
        shown = 0
        for comparison in self.result.comparisons:
            for delta in comparison.deltas:
                if not _is_broken(delta, comparison):
                    continue
                shown += 1
                if shown <= MAX_SHOWN:
                    self._case(comparison, delta)
        if shown > MAX_SHOWN:
            self.line()
            self.line(f"and {shown - MAX_SHOWN} more; `--format json` holds them all", "dim")

    def _case(self, comparison: Comparison, delta: Delta) -> None:
        from rich.text import Text

        word = delta.kind.value.upper() if delta.kind is DeltaKind.REGRESSED else "FAILED"
        where = str(delta.case.where) if delta.case else comparison.evalset
        head = Text()
        head.append(word, style="bold red")
        critical = " (critical)" if delta.case and delta.case.critical else ""
        head.append(f"  {inert(delta.case_id)}{critical}", style="bold")
        if comparison.variant.name != DEFAULT_VARIANT:
            head.append(f"  {comparison.variant.name}")
        head.append(f"  {where}", style="dim")
        self.line()
        self.line(head)
        for name, value in (delta.case.vars if delta.case else {}).items():
            self._field(name, shorten(inert(str(value)), _VALUE_LIMIT))
        before = next((o for o in delta.base.outcomes if o.passed), None) or _first(delta.base)
        after = next((o for o in delta.candidate.outcomes if o.passed is False), None)
        self._answers(before, after)
        if after is None:
            return
        for named in after.scores:
            if named.score is not None and not named.score.passed and named.severity == "fail":
                self._field(f"✗ {named.name}", inert(named.score.explanation), style="red")
        if delta.candidate.trials > 1 or delta.base.trials > 1:
            self._field("trials", f"{_trials(delta.base)} before, {_trials(delta.candidate)} now")

    def _answers(self, before: Outcome | None, after: Outcome | None) -> None:
        old = _answer_text(before)
        new = _answer_text(after)
        if old is None or new is None or old == new:
            if new is not None:
                self._field("answer", new)
            return
        self._field("before", old)
        self._field("after", new)
        self._field("diff", self._diff(old, new))

    def _diff(self, before: str, after: str) -> Text:
        from rich.text import Text

        text = Text()
        for mark, piece in word_diff(before, after):
            if mark == "same":
                text.append(piece)
            elif self.plain:
                text.append(f"[-{piece}-]" if mark == "removed" else f"{{+{piece}+}}")
            else:
                text.append(piece, style="red strike" if mark == "removed" else "green")
        return text

    def _field(self, name: str, value: str | Text, style: str = "") -> None:
        from rich.table import Table
        from rich.text import Text

        body = Text(value, style=style, overflow="fold") if isinstance(value, str) else value
        label = inert(name)
        if self.narrow:
            self.line(label, style or "dim", indent=2)
            self.line(body, indent=4)
            return
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(min_width=10, no_wrap=len(label) <= 24, overflow="fold")
        grid.add_column(overflow="fold")
        grid.add_row(Text(f"  {label}", style=style or "dim"), body)
        self.console.print(grid)

    def _lists(self) -> None:
        """The other kinds by name, each only where there are any."""
        kinds = (
            (DeltaKind.FLAKY, "flaky (some trials passed, some failed)"),
            (DeltaKind.IMPROVED, "improved"),
            (DeltaKind.NEW, "new"),
            (DeltaKind.REMOVED, "removed"),
            (DeltaKind.INCOMPARABLE, "not compared"),
        )
        first = True
        for comparison in self.result.comparisons:
            for kind, label in kinds:
                found = comparison.of_kind(kind)
                if not found or (kind is DeltaKind.NEW and comparison.against is None):
                    continue
                if first:
                    self.line()
                    first = False
                names = ", ".join(_named(delta) for delta in found[:MAX_SHOWN])
                more = f" and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
                self.line(f"{comparison.title}: {len(found)} {label}: {names}{more}")

    def _verdict(self) -> None:
        from rich.text import Text

        verdict = self.result.verdict
        self.line()
        self.line(summary.effort(self.result), "dim")
        for note in verdict.notes:
            self.line(f"note: {inert(note)}", "dim")
        head = Text()
        head.append(verdict.status.value, style=_STYLES[verdict.status])
        head.append(f"  {summary.headline(self.result)}")
        self.line(head)
        for reason in verdict.reasons:
            if reason.status is not Status.PASS:
                self.line(f"- {inert(reason.text)}", indent=2)
        for step in summary.next_steps(self.result):
            self.line(f"→ {step}", indent=2)


def _is_broken(delta: Delta, comparison: Comparison) -> bool:
    """Regressions; without a baseline, whatever fails; and critical cases in any event."""
    if delta.kind is DeltaKind.REGRESSED:
        return True
    failed_trial = delta.candidate.passes < delta.candidate.trials
    if delta.case is not None and delta.case.critical and failed_trial:
        return True
    return comparison.against is None and delta.candidate.passed is False


def _first(side: Side) -> Outcome | None:
    return side.outcomes[0] if side.outcomes else None


def _answer_text(outcome: Outcome | None) -> str | None:
    if outcome is None or outcome.response is None:
        return None
    text = outcome.response.text
    calls = "".join(f"\n[calls {call.name}({call.arguments})]" for call in outcome.response.tool_calls)
    return shorten(inert(text + calls).strip("\n"), _VALUE_LIMIT) or "(empty)"


def _trials(side: Side) -> str:
    return f"{side.passes} of {side.trials} passed" if side.trials else "none"


def _named(delta: Delta) -> str:
    reason = f" ({inert(delta.reason)})" if delta.reason else ""
    return inert(delta.case_id) + reason
