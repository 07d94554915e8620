"""Before and after, word by word."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

Mark = Literal["same", "removed", "added"]

# CJK has no spaces between words: there each character is one
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+|_+|\s+|[^\w\s]", re.UNICODE)
MAX_WORDS = 4000


def word_diff(before: str, after: str) -> Iterator[tuple[Mark, str]]:
    """The pieces of both texts in order; texts beyond `MAX_WORDS` are shown as replaced whole."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if len(old) > MAX_WORDS or len(new) > MAX_WORDS:
        yield from (("removed", before), ("added", after))
        return
    yield from _joined(_pieces(old, new))


def _pieces(old: list[str], new: list[str]) -> Iterator[tuple[str, str, str]]:
    """(same, removed, added) in order; each step fills `same`, or the other two."""
    for operation, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if operation == "equal":
            yield "".join(old[a:b]), "", ""
        else:
            yield "", "".join(old[a:b]), "".join(new[c:d])


def _joined(pieces: Iterator[tuple[str, str, str]]) -> Iterator[tuple[Mark, str]]:
    """Changes with only white space between them become one: people read phrases, not single words."""
    removed, added, blank = "", "", ""
    for same, gone, come in pieces:
        if not same:
            removed, added, blank = removed + blank + gone, added + blank + come, ""
        elif not same.strip() and (removed or added):
            blank = same
        else:
            yield from _change(removed, added)
            yield "same", blank + same
            removed, added, blank = "", "", ""
    yield from _change(removed, added)
    if blank:
        yield "same", blank


def _change(removed: str, added: str) -> Iterator[tuple[Mark, str]]:
    if removed:
        yield "removed", removed
    if added:
        yield "added", added
