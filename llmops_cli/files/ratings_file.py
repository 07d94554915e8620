"""Outputs with people's labels, as CSV or JSONL, for `llmops judge --labels`.

    output,label,rater
    "Dear Ada, …",pass,bob

Columns: `output` and `label` (pass or fail, or a grade), and where needed `input`, `expected`, `vars.NAME`,
`rater`.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmops_cli.domain.calibration import Rating
from llmops_cli.errors import FileError, Problems, SourceLocation, did_you_mean
from llmops_cli.files.text import decode, strict_json

_MAX_BYTES = 200_000_000
_REQUIRED = ("output", "label")
_COLUMNS = (*_REQUIRED, "input", "expected", "rater")
_VERDICTS = {"pass": True, "fail": False}


def read_ratings(path: Path, scale: Sequence[float]) -> list[Rating]:
    """All ratings of a file, in its order. Raises FileError with every mistake."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(
            f"cannot be read: {error.strerror or error}", where=SourceLocation(str(path))
        ) from error
    return parse_ratings(decode(data, str(path), _MAX_BYTES), str(path), scale)


def parse_ratings(text: str, path: str, scale: Sequence[float]) -> list[Rating]:
    """The ratings in a file's text. Raises FileError with every mistake."""
    rows = {"csv": _csv_rows, "jsonl": _json_rows}.get(path.rpartition(".")[2].lower())
    if rows is None:
        hint = "the ending says how it is read"
        raise FileError("is neither .csv nor .jsonl", where=SourceLocation(path), hint=hint)
    problems = Problems()
    found: list[Rating] = []
    try:
        for row, where in rows(text, path, problems):
            rating = _rating(row, where, scale, problems)
            if rating is not None:
                found.append(rating)
    except csv.Error as error:
        problems.add(f"is not valid CSV: {error}", SourceLocation(path))
    _check_together(found, problems)
    problems.raise_if_any()
    if not found:
        raise FileError("holds no labels", where=SourceLocation(path))
    return found


def _csv_rows(text: str, path: str, problems: Problems) -> Iterator[tuple[dict[str, Any], SourceLocation]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns = [name.strip() for name in next(rows, [])]
    first = SourceLocation(path, 1)
    if not columns:
        return
    if twice := [name for name in columns if columns.count(name) > 1]:
        problems.add(f"the column {twice[0]!r} is there twice", first)
        return
    for name in _REQUIRED:
        if name not in columns:
            problems.add(f"has no column {name!r}", first, did_you_mean(name, columns))
    if problems:
        return
    start = rows.line_num + 1
    for row in rows:
        where, start = SourceLocation(path, start), rows.line_num + 1
        if not any(row):
            continue
        if len(row) != len(columns):
            problems.add(f"has {len(row)} fields, the first line has {len(columns)}", where)
            continue
        # an empty field is one that was left out; only an output may be empty
        cells = {name: cell for name, cell in zip(columns, row, strict=True) if cell or name in _REQUIRED}
        yield cells, where


def _json_rows(text: str, path: str, problems: Problems) -> Iterator[tuple[dict[str, Any], SourceLocation]]:
    for number, line in enumerate(text.split("\n"), start=1):
        where = SourceLocation(path, number)
        if not line.strip():
            continue
        try:
            row = strict_json(line, where)
        except FileError as error:
            problems.take(error)
            continue
        if not isinstance(row, dict):
            problems.add("is no JSON object", where)
            continue
        missing = [name for name in _REQUIRED if name not in row]
        for name in missing:
            problems.add(f"has no {name!r}", where, did_you_mean(name, list(row)))
        if not missing:
            yield row, where


def _rating(
    row: Mapping[str, Any], where: SourceLocation, scale: Sequence[float], problems: Problems
) -> Rating | None:
    before = len(problems)
    variables = row.get("vars", {})
    if not isinstance(variables, Mapping):
        problems.add("'vars' must be a mapping", where)
        variables = {}
    named = {key.removeprefix("vars."): value for key, value in row.items() if key.startswith("vars.")}
    for key in row:
        if key not in (*_COLUMNS, "vars") and not key.startswith("vars."):
            hint = did_you_mean(key, _COLUMNS) or "a variable of the judge's prompt is vars.NAME"
            problems.add(f"unknown column {key!r}", column_place(where), hint)
    for key in ("output", "input", "rater"):
        if not isinstance(row.get(key, ""), str):
            problems.add(f"{key!r} must be a text", where)
    label = _label(row["label"], where, scale, problems)
    if len(problems) > before or label is None:
        return None
    return Rating(
        row["output"],
        label,
        where,
        row.get("input", ""),
        row.get("expected"),
        {**variables, **named},
        row.get("rater"),
    )


def column_place(where: SourceLocation) -> SourceLocation:
    """Columns of a CSV stand in its first line, so that one mistake is said once."""
    return SourceLocation(where.path, 1 if where.path.lower().endswith(".csv") else where.line)


def _label(
    value: Any, where: SourceLocation, scale: Sequence[float], problems: Problems
) -> bool | float | None:
    low, high = scale
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _VERDICTS:
            return _VERDICTS[word]
        value = _number(word)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        problems.add("unknown label", where, f"write pass, fail, or a grade from {low:g} to {high:g}")
        return None
    if not low <= value <= high:
        problems.add(f"the grade {value:g} is not on the scale of {low:g} to {high:g}", where)
        return None
    return float(value)


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _check_together(ratings: Sequence[Rating], problems: Problems) -> None:
    """Verdicts and grades cannot be counted together."""
    if not ratings:
        return
    first = ratings[0]
    kinds = ("a grade", "a verdict")
    for rating in ratings:
        if isinstance(rating.label, bool) is not isinstance(first.label, bool):
            here, there = kinds[isinstance(rating.label, bool)], kinds[isinstance(first.label, bool)]
            problems.add(f"the label is {here}, the first one is {there}", rating.where, f"see {first.where}")
