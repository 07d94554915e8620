"""A prompt as lines of text, so that two versions can be put side by side."""

import json
import re
from collections.abc import Iterator
from difflib import unified_diff

from llmops_cli.domain.canonical import sha256_hex
from llmops_cli.domain.prompt import InsertMessages, Prompt, TemplateText, TextPart


def prompt_lines(prompt: Prompt) -> list[str]:
    """Settings, then each message under its role, then each partial under its name."""
    lines = [f"model: {prompt.model}"] if prompt.model else []
    lines += [f"{name}: {_value(value)}" for name, value in prompt.params.items()]
    for spec in prompt.inputs.values():
        default = "" if spec.required else f", default {_value(spec.default)}"
        lines.append(f"input {spec.name}: {spec.type or 'any'}{default}")
    lines += [f"tool: {_value(tool)}" for tool in prompt.tools]
    if prompt.output_schema is not None:
        lines += [
            "output schema:",
            *json.dumps(prompt.output_schema, ensure_ascii=False, indent=2).split("\n"),
        ]
    for title, text in _sections(prompt):
        lines += [f"── {title} ──", *text.removesuffix("\n").split("\n")]
    return lines


def prompt_diff(before: Prompt | None, after: Prompt) -> list[str]:
    """A unified diff of two versions, its pieces headed by where they stand; all is new without a first."""
    old = prompt_lines(before) if before is not None else []
    new = prompt_lines(after)
    lines = list(unified_diff(old, new, lineterm="", n=2))[2:]
    return [_headed(line, new) if line.startswith("@@") else line for line in lines]


def _headed(line: str, new: list[str]) -> str:
    """Instead of line numbers, which no file has: the section that a piece begins in."""
    start = int(re.findall(r"\d+", line.partition("+")[2])[0])
    above = (text.strip("─ ") for text in reversed(new[:start]) if text.startswith("── "))
    return f"@@ {next(above, 'settings')} @@"


def _sections(prompt: Prompt) -> Iterator[tuple[str, str]]:
    for message in prompt.messages:
        if isinstance(message, InsertMessages):
            yield "insert", message.input
        elif isinstance(message.content, TemplateText):
            yield message.role, message.content.text
        else:
            parts = [p.text.text if isinstance(p, TextPart) else _image(p.uri.text) for p in message.content]
            yield message.role, "\n".join(parts)
    yield from prompt.partials.items()


def _image(uri: str) -> str:
    """A template as it is; the bytes of a file by their digest, which changes when they do."""
    return f"[image {sha256_hex(uri)[:12]}]" if uri.startswith("data:") else uri


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
