"""python."""

from fractions import Fraction
from typing import Any

import pytest

from llmops_cli.domain.scoring import Score, ScoringError
from llmops_cli.scorers.python import Python
from tests.unit.scorers.answers import Tools, answer, judge


def call(result: Any) -> Score:
    return judge(Python("rules:polite"), answer("hi", tools=Tools(result=result)))


@pytest.mark.parametrize(
    ("result", "value", "passed"),
    [
        (True, 1.0, True),
        (False, 0.0, False),
        (0.5, 0.5, True),
        (0.49, 0.49, False),
        (1, 1.0, True),
        (Fraction(1, 4), 0.25, False),
        ({"score": 0.4, "passed": True}, 0.4, True),
        ({"value": 0.9}, 0.9, True),
        ({"passed": False}, 0.0, False),
        (Score(0.2, True), 0.2, True),
    ],
)
def test_what_a_function_may_return(result: Any, value: float, passed: bool) -> None:
    score = call(result)
    assert (score.value, score.passed) == (value, passed)


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (None, "returned null"),
        ("yes", "returned a text"),
        ([1], "returned a list"),
        (1.01, "returned 1.01"),
        (float("nan"), "returned nan"),
        (-1, "returned -1"),
        (10**400, "returned a number of over 300 digits; a score lies between 0 and 1"),
        (-(10**3000), "returned a number of over 300 digits"),
        ({}, "without 'score' and 'passed'"),
        ({"score": True}, "returned as 'score' true"),
        ({"score": float("inf")}, "returned as 'score' inf"),
        ({"score": 10**400}, "returned as 'score' a number of over 300 digits"),
        ({"score": 1, "value": 1}, "both 'score' and 'value'"),
        ({"passed": 1}, "as 'passed'"),
        ({"passed": True, "explanation": 5}, "as 'explanation'"),
        ({"pass": True}, "unknown key 'pass'"),
    ],
)
def test_anything_else_is_a_failure_to_score(result: Any, complaint: str) -> None:
    with pytest.raises(ScoringError, match=f"^rules:polite .*{complaint}"):
        call(result)


def test_the_function_gets_the_answer_and_its_own_arguments() -> None:
    tools = Tools(result=True)
    judge(Python("rules:polite", {"tone": "warm"}), answer("hi", tools=tools, expected="E"))
    assert tools.asked == [
        (
            "rules:polite",
            {"output": "hi", "vars": {}, "expected": "E", "messages": [], "case_id": "c1", "tone": "warm"},
        )
    ]


@pytest.mark.parametrize(
    "result", [{"passed": False, "explanation": "a\n b\x1b"}, Score(0.0, False, "a\n b\x1b")]
)
def test_its_explanation_becomes_one_line(result: Any) -> None:
    assert call(result).explanation == "a b\\x1b"


def test_without_tools_it_cannot_be_called() -> None:
    with pytest.raises(ScoringError, match="cannot be called"):
        judge(Python("rules:polite"), "x")


def test_what_the_tools_refuse_stays_as_it_is() -> None:
    with pytest.raises(ScoringError, match=r"^not allowed$"):
        call(ScoringError("not allowed"))


@pytest.mark.parametrize("reference", ["rules", "rules:", ":f", "a b:c", "rules:f()", "a..b:c", 5])
def test_a_bad_reference_is_refused_at_once(reference: Any) -> None:
    with pytest.raises(ValueError, match="module:function"):
        Python(reference)


def test_arguments_may_not_hide_the_answer() -> None:
    with pytest.raises(ValueError, match="'output'"):
        Python("a:b", {"output": 1})
