"""People's labels: what is read from CSV and JSONL, and that nothing but FileError leaves the reader."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.calibration import Rating
from llmops_cli.errors import FileError, SourceLocation
from llmops_cli.files.ratings_file import parse_ratings, read_ratings

SCALE = (1, 5)


def test_a_csv_with_every_column() -> None:
    text = 'output,label,input,expected,rater,vars.tone\n"a\nb", Pass ,Q?,E,ann,dry\n,fail,,,bob,\n'
    first, second = parse_ratings(text, "l.csv", SCALE)

    where = SourceLocation("l.csv", 2)
    assert first == Rating("a\nb", True, where, "Q?", "E", {"tone": "dry"}, "ann")
    assert second == Rating("", False, SourceLocation("l.csv", 4), rater="bob")


def test_jsonl_with_typed_values() -> None:
    rows = [
        {"output": "a", "label": 4, "expected": {"x": 1}, "vars": {"n": 1}, "vars.m": 2},
        {"output": "b", "label": "2.5"},
    ]
    first, second = parse_ratings("\n".join(map(json.dumps, rows)) + "\n\n", "l.jsonl", SCALE)

    assert (first.label, first.expected, first.vars) == (4.0, {"x": 1}, {"n": 1, "m": 2})
    assert (second.label, second.where.line) == (2.5, 2)


@pytest.mark.parametrize(
    ("text", "path", "complaint"),
    [
        ("output,label\na\n", "l.csv", "l.csv:2: has 1 fields, the first line has 2"),
        ("output,output,label\n", "l.csv", "l.csv:1: the column 'output' is there twice"),
        ('output,label\n"a', "l.csv", "l.csv: is not valid CSV"),
        ("label\npass\n", "l.csv", "l.csv:1: has no column 'output'"),
        ("output,label\na,\n", "l.csv", "l.csv:2: unknown label"),
        ("output,label\na,nan\n", "l.csv", "l.csv:2: unknown label"),
        ("output,label\na,0\n", "l.csv", "l.csv:2: the grade 0 is not on the scale of 1 to 5"),
        ('{"output": "a"}', "l.jsonl", "l.jsonl:1: has no 'label'"),
        ('{"output": "a", "label": true}', "l.jsonl", "l.jsonl:1: unknown label"),
        ('{"output": 5, "label": "pass"}', "l.jsonl", "l.jsonl:1: 'output' must be a text"),
        ('{"output": "a", "label": "pass", "vars": 5}', "l.jsonl", "l.jsonl:1: 'vars' must be a mapping"),
        ("\n[1]", "l.jsonl", "l.jsonl:2: is no JSON object"),
        ("{", "l.jsonl", "l.jsonl:1:2: is not valid JSON"),
        ("", "l.jsonl", "l.jsonl: holds no labels"),
        ("", "l.txt", "l.txt: is neither .csv nor .jsonl"),
    ],
)
def test_every_mistake_has_its_place(text: str, path: str, complaint: str) -> None:
    with pytest.raises(FileError) as error:
        parse_ratings(text, path, SCALE)

    assert str(error.value).startswith(complaint)
    assert len(error.value.problems) == 1


def test_all_mistakes_come_at_once() -> None:
    with pytest.raises(FileError) as error:
        parse_ratings("output,label\na,x\nb,y\nc,pass\n", "l.csv", SCALE)

    assert [str(problem.where) for problem in error.value.problems] == ["l.csv:2", "l.csv:3"]


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes(b"output,label\n\xff,pass\n")
    with pytest.raises(FileError, match="is not UTF-8 text"):
        read_ratings(path, SCALE)
    with pytest.raises(FileError, match="cannot be read"):
        read_ratings(tmp_path, SCALE)


_CELL = st.sampled_from(
    ["output", "label", "pass", "fail", "3", "9", "vars.x", '"', "", "\n", "\r\n", "{", "é"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.sampled_from(["pass", "5", "x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["output", "label", "vars", "rater", "vars.x"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(st.lists(st.lists(_CELL, max_size=4), max_size=5) | st.lists(_JSON, max_size=4), st.booleans())
def test_nothing_but_a_file_error_leaves_the_reader(rows: list[object], as_csv: bool) -> None:
    lines = [",".join(map(str, row)) if as_csv and isinstance(row, list) else json.dumps(row) for row in rows]
    with suppress(FileError):
        found = parse_ratings("\n".join(lines), "l.csv" if as_csv else "l.jsonl", SCALE)
        assert all(isinstance(rating.output, str) for rating in found)


@given(st.text(max_size=60), st.booleans())
def test_nor_does_any_text_break_it(text: str, as_csv: bool) -> None:
    with suppress(FileError):
        parse_ratings(text, "l.csv" if as_csv else "l.jsonl", SCALE)
