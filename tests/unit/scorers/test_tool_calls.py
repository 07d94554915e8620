"""tool_calls."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.request import ToolCall
from llmops_cli.domain.scoring import ScoringError
from llmops_cli.scorers.matching import pair_up
from llmops_cli.scorers.tool_calls import ToolCalls
from tests.unit.scorers.answers import answer, judge

SEARCH = ToolCall("search", {"q": "cats", "limit": 3, "filter": {"lang": "en", "year": 2026}})
FETCH = ToolCall("fetch")


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


@pytest.mark.parametrize(
    ("value", "mode", "right"),
    [
        ("search", "subset", True),
        ("search", "any_order", False),
        (["search", "fetch"], "exact", True),
        (["fetch", "search"], "exact", False),
        (["fetch", "search"], "any_order", True),
        (["search", "search"], "any_order", False),
        (["search", "search"], "subset", False),
        ([], "any_order", False),
        (["fetch", call("search", q="cats")], "any_order", True),
        (["fetch", call("search", q="dogs")], "any_order", False),
        (["fetch", call("search", filter={"lang": "en"})], "any_order", True),
        (["fetch", call("search", filter={"lang": "de"})], "any_order", False),
        (["fetch", call("search", page=1)], "any_order", False),
    ],
)
def test_tool_calls(value: Any, mode: Any, right: bool) -> None:
    assert judge(ToolCalls(value, mode=mode), answer(tool_calls=(SEARCH, FETCH))).passed is right


def test_exact_arguments_allow_nothing_beside() -> None:
    called = answer(tool_calls=(SEARCH,))
    assert not judge(ToolCalls([call("search", q="cats")], exact_arguments=True), called).passed
    assert judge(
        ToolCalls({"name": "search", "arguments": SEARCH.arguments}, exact_arguments=True), called
    ).passed
    assert judge(ToolCalls("search", exact_arguments=True), called).passed


def test_an_empty_list_expects_no_call() -> None:
    assert judge(ToolCalls([]), answer("text")).passed
    failure = judge(ToolCalls([]), answer(tool_calls=(FETCH,)))
    assert failure.explanation == "expected no call, got fetch()"


def test_a_loose_expectation_does_not_take_the_call_of_a_strict_one() -> None:
    calls = (ToolCall("a", {"x": 1}), ToolCall("a", {"x": 2}))
    assert judge(ToolCalls(["a", call("a", x=1)]), answer(tool_calls=calls)).passed


def test_true_is_not_1_in_arguments_and_broken_arguments_are_text() -> None:
    assert not judge(ToolCalls([call("a", x=True)]), answer(tool_calls=(ToolCall("a", {"x": 1}),))).passed
    broken = answer(tool_calls=(ToolCall("a", '{"x": 1'),))
    failure = judge(ToolCalls([call("a", x=1)]), broken)
    assert failure.explanation == "expected a(x=1), got a('{\"x\": 1')"


def test_tool_calls_explains() -> None:
    failure = judge(ToolCalls([call("search", q="dogs")], mode="exact"), answer("no tool"))
    assert failure.explanation == "expected search(q='dogs'), got no call (mode: exact)"
    assert failure.details == {"expected": ["search(q='dogs')"], "got": []}


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (5, "a name or a list of calls"),
        ([5], "value.0.' must be a name or a mapping"),
        ([{"arguments": {}}], "must be a name or a mapping"),
        ([{"name": "a", "args": {}}], "unknown key 'args'"),
        ([""], "must be a name"),
    ],
)
def test_an_expectation_that_is_no_call_is_refused(value: Any, complaint: str) -> None:
    with pytest.raises(ScoringError, match=complaint):
        judge(ToolCalls(value), "x")


def test_expecting_nothing_of_a_subset_is_refused() -> None:
    with pytest.raises(ScoringError, match="every answer fulfils"):
        judge(ToolCalls([], mode="subset"), "x")


def test_an_unknown_mode_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="'mode'"):
        ToolCalls("a", mode="any")  # type: ignore[arg-type]


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4))))
def test_pairing_finds_as_many_pairs_as_there_can_be(edges: set[tuple[int, int]]) -> None:
    def most(left: int, taken: frozenset[int]) -> int:
        if left == 5:
            return 0
        using = [1 + most(left + 1, taken | {r}) for a, r in edges if a == left and r not in taken]
        return max([most(left + 1, taken), *using])

    pairs = pair_up(5, 5, lambda i, j: (i, j) in edges)
    assert set(pairs.items()) <= edges
    assert len(set(pairs.values())) == len(pairs) == most(0, frozenset())
