"""Bytes of a user's file to text, with one clear error for what is no text."""

import json
import math
from typing import Any

from llmops_cli.domain.canonical import lf
from llmops_cli.domain.tree import FileTree, read_bytes
from llmops_cli.errors import FileError, SourceLocation

MAX_BYTES = 20_000_000
"""Largest prompt, evalset or schema file that is read whole; cases beyond that belong in JSONL or CSV."""


def decode(data: bytes, path: str, limit: int = MAX_BYTES) -> str:
    """UTF-8 text with LF line ends, without a byte order mark. Raises FileError."""
    if len(data) > limit:
        hint = "put cases into a .jsonl file named under cases_from"
        raise FileError(f"is larger than {limit // 1_000_000} MB", where=SourceLocation(path), hint=hint)
    if b"\0" in data:
        raise FileError("is a binary file, not text", where=SourceLocation(path))
    try:
        return lf(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        where = SourceLocation(path, line)
        raise FileError("is not UTF-8 text", where=where, hint="save the file as UTF-8") from error


def read_text(tree: FileTree, path: str) -> str | None:
    """A text file of the project, or None where there is none. Raises FileError."""
    data = read_bytes(tree, path)
    return None if data is None else decode(data, path)


def strict_json(text: str, where: SourceLocation) -> Any:
    """JSON without NaN, Infinity or duplicate keys. Raises FileError at the line that is wrong."""

    def finite(digits: str) -> float:
        number = float(digits)
        if not math.isfinite(number):
            raise FileError(f"{digits[:20]} is not a finite number", where=where)
        return number

    def refuse_constant(name: str) -> None:
        raise FileError(f"{name} is not JSON", where=where)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise FileError(f"duplicate key {key!r}", where=where)
            found[key] = value
        return found

    try:
        return json.loads(text, parse_constant=refuse_constant, parse_float=finite, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        place = SourceLocation(where.path, (where.line or 1) + error.lineno - 1, error.colno)
        raise FileError(f"is not valid JSON: {error.msg}", where=place) from error
    except ValueError as error:  # Python reads no integer of more than 4300 digits
        raise FileError("holds a number that is too long", where=where) from error
    except RecursionError as error:
        raise FileError("is nested too deeply", where=where) from error
