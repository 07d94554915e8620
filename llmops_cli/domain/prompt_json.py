"""A Prompt as JSON and back, whole: with every template it reaches and the places its errors name.

Keys stand in a fixed order, and mappings of the user's keep theirs: a model sees the properties of a schema
in the order in which they were written, so that sorting them would change the request.
"""

from collections.abc import Mapping
from typing import Any

from llmops_cli.domain.prompt import (
    INPUT_TYPES,
    ImagePart,
    InputSpec,
    InsertMessages,
    MessageTemplate,
    Prompt,
    TemplateText,
    TextPart,
)
from llmops_cli.errors import SourceLocation


def prompt_to_dict(prompt: Prompt) -> dict[str, Any]:
    """A Prompt as plain JSON values; what is empty or at its default is left out."""
    optional: dict[str, Any] = {
        "description": prompt.description or None,
        "model": prompt.model,
        "params": dict(prompt.params),
        "inputs": [_input_to_dict(spec) for spec in prompt.inputs.values()],
        "tools": [dict(tool) for tool in prompt.tools],
        "partials": dict(sorted(prompt.partials.items())),
    }
    found: dict[str, Any] = {"name": prompt.name, "path": prompt.path}
    found["messages"] = [_message_to_dict(message) for message in prompt.messages]
    found |= {key: value for key, value in optional.items() if value not in (None, [], {})}
    if prompt.output_schema is not None:
        found["output_schema"] = dict(prompt.output_schema)
    return found


def prompt_from_dict(data: Mapping[str, Any]) -> Prompt:
    """The Prompt that `prompt_to_dict` wrote.

    Raises KeyError, TypeError, ValueError or AttributeError where the data is no prompt.
    """
    schema = data.get("output_schema")
    inputs = [_input_from_dict(spec) for spec in data.get("inputs", ())]
    return Prompt(
        name=_text(data["name"]),
        path=_text(data["path"]),
        messages=tuple(_message_from_dict(message) for message in data["messages"]),
        inputs={spec.name: spec for spec in inputs},
        model=None if data.get("model") is None else _text(data["model"]),
        params=dict(data.get("params", {})),
        tools=tuple(dict(tool) for tool in data.get("tools", ())),
        output_schema=None if schema is None else dict(schema),
        description=_text(data.get("description", "")),
        partials={_text(path): _text(text) for path, text in data.get("partials", {}).items()},
    )


def _input_to_dict(spec: InputSpec) -> dict[str, Any]:
    found: dict[str, Any] = {"name": spec.name}
    if spec.type is not None:
        found["type"] = spec.type
    if spec.description:
        found["description"] = spec.description
    if not spec.required:
        found["default"] = spec.default
    return found


def _input_from_dict(data: Mapping[str, Any]) -> InputSpec:
    kind = data.get("type")
    if kind is not None and kind not in INPUT_TYPES:
        raise ValueError(f"no type of an input: {kind!r}")
    required = "default" not in data
    return InputSpec(
        _text(data["name"]), kind, _text(data.get("description", "")), required, data.get("default")
    )


def _message_to_dict(message: MessageTemplate | InsertMessages) -> dict[str, Any]:
    if isinstance(message, InsertMessages):
        return {"insert": message.input, "at": _place_to_list(message.where)}
    found: dict[str, Any] = {"role": message.role, "at": _place_to_list(message.where)}
    if isinstance(message.content, TemplateText):
        return {**found, "content": _template_to_dict(message.content)}
    parts = [
        {"text": _template_to_dict(part.text)}
        if isinstance(part, TextPart)
        else {"image": _template_to_dict(part.uri)}
        for part in message.content
    ]
    return {**found, "parts": parts}


def _message_from_dict(data: Mapping[str, Any]) -> MessageTemplate | InsertMessages:
    where = _place_from_list(data["at"])
    if "insert" in data:
        return InsertMessages(_text(data["insert"]), where)
    role = _text(data["role"])
    if "content" in data:
        return MessageTemplate(role, _template_from_dict(data["content"]), where)
    return MessageTemplate(role, tuple(_part_from_dict(part) for part in data["parts"]), where)


def _part_from_dict(data: Mapping[str, Any]) -> TextPart | ImagePart:
    if "text" in data:
        return TextPart(_template_from_dict(data["text"]))
    return ImagePart(_template_from_dict(data["image"]))


def _template_to_dict(template: TemplateText) -> dict[str, Any]:
    return {"text": template.text, "name": template.name, "at": _place_to_list(template.where)}


def _template_from_dict(data: Mapping[str, Any]) -> TemplateText:
    return TemplateText(_text(data["text"]), _text(data["name"]), _place_from_list(data["at"]))


def _place_to_list(where: SourceLocation) -> list[Any]:
    parts = [where.path, where.line, where.column]
    return parts if where.column is not None else parts[:2]


def _place_from_list(parts: list[Any]) -> SourceLocation:
    path, line, *column = parts
    return SourceLocation(_text(path), line, column[0] if column else None)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is wanted, not {type(value).__name__}")
    return value
