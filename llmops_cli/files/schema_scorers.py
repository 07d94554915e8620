"""The JSON Schema of a scorer, from the dataclasses of every plug-in that is installed."""

import dataclasses
import json
import typing
from typing import Any

from llmops_cli import plugins
from llmops_cli.domain.scoring import Severity
from llmops_cli.files.binding import argument_types
from llmops_cli.files.schema_parts import (
    Schema,
    boolean,
    field_docs,
    first_line,
    mapping,
    number,
    of_type,
    text,
)


def scorer_schema() -> Schema:
    """A mapping with one key, the scorer's type."""
    bodies = {name: _body(plugins.load("scorers", name)) for name in plugins.names("scorers")}
    description = "One scorer: its type, with its main argument or a mapping of its arguments."
    return mapping(bodies, description, minProperties=1, maxProperties=1)


def _common() -> dict[str, Schema]:
    return {
        "name": text("Under which its scores are aligned over time; unique in a case. By default its type."),
        "of": text("The part of the answer that is judged: a template such as {{ json.label }}."),
        "not": boolean("It must not hold."),
        "weight": number("Its weight in the mean score."),
        "severity": {
            "enum": [*typing.get_args(Severity), None],
            "description": "warn: it is shown, but fails no case.",
        },
    }


def _body(scorer: Any) -> Schema:
    """Either a mapping of arguments, or the main argument alone."""
    hints, required = argument_types(scorer)
    docs = field_docs(scorer)
    fields = {field.name: field for field in dataclasses.fields(scorer)}
    arguments = {name: _argument(of_type(hints[name]), docs.get(name), fields[name]) for name in hints}
    rules: Schema = {"required": list(required)} if required else {}
    alone = _without({"object", "null"}, of_type(hints[scorer.main]))
    bodies = [mapping({**arguments, **_common()}, **rules), alone]
    if not required:
        bodies.append({"type": "null"})
    return {"description": first_line(scorer), "anyOf": bodies}


def _argument(schema: Schema, doc: str | None, field: dataclasses.Field[Any]) -> Schema:
    found = {**schema, "description": doc} if doc else dict(schema)
    default = field.default
    if default is None or isinstance(default, str | bool | int | float | tuple):
        found["default"] = json.loads(json.dumps(default))
    return found


def _without(kinds: set[str], schema: Schema) -> Schema:
    """The schema of a body that is no mapping and not empty."""
    return {**schema, "not": {"type": sorted(kinds)}}
