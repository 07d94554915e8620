"""From a scorer's YAML to the dataclass that judges: arguments are fields, checked by their types."""

import dataclasses
import types
import typing
from collections import abc
from functools import cache
from typing import Any

from llmops_cli import plugins
from llmops_cli.domain.evalset import ScorerSpec
from llmops_cli.domain.scoring import Severity
from llmops_cli.domain.tree import FileTree
from llmops_cli.errors import Problems, UserError, did_you_mean
from llmops_cli.files.fields import Fields
from llmops_cli.files.references import read_data_file
from llmops_cli.files.yaml_source import Mapping, Node, Scalar, Sequence, given_as, plain

_COMMON = ("name", "of", "not", "weight", "severity")


def read_scorers(nodes: list[Node], tree: FileTree, base: str, problems: Problems) -> tuple[ScorerSpec, ...]:
    """The scorers of a `scorers:` list. `base` is the file that paths in their arguments are relative to."""
    specs = (_read_scorer(node, tree, base, problems) for node in nodes)
    return tuple(spec for spec in specs if spec is not None)


def check_unique_names(specs: tuple[ScorerSpec, ...], problems: Problems) -> None:
    """Note scorers of one case that share a name: scores are aligned over time by it."""
    seen: dict[str, ScorerSpec] = {}
    for spec in specs:
        if spec.name in seen:
            first = seen[spec.name].where.line
            hint = f"give one of them a `name:` (the first stands in line {first})"
            problems.add(f"two scorers are called {spec.name!r}", spec.where, hint)
        seen.setdefault(spec.name, spec)


def _read_scorer(node: Node, tree: FileTree, base: str, problems: Problems) -> ScorerSpec | None:
    if not isinstance(node, Mapping) or len(node.entries) != 1:
        hint = "write it as `- contains: some text`"
        problems.add("a scorer is a mapping with one key, its type", node.where, hint)
        return None
    (kind, body), where = next(iter(node.entries.items())), next(iter(node.keys.values()))
    try:
        scorer_type = plugins.load("scorers", kind)
    except UserError as error:
        problems.add(error.problems[0].message, where, error.problems[0].hint)
        return None
    before = len(problems)
    given = body if isinstance(body, Mapping) else Mapping(_main(scorer_type, body), {}, body.where)
    fields = Fields(given, problems, f"scorer {kind!r}")
    name, of = fields.text("name") or kind, fields.text("of")
    negate, weight = fields.boolean("not"), fields.number("weight")
    severity = fields.text("severity")
    severity = getattr(scorer_type, "default_severity", "fail") if severity is None else severity
    if severity not in typing.get_args(Severity):
        problems.add(f"severity must be fail or warn, not {severity!r}", fields.place("severity"))
    arguments = _arguments(scorer_type, kind, given, problems)
    for file_field in getattr(scorer_type, "files", ()):
        if isinstance(arguments.get(file_field), str):
            where_file = given.entries[file_field].where
            arguments[file_field] = read_data_file(tree, base, arguments[file_field], where_file, problems)
    if len(problems) > before:
        return None
    try:
        scorer = scorer_type(**arguments)
    except (ValueError, TypeError) as error:
        problems.add(f"scorer {kind!r}: {error}", where)
        return None
    return ScorerSpec(
        kind, name, scorer, arguments, where, of, negate,
        1.0 if weight is None else weight, typing.cast("Severity", severity),
    )  # fmt: skip


def _main(scorer_type: Any, body: Node) -> dict[str, Node]:
    """A bare scalar or list fills the main argument; a bare null fills none."""
    return {} if isinstance(body, Scalar) and body.value is None else {scorer_type.main: body}


def _arguments(scorer_type: Any, kind: str, given: Mapping, problems: Problems) -> dict[str, Any]:
    hints, required = argument_types(scorer_type)
    arguments: dict[str, Any] = {}
    for key, node in given.entries.items():
        if key in _COMMON:
            continue
        if key not in hints:
            where = given.keys.get(key, given.where)
            problems.add(
                f"scorer {kind!r} has no argument {key!r}", where, did_you_mean(key, [*hints, *_COMMON])
            )
            continue
        value = plain(node)
        if not fits(value, hints[key]):
            wanted = describe(hints[key])
            problems.add(f"{key!r} of scorer {kind!r} must be {wanted}, not {given_as(node)}", node.where)
            continue
        arguments[key] = tuple(value) if isinstance(node, Sequence) and hints[key] is not Any else value
    for key in required:
        if key not in given.entries:
            problems.add(f"scorer {kind!r} needs {key!r}", given.where)
    return arguments


@cache
def argument_types(scorer_type: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Each argument's type, and the arguments without a default."""
    hints = typing.get_type_hints(scorer_type)
    fields = dataclasses.fields(scorer_type)
    missing = dataclasses.MISSING
    required = tuple(f.name for f in fields if f.default is missing and f.default_factory is missing)
    return {field.name: hints[field.name] for field in fields}, required


def fits(value: Any, hint: Any) -> bool:
    """Whether a YAML value is of a type: a bool is no number, an int is a float, a str is no list."""
    if hint is Any or hint is object:
        return True
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, arg) for arg in args)
    if origin is typing.Literal:
        return value in args
    if origin in (abc.Sequence, list, tuple):
        return isinstance(value, list) and all(fits(item, args[0]) for item in value)
    if origin in (abc.Mapping, dict):
        return isinstance(value, dict)
    if hint is type(None):
        return value is None
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def describe(hint: Any) -> str:
    """A type in plain words."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(describe(arg) for arg in args if arg is not type(None))
    if origin is typing.Literal:
        return "one of " + ", ".join(str(arg) for arg in args)
    if origin in (abc.Sequence, list, tuple):
        return "a list"
    if origin in (abc.Mapping, dict):
        return "a mapping"
    return {str: "text", bool: "true or false", int: "a whole number", float: "a number"}.get(hint, "a value")
