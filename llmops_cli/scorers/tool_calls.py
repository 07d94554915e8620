"""`tool_calls`: the model asked for the right tools with the right arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from llmops_cli.domain.request import ToolCall
from llmops_cli.domain.scoring import Answer, Score, ScoringError, failed, passed
from llmops_cli.scorers.json_text import same
from llmops_cli.scorers.matching import pair_up
from llmops_cli.scorers.text import kind_of, shorten, show

_ANY_ARGUMENTS = object()


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """The model called the expected tools.

    A call that names no `arguments` fits any. Those that are named must be there with the same value, in
    mappings inside them too; more arguments are allowed unless `exact_arguments`. An empty list expects
    no call.
    """

    main: ClassVar[str] = "value"

    value: Any
    """The expected calls: a name, or a list of names and of mappings with `name` and `arguments`."""
    mode: Literal["exact", "subset", "any_order"] = "any_order"
    """exact: these calls in this order; any_order: these calls; subset: these calls and perhaps others."""
    exact_arguments: bool = False
    """No argument beside those that are named."""

    def __post_init__(self) -> None:
        if self.mode not in ("exact", "subset", "any_order"):
            raise ValueError(f"'mode' must be exact, subset or any_order, got {self.mode!r}")

    def score(self, answer: Answer) -> Score:
        """Full score where the calls of the response are the expected ones."""
        expected, calls = _expected_calls(self.value), answer.response.tool_calls
        if self.mode == "subset" and not expected:
            raise ScoringError("'value' expects no call, which every answer fulfils with mode: subset")
        wanted = [_write(name, arguments) for name, arguments in expected]
        got = [_write(call.name, call.arguments) for call in calls]
        details = {"expected": wanted, "got": got}
        explanation = f"expected {_listed(wanted)}, got {_listed(got)}"
        if self._agree(expected, calls):
            return passed(f"called {_listed(got)}" if got else "called no tool", **details)
        return failed(explanation + ("" if self.mode == "any_order" else f" (mode: {self.mode})"), **details)

    def _agree(self, expected: Sequence[tuple[str, Any]], calls: Sequence[ToolCall]) -> bool:
        def fits(i: int, j: int) -> bool:
            name, arguments = expected[i]
            return name == calls[j].name and self._arguments_fit(arguments, calls[j].arguments)

        if self.mode != "subset" and len(expected) != len(calls):
            return False
        if self.mode == "exact":
            return all(fits(i, i) for i in range(len(expected)))
        return len(pair_up(len(expected), len(calls), fits)) == len(expected)

    def _arguments_fit(self, expected: Any, got: Any) -> bool:
        if expected is _ANY_ARGUMENTS:
            return True
        return same(expected, got) if self.exact_arguments else _is_part(expected, got)


def _is_part(expected: Any, got: Any) -> bool:
    """Whether mappings hold at least what was expected; everything else is compared as a whole."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return all(key in got and _is_part(item, got[key]) for key, item in expected.items())
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        return len(expected) == len(got) and all(_is_part(a, b) for a, b in zip(expected, got, strict=True))
    return same(expected, got)


def _expected_calls(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, str | Mapping):
        return [_expected_call(value, "'value'")]
    if isinstance(value, list | tuple):
        return [_expected_call(item, f"'value[{index}]'") for index, item in enumerate(value)]
    raise ScoringError(f"'value' must be a name or a list of calls, got {kind_of(value)}")


def _expected_call(item: Any, place: str) -> tuple[str, Any]:
    if isinstance(item, str) and item:
        return item, _ANY_ARGUMENTS
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        raise ScoringError(f"{place} must be a name or a mapping with 'name', got {show(item)}")
    unknown = [key for key in item if key not in ("name", "arguments")]
    if unknown:
        raise ScoringError(f"{place} has the unknown key {show(unknown[0])}; known: name, arguments")
    return item["name"], item.get("arguments", _ANY_ARGUMENTS)


def _write(name: str, arguments: Any) -> str:
    """A call as a reader expects it: search(q='a', limit=3)."""
    if arguments is _ANY_ARGUMENTS:
        return shorten(name)
    if isinstance(arguments, Mapping):
        listed = ", ".join(f"{shorten(str(key), 30)}={show(item, 60)}" for key, item in arguments.items())
        return f"{shorten(name)}({listed})"
    return f"{shorten(name)}({'' if arguments is None else show(arguments)})"


def _listed(calls: Sequence[str]) -> str:
    return shorten(", ".join(calls), 100) or "no call"
