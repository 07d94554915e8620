"""Markdown in which nothing that a model or a user wrote can become markup.

GitHub turns more than Markdown into links: mentions, issue numbers, commit hashes, bare addresses, `:emoji:`,
closing words (docs.github.com, "Autolinked references and URLs"). None of it works inside code. So a text that
is not our own stands in a fence, a code span, or in `prose`, which leaves plain words as they are.
"""

import re
import unicodedata
from collections.abc import Iterator
from html import escape
from urllib.parse import quote

from llmops_cli.reporters.inert import inert, shorten

FENCE_LIMIT, PROSE_LIMIT, SPAN_LIMIT = 4000, 1000, 600
"""Characters shown of one text; nothing that is longer helps a reviewer, and something a megabyte long may come."""
_OPENING, _CLOSING = "(\"'“", ".,;:!?)\"'”’…"
_NUMBER = re.compile(r"[+−±-]?\$?\d[\d.,]*(/\d+|e-?\d+|-\d\d-\d\d)?%?")
_NAME_WITH_NUMBER = re.compile(r"[A-Za-z]+\d+")
_WORD = re.compile(r"""[("']*`[^`]+`[.,;:)!?"']*(?=\s|$)|\S+""")
_QUOTED = re.compile(r"""([("']*)`([^`]+)`([.,;:)!?"']*)""")
_SIGNS = frozenset(["→", "·", "–", "—", "−", "×", "=", "≤", "≥", "%", "…"])
_LIKE_A_HASH = re.compile(r"[0-9a-f]{7,}")


def fence(text: str, language: str = "", limit: int = FENCE_LIMIT) -> str:
    """A fenced block, its fence longer than any run of backticks inside (spec.commonmark.org, 4.5)."""
    safe = inert(shorten(text, limit))
    longest = max((len(run) for run in re.findall("`+", safe)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{safe}\n{ticks}"


def span(text: str) -> str:
    """A code span on one line: no mention, link or image can come of it. In a table: `cell`."""
    safe = " ".join(inert(shorten(text, SPAN_LIMIT)).split()) or " "
    ticks = "`" * (max((len(run) for run in re.findall("`+", safe)), default=0) + 1)
    space = " " if "`" in safe else ""
    return f"{ticks}{space}{safe}{space}{ticks}"


def cell(text: str) -> str:
    """A code span that cannot end a table's cell; there a bar would, even inside of code."""
    return span(text.replace("|", "¦"))


def prose(text: str) -> str:
    """A sentence on one line: plain words and numbers stay, whatever else might mean something is a code span.

    What stands between backticks, as commands do in our own messages, is a code span of its own.
    """
    return " ".join(_runs(_WORD.findall(inert(shorten(text, PROSE_LIMIT)))))


def _runs(words: list[str]) -> Iterator[str]:
    """Words one by one; neighbours that are not plain share a code span."""
    odd: list[str] = []
    for place, word in enumerate(words):
        quoted = _QUOTED.fullmatch(word)
        if quoted is None and not _is_plain(word, first=place == 0):
            odd.append(word)
            continue
        if odd:
            yield _odd(odd)
            odd = []
        yield word if quoted is None else quoted[1] + span(quoted[2]) + quoted[3]
    if odd:
        yield _odd(odd)


def _odd(words: list[str]) -> str:
    """A code span; punctuation that ends it belongs to the sentence."""
    text = " ".join(words)
    core = text.rstrip(",;")
    return span(core) + text[len(core) :] if core else span(text)


def _is_plain(word: str, *, first: bool) -> bool:
    if word in _SIGNS:
        return not first
    core = word.lstrip(_OPENING).rstrip(_CLOSING)
    if _LIKE_A_HASH.fullmatch(core):
        return False
    if core in _SIGNS or _NAME_WITH_NUMBER.fullmatch(core):
        return not first or core not in _SIGNS
    if _NUMBER.fullmatch(core):
        return not first or core == word  # "1." at the beginning would be a list
    parts = re.split("['’-]", core)
    return all(part and all(unicodedata.category(char)[0] in "LM" for char in part) for part in parts)


def link(text: str, base: str, path: str, line: int | None) -> str:
    """A link to a line of a file below `base`; the text is a code span, the path cannot leave its place."""
    mark = f"#L{line}" if line else ""
    return f"[{span(text)}]({base}/{quote(path)}{mark})"


def row(*cells: str) -> str:
    """A row of a table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def folded(title: str, body: str, name: str = "") -> str:
    """A section that opens on a click; the title is our own words, `name` may be anybody's."""
    said = (
        f"{escape(title, quote=False)} <code>{escape(' '.join(inert(name).split()))}</code>"
        if name
        else escape(title, quote=False)
    )
    return f"<details><summary>{said}</summary>\n\n{body}\n\n</details>"
