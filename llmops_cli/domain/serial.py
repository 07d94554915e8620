"""A Response as JSON and back, the same in the cache, in recordings and in run files."""

from collections.abc import Mapping
from typing import Any

from llmops_cli.domain.request import Response, ToolCall, Usage

_OPTIONAL = ("latency", "first_token", "cost", "served_model", "finish_reason", "call_id")


def response_to_dict(response: Response) -> dict[str, Any]:
    """A Response as plain JSON values; what is unknown or at its default is left out."""
    found: dict[str, Any] = {"text": response.text}
    if response.tool_calls:
        found["tool_calls"] = [tool_call_to_dict(call) for call in response.tool_calls]
    if response.usage is not None:
        found["usage"] = usage_to_dict(response.usage)
    for name in _OPTIONAL:
        value = getattr(response, name)
        if value is not None:
            found[name] = value
    if response.attempts != 1:
        found["attempts"] = response.attempts
    return found


def response_from_dict(data: Mapping[str, Any]) -> Response:
    """The Response that `response_to_dict` wrote.

    Keys it does not know are passed over. Raises KeyError, TypeError or ValueError where the data is no
    response.
    """
    text = data["text"]
    if not isinstance(text, str):
        raise TypeError(f"a response's text is a string, not {type(text).__name__}")
    usage = data.get("usage")
    return Response(
        text=text,
        tool_calls=tuple(tool_call_from_dict(call) for call in data.get("tool_calls", ())),
        usage=None if usage is None else usage_from_dict(usage),
        attempts=int(data.get("attempts", 1)),
        **{name: data.get(name) for name in _OPTIONAL},
    )


def tool_call_to_dict(call: ToolCall) -> dict[str, Any]:
    """A ToolCall as JSON; arguments that are null are left out."""
    if call.arguments is None:
        return {"name": call.name}
    return {"name": call.name, "arguments": call.arguments}


def tool_call_from_dict(data: Mapping[str, Any]) -> ToolCall:
    """The ToolCall that `tool_call_to_dict` wrote. Raises KeyError where there is no name."""
    return ToolCall(data["name"], data.get("arguments"))


def usage_to_dict(usage: Usage) -> dict[str, int]:
    """A Usage as JSON."""
    return {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}


def usage_from_dict(data: Mapping[str, Any]) -> Usage:
    """The Usage that `usage_to_dict` wrote."""
    return Usage(int(data.get("input_tokens", 0)), int(data.get("output_tokens", 0)))
