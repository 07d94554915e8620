"""Templates inside the arguments of scorers: `value: "{{ expected.escalate }}"`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmops_cli.domain.canonical import lf
from llmops_cli.errors import Problems, RenderError, SourceLocation, did_you_mean
from llmops_cli.templating.filters import LazyJson, NoMatch, check_pattern, parse_path

if TYPE_CHECKING:
    from llmops_cli.templating.analysis import Scan
    from llmops_cli.templating.environment import BoundedEnvironment
    from llmops_cli.templating.jinja import Template

__all__ = ["LazyJson", "NoMatch", "ValueTemplates", "check_value", "references"]

_LONE = "__value"
_ARGUMENT_CHECKS = {"regex_first": check_pattern, "json_path": parse_path}


@dataclass(frozen=True, slots=True)
class _Compiled:
    template: "Template"
    names: frozenset[str]
    lone: bool


class ValueTemplates:
    """Renders the templates in values; each text is compiled once."""

    def __init__(self) -> None:
        self._compiled: dict[str, _Compiled] = {}

    def render(self, value: Any, scope: Mapping[str, Any], where: SourceLocation) -> Any:
        """The value with every template in it rendered, through lists and the values of mappings.

        A text that is one lone `{{ expression }}` keeps the expression's type. A `LazyJson` in the scope is
        read only where a template names it. Raises RenderError at `where`, and NoMatch where a filter, or a
        key of a `LazyJson`, finds nothing in the answer.
        """
        from llmops_cli.templating.limits import rendering

        if not any(_templates(value)):
            return value
        with rendering():
            return self._render(value, scope, where)

    def _render(self, value: Any, scope: Mapping[str, Any], where: SourceLocation) -> Any:
        if isinstance(value, str):
            return self._text(value, scope, where) if _marked(value) else value
        if isinstance(value, Mapping):
            return {key: self._render(item, scope, where) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._render(item, scope, where) for item in value]
        return value

    def _text(self, text: str, scope: Mapping[str, Any], where: SourceLocation) -> Any:
        from llmops_cli.templating.analysis import environment
        from llmops_cli.templating.failures import TemplateFailure

        reader = environment("scorer")
        try:
            compiled = self._compiled.get(text)
            if compiled is None:
                compiled = self._compiled[text] = _compile(text, reader)
            values = {name: _value(scope[name]) for name in compiled.names if name in scope}
            if compiled.lone:
                return reader.evaluate(compiled.template, values, _LONE)
            return reader.render(compiled.template, values)
        except TemplateFailure as failure:
            if isinstance(scope.get(_root(failure.undefined)), LazyJson):
                # the answer lost a key: the answer is at fault, not the template
                raise NoMatch(f"no match for {failure.undefined!r}") from failure
            message = f"{failure.message} in {_short(text)}"
            raise RenderError(message, where=where, hint=failure.hint) from failure


def references(value: Any) -> frozenset[str]:
    """The names that the templates in a value take from their scope; broken templates name none."""
    from llmops_cli.templating.failures import TemplateFailure

    names: set[str] = set()
    for text in _templates(value):
        try:
            names |= _scan(text).uses.keys()
        except TemplateFailure:
            continue  # check_value says it
    return frozenset(names)


def check_value(value: Any, known: Iterable[str], where: SourceLocation) -> Problems:
    """What is wrong with the templates in a value before anything is rendered.

    Bad syntax, names that are not `known`, unknown filters, bad patterns and paths, includes.
    """
    from llmops_cli.templating.analysis import Scan, check_calls
    from llmops_cli.templating.failures import TemplateFailure

    problems = Problems()
    names = tuple(known)
    for text in _templates(value):
        try:
            found: Scan = _scan(text)
        except TemplateFailure as failure:
            problems.add(f"{failure.message} in {_short(text)}", where, failure.hint)
            continue
        for name in found.uses:
            if name not in names and name not in found.sets:
                problems.add(f"unknown variable {name!r} in {_short(text)}", where, did_you_mean(name, names))
        if found.references:
            problems.add(f"a scorer's template cannot include another one: {_short(text)}", where)
        _check_filters(found, text, where, problems)
        calls = Problems()
        check_calls(found, where, "scorer", calls)
        for problem in calls:
            problems.add(f"{problem.message} in {_short(text)}", where, problem.hint)
    return problems


def _check_filters(found: "Scan", text: str, where: SourceLocation, problems: Problems) -> None:
    for call in found.calls:
        check = _ARGUMENT_CHECKS.get(call.name) if call.kind == "filter" else None
        if check is not None and call.arguments and isinstance(call.arguments[0], str):
            try:
                check(call.arguments[0])
            except ValueError as error:
                problems.add(f"{error} in {_short(text)}", where)


_ANYWHERE = SourceLocation("template", 1)  # a scorer's template has no lines of its own in a message


def _scan(text: str) -> "Scan":
    from llmops_cli.templating.analysis import scan

    return scan(lf(text), _ANYWHERE, "scorer")


def _compile(text: str, reader: "BoundedEnvironment") -> _Compiled:
    from llmops_cli.templating.jinja import nodes

    names = frozenset(_scan(text).uses)
    tree = reader.tree(text.strip(), None, _ANYWHERE)
    match tree.body:
        case [nodes.Output(nodes=[expression])] if not isinstance(expression, nodes.TemplateData):
            assign = nodes.Assign(nodes.Name(_LONE, "store", lineno=1), expression, lineno=1)
            lone = nodes.Template([assign], lineno=1)
            lone.set_environment(reader)
            return _Compiled(reader.template(lone, None, _ANYWHERE, text), names, lone=True)
    return _Compiled(reader.template(text, None, _ANYWHERE), names, lone=False)


def _root(name: str | None) -> str:
    return (name or "").split(".", 1)[0].split("[", 1)[0]


def _value(given: Any) -> Any:
    return given.value() if isinstance(given, LazyJson) else given


def _templates(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if _marked(value):
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _templates(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _templates(item)


def _marked(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:80] + "…")
