"""A prompt as a value: everything a request is made from, read at one revision.

A Prompt carries the text of every template and schema it reaches, so rendering it later needs neither
the worktree nor git, and a version can be bundled, compared or rendered years after.
"""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from llmops_cli.domain.canonical import PROMPT_DIGEST_PREFIX, digest_of
from llmops_cli.errors import SourceLocation

InputType = Literal["string", "integer", "number", "boolean", "list", "object", "messages"]
INPUT_TYPES: tuple[InputType, ...] = (
    "string", "integer", "number", "boolean", "list", "object", "messages",
)  # fmt: skip
PROMPTS_DIR = "prompts"


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One declared input. Without a default it must be given; `type` None accepts anything."""

    name: str
    type: InputType | None = None
    description: str = ""
    required: bool = True
    default: Any = None


@dataclass(frozen=True, slots=True)
class TemplateText:
    """The source of one Jinja template.

    `where` is where its first line stands. `name` is its path below `prompts/`; an inline template goes
    by the path of its YAML file, so that what it includes is looked up beside that file.
    """

    text: str
    name: str
    where: SourceLocation


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of text in a message of several parts."""

    text: TemplateText


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image: a template that renders to a data URI (a file's bytes arrive here as a finished one)."""

    uri: TemplateText


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """One message; `content` is one template or a list of parts."""

    role: str
    content: TemplateText | tuple[TextPart | ImagePart, ...]
    where: SourceLocation


@dataclass(frozen=True, slots=True)
class InsertMessages:
    """Puts an input that is a list of messages in this place."""

    input: str
    where: SourceLocation


@dataclass(frozen=True)
class Prompt:
    """One version of a prompt; `name` is its path below `prompts/` without the ending."""

    name: str
    path: str
    messages: tuple[MessageTemplate | InsertMessages, ...]
    inputs: Mapping[str, InputSpec] = field(default_factory=dict)
    model: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    tools: Sequence[Mapping[str, Any]] = ()
    output_schema: Mapping[str, Any] | None = None
    description: str = ""
    partials: Mapping[str, str] = field(default_factory=dict)
    """Templates reached by include, import or extends: path below `prompts/` to text with LF line ends."""
    sources: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """Every file that was looked for to read it, from the project's root; no part of the identity."""
    places: Mapping[str, SourceLocation] = field(default_factory=dict, compare=False, repr=False)
    """Where `model` and each `params.NAME` stand, as far as the file is at hand; no part of the identity."""

    @cached_property
    def digest(self) -> str:
        """The version's identity: the same for every layout, comment and commit that holds this content."""
        folder = posixpath.dirname(self.name) or "."
        parts: dict[str, Any] = {
            "model": self.model,
            "params": dict(self.params),
            "inputs": {name: _input_identity(spec) for name, spec in self.inputs.items()},
            "messages": [_message_identity(message) for message in self.messages],
            "tools": list(self.tools),
            "output_schema": self.output_schema,
            # relative to the prompt, so that moving a folder as a whole makes no new version
            "partials": {posixpath.relpath(name, folder): text for name, text in self.partials.items()},
        }
        return PROMPT_DIGEST_PREFIX + digest_of({k: v for k, v in parts.items() if v not in (None, {}, [])})

    def template_texts(self) -> tuple[TemplateText, ...]:
        """Every template written in the prompt itself, in order (partials not among them)."""
        found: list[TemplateText] = []
        for message in self.messages:
            if isinstance(message, InsertMessages):
                continue
            if isinstance(message.content, TemplateText):
                found.append(message.content)
            else:
                found += [p.text if isinstance(p, TextPart) else p.uri for p in message.content]
        return tuple(found)


def _input_identity(spec: InputSpec) -> dict[str, Any]:
    identity: dict[str, Any] = {"type": spec.type} if spec.type else {}
    return identity if spec.required else {**identity, "default": spec.default}


def _message_identity(message: MessageTemplate | InsertMessages) -> dict[str, Any]:
    if isinstance(message, InsertMessages):
        return {"insert": message.input}
    if isinstance(message.content, TemplateText):
        return {"role": message.role, "content": message.content.text}
    parts = [
        {"text": p.text.text} if isinstance(p, TextPart) else {"image": p.uri.text} for p in message.content
    ]
    return {"role": message.role, "content": parts}


def short_digest(digest: str) -> str:
    """A digest as people read it: `p1:ab12cd34`."""
    prefix, _, hexadecimal = digest.rpartition(":")
    return f"{prefix}:{hexadecimal[:8]}" if prefix else hexadecimal[:8]
