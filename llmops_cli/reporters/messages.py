"""A rendered request for a person: each message under its role."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llmops_cli.domain.request import Request
from llmops_cli.reporters.inert import inert

_URI_SHOWN = 60


def format_request(request: Request) -> str:
    """Settings first, then the messages exactly as they would be sent (control characters made visible)."""
    settings = {key: value for key, value in request.settings().items() if key != "provider"}
    lines = [f"{key}: {_value(value)}" for key, value in settings.items()]
    lines.append(f"fingerprint: {request.fingerprint}")
    for message in request.messages:
        lines += ["", f"── {message['role']} ──", _content(message)]
    return "\n".join(lines) + "\n"


def request_to_dict(request: Request) -> dict[str, Any]:
    """The request as JSON."""
    return {**request.settings(), "messages": list(request.messages), "fingerprint": request.fingerprint}


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    rest = {key: value for key, value in message.items() if key not in ("role", "content")}
    text = content if isinstance(content, str) else _parts(content or [])
    return inert(text) + (f"\n{json.dumps(rest, ensure_ascii=False)}" if rest else "")


def _parts(parts: Sequence[Mapping[str, Any]]) -> str:
    shown = []
    for part in parts:
        if part.get("type") == "text":
            shown.append(str(part["text"]))
        else:
            uri = str(part.get("image_url", {}).get("url", part))
            shown.append(f"[image {uri[:_URI_SHOWN]}… {len(uri)} characters]")
    return "\n".join(shown)
