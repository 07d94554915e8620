"""json and json_equals."""

import json
import re
import socket
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.scoring import ScoringError
from llmops_cli.scorers.json_align import parse_path
from llmops_cli.scorers.json_equals import JsonEquals
from llmops_cli.scorers.json_text import MAX_DEPTH, NotJsonError, parse_json, same
from llmops_cli.scorers.json_valid import JsonValid
from tests.unit.scorers.answers import judge

PERSON = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "additionalProperties": False,
}

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None, categories=None), max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("text", ["{}", " [1, 2]\n", "null", '"text"', "-1.5e3", '{"a": {"a": 1}}'])
def test_valid_json(text: str) -> None:
    assert judge(JsonValid(True), text).passed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expecting value at line 1, column 1"),
        ("Here: {}", "expecting value"),
        ('{"a": 1} and more', "extra data at line 1, column 10"),
        ("{'a': 1}", "line 1, column 2"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ("[-Infinity]", "-Infinity is no JSON number"),
        ("1e999", "out of range"),
        ('{"a": 1, "b": {"c": 1, "c": 1}}', "the key 'c' stands twice"),
        ("9" * 5000, "too many digits"),
        ("[" * 100_000, "nested deeper"),
        ("[" * 100 + "]" * 100, "nested deeper"),
        ("```json\n{}\n```", "expecting value"),
    ],
)
def test_strictness(text: str, reason: str) -> None:
    score = judge(JsonValid(), text)
    assert not score.passed
    assert score.explanation.startswith("not JSON: ")
    assert reason in score.explanation


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("```json\n{}\n```", True),
        ("\n```\n[1]```\n", True),
        ("{}", True),
        ("Here:\n```json\n{}\n```", False),
        ("```json\n{}\n```\n```json\n{}\n```", False),
        ("```{}```", False),
    ],
)
def test_one_fence_may_be_allowed(text: str, valid: bool) -> None:
    assert judge(JsonValid(fenced=True), text).passed is valid


def test_a_parsed_subject_is_taken_as_it_is() -> None:
    assert judge(JsonValid(PERSON), {"name": "Ada"}).passed
    assert judge(JsonValid(PERSON), MappingProxyType({"name": "Ada"})).passed
    assert judge(JsonEquals({"a": [1]}), MappingProxyType({"a": (1,)})).passed
    assert judge(JsonValid(), [float("nan")]).explanation.startswith("not JSON: nan is no JSON number")


@given(VALUES)
def test_what_json_writes_is_read_back(value: Any) -> None:
    assert same(parse_json(json.dumps(value)), value)


def test_a_schema_names_the_places() -> None:
    score = judge(JsonValid(PERSON), '{"age": "old", "x": 1}')
    assert not score.passed
    assert "$.age: 'old' is not of type 'integer'" in score.explanation
    assert "'name' is a required property" in score.explanation
    assert judge(JsonValid(PERSON), '{"name": "Ada", "age": 36}').passed


def test_five_errors_are_enough() -> None:
    score = judge(JsonValid({"items": {"type": "string"}}), json.dumps(list(range(9))))
    assert score.explanation.endswith("$[4]: 4 is not of type 'string'; and more")
    assert len(score.details["errors"]) == 5


@pytest.mark.parametrize(
    ("schema_format", "good", "bad"),
    [
        ("date", "2026-11-20", "20 Nov"),
        ("date-time", "2026-11-20T10:00:00Z", "2026-11-20 10:00"),
        ("date-time", "2026-11-20t10:00:00.5+01:00", "2026-13-20T10:00:00Z"),
        ("email", "a@b.co", "nope"),
        ("uuid", "12345678-1234-5678-1234-567812345678", "1234"),
    ],
)
def test_formats_are_checked(schema_format: str, good: str, bad: str) -> None:
    scorer = JsonValid({"format": schema_format})
    assert judge(scorer, json.dumps(good)).passed
    assert not judge(scorer, json.dumps(bad)).passed
    assert judge(scorer, "5").passed


def test_the_dialect_of_a_schema_is_heeded() -> None:
    tuple_of_draft_7 = {"items": [{"type": "string"}]}
    old = {"$schema": "http://json-schema.org/draft-07/schema#", **tuple_of_draft_7}
    assert not judge(JsonValid(old), "[1]").passed
    with pytest.raises(ValueError, match=r"bad schema at schema\.items"):
        JsonValid(tuple_of_draft_7)


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"type": "strnig"}, r"bad schema at schema\.type"),
        ({"properties": {"a": {"minimum": "x"}}}, r"schema\.properties\.a\.minimum"),
        ({"pattern": "["}, r"schema\.pattern"),
        ({"$schema": "http://example.com/own"}, "unknown dialect"),
        ({"$schema": 5}, "unknown dialect"),
        ({"minimum": float("nan")}, "no JSON value"),
        ("person.schema.json", "'schema' must be"),
        (False, "'schema' must be"),
    ],
)
def test_a_bad_schema_is_refused_at_once(schema: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        JsonValid(schema)


@pytest.mark.parametrize("reference", ["http://127.0.0.1:9/x.json", "other.json", "#/$defs/none"])
def test_a_reference_out_of_the_schema_never_reaches_the_network(
    reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(ValueError, match=re.escape(f"the schema refers to {reference}, which is not in it")):
        JsonValid({"properties": {"a": {"items": {"$ref": reference}}}})


@pytest.mark.parametrize(
    "schema",
    [
        {"$id": "http://e.invalid/s", "$defs": {"a": {"$id": "b", "$anchor": "n"}}, "items": {"$ref": "b#n"}},
        {"$dynamicAnchor": "node", "properties": {"c": {"$dynamicRef": "#node"}}},
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        {"properties": {"$ref": {"type": "string"}}},
        {"const": {"$ref": "#/nope"}, "default": {"$ref": "#/nope"}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}},
         "items": [{"$ref": "#/definitions/a"}]},
    ],
)  # fmt: skip
def test_references_that_lead_somewhere_and_what_only_looks_like_one_are_taken(schema: Any) -> None:
    judge(JsonValid(schema), "1")


def test_a_reference_behind_what_no_dialect_knows_is_a_failure_to_score() -> None:
    with pytest.raises(ScoringError, match="which is not in it"):
        judge(JsonValid({"$ref": "#/mine", "mine": {"$ref": "#/nope"}}), "1")


def test_references_within_the_schema_work_and_endless_ones_are_a_failure_to_score() -> None:
    assert not judge(JsonValid({"$ref": "#/$defs/n", "$defs": {"n": {"type": "null"}}}), "1").passed
    with pytest.raises(ScoringError, match="refers to itself"):
        judge(JsonValid({"$ref": "#"}), "1")


def test_a_pattern_of_a_schema_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not judge(JsonValid({"pattern": "^a+$"}), '"ab"').passed
    monkeypatch.setattr("llmops_cli.scorers.patterns.TIMEOUT", 0.05)
    with pytest.raises(ScoringError, match="took longer than"):
        judge(JsonValid({"pattern": "^(a|aa)+$"}), json.dumps("a" * 60 + "b"))


# --- json_equals ---------------------------------------------------------------------------------------


@given(VALUES, st.booleans(), st.none() | st.floats(0, 2))
def test_a_value_equals_itself(value: Any, ignore_order: bool, tolerance: float | None) -> None:
    scorer = JsonEquals(value, ignore_order=ignore_order, tolerance=tolerance)
    assert judge(scorer, json.dumps(value)).passed


@given(VALUES, VALUES)
def test_it_agrees_with_plain_equality(a: Any, b: Any) -> None:
    if isinstance(a, str) and a.strip()[:1] in ("{", "["):
        return
    assert judge(JsonEquals(a), json.dumps(b)).passed is same(a, b)


@given(st.lists(VALUES, max_size=5), st.randoms(use_true_random=False))
def test_without_order_every_shuffle_is_equal(values: list[Any], random: Any) -> None:
    shuffled = random.sample(values, len(values))
    assert judge(JsonEquals(values, ignore_order=True), json.dumps(shuffled)).passed


@given(st.lists(st.integers(0, 30), max_size=6), st.data())
def test_without_order_a_tolerance_pairs_whatever_can_be_paired(values: list[int], data: Any) -> None:
    moved = [value + data.draw(st.sampled_from([-1, 0, 1])) for value in values]
    got = data.draw(st.permutations(moved))
    assert judge(JsonEquals(values, ignore_order=True, tolerance=1), json.dumps(got)).passed


@pytest.mark.parametrize(
    ("value", "got", "explanation"),
    [
        ({"a": 1}, {"a": 2}, "$.a: expected 1, got 2"),
        ({"a": True}, {"a": 1}, "$.a: expected true, got 1"),
        ({"a": 1}, {}, "$.a: expected 1, missing"),
        ({"a": None}, {}, "$.a: expected null, missing"),
        ({}, {"a b": 1}, "$['a b']: not expected, got 1"),
        ([1, 2, 3], [1], "$[1]: expected 2, missing; $[2]: expected 3, missing"),
        ([1], [1, 2], "$[1]: not expected, got 2"),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}, "$.a[0].b: expected 'x', got 'y'"),
        (
            {"a": 1, "b": 2},
            {"c": 1},
            "$.a: expected 1, missing; $.b: expected 2, missing; $.c: not expected, got 1",
        ),
        ([1], {"a": 1}, '$: expected [1], got {"a": 1}'),
        ("x", "y", "$: expected 'x', got 'y'"),
    ],
)
def test_differences_are_listed_with_their_paths(value: Any, got: Any, explanation: str) -> None:
    score = judge(JsonEquals(value), json.dumps(got))
    assert not score.passed
    assert score.explanation == explanation
    assert score.details["differences"] == explanation.split("; ")


def test_ten_differences_are_enough_and_stand_in_order() -> None:
    score = judge(JsonEquals(list(range(13))), json.dumps([-1] * 13))
    shown = score.explanation.split("; ")
    assert [entry.partition(":")[0] for entry in shown[:10]] == [f"$[{i}]" for i in range(10)]
    assert shown[10:] == ["and 3 more"]
    assert len(score.details["differences"]) == 13


@pytest.mark.parametrize(
    ("value", "got", "missing"),
    [
        ([1, 1, 2], [1, 2, 2], "$[1]: expected 1, got 2"),
        (["a", "b", "c"], ["c", "a"], "$[1]: expected 'b', missing"),
    ],
)
def test_without_order_counts_still_count(value: Any, got: Any, missing: str) -> None:
    score = judge(JsonEquals(value, ignore_order=True), json.dumps(got))
    assert score.explanation == missing


def test_without_order_goes_for_every_level() -> None:
    value = {"rows": [{"tags": ["a", "b"]}, {"tags": []}]}
    got = {"rows": [{"tags": []}, {"tags": ["b", "a"]}]}
    assert judge(JsonEquals(value, ignore_order=True), json.dumps(got)).passed
    assert not judge(JsonEquals(value), json.dumps(got)).passed


@pytest.mark.parametrize(
    ("paths", "equal"),
    [
        (["$.id", "items[*].at"], True),
        (["$['id']", '$.items[0]["at"]', "items[1].at"], True),
        (["id", "items[0].at"], False),
        (["*"], True),
        (["id"], False),
    ],
)
def test_places_can_be_left_out(paths: list[str], equal: bool) -> None:
    value = {"id": 1, "items": [{"at": 1, "n": 1}, {"at": 2, "n": 2}]}
    got = {"items": [{"at": 8, "n": 1}, {"n": 2}], "extra": 1}
    value = {**value, "extra": 1}
    assert judge(JsonEquals(value, ignore_paths=paths), json.dumps(got)).passed is equal


def test_a_place_left_out_may_also_be_one_too_many() -> None:
    assert judge(JsonEquals({}, ignore_paths=["id"]), '{"id": 1}').passed
    assert judge(JsonEquals([1], ignore_paths=["[1]"]), "[1, 2]").passed


def test_places_left_out_go_with_any_order() -> None:
    scorer = JsonEquals(
        [{"id": 1, "n": "a"}, {"id": 2, "n": "b"}], ignore_order=True, ignore_paths=["[*].id"]
    )
    assert judge(scorer, '[{"id": 9, "n": "b"}, {"id": 8, "n": "a"}]').passed
    assert not judge(scorer, '[{"id": 9, "n": "b"}, {"id": 8, "n": "b"}]').passed


def test_tolerance_is_for_numbers_only() -> None:
    assert judge(JsonEquals({"x": 1.0}, tolerance=0.1), '{"x": 1.1}').passed
    assert not judge(JsonEquals({"x": 1.0}, tolerance=0.1), '{"x": 1.11}').passed
    assert not judge(JsonEquals({"x": 1}, tolerance=5), '{"x": true}').passed
    assert not judge(JsonEquals({"x": "1"}, tolerance=5), '{"x": "2"}').passed


def test_deep_lists_without_order_take_no_time() -> None:
    depth = MAX_DEPTH - 2
    value, got = "1", "2"
    for _ in range(depth):
        value, got = f"[{value}]", f"[{got}]"
    assert judge(JsonEquals(value, ignore_order=True, tolerance=1), got).passed
    assert not judge(JsonEquals(value, ignore_order=True, tolerance=0.5), got).passed


def test_lists_too_long_to_pair_are_a_failure_to_score() -> None:
    value = list(range(1100))
    scorer = JsonEquals(value, ignore_order=True, tolerance=0.1)
    assert judge(scorer, json.dumps(value[::-1])).passed
    with pytest.raises(ScoringError, match="too long to compare in any order"):
        judge(scorer, json.dumps([n + 0.05 for n in value]))


def test_text_that_holds_json_counts_as_json() -> None:
    assert judge(JsonEquals('{"a": 1}'), '{"a": 1.0}').passed
    assert judge(JsonEquals("[note] hi"), '"[note] hi"').passed


def test_an_answer_that_is_no_json_fails_and_a_value_that_is_none_is_an_error() -> None:
    assert judge(JsonEquals({}), "nope").explanation.startswith("not JSON: ")
    assert not judge(JsonEquals({}), "```json\n{}\n```").passed
    assert judge(JsonEquals({}, fenced=True), "```json\n{}\n```").passed
    with pytest.raises(ScoringError, match="'value' must be a JSON value"):
        judge(JsonEquals({1: 2}), "{}")


def test_paths_are_read() -> None:
    assert parse_path("$.items[*].id") == ("items", None, "id")
    assert parse_path("a-b['c.d'][3]") == ("a-b", "c.d", 3)


@pytest.mark.parametrize("path", ["", "$", "a..b", "a[", "a[x]", "a.[0]", "a b", "a[0]b"])
def test_a_bad_path_is_refused_at_once(path: str) -> None:
    with pytest.raises(ValueError, match="bad path"):
        JsonEquals({}, ignore_paths=[path])


def test_impossible_arguments_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="'tolerance'"):
        JsonEquals({}, tolerance=-1)
    with pytest.raises(ValueError, match="list of paths"):
        JsonEquals({}, ignore_paths="$.a")


def test_the_parser_raises_one_kind_of_error() -> None:
    with pytest.raises(NotJsonError):
        parse_json("\ufeff{}")
