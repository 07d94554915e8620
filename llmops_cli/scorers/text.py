"""Texts as scorers compare and show them: one line, short, with nothing invisible."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from llmops_cli.domain.scoring import Answer, ScoringError

SHORT = 80
"""Characters to which a text inside an explanation is cut."""

_AROUND = 20
"""Characters shown on each side of the place where two long texts part."""


def subject_text(answer: Answer) -> str:
    """The subject as text. Raises ScoringError for a value that JSON cannot hold."""
    try:
        return answer.text
    except (TypeError, ValueError, RecursionError) as error:
        raise ScoringError(f"the answer cannot be written as text: {one_line(str(error))}") from error


def visible(text: str) -> str:
    """Control characters, lone surrogates, odd spaces and the like as escapes, so that they can be seen."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def shorten(text: str, limit: int = SHORT) -> str:
    """At most `limit` visible characters, cut in the middle."""
    half = (limit - 1) // 2
    if len(text) > limit:
        # escapes make a text longer, so that what stays is cut once more below
        text = f"{text[:half]}…{text[-half:]}"
    text = visible(text)
    return text if len(text) <= limit else f"{text[:half]}…{text[-half:]}"


def one_line(text: str, limit: int = 200) -> str:
    """Any text as one line of an explanation: white space collapsed, cut at the end."""
    text = visible(" ".join(text[: limit * 8].split()))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def show(value: Any, limit: int = SHORT) -> str:
    """A value inside an explanation: a text in quotes, anything else as JSON; short."""
    if isinstance(value, str):
        return f"'{shorten(value, limit)}'"
    try:
        return shorten(json.dumps(value, ensure_ascii=False), limit)
    except (TypeError, ValueError, RecursionError):
        # what JSON cannot hold is named by its kind; its repr may fail the same way
        return kind_of(value)


def kind_of(value: Any) -> str:
    """What a value is called in YAML's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    for types, word in (
        ((int, float), "a number"),
        ((str,), "a text"),
        ((Mapping,), "a mapping"),
        ((list, tuple), "a list"),
    ):
        if isinstance(value, types):
            return word
    return type(value).__name__


def argument_text(value: Any, name: str = "'value'") -> str:
    """A text that an argument holds; a number counts as the text JSON writes. Raises ScoringError."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return json.dumps(value)
    raise ScoringError(f"{name} must be a text, got {kind_of(value)}")


def needle(value: Any, name: str = "'value'") -> str:
    """A text to look for. Raises ScoringError where it is empty: that would be found in every answer."""
    text = argument_text(value, name)
    if not text:
        raise ScoringError(f"{name} must be a text that is not empty: an empty one is in every answer")
    return text


def needles(value: Any) -> tuple[str, ...]:
    """Texts to look for. Raises ScoringError where `value` is no list, or an empty one."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ScoringError(f"'value' must be a list of texts, got {kind_of(value)}")
    if not value:
        raise ScoringError("'value' must be a list of texts, got an empty list")
    return tuple(needle(item, f"'value[{index}]'") for index, item in enumerate(value))


def fold(text: str, ignore_case: bool) -> str:
    """The text as it is compared (Unicode case folding where case is ignored)."""
    return text.casefold() if ignore_case else text


def first_difference(expected: str, got: str, *, ignore_case: bool = False) -> str:
    """ "expected …, got …" in one line; of long texts only the place where they part, with its position.

    Positions count Unicode code points from 1.
    """
    hint = _near_miss(expected, got, ignore_case=ignore_case)
    if len(expected) <= 2 * _AROUND and len(got) <= 2 * _AROUND:
        return f"expected {show(expected)}, got {show(got)}{hint}"
    at = _parting(expected, got, ignore_case=ignore_case)
    return f"expected {_window(expected, at)}, got {_window(got, at)}, apart from character {at + 1}{hint}"


def _parting(expected: str, got: str, *, ignore_case: bool) -> int:
    pairs = enumerate(zip(expected, got, strict=False))
    shorter = min(len(expected), len(got))
    return next((i for i, (a, b) in pairs if fold(a, ignore_case) != fold(b, ignore_case)), shorter)


def _window(text: str, at: int) -> str:
    start, end = max(0, at - _AROUND), at + _AROUND
    before, after = "…" if start else "", "…" if end < len(text) else ""
    return f"'{before}{shorten(text[start:end])}{after}'"


def _near_miss(expected: str, got: str, *, ignore_case: bool) -> str:
    """What alone makes two texts differ, where it is a thing that the eye misses."""
    a, b = fold(expected, ignore_case), fold(got, ignore_case)
    if a.casefold() == b.casefold():
        return " (only upper and lower case differ)"
    if "".join(a.split()) == "".join(b.split()):
        return " (only white space differs)"
    if unicodedata.normalize("NFC", a) == unicodedata.normalize("NFC", b):
        return " (same letters, another Unicode form)"
    return ""
