"""Strict reading of mappings, and of arguments by their types."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import pytest

from llmops_cli.errors import Problems
from llmops_cli.files.binding import describe, fits
from llmops_cli.files.fields import Fields
from llmops_cli.files.yaml_source import parse_yaml


def _fields(text: str) -> tuple[Fields, Problems]:
    problems = Problems()
    return Fields(parse_yaml(text, "f"), problems, "a thing"), problems


GETTERS: dict[str, Callable[[Fields], Any]] = {
    "text": lambda f: f.text("k"),
    "boolean": lambda f: f.boolean("k"),
    "integer": lambda f: f.integer("k", 5, minimum=1, maximum=9),
    "number": lambda f: f.number("k"),
    "share": lambda f: f.share("k"),
    "seconds": lambda f: f.seconds("k"),
    "texts": lambda f: f.texts("k"),
    "items": lambda f: len(f.items("k")),
    "values": lambda f: f.values("k"),
}


@pytest.mark.parametrize(
    ("getter", "text", "value"),
    [
        ("text", "k: hi", "hi"), ("text", "k: '7'", "7"), ("text", "k: null", None), ("text", "x: 1", None),
        ("boolean", "k: true", True), ("boolean", "x: 1", False),
        ("integer", "k: 9", 9), ("integer", "x: 1", 5),
        ("number", "k: 2", 2.0), ("number", "k: 0", 0.0),
        ("share", "k: 0.9", 0.9), ("share", "k: 90%", 0.9), ("share", "k: 1", 1.0), ("share", "k: 0", 0.0),
        ("seconds", "k: 60s", 60.0), ("seconds", "k: 500ms", 0.5), ("seconds", "k: 2m", 120.0),
        ("seconds", "k: 3", 3.0), ("seconds", "k: 1.5h", 5400.0),
        ("texts", "k: a", ("a",)), ("texts", "k: [a, b]", ("a", "b")), ("texts", "x: 1", ()),
        ("items", "k: [1, 2]", 2), ("values", "k: {a: 1}", {"a": 1}),
    ],
)  # fmt: skip
def test_what_is_right_is_read(getter: str, text: str, value: Any) -> None:
    fields, problems = _fields(text)

    assert GETTERS[getter](fields) == value
    assert list(problems) == []


@pytest.mark.parametrize(
    ("getter", "text", "said"),
    [
        ("text", "k: 7", "f:1:4: 'k' must be text, not 7; put it in quotes"),
        ("text", "k: [a]", "f:1:4: 'k' must be text, not a list"),
        ("boolean", "k: 'true'", "'k' must be true or false, not text"),
        ("boolean", "k: 1", "'k' must be true or false, not 1"),
        ("integer", "k: 0", "'k' must be at least 1 and at most 9"),
        ("integer", "k: 10", "'k' must be at least 1 and at most 9"),
        ("integer", "k: 1.5", "'k' must be a whole number, not 1.5"),
        ("integer", "k: true", "'k' must be a whole number, not true or false"),
        ("number", "k: -1", "'k' must be at least 0"),
        ("number", "k: '1'", "'k' must be a number, not text"),
        ("share", "k: 90", "'k' must lie between 0 and 100%; 90% ?"),
        ("share", "k: -1", "'k' must be a share such as 0.9 or 90%, not -1"),
        ("seconds", "k: soon", "'k' must be a duration such as 60s or 500ms"),
        ("seconds", "k: 0s", "'k' must be a duration"),
        ("texts", "k: [a, 1]", "'k' must be text or a list of texts"),
        ("items", "k: a", "'k' must be a list, not text"),
        ("values", "k: []", "'k' must be a mapping, not a list"),
    ],
)
def test_what_is_wrong_is_noted_with_its_place(getter: str, text: str, said: str) -> None:
    fields, problems = _fields(text)
    GETTERS[getter](fields)

    (problem,) = problems
    assert str(problem).startswith("f:1:4: ")
    assert said in str(problem)


def test_keys_that_nobody_asked_for_are_mistakes() -> None:
    fields, problems = _fields("name: x\nnmae: y\nzzz: 1\n")
    fields.text("name")
    fields.done()

    assert [str(problem) for problem in problems] == [
        "f:2:1: unknown key 'nmae' in a thing; did you mean 'name'?",
        "f:3:1: unknown key 'zzz' in a thing; known: name",
    ]


def test_what_is_no_mapping_is_one_mistake() -> None:
    fields, problems = _fields("[1]")
    fields.text("name", required=True)
    fields.done()

    assert [str(problem) for problem in problems] == [
        "f:1:1: a thing must be a mapping, not a list",
        "f:1:1: a thing has no 'name'",
    ]


@pytest.mark.parametrize(
    ("value", "hint", "right"),
    [
        (1, int, True), (True, int, False), (1, float, True), (True, float, False), (1.0, int, False),
        ("a", str, True), (1, str, False), (True, bool, True), (None, str | None, True),
        (1, str | None, False),
        (["a"], Sequence[str], True), ([1], Sequence[str], False), ("a", Sequence[str], False),
        ({}, dict[str, Any], True), ("a", Literal["a", "b"], True), ("c", Literal["a", "b"], False),
        ([1], Any, True), ([], tuple[int, ...], True),
    ],
)  # fmt: skip
def test_a_value_fits_a_type_strictly(value: Any, hint: Any, right: bool) -> None:
    assert fits(value, hint) is right


def test_types_in_plain_words() -> None:
    assert describe(int | None) == "a whole number"
    assert describe(str | float) == "text or a number"
    assert describe(Literal["a", "b"]) == "one of a, b"
    assert describe(Sequence[str]) == "a list"
