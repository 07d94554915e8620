"""A diff of texts with long lines: a paragraph in one line is broken up around what changed in it.

Both sides are broken at the same words, so that a word more does not move all lines below it.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from operator import eq

from llmops_cli.domain.changes import line_matcher, split_lines
from llmops_cli.reporters import diff_lines
from llmops_cli.reporters.inert import shorten
from llmops_cli.reporters.word_diff import Mark, word_diff

WIDTH = 80
_LONG = 120
"""Lines up to so many characters stay whole."""
_SIDE_LIMIT = 1500
"""Characters shown of one change, on each side: where all is new, both sides are to be seen."""
_WORD = re.compile(rf"\n|\S{{1,{WIDTH}}}[^\S\n]*|[^\S\n]+")
_Row = tuple[str, str]
"""The sign and the text of a line."""


def wrapped_diff(before: str | None, after: str | None) -> str:
    """A unified diff without file names, as `diff_lines.unified`, whose long lines are broken between words."""
    old, new = split_lines(before, after)
    if max(map(len, [*old, *new]), default=0) <= _LONG:
        return diff_lines.unified(before, after)
    rows: list[_Row] = []
    for operation, a, b, c, d in line_matcher(old, new).get_opcodes():
        if operation == "equal":
            rows += _rows([("same", "\n".join(old[a:b]))])
        elif max(map(len, [*old[a:b], *new[c:d]])) <= _LONG:
            rows += [*(("-", line) for line in old[a:b]), *(("+", line) for line in new[c:d])]
        else:
            rows += _rows(_pieces("\n".join(old[a:b]), "\n".join(new[c:d])))
    return "\n@@\n".join("\n".join(sign + text for sign, text in rows[a:b]) for a, b in _around(rows))


def _pieces(before: str, after: str) -> list[tuple[Mark, str]]:
    """What changed, word by word. What is alike at both ends is set aside: it may be much."""
    start = _to_a_word(before, _alike(before, after))
    rest = before[start:], after[start:]
    end = _to_a_word(rest[0][::-1], _alike(rest[0][::-1], rest[1][::-1]))
    old, new = (side[: len(side) - end] for side in rest)
    changed = [
        (mark, text if mark == "same" else shorten(text, _SIDE_LIMIT)) for mark, text in word_diff(old, new)
    ]
    return [("same", before[:start]), *changed, ("same", rest[0][len(rest[0]) - end :])]


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(takewhile(bool, map(eq, one, other)))


def _to_a_word(text: str, end: int) -> int:
    """Not beyond `end`, and where a word begins, if there are words."""
    near = max(text.rfind(blank, max(0, end - WIDTH), end) for blank in (" ", "\n"))
    return near + 1 if near >= 0 and end < len(text) else end


def _rows(pieces: Sequence[tuple[Mark, str]]) -> Iterator[_Row]:
    old = new = ""
    changed = {"-": False, "+": False}
    for mark, word in ((mark, word) for mark, text in pieces for word in _WORD.findall(text)):
        signs = {"same": "-+", "removed": "-", "added": "+"}[mark]
        full = word == "\n" or any(
            len(side) + len(word.rstrip()) > WIDTH for sign, side in (("-", old), ("+", new)) if sign in signs
        )
        if full and (old or new or mark == "same"):
            yield from _line(old, new, changed)
            old = new = ""
            changed = {"-": False, "+": False}
        if word != "\n":
            old += word if "-" in signs else ""
            new += word if "+" in signs else ""
        if mark != "same":
            changed[signs] = True
    if old or new or any(changed.values()):
        yield from _line(old, new, changed)


def _line(old: str, new: str, changed: dict[str, bool]) -> Iterator[_Row]:
    """One line where both sides are alike; else each side that has something to show."""
    if old == new and not any(changed.values()):
        yield " ", old
        return
    if old or changed["-"]:
        yield "-", old
    if new or changed["+"]:
        yield "+", new


def _around(rows: Sequence[_Row]) -> Iterator[tuple[int, int]]:
    """The pieces to be shown: what changed, with a few lines before and after."""
    start = end = None
    for place, (sign, _) in enumerate(rows):
        if sign == " ":
            continue
        low, high = max(0, place - diff_lines.CONTEXT), place + diff_lines.CONTEXT + 1
        if start is None or end is None or low > end:
            if start is not None and end is not None:
                yield start, end
            start = low
        end = high
    if start is not None and end is not None:
        yield start, end
