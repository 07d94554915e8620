"""number, latency, cost, tokens."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.request import Usage
from llmops_cli.domain.scoring import ScoringError
from llmops_cli.scorers.cost import Cost
from llmops_cli.scorers.latency import Latency
from llmops_cli.scorers.number import Number, numbers_in
from llmops_cli.scorers.tokens import Tokens
from tests.unit.scorers.answers import answer, judge


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("The total is 1,234,567.89 USD.", ["1234567.89"]),
        ("about -5°", ["-5"]),
        ("\u22125", ["-5"]),
        ("+3", ["3"]),
        (".5 or 0.25", ["0.5", "0.25"]),
        ("1.5e3 and 2E-2", ["1500", "0.02"]),
        ("45% of it", ["45"]),
        ("5kg for $7", ["5", "7"]),
        ("1\u202f234\u202f567", ["1234567"]),
        ("3-4", ["3", "4"]),
        ("2026-11-20", ["2026", "11", "20"]),
        ("(-7)", ["-7"]),
        ("It is 42.", ["42"]),
        ("1, 2", ["1", "2"]),
        ("12,34", []),
        ("1.234,56", []),
        ("v2 of GPT4", []),
        ("1.2.3", []),
        ("1,2,3", []),
        ("1_000", []),
        ("0x1F", []),
        ("no digits", []),
        ("1e99999999999999999999", []),
    ],
)
def test_numbers_of_a_text(text: str, numbers: list[str]) -> None:
    assert [float(n) for n in numbers_in(text)] == [float(n) for n in numbers]


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_back_from_the_text_python_writes(number: float) -> None:
    assert judge(Number(number), f"The answer is {number}, I think").passed
    assert judge(Number(str(number)), number).passed


@given(st.decimals(-(10**9), 10**9, places=2))
def test_thousands_are_read_back(number: Any) -> None:
    assert numbers_in(f"{number:,}") == [number]


@pytest.mark.parametrize(
    ("arguments", "subject", "right"),
    [
        ({"value": 5}, "5.0", True),
        ({"value": "45%"}, "45", True),
        ({"value": 1.0, "tolerance": 0.1}, "1.1", True),
        ({"value": 1.0, "tolerance": 0.1}, "1.11", False),
        ({"value": 200, "relative": 0.01}, "202", True),
        ({"value": -200, "relative": 0.01}, "-203", False),
        ({"value": 200, "relative": 0.01, "tolerance": 5}, "205", True),
        ({"min": 0, "max": 10}, "10", True),
        ({"min": 0, "max": 10}, "10.5", False),
        ({"value": 5, "max": 4, "tolerance": 2}, "5", False),
        ({"value": 12345678901234567890}, "12345678901234567891", False),
        ({"value": 1}, True, False),
        ({"value": 1}, None, False),
        ({"value": 1}, float("nan"), False),
        ({"value": 1}, "1e999999999", False),
    ],
)
def test_number(arguments: dict[str, Any], subject: Any, right: bool) -> None:
    assert judge(Number(**arguments), subject).passed is right


def test_number_says_what_it_found() -> None:
    assert judge(Number(5), "6").explanation == "expected 5, got 6"
    assert judge(Number(5, tolerance=0.5), "6").explanation == "expected 5 (give or take 0.5), got 6"
    assert judge(Number(5), "none here").explanation == "expected one number, found none in 'none here'"
    assert judge(Number(5), "4 or 5").explanation == "expected one number, found 4, 5 in '4 or 5'"
    assert judge(Number(min=3), "2").explanation == "expected at least 3, got 2"


@pytest.mark.parametrize("value", ["five", "5 apples", "", True, [5], float("nan"), {"n": 5}])
def test_number_refuses_an_expectation_that_is_none(value: Any) -> None:
    with pytest.raises(ScoringError, match="'value' must be a number"):
        judge(Number(value), "5")


def test_number_must_be_asked_something() -> None:
    with pytest.raises(ScoringError, match="give 'value', 'min' or 'max'"):
        judge(Number(), "5")


@pytest.mark.parametrize("arguments", [{"tolerance": -1}, {"relative": float("nan")}, {"min": 2, "max": 1}])
def test_impossible_numbers_are_refused_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        Number(5, **arguments)


@pytest.mark.parametrize(
    ("limit", "seconds"), [(2, 2.0), ("2s", 2.0), ("500ms", 0.5), ("1.5 s", 1.5), ("1m", 60.0)]
)
def test_latency_allows_its_limit_and_no_more(limit: Any, seconds: float) -> None:
    assert judge(Latency(limit), answer(latency=seconds)).passed
    assert not judge(Latency(limit), answer(latency=seconds * 1.01)).passed


def test_latency_explains() -> None:
    assert judge(Latency("500ms"), answer(latency=1.25)).explanation == "expected at most 0.5 s, got 1.25 s"


@pytest.mark.parametrize("limit", ["fast", "2h", "-1s", "", -1, float("nan")])
def test_a_limit_that_is_no_duration_is_refused_at_once(limit: Any) -> None:
    with pytest.raises(ValueError, match=r"duration|0 or more"):
        Latency(limit)


def test_cost() -> None:
    assert judge(Cost(0.001), answer(cost=0.001)).passed
    assert judge(Cost(0), answer(cost=0.0)).passed
    failure = judge(Cost(0.001), answer(cost=0.002))
    assert not failure.passed
    assert failure.explanation == "expected at most 0.001 USD, got 0.002 USD"


def test_tokens_counts_the_kind_it_was_asked_for() -> None:
    used = answer(usage=Usage(100, 20))
    assert judge(Tokens(120), used).passed
    assert not judge(Tokens(119), used).passed
    assert judge(Tokens(20, kind="output"), used).passed
    assert judge(Tokens(min=100, kind="input"), used).passed
    assert judge(Tokens(19, kind="output"), used).explanation == "expected at most 19 output tokens, got 20"


@pytest.mark.parametrize("scorer", [Latency(1), Cost(1), Tokens(1)])
def test_what_is_not_known_is_no_nought(scorer: Any) -> None:
    with pytest.raises(ScoringError, match="not known"):
        judge(scorer, answer("text"))


@pytest.mark.parametrize("make", [lambda: Cost(-1), Tokens, lambda: Tokens(1, kind="all")])  # type: ignore[arg-type]
def test_impossible_amounts_are_refused_at_once(make: Any) -> None:
    with pytest.raises(ValueError, match=r"'max'|'kind'"):
        make()
