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


def _mistakes(text: str | bytes, ending: str, more: str = "") -> list[str]:
    evalset = HEAD.replace("[rows.csv, rows.jsonl]", f"rows.{ending}") + more
    tree = MemoryTree({"evalsets/e.yaml": evalset, f"evalsets/rows.{ending}": text})
    with pytest.raises(FileError) as refused:
        read_evalset(tree, "evalsets/e.yaml")
    return str(refused.value).splitlines()


def test_a_bad_line_hides_no_other() -> None:
    lines = [
        b'{"id": "a", "x": 1}',
        b'{"id": "caf\xe9"}',
        b"{",
        b'{"id": "b", "tags": 3}',
        b'"\xff"',
        b'{"id": "c"}',
    ]

    assert _mistakes(b"\n".join(lines), "jsonl") == [
        (
            "evalsets/rows.jsonl:1: unknown key 'x' in a case; "
            "known: cluster, context, critical, expected, id, scorers, tags, trials, vars"
        ),
        "evalsets/rows.jsonl:2: is not UTF-8 text, nor is a further line; save the file as UTF-8",
        "evalsets/rows.jsonl:3:2: is not valid JSON: Expecting property name enclosed in double quotes",
        "evalsets/rows.jsonl:4: 'tags' must be text or a list of texts, not 3",
    ]


def test_a_bad_row_hides_no_other() -> None:
    rows = [b"id,t", b"a", b'b,"x"y', b"\xe9,1", b'c,"1', b'2"', b"d,1,2"]

    assert _mistakes(b"\n".join(rows), "csv") == [
        "evalsets/rows.csv:2: has 1 fields, the header has 2",
        "evalsets/rows.csv:3: is not valid CSV: ',' expected after '\"'; inside a quoted field a \" is written twice",
        "evalsets/rows.csv:4: is not UTF-8 text; save the file as UTF-8",
        "evalsets/rows.csv:7: has 3 fields, the header has 2",
    ]


@pytest.mark.parametrize("header", [b"id,caf\xe9\n", b'id,"x"y\n'])
def test_a_header_that_cannot_be_read_is_one_mistake(header: bytes) -> None:
    (said,) = _mistakes(header + b"a,b\n", "csv")

    assert said.startswith("evalsets/rows.csv:1: is not ")


def test_a_field_of_csv_may_be_as_long_as_a_line_of_jsonl() -> None:
    (case,) = _cases(f"id,t\na,{'x' * 200_000}\n", "csv")

    assert len(case.vars["t"]) == 200_000


@pytest.mark.parametrize("column", ["id", "tags", "context"])
def test_a_variable_may_be_called_like_a_field_of_the_case(column: str) -> None:
    names = dict.fromkeys(["id", column, f"vars.{column}"])

    (case,) = _cases(",".join(names) + "\n" + ",".join("abc"[: len(names)]) + "\n", "csv")

    assert list(case.vars) == [column]


def test_an_empty_set_is_called_so_beside_another_mistake_and_not_for_a_file_that_is_wrong() -> None:
    with pytest.raises(FileError) as refused:
        read_evalset(
            MemoryTree({"evalsets/e.yaml": "prompt: p\nscorers: [contians: x]\n"}), "evalsets/e.yaml"
        )

    assert "the evalset has no cases" in str(refused.value)
    assert "the evalset has no cases" not in str(_mistakes("{\n", "jsonl"))
