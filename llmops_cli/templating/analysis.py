"""What a template says without rendering it: the variables, filters and other templates it uses.

Import this module inside the function that needs it; it brings Jinja2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

from llmops_cli.errors import Problems, SourceLocation, did_you_mean
from llmops_cli.templating.builtin_filters import REFUSED_FILTERS
from llmops_cli.templating.environment import BoundedEnvironment
from llmops_cli.templating.failures import location, syntax_failure
from llmops_cli.templating.filters import SCORER_FILTERS
from llmops_cli.templating.jinja import VAR_LOAD_RESOLVE, CodeGenerator, Frame, TemplateSyntaxError, nodes
from llmops_cli.templating.references import Reference

Kind = Literal["prompt", "scorer"]


@dataclass(frozen=True, slots=True)
class Call:
    """A filter or test by name, with its literal arguments (None for what is not a literal)."""

    kind: Literal["filter", "test"]
    name: str
    line: int
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """What one template says. `uses`: the names it takes from outside, with the line of the first use."""

    uses: dict[str, int]
    sets: frozenset[str]
    """Names that a `set` gives a value somewhere, perhaps in a branch."""
    binds: frozenset[str]
    """All names bound anywhere: what an included template may see beside the inputs."""
    references: tuple[Reference, ...]
    calls: tuple[Call, ...]


@cache
def environment(kind: Kind) -> BoundedEnvironment:
    """The environment for reading templates of a kind; it renders nothing of a prompt's."""
    made = BoundedEnvironment({} if kind == "prompt" else None)
    if kind == "scorer":
        made.add_filters(SCORER_FILTERS)
    return made


@lru_cache(maxsize=512)
def scan(text: str, where: SourceLocation, kind: Kind = "prompt") -> Scan:
    """Read a template. Raises TemplateFailure for a mistake in its syntax."""
    reader = environment(kind)
    tree = reader.tree(text, None, where)
    finder = _UseFinder(reader)
    try:
        finder.visit(tree)
    except (TemplateSyntaxError, RecursionError) as error:
        raise syntax_failure(error, where) from error
    found = list(_walk(tree))
    sets = frozenset(_assigned(found))
    return Scan(
        uses={name: line for name, line in finder.uses.items() if name not in reader.globals},
        sets=sets,
        binds=sets | frozenset(_bound(found)),
        references=tuple(_references(found)),
        calls=tuple(_calls(found)),
    )


class _UseFinder(CodeGenerator):
    """Jinja's own compiler, as it alone knows the scopes; it writes nothing."""

    def __init__(self, reader: BoundedEnvironment) -> None:
        super().__init__(reader, None, None, optimized=False)
        self.uses: dict[str, int] = {}

    def write(self, x: str) -> None:
        """Nothing: only the visit counts."""

    def fail(self, msg: str, lineno: int) -> None:  # type: ignore[override]
        """Unknown filters and tests are found by `_calls`, with the nearest name; the rest is bad syntax."""
        if msg.startswith(("No filter named", "No test named")):
            return
        super().fail(msg, lineno)

    def visit_Name(self, node: nodes.Name, frame: Frame) -> None:  # noqa: N802
        if node.ctx == "load":
            load = frame.symbols.find_load(frame.symbols.ref(node.name))
            if load is not None and load[0] == VAR_LOAD_RESOLVE:
                self.uses[node.name] = min(node.lineno, self.uses.get(node.name, node.lineno))
        super().visit_Name(node, frame)


def _walk(tree: nodes.Template) -> Iterator[nodes.Node]:
    """Every node in the order of the text, in one go: each of Jinja's `find_all` goes over the whole tree."""
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        children: list[Any] = []
        for name in node.fields:
            value = getattr(node, name, None)
            children += value if isinstance(value, list) else [value]
        waiting += [child for child in reversed(children) if isinstance(child, nodes.Node)]


def _assigned(found: Sequence[nodes.Node]) -> Iterator[str]:
    for assign in found:
        if isinstance(assign, nodes.Assign | nodes.AssignBlock):
            target = assign.target
            names = [target] if isinstance(target, nodes.Name) else target.find_all(nodes.Name)
            yield from (name.name for name in names)


def _bound(found: Sequence[nodes.Node]) -> Iterator[str]:
    for node in found:
        if isinstance(node, nodes.Macro) or (isinstance(node, nodes.Name) and node.ctx != "load"):
            yield node.name
        elif isinstance(node, nodes.Import):
            yield node.target
        elif isinstance(node, nodes.FromImport):
            yield from (name if isinstance(name, str) else name[1] for name in node.names)
        elif isinstance(node, nodes.For):
            yield "loop"


def _references(found: Sequence[nodes.Node]) -> Iterator[Reference]:
    for node in found:
        if isinstance(node, nodes.Extends):
            names = _literal_names(node.template)
            yield Reference(names, node.lineno, optional=False, with_context=True, extends=True)
        elif isinstance(node, nodes.Include):
            names = _literal_names(node.template)
            yield Reference(names, node.lineno, node.ignore_missing, node.with_context, extends=False)
        elif isinstance(node, nodes.Import | nodes.FromImport):
            names = _literal_names(node.template)
            yield Reference(names, node.lineno, False, node.with_context, extends=False)


def _literal_names(node: nodes.Node) -> tuple[str, ...] | None:
    given: list[Any] = list(node.items) if isinstance(node, nodes.List | nodes.Tuple) else [node]
    names = [item.value for item in given if isinstance(item, nodes.Const) and isinstance(item.value, str)]
    return tuple(names) if names and len(names) == len(given) else None


_NAMING_FILTERS: dict[str, tuple[Literal["filter", "test"], int]] = {
    "map": ("filter", 0), "select": ("test", 0), "reject": ("test", 0),
    "selectattr": ("test", 1), "rejectattr": ("test", 1),
}  # fmt: skip
"""Filters that take the name of another filter or test, and the place of that argument."""


def _calls(found: Sequence[nodes.Node]) -> Iterator[Call]:
    for node in found:
        if not isinstance(node, nodes.Filter | nodes.Test):
            continue
        literals = tuple(arg.value if isinstance(arg, nodes.Const) else None for arg in node.args)
        yield Call("filter" if isinstance(node, nodes.Filter) else "test", node.name, node.lineno, literals)
        kind, place = _NAMING_FILTERS.get(node.name, ("filter", -1))
        named = literals[place] if isinstance(node, nodes.Filter) and 0 <= place < len(literals) else None
        if isinstance(named, str):
            yield Call(kind, named, node.lineno, literals[place + 1 :])


def check_calls(found: Scan, where: SourceLocation, kind: Kind, problems: Problems) -> None:
    """Note every filter and test that is not offered."""
    reader = environment(kind)
    for call in found.calls:
        known = reader.filter_names if call.kind == "filter" else tuple(reader.tests)
        if call.name in known:
            continue
        place = location(where, call.line)
        if call.kind == "filter" and call.name in REFUSED_FILTERS:
            problems.add(f"filter {call.name!r} is not offered: {REFUSED_FILTERS[call.name]}", place)
        else:
            problems.add(f"unknown {call.kind} {call.name!r}", place, did_you_mean(call.name, known))
