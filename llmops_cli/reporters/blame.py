"""The lines of a prompt with the version that brought each, for a terminal and as JSON values."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from llmops_cli.domain.blame import Blame, BlamedLine
from llmops_cli.domain.canonical import sha256_hex
from llmops_cli.domain.prompt import short_digest
from llmops_cli.reporters.history import commit_to_dict
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.tables import make_console, trimmed

if TYPE_CHECKING:
    from rich.text import Text

WIDE = 110
"""Columns from which who brought a line stands beside it."""
_AUTHOR = 16
_LINE_LIMIT = 500


def format_blame(found: Blame, width: int | None = None, color: bool | None = None) -> str:
    """Who brought it beside each line; where that leaves little room, above the lines it brought."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    buffer = io.StringIO()
    console = make_console(buffer, width, color)
    beside = console.width >= WIDE
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for who, line in _rows(found, short=not beside):
        if beside:
            table.add_row(Text(who, style="dim"), line)
            continue
        if who:
            console.print(Text(who, style="dim", overflow="fold"))
        console.print(Padding(line, (0, 0, 0, 2), expand=False))
    if beside:
        console.print(table)
    for version in found.skipped:
        at = f"{version.commit.short} {version.commit.date}" if version.commit else "what is not committed"
        text = f"skipped {at}: invalid there: {inert(version.error or '')}"
        console.print(Text(text, "yellow", overflow="fold"))
    return trimmed(buffer.getvalue())


def _rows(found: Blame, *, short: bool) -> Iterator[tuple[str, "Text"]]:
    """Who brought it, where that changes, and the line; a partial's file stands above its lines."""
    from rich.text import Text

    by, file = None, ""
    for blamed in found.lines:
        inside = blamed.line.where.path if blamed.line.included else ""
        if inside and inside != file:
            yield "", Text(f"┌ {inert(inside)}", style="cyan", overflow="fold")
        file = inside
        yield "" if blamed.version == by else _who(blamed, short=short), _text(blamed)
        by = blamed.version


def _who(blamed: BlamedLine, *, short: bool) -> str:
    version = blamed.version
    digest = short_digest(version.digest or "")
    commit = version.commit
    if commit is None:
        return f"v{blamed.ordinal:<3} {digest}  not committed"
    author = inert(commit.author)
    if short:
        return f"v{blamed.ordinal} {digest} {commit.short} {commit.date} {author}"
    author = author if len(author) <= _AUTHOR else author[: _AUTHOR - 1] + "…"
    return f"v{blamed.ordinal:<3} {digest}  {commit.short}  {commit.date}  {author}"


def _text(blamed: BlamedLine) -> "Text":
    from rich.text import Text

    line = blamed.line
    if line.opens:
        return Text(f"── {inert(line.text)} ──", style="bold", overflow="fold")
    shown = line.text
    if shown.startswith("data:"):
        shown = f"[image {sha256_hex(shown)[:12]}]"
    text = Text("│ " if line.included else "", style="cyan", overflow="fold")
    return text.append(shorten(inert(shown), _LINE_LIMIT), style="default")


def blame_to_dict(found: Blame) -> dict[str, Any]:
    """The lines as JSON."""
    return {
        "prompt": found.name,
        "digest": found.digest,
        "lines": [
            {
                "message": blamed.line.message,
                "text": blamed.line.text,
                "where": str(blamed.line.where),
                "kind": "message" if blamed.line.opens else "included" if blamed.line.included else "text",
                "ordinal": blamed.ordinal,
                "digest": blamed.version.digest,
                "commit": commit_to_dict(blamed.version.commit),
            }
            for blamed in found.lines
        ],
        "skipped": [
            {"commit": commit_to_dict(version.commit), "error": version.error} for version in found.skipped
        ],
    }
