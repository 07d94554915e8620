r"""The filters of scorer arguments, beyond Jinja's own.

`json_path` reads a path into JSON:

    path  = ["$"] step*
    step  = "." name | "[" index "]" | "[" quoted "]"        a leading "." may be left out
    name  = any characters but . [ ]
    index = an integer; below 0 it counts from the end
    quoted = 'text' or "text", for names that hold dots or brackets

So `$.a.b[0]`, `a.b[-1].c` and `['dotted.name'][2]`. A text is read as JSON first.
"""

import json
import re
from collections.abc import Callable
from typing import Any

REGEX_SECONDS = 1.0
_STEP = re.compile(
    r"\.?(?P<name>[^.\[\]'\"$][^.\[\]]*)|\[(?P<index>-?\d{1,9})\]|\[(?P<quote>['\"])(?P<quoted>.*?)(?P=quote)\]"
)
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_FENCE = re.compile(r"(?P<fence>`{3,}|~{3,})[^`\n]*")


class NoMatch(Exception):  # noqa: N818 - it is no error: what was looked for is not in the answer
    """What a filter looked for is not in the answer: a failed score, not a failure to score."""


class LazyJson:
    """A text that is read as JSON only where a template asks for it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def value(self) -> Any:
        """The JSON value. Raises NoMatch where the text is no JSON."""
        return read_json(self._text)


def read_json(text: str) -> Any:
    """JSON as RFC 8259 has it (no NaN, no Infinity). Raises NoMatch for anything else."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NoMatch(f"not JSON: {_short(text)}") from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def parse_path(path: str) -> list[str | int]:
    """The steps of a path. Raises ValueError where it does not follow the grammar above."""
    steps: list[str | int] = []
    position = 1 if path.startswith("$") else 0
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None or (found["name"] and position == 1 and path[0] == "$" and path[1] != "."):
            raise ValueError(f"bad path {path!r} at {path[position:]!r}; write a.b[0].c")
        if found["index"] is not None:
            steps.append(int(found["index"]))
        else:
            steps.append(found["name"] if found["name"] is not None else found["quoted"])
        position = found.end()
    return steps


def json_path(value: Any, path: str) -> Any:
    """What stands at a path in a JSON value. Raises NoMatch where nothing does, ValueError for a bad path."""
    steps = parse_path(path)
    found = read_json(value) if isinstance(value, str) else value
    for step in steps:
        try:
            usable = isinstance(found, dict if isinstance(step, str) else list)
            found = found[step] if usable else _nothing(path)
        except (KeyError, IndexError):
            _nothing(path)
    return found


def _nothing(path: str) -> Any:
    raise NoMatch(f"no match for {path!r}")


def regex_first(value: Any, pattern: str) -> str:
    """The first group of the first match that took part in it, or the whole match where there is none.

    Raises NoMatch where nothing matches, ValueError for a bad pattern or one that takes over a second.
    """
    import regex

    try:
        found = regex.search(pattern, str(value), timeout=REGEX_SECONDS)
    except regex.error as error:
        raise ValueError(f"bad pattern '{pattern}': {error}") from error
    except TimeoutError as error:
        raise ValueError(f"pattern '{pattern}' takes more than {REGEX_SECONDS:g} second") from error
    if found is None:
        raise NoMatch(f"no match for '{pattern}'")
    return next((str(group) for group in found.groups() if group is not None), str(found[0]))


def check_pattern(pattern: str) -> None:
    """Raises ValueError for a bad pattern."""
    import regex

    try:
        regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"bad pattern '{pattern}': {error}") from error


def strip_fences(value: Any) -> str:
    """The text inside one Markdown code fence, where that is all there is; else the text as it is."""
    text = str(value)
    rows = text.strip().splitlines()
    opening = _FENCE.fullmatch(rows[0].strip()) if len(rows) > 1 else None
    if opening is None:
        return text
    closing = rows[-1].strip()
    fence = opening["fence"]
    if len(closing) < len(fence) or set(closing) != {fence[0]}:
        return text
    return "\n".join(rows[1:-1])


def lines(value: Any) -> list[str]:
    """The lines of a text, without their ends."""
    return str(value).splitlines()


def words(value: Any) -> list[str]:
    """The words of a text: letters, digits and underscores of any script, with apostrophes inside."""
    return _WORD.findall(str(value))


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")


SCORER_FILTERS: dict[str, Callable[..., Any]] = {
    "json_path": json_path,
    "regex_first": regex_first,
    "strip_fences": strip_fences,
    "lines": lines,
    "words": words,
}
"""The filters that templates in scorer arguments have beside Jinja's."""
