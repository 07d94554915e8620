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
    for operation, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if operation == "equal":
            yield "same", "".join(old[a:b])
            continue
        if b > a:
            yield "removed", "".join(old[a:b])
        if d > c:
            yield "added", "".join(new[c:d])
