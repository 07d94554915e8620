"""Whether a template is right, for the many templates where that can be told without Jinja.

Loading Jinja takes 30 ms and checking a short text half a millisecond; `llmops list` reads hundreds. As in
`references`, whatever goes beyond a small part of the language is left to Jinja: a template is proven right
here, or nothing is said of it.
"""

import re
from collections.abc import Container

from llmops_cli.templating.references import BEGINS, STRING, nests, tag_pattern

_USUAL = (
    "abs capitalize count e escape first float forceescape int items join last length list lower max min pprint "
    "reverse round safe sort string striptags sum title tojson trim unique upper urlencode wordcount"
)
FILTERS = frozenset(_USUAL.split())
"""Filters of the prompts' environment that are used without arguments."""
_WORDS = {"if", "elif", "else", "endif", "for", "in", "endfor", "not"}
_STRING, _NAME = re.compile(STRING), re.compile(r"([.|]?)[ \t]*([A-Za-z][A-Za-z0-9_]*)")


def plainly_uses_only(text: str, names: Container[str]) -> bool:
    """Whether a text with LF line ends is surely right, and takes no other names from outside than these."""
    open_blocks: list[str] = []
    bound: list[str] = []
    """What each open block binds: the variable of a loop."""
    place, tag_at = 0, tag_pattern().match
    while (begin := BEGINS.search(text, place)) is not None:
        tag = tag_at(text, begin.start())
        if tag is None or tag["import"] or tag["from"] or tag["included"] == "without":
            return False
        if not nests(tag, open_blocks):
            return False
        place = tag.end()
        if tag["include"] or tag["comment"]:
            continue
        if tag["closes"] or tag["else"]:
            bound[-1] = ""  # the else of a loop does not see its variable
        own, used = _names(tag)
        if used is None or any(name not in names and name not in bound for name in used):
            return False
        if tag["closes"]:
            bound.pop()
        elif tag["opens"] or tag["opens_if"]:
            bound.append(own)
    return not open_blocks and "\r" not in text


def _names(tag: re.Match[str]) -> tuple[str, list[str] | None]:
    """The variable that a loop binds, and the names that a tag takes; None where it uses an unknown filter."""
    found: list[tuple[str, str]] = _NAME.findall(_STRING.sub("''", tag[0]))
    if any(before == "|" and name not in FILTERS for before, name in found):
        return "", None
    names = [name for before, name in found if not before and name not in _WORDS]
    return (names[0], names[1:]) if tag["opens"] else ("", names)
