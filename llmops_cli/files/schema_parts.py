"""Pieces of JSON Schemas that accept what the getters of `Fields` and the types of arguments accept."""

import ast
import dataclasses
import inspect
import textwrap
import types
import typing
from collections import abc
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

Schema = dict[str, Any]

# what `Fields.share` and `Fields.seconds` read, as expressions that ECMA 262 and Python take alike
_NUMBER = r"[0-9]+(\.[0-9]+)?"
_SHARE_OF_ONE = r"^\s*(0*(1(\.0+)?|0(\.[0-9]+)?)|0*(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)\s*%)\s*$"
_ANY_SHARE = rf"^\s*{_NUMBER}\s*%?\s*$"
_DURATION = rf"^\s*(?=[0-9.]*[1-9]){_NUMBER}\s*(ms|s|m|h)?\s*$"


def text(description: str = "", **more: Any) -> Schema:
    """`Fields.text`."""
    return _described({"type": ["string", "null"], **more}, description)


def boolean(description: str = "") -> Schema:
    """`Fields.boolean`."""
    return _described({"type": ["boolean", "null"]}, description)


def integer(description: str = "", *, minimum: int = 0, maximum: int | None = None) -> Schema:
    """`Fields.integer`."""
    bounds = {"minimum": minimum} | ({} if maximum is None else {"maximum": maximum})
    return _described({"type": ["integer", "null"], **bounds}, description)


def number(description: str = "") -> Schema:
    """`Fields.number`: nought or more."""
    return _described({"type": ["number", "null"], "minimum": 0}, description)


def share(description: str = "", *, bounded: bool = True) -> Schema:
    """`Fields.share`: 0.9 or "90%"; `bounded` where it may not be above 1."""
    bounds = {"minimum": 0} | ({"maximum": 1} if bounded else {})
    pattern = _SHARE_OF_ONE if bounded else _ANY_SHARE
    return _described({"type": ["number", "string", "null"], "pattern": pattern, **bounds}, description)


def seconds(description: str = "") -> Schema:
    """`Fields.seconds`: 60, "60s" or "500ms"."""
    rules = {"pattern": _DURATION, "exclusiveMinimum": 0}
    return _described({"type": ["number", "string", "null"], **rules}, description)


def texts(description: str = "", items: Schema | None = None) -> Schema:
    """`Fields.texts`: one text, or a list of them."""
    one = {"type": "string", **(items or {})}
    return _described({"anyOf": [one, {"type": "array", "items": one}, {"type": "null"}]}, description)


def items(item: Schema, description: str = "") -> Schema:
    """`Fields.items`."""
    return _described({"type": ["array", "null"], "items": item}, description)


def entries(item: Schema, description: str = "", **more: Any) -> Schema:
    """`Fields.entries` and `Fields.values`: names of the user's own."""
    return _described({"type": ["object", "null"], "additionalProperties": item, **more}, description)


def mapping(properties: Mapping[str, Schema], description: str = "", **more: Any) -> Schema:
    """`Fields` itself: these keys and no others."""
    body = {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}
    return _described(body, description)


def or_null(schema: Schema) -> Schema:
    """What may be left empty as well."""
    return {"anyOf": [schema, {"type": "null"}]}


def given(key: str) -> Schema:
    """A rule: the key is there, and not null."""
    return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}


def not_empty(key: str) -> Schema:
    """A rule: the key holds a text, or a list with something in it."""
    return {"required": [key], "properties": {key: {"type": ["array", "string"], "minItems": 1}}}


def of_type(hint: Any) -> Schema:
    """The JSON values that fit a Python type (see `binding.fits`)."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or hint is object:
        return {}
    if origin in (typing.Union, types.UnionType):
        found = [of_type(argument) for argument in arguments]
        if all(one.keys() == {"type"} for one in found):
            return {"type": [one["type"] for one in found]}
        return {"anyOf": found}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (abc.Sequence, list, tuple):
        return {"type": "array", "items": of_type(arguments[0])}
    if origin in (abc.Mapping, dict):
        # under "properties" of the user's own naming anything may stand; types inside are the reader's matter
        return {"type": "object"}
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return {"type": names[hint]}


def of_dataclass(
    cls: Any, *, required: bool = True, leave_out: Iterable[str] = (), optional: Iterable[str] = ()
) -> Schema:
    """A dataclass as `dataclasses.asdict` writes it; `required` where every field is always written, but for
    those that are `optional`, as older versions did not write them."""
    hints, docs = typing.get_type_hints(cls), field_docs(cls)
    names = [field.name for field in dataclasses.fields(cls) if field.name not in set(leave_out)]
    properties = {name: _described(of_type(hints[name]), docs.get(name, "")) for name in names}
    return mapping(
        properties,
        first_line(cls),
        **({"required": [n for n in names if n not in optional]} if required else {}),
    )


def first_line(cls: Any) -> str:
    """The first line of a class's docstring."""
    return (inspect.getdoc(cls) or "").split("\n", 1)[0].strip()


def field_docs(cls: Any) -> dict[str, str]:
    """The docstrings that stand under fields, by name; none where the source is not at hand."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):
        return {}
    found: dict[str, str] = {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for before, after in pairwise(body):
        match before, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as doc)),
            ):
                found[name] = inspect.cleandoc(doc)
    return found


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema
