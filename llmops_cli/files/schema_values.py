"""Values that stand in several schemas of what llmops writes."""

from typing import Any

from llmops_cli.files.schema_parts import Schema

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
DIGEST: Schema = {"type": "string", "pattern": "^([a-z][0-9]+:)?[0-9a-f]+$"}
PLACE: Schema = {"type": "string", "description": "path:line:column"}
INPUTS: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "null"]},
    "description": "A digest of what the case gave to each input; null where the prompt's default stood.",
}
USAGE: Schema = {"type": "object", "properties": {"input_tokens": COUNT, "output_tokens": COUNT}}
TOOL_CALLS: Schema = {
    "type": "array",
    "items": {"type": "object", "properties": {"name": TEXT, "arguments": {}}, "required": ["name"]},
}


def opened(properties: dict[str, Any], required: list[str], description: str = "") -> Schema:
    """A mapping that may hold more than these properties."""
    found: Schema = {"type": "object", "properties": properties, "required": required}
    return {**found, "description": description} if description else found
