"""Tables for a terminal: one where it fits, else one record after another."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from llmops_cli.reporters.inert import inert
from llmops_cli.reporters.word_diff import Mark

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPED_WIDTH = 10_000
"""What is piped is read elsewhere: lines are not broken to fit this terminal."""
_FOLDED = 22
"""The least width of a column that may be broken into lines."""


def make_console(buffer: io.StringIO, width: int | None = None, color: bool | None = None) -> Console:
    """A Rich console that writes to a buffer; width and colour default to what standard output can do."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    if color is None:
        color = terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return Console(
        file=buffer,
        width=width or (shutil.get_terminal_size().columns if terminal else PIPED_WIDTH),
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def folded(text: str) -> list[str]:
    """A sentence in lines as wide as the terminal; in one where it is piped."""
    if not sys.stdout.isatty():
        return [text]
    return textwrap.wrap(text, shutil.get_terminal_size().columns)


def trimmed(text: str) -> str:
    """Without the blanks that tables are filled up with."""
    return "\n".join(line.rstrip() for line in text.split("\n"))


def format_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[int] = (),
    fold: Sequence[int] = (),
    width: int | None = None,
) -> str:
    """A table; columns named in `fold` break into lines where the width asks for it.

    Where that is not enough, each row's first cell stands alone with the others below it. What is piped is
    as wide as it needs to be.
    """
    from rich.cells import cell_len

    cells = [[inert(cell) for cell in row] for row in rows]
    widths = [max([len(header[i]), *(cell_len(row[i]) for row in cells)]) + 2 for i in range(len(header))]
    if width is None and not sys.stdout.isatty():
        if not any("\n" in cell or "\t" in cell for row in cells for cell in row):
            return _plain_table(header, cells, widths, right)
        width = max(PIPED_WIDTH, sum(widths))
    buffer = io.StringIO()
    console = make_console(buffer, width)
    least = sum(min(size, _FOLDED) if place in fold else size for place, size in enumerate(widths))
    if least <= console.width:
        _print_table(console, header, cells, right, fold)
    else:
        _print_records(console, header, cells)
    return trimmed(buffer.getvalue())


def _plain_table(
    header: Sequence[str], cells: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[int]
) -> str:
    """What Rich would print without colour where nothing is broken; it takes 300 ms for 1,000 rows."""
    from rich.cells import cell_len

    lines: list[str] = []
    for row in (header, *cells):
        blanks = [" " * (size - 2 - cell_len(cell)) for size, cell in zip(widths, row, strict=True)]
        padded = [
            fill + cell if place in right else cell + fill
            for place, (cell, fill) in enumerate(zip(row, blanks, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines) + "\n"


def _print_table(
    console: Console, header: Sequence[str], cells: list[list[str]], right: Sequence[int], fold: Sequence[int]
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for place, name in enumerate(header):
        justify = "right" if place in right else "left"
        table.add_column(name, justify=justify, no_wrap=place not in fold, overflow="fold")  # type: ignore[arg-type]
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def _print_records(console: Console, header: Sequence[str], cells: list[list[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    label = max(map(len, header))
    for row in cells:
        console.print(Text(row[0], style="bold", overflow="fold"))
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, cell in zip(header[1:], row[1:], strict=True):
            if cell:
                grid.add_row(Text(f"  {name:<{label}}", style="dim"), Text(cell, overflow="fold"))
        console.print(grid)


def marked(pieces: Iterable[tuple[Mark, str]], own: Mark, *, plain: bool) -> Text:
    """One side of a word diff: its own words in colour, or in brackets where there is none."""
    from rich.text import Text

    text = Text(overflow="fold")
    for mark, piece in pieces:
        if mark == "same":
            text.append(piece)
        elif mark == own and plain:
            text.append(f"[-{piece}-]" if own == "removed" else f"{{+{piece}+}}")
        elif mark == own:
            text.append(piece, style="red" if own == "removed" else "green")
    return text
