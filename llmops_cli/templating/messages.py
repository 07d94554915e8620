"""What messages of a case may hold: nothing that names an address, which some vendors' clients fetch from here.

LiteLLM downloads images and files that are named by an address, on this machine, before some vendors are asked.
So only what is known to be sent as it is may stand in a message: texts, and content in base64.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

IMAGE = re.compile(r"data:image/[\w.+-]+;base64,[A-Za-z0-9+/]+={0,2}")
"""The only form of an image: its bytes."""
_FILE = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,[A-Za-z0-9+/]+={0,2}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_INERT = (
    "cache_control", "content", "function_call", "name", "reasoning_content", "refusal", "role", "tool_call_id",
    "tool_calls",
)  # fmt: skip
"""Fields of a message that no client takes for an address."""
_SHOWN = 40


def wrong_message(message: Any) -> str | None:
    """What keeps a message from being sent, or None."""
    if (
        not isinstance(message, Mapping)
        or not isinstance(message.get("role"), str)
        or "content" not in message
    ):
        return " is no mapping with role and content"
    for name in message:
        if name not in _INERT:
            return f": {name!r} is not passed on; known: {', '.join(_INERT)}"
    content = message["content"]
    if content is None or isinstance(content, str):
        return None
    if not isinstance(content, list | tuple):
        return ": content is a text, or a list of parts"
    for number, part in enumerate(content, start=1):
        wrong = _wrong_part(part)
        if wrong is not None:
            return f", part {number}: {wrong}"
    return None


def short(uri: str) -> str:
    """An address as an error shows it."""
    return repr(uri if len(uri) <= _SHOWN else uri[:_SHOWN] + "…")


def _wrong_part(part: Any) -> str | None:
    kind = part.get("type") if isinstance(part, Mapping) else None
    check = _PARTS.get(kind) if isinstance(kind, str) else None
    if check is None:
        return f"a part has a type: {', '.join(_PARTS)}"
    for name in part:
        if name not in ("type", "cache_control", kind):
            return f"{name!r} is not passed on with a part of type {kind}"
    return check(part.get(kind))


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) else "its text is missing"


def _image(value: Any) -> str | None:
    given = value if isinstance(value, Mapping) else {"url": value}
    uri = given.get("url")
    if not isinstance(uri, str) or not IMAGE.fullmatch(uri):
        return f"an image must be a data:image/…;base64,… URI, not {short(str(uri))}"
    return _words(given, "url", ("detail", "format"))


def _audio(value: Any) -> str | None:
    data = value.get("data") if isinstance(value, Mapping) else None
    if not isinstance(data, str) or not _BASE64.fullmatch(data):
        return f"input_audio needs its data in base64, not {short(str(data))}"
    return _words(value, "data", ("format",))


def _file(value: Any) -> str | None:
    data = value.get("file_data") if isinstance(value, Mapping) else None
    if not isinstance(data, str) or not _FILE.fullmatch(data):
        return f"a file must be given as file_data: data:…;base64,…, not {short(str(data))}"
    return _words(value, "file_data", ("filename", "format"))


def _words(given: Mapping[str, Any], but: str, known: tuple[str, ...]) -> str | None:
    """Beside the content only texts by known names."""
    for name, value in given.items():
        if name != but and not (name in known and isinstance(value, str)):
            return f"{name!r} is not passed on with {but}"
    return None


_PARTS: dict[str, Callable[[Any], str | None]] = {
    "text": _text, "refusal": _text, "image_url": _image, "input_audio": _audio, "file": _file,
}  # fmt: skip
