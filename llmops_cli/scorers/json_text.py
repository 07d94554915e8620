"""JSON as scorers read it: strictly, with plain words for what is wrong, and with paths to name places."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from llmops_cli.domain.scoring import Answer
from llmops_cli.scorers.text import show

MAX_DEPTH = 64
"""Levels of nesting that are read; more would exhaust the stack of the libraries that walk the value."""

_FENCE = "```"
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class NotJsonError(ValueError):
    """A text is not JSON by the strict rules; the message says why, in one line."""


def parse_json(text: str, *, fenced: bool = False) -> Any:
    """The value of a text that is JSON as a whole (RFC 8259); `fenced` allows one Markdown fence around it.

    Raises NotJsonError, also for what Python's parser lets pass: NaN, Infinity, numbers out of range, a
    key that stands twice, nesting deeper than MAX_DEPTH.
    """
    try:
        value = json.loads(
            _unfenced(text) if fenced else text,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
            object_pairs_hook=_without_duplicates,
        )
    except NotJsonError:
        raise
    except json.JSONDecodeError as error:
        raise NotJsonError(f"{error.msg.lower()} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise NotJsonError(f"nested deeper than {MAX_DEPTH} levels") from error
    except ValueError as error:
        # the only other thing json.loads refuses: an integer beyond Python's limit of 4300 digits
        raise NotJsonError("a number has too many digits") from error
    _check(value)
    return value


def subject_json(answer: Answer, *, fenced: bool = False) -> Any:
    """The subject as a JSON value: parsed where it is text, else as it is. Raises NotJsonError."""
    if isinstance(answer.subject, str):
        return parse_json(answer.subject, fenced=fenced)
    return plain_json(answer.subject)


def plain_json(value: Any) -> Any:
    """A JSON value in dicts and lists only: to libraries another kind of mapping is no object.

    Raises NotJsonError where JSON could not hold it, or it is nested too deeply.
    """
    _check(value)
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _check(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise NotJsonError(f"nested deeper than {MAX_DEPTH} levels")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        if any(not isinstance(key, str) for key in value):
            raise NotJsonError("a key is not a text")
        return value.values()
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise NotJsonError(f"{value} is no JSON number")
    if value is not None and not isinstance(value, str | int | float):
        raise NotJsonError(f"{type(value).__name__} is no JSON type")
    return ()


def _unfenced(text: str) -> str:
    stripped = text.strip()
    opening, newline, rest = stripped.partition("\n")
    info = opening.removeprefix(_FENCE).strip()
    if not (
        opening.startswith(_FENCE) and newline and rest.endswith(_FENCE) and (not info or info.isalnum())
    ):
        return text
    return rest.removesuffix(_FENCE)


def _refuse_constant(literal: str) -> NoReturn:
    raise NotJsonError(f"{literal} is no JSON number")


def _finite_float(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise NotJsonError("a number is out of range")
    return number


def _without_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in pairs:
        if key in value:
            raise NotJsonError(f"the key {show(key, 40)} stands twice")
        value[key] = item
    return value


def same(expected: Any, got: Any, *, ignore_case: bool = False) -> bool:
    """Whether two JSON values are equal: 1 and 1.0 are, 1 and true are not, the order of keys is free."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, str) and isinstance(got, str):
        return expected == got or (ignore_case and expected.casefold() == got.casefold())
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return expected.keys() == got.keys() and all(
            same(item, got[key], ignore_case=ignore_case) for key, item in expected.items()
        )
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        return len(expected) == len(got) and all(
            same(a, b, ignore_case=ignore_case) for a, b in zip(expected, got, strict=True)
        )
    return bool(expected == got)


def json_path(keys: Sequence[str | int]) -> str:
    """A place in a JSON value as people write it: `$.items[0].name`."""
    parts = []
    for key in keys:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        else:
            parts.append(f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{show(key, 40)}]")
    return "$" + "".join(parts)
