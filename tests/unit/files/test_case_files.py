"""Cases from CSV and JSONL."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.evalset import Case
from llmops_cli.errors import FileError
from llmops_cli.files.evalset_file import read_evalset
from tests.unit.files.memory_tree import MemoryTree

HEAD = "prompt: p\nscorers: [contains: x]\ncases_from: [rows.csv, rows.jsonl]\n"


def _cases(text: str, ending: str, more: str = "") -> tuple[Case, ...]:
    evalset = HEAD.replace("[rows.csv, rows.jsonl]", f"rows.{ending}") + more
    tree = MemoryTree({"evalsets/e.yaml": evalset, f"evalsets/rows.{ending}": text})
    return read_evalset(tree, "evalsets/e.yaml").cases


def test_csv_columns_become_vars_expectations_and_tags() -> None:
    text = "id,tags,ticket,vars.tone,expected.label,critical\na,x; y,Hi,kind,yes,true\nb,,Bye,,no,\n"

    first, second = _cases(text, "csv")

    assert first.vars == {"ticket": "Hi", "tone": "kind"}
    assert (first.expected, first.tags, first.critical) == ({"label": "yes"}, ("x", "y"), True)
    assert str(first.where) == "evalsets/rows.csv:2"
    assert (second.vars, second.critical) == ({"ticket": "Bye", "tone": ""}, False)


def test_a_quoted_field_of_several_lines_keeps_them_and_the_places_count_on() -> None:
    text = 'id,t\na,"one\r\ntwo, ""three"""\nb,four\n'

    first, second = _cases(text, "csv")

    assert first.vars == {"t": 'one\r\ntwo, "three"'}
    assert [str(case.where) for case in (first, second)] == ["evalsets/rows.csv:2", "evalsets/rows.csv:4"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_byte_order_mark_and_windows_line_ends_are_read(ending: str) -> None:
    rows = ending.join(["\ufeffid,t", "a,b", ""])

    assert _cases(rows, "csv")[0].vars == {"t": "b"}
    lines = ending.join(['\ufeff{"id": "a", "vars": {"t": "b"}}', ""])
    assert _cases(lines, "jsonl")[0].vars == {"t": "b"}


_cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@given(st.lists(_cell, min_size=1, max_size=6))
def test_whatever_a_csv_writer_writes_is_read(cells: list[str]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["id", "t"], *([f"c{n}", cell] for n, cell in enumerate(cells))])

    assert [case.vars["t"] for case in _cases(buffer.getvalue(), "csv")] == cells


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(_json, min_size=1, max_size=4))
def test_whatever_json_holds_is_read_from_a_line(values: list[Any]) -> None:
    text = "".join(json.dumps({"id": f"c{n}", "vars": {"v": value}}) + "\n" for n, value in enumerate(values))

    assert [case.vars["v"] for case in _cases(text, "jsonl")] == values


def test_defaults_are_merged_and_the_cases_own_values_win() -> None:
    more = "defaults: {vars: {a: 1, b: 2}, expected: {x: 1}, tags: [all], critical: true}\n"
    line = '{"id": "c", "vars": {"b": 3}, "expected": {"y": 2}, "tags": ["own"], "critical": false}\n'

    (case,) = _cases(line, "jsonl", more)

    assert case.vars == {"a": 1, "b": 3}
    assert case.expected == {"x": 1, "y": 2}
    assert (case.tags, case.critical) == (("all", "own"), False)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ('{"id": "a", "cluster": "one"}\n{"id": "b", "cluster": 2}\n{"id": "c"}\n', "jsonl"),
        ("id,cluster\na,one\nb,2\nc,\n", "csv"),
    ],
)
def test_a_case_may_name_the_cluster_it_belongs_to(text: str, ending: str) -> None:
    found = _cases(text, ending)

    assert [case.cluster for case in found] == ["one", "2", ""]
    assert all("cluster" not in case.vars for case in found)


def test_an_id_is_unique_over_all_files() -> None:
    tree = MemoryTree({
        "evalsets/e.yaml": HEAD + "cases: [{id: a}]\n",
        "evalsets/rows.csv": "id\nb\n",
        "evalsets/rows.jsonl": '{"id": "a"}\n{"id": "b"}\n',
    })  # fmt: skip
    with pytest.raises(FileError) as refused:
        read_evalset(tree, "evalsets/e.yaml")

    assert str(refused.value).splitlines() == [
        "evalsets/rows.jsonl:1: duplicate id 'a'; the first stands at evalsets/e.yaml:4:14",
        "evalsets/rows.jsonl:2: duplicate id 'b'; the first stands at evalsets/rows.csv:2",
    ]


def test_the_baseline_beside_the_set_is_no_file_of_cases() -> None:
    tree = MemoryTree({
        "evalsets/e.yaml": HEAD.replace("[rows.csv, rows.jsonl]", "'e.*.jsonl'"),
        "evalsets/e.more.jsonl": '{"id": "a"}\n',
        "evalsets/e.baseline.jsonl": "garbage\n",
    })  # fmt: skip

    assert [case.id for case in read_evalset(tree, "evalsets/e.yaml").cases] == ["a"]
