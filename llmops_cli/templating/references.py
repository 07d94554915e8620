"""Which templates a text names, for the many texts where that can be told without Jinja.

Loading Jinja takes 30 ms and parsing a short text half a millisecond; `llmops list` reads hundreds. What is
read here is a small part of the language, tag by tag and without recursion. Everything beyond it (`raw`,
blocks, macros, brackets, backslashes, tags over several lines, bad syntax) is left to `analysis.scan`, so that
a text has either no answer here or the one that Jinja gives.
"""

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Reference:
    """One `include`, `import` or `extends`. `names` None: the name is worked out while rendering."""

    names: tuple[str, ...] | None
    line: int
    optional: bool
    with_context: bool
    extends: bool


_MEANT = (
    "and as caller context else false if ignore import in is kwargs loop missing none not or self super "
    "true varargs with without False None True"
)
"""Names that mean something to Jinja somewhere: what holds one is left to it."""
_NAME = rf"(?!(?:{'|'.join(_MEANT.split())})\b)[A-Za-z][A-Za-z0-9_]*"
STRING = r"""(?:'[A-Za-z0-9_./ -]*'|"[A-Za-z0-9_./ -]*")"""
_VALUE = rf"(?:{STRING}|{_NAME}(?:\.{_NAME})*)(?:[ \t]*\|[ \t]*{_NAME})*"
_TEST = rf"(?:not[ \t]+)?{_VALUE}(?:[ \t]*(?:==|!=)[ \t]*{_VALUE})?"
_CONTEXT = r"(?:[ \t]+(?P<{}>with|without)[ \t]+context)?"
_IMPORTED = rf"{_NAME}(?:[ \t]+as[ \t]+{_NAME})?"
_BEGIN, _END = r"\{%[-+]?[ \t]*", r"[ \t]*[-+]?%\}"
_TAG = (
    rf"\{{\{{-?[ \t]*{_VALUE}[ \t]*-?\}}\}}"
    rf"|{_BEGIN}(?:"
    rf"include[ \t]+(?P<include>{STRING})(?P<optional>[ \t]+ignore[ \t]+missing)?{_CONTEXT.format('included')}"
    rf"|(?:import[ \t]+(?P<import>{STRING})[ \t]+as[ \t]+{_NAME}"
    rf"|from[ \t]+(?P<from>{STRING})[ \t]+import[ \t]+{_IMPORTED}(?:[ \t]*,[ \t]*{_IMPORTED})*)"
    rf"{_CONTEXT.format('imported')}"
    rf"|(?P<opens>for)[ \t]+{_NAME}[ \t]+in[ \t]+{_VALUE}"
    rf"|(?P<opens_if>if)[ \t]+{_TEST}"
    rf"|(?P<elif>elif)[ \t]+{_TEST}"
    rf"|(?P<else>else)"
    rf"|end(?P<closes>for|if)"
    rf"){_END}"
    rf"|(?P<comment>\{{#[\s\S]*?#\}})"
)
BEGINS = re.compile(r"\{[{%#]")
_DEEPEST = 20


@cache
def tag_pattern() -> re.Pattern[str]:
    """What one tag of that small part of the language is."""
    return re.compile(_TAG)  # 4 ms, which a project without partials need not spend


def plain_references(text: str) -> tuple[Reference, ...] | None:
    """What `analysis.scan` finds as references of a text with LF line ends; None where only Jinja can tell."""
    found: list[Reference] = []
    open_blocks: list[str] = []
    place = line_at = 0
    line, tag_at = 1, tag_pattern().match
    while (begin := BEGINS.search(text, place)) is not None:
        tag = tag_at(text, begin.start())
        if tag is None or not nests(tag, open_blocks):
            return None
        place = tag.end()
        name = tag["include"] or tag["import"] or tag["from"]
        if name is not None:
            line, line_at = line + text.count("\n", line_at, place), place
            with_context = tag["included"] != "without" if tag["include"] else tag["imported"] == "with"
            found.append(Reference((name[1:-1],), line, tag["optional"] is not None, with_context, False))
    return None if open_blocks or "\r" in text else tuple(found)


def nests(tag: re.Match[str], open_blocks: list[str]) -> bool:
    """Whether a tag may stand where it stands; `open_blocks` names those around it, and is kept up to date."""
    opened = tag["opens"] or tag["opens_if"]
    if opened is not None:
        open_blocks.append(opened)
        return len(open_blocks) <= _DEEPEST
    inner = open_blocks[-1] if open_blocks else ""
    if tag["closes"]:
        if inner.removeprefix("else of ") != tag["closes"]:
            return False
        open_blocks.pop()
    elif tag["elif"]:
        return inner == "if"
    elif tag["else"]:
        if inner not in ("for", "if"):
            return False
        open_blocks[-1] = f"else of {inner}"
    return True
