"""equals, contains, contains_any, contains_all, starts_with, matches, length."""

import re
from typing import Any

import pytest

from llmops_cli.domain.scoring import ScoringError
from llmops_cli.scorers.contains import Contains
from llmops_cli.scorers.contains_all import ContainsAll
from llmops_cli.scorers.contains_any import ContainsAny
from llmops_cli.scorers.equals import Equals
from llmops_cli.scorers.length import Length
from llmops_cli.scorers.matches import Matches
from llmops_cli.scorers.starts_with import StartsWith
from tests.unit.scorers.answers import judge


@pytest.mark.parametrize(
    ("value", "subject", "equal"),
    [
        ("yes", " yes\n", True),
        ("yes", "Yes", False),
        ("", "", True),
        (1, "1.0", True),
        (1, 1.0, True),
        (1, True, False),
        (True, 1, False),
        (True, "true", True),
        (True, "True", True),
        (False, "0", False),
        (None, "null", True),
        (None, None, True),
        (None, "", False),
        (7, "007", False),
        ("5", 5, True),
        ([1, 2], "[1, 2]", True),
        ([1, 2], "[2, 1]", False),
        ({"a": 1, "b": [True]}, '{"b": [true], "a": 1.0}', True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, "no JSON", False),
        ('{"a":1}', '{"a": 1}', False),
    ],
)
def test_equals(value: Any, subject: Any, equal: bool) -> None:
    assert judge(Equals(value), subject).passed is equal


def test_equals_can_ignore_case_in_texts_and_inside_values_and_can_heed_white_space() -> None:
    assert judge(Equals("STRASSE", ignore_case=True), "straße").passed
    assert judge(Equals({"label": "Yes"}, ignore_case=True), '{"label": "yes"}').passed
    assert not judge(Equals("yes", strip=False), "yes\n").passed


def test_equals_explains_both_ways_for_not() -> None:
    assert judge(Equals("yes"), "no").explanation == "expected 'yes', got 'no'"
    assert judge(Equals([1]), "[2]").explanation == "expected [1], got [2]"
    assert judge(Equals("yes"), "yes").explanation == "equals 'yes'"


def test_equals_refuses_a_value_that_json_does_not_know() -> None:
    with pytest.raises(ScoringError, match="'value' must be a JSON value, got set"):
        judge(Equals({1, 2}), "1")


def test_contains() -> None:
    assert judge(Contains("refund"), "No refund today").passed
    assert not judge(Contains("Refund"), "No refund today").passed
    assert judge(Contains("Refund", ignore_case=True), "No refund today").passed
    assert judge(Contains(42), "the answer is 42.").passed
    assert "expected 'x'" in judge(Contains("x"), "abc").explanation


@pytest.mark.parametrize("value", ["", None, True, ["a"]])
def test_contains_refuses_what_is_no_text_to_find(value: Any) -> None:
    with pytest.raises(ScoringError, match="'value' must be a text"):
        judge(Contains(value), "anything")


def test_contains_any_takes_one_and_names_all_when_none_is_there() -> None:
    assert judge(ContainsAny(["a", "b"]), "xbx").passed
    failure = judge(ContainsAny(["cat", "dog"]), "a bird")
    assert not failure.passed
    assert failure.explanation == "expected one of 'cat', 'dog'; got 'a bird'"


def test_contains_all_names_what_is_missing_and_only_that() -> None:
    assert judge(ContainsAll(["A", 1], ignore_case=True), "1 a").passed
    failure = judge(ContainsAll(["hello", "world", "moon"]), "hello")
    assert not failure.passed
    assert failure.explanation == "missing 2 of 3: 'world', 'moon'; got 'hello'"
    assert failure.details["missing"] == ["world", "moon"]


@pytest.mark.parametrize("scorer", [ContainsAny, ContainsAll])
@pytest.mark.parametrize(
    ("value", "complaint"), [("a,b", "a text"), ([], "empty list"), (["a", ""], "value[1]")]
)
def test_lists_of_texts_are_checked(scorer: Any, value: Any, complaint: str) -> None:
    with pytest.raises(ScoringError, match=re.escape(complaint)):
        judge(scorer(value), "a")


def test_starts_with() -> None:
    assert judge(StartsWith("ESC"), "ESCALATION: yes").passed
    assert judge(StartsWith("esc", ignore_case=True), "ESCALATION: yes").passed
    failure = judge(StartsWith("ESC"), " ESC")
    assert not failure.passed
    assert failure.explanation.startswith("at the start expected 'ESC', got ' ES'")


@pytest.mark.parametrize(
    ("arguments", "text", "found"),
    [
        ({}, "xx abc", True),
        ({}, "xx ABC", False),
        ({"ignore_case": True}, "xx ABC", True),
        ({"full": True}, "xx abc", False),
        ({"full": True}, "abc", True),
        ({"value": "^b$"}, "a\nb\nc", False),
        ({"value": "^b$", "multiline": True}, "a\nb\nc", True),
        ({"value": "a.c"}, "a\nc", False),
        ({"value": "a.c", "dotall": True}, "a\nc", True),
    ],
)
def test_matches(arguments: dict[str, Any], text: str, found: bool) -> None:
    assert judge(Matches(**{"value": "abc", **arguments}), text).passed is found


def test_matches_says_what_and_where() -> None:
    assert judge(Matches(r"\d+"), "ab 12").explanation == "found '12' at character 4"
    assert judge(Matches(r"\d+"), "ab").explanation == "expected a match of /\\d+/, got 'ab'"


@pytest.mark.parametrize(
    ("pattern", "position"), [("ab[", 4), ("*a", 1), ("(" * 5000, None), ("a{99999999999}", 3)]
)
def test_a_bad_pattern_is_refused_at_once_with_its_position(pattern: str, position: int | None) -> None:
    with pytest.raises(ValueError, match="bad pattern" + (f" at character {position}:" if position else "")):
        Matches(pattern)


def test_a_search_without_end_is_a_failure_to_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmops_cli.scorers.patterns.TIMEOUT", 0.05)
    with pytest.raises(ScoringError, match="took longer than"):
        judge(Matches("^(a|aa)+$"), "a" * 60 + "b")


@pytest.mark.parametrize(
    ("unit", "text", "count"),
    [
        ("characters", "e\u0301\n", 3),
        ("characters", "😀", 1),
        ("words", " one\ttwo\nthree ", 3),
        ("words", "", 0),
        ("lines", "a\nb\n", 2),
        ("lines", "", 0),
        ("sentences", "One. Two! Three? And a rest", 4),
        ("sentences", "It costs 3.14 euros.", 1),
        ("sentences", 'He said "stop." Then left.', 2),
        ("sentences", "你好。再见。", 2),
        ("sentences", "...", 0),
    ],
)
def test_length_counts(unit: Any, text: str, count: int) -> None:
    assert judge(Length(min=count, max=count, unit=unit), text).passed
    assert not judge(Length(min=count + 1, unit=unit), text).passed


def test_length_explains() -> None:
    assert judge(Length(2, unit="words"), "a b c").explanation == "expected at most 2 words, got 3"
    assert judge(Length(9, min=4, unit="words"), "a b c").explanation == "expected 4 to 9 words, got 3"


@pytest.mark.parametrize("arguments", [{}, {"min": 3, "max": 2}, {"max": -1}, {"max": 1, "unit": "bytes"}])
def test_impossible_lengths_are_refused_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"'min'|'max'|'unit'"):
        Length(**arguments)
