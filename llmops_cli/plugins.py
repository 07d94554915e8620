"""One door for everything that can be plugged in: built-ins and third parties alike.

A built-in is one file and one line in `_BUILT_IN`; a third party's package declares an entry point in the
group `llmops.scorers`, `llmops.providers`, `llmops.reporters` or `llmops.importers`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal

from llmops_cli.errors import UserError, did_you_mean

Group = Literal["scorers", "providers", "reporters"]

_BUILT_IN: dict[Group, dict[str, str]] = {
    "scorers": {
        "equals": "equals:Equals",
        "contains": "contains:Contains",
        "contains_any": "contains_any:ContainsAny",
        "contains_all": "contains_all:ContainsAll",
        "starts_with": "starts_with:StartsWith",
        "matches": "matches:Matches",
        "one_of": "one_of:OneOf",
        "json": "json_valid:JsonValid",
        "json_equals": "json_equals:JsonEquals",
        "number": "number:Number",
        "length": "length:Length",
        "latency": "latency:Latency",
        "cost": "cost:Cost",
        "tokens": "tokens:Tokens",
        "tool_calls": "tool_calls:ToolCalls",
        "python": "python:Python",
        "judge": "judge:Judge",
    },
    "providers": {
        "litellm": "litellm:LiteLLMProvider",
        "offline": "offline:OfflineProvider",
        "echo": "echo:EchoProvider",
        "python": "python:PythonProvider",
    },
    "reporters": {
        "terminal": "terminal:format_terminal",
        "cases": "every_case:format_every_case",
        "json": "json:format_json",
        "markdown": "markdown:format_markdown",
        "junit": "junit:format_junit",
        "sarif": "sarif:format_sarif",
        "csv": "csv:format_csv",
        "github": "github:format_github",
    },
}


@cache
def _third_party(group: Group) -> dict[str, Any]:
    # importlib.metadata costs 15 ms: it is asked only for a name that is not built in
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=f"llmops.{group}")}


def built_in(group: Group) -> tuple[str, ...]:
    """The names that come with llmops; third parties are not looked for."""
    return tuple(_BUILT_IN[group])


def names(group: Group) -> tuple[str, ...]:
    """Every name in a group, built-ins first."""
    return (*_BUILT_IN[group], *(n for n in sorted(_third_party(group)) if n not in _BUILT_IN[group]))


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a group. Looking for one asks the built-ins first, which is quick."""

    group: Group

    def __contains__(self, name: str) -> bool:
        """Whether the group holds a name."""
        return name in _BUILT_IN[self.group] or name in _third_party(self.group)

    def __iter__(self) -> Iterator[str]:
        """All of them."""
        return iter(names(self.group))


@cache
def load(group: Group, name: str) -> Any:
    """The class or function behind a name. Raises UserError for an unknown one, with the nearest."""
    target = _BUILT_IN[group].get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        return getattr(import_module(f"llmops_cli.{group}.{module}"), attribute)
    entry = _third_party(group).get(name)
    if entry is None:
        kind = group.removesuffix("s")
        raise UserError(f"unknown {kind} {name!r}", hint=did_you_mean(name, names(group)))
    return entry.load()
