"""What goes to a model and what comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from llmops_cli.domain.canonical import digest_of

Message = Mapping[str, Any]
"""A chat message as OpenAI's API spells it: role, content (text or parts), tool_calls, tool_call_id, name."""


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model name after aliases and settings have been applied.

    `provider` is the plug-in that answers ("litellm", "offline", …) and `name` what that plug-in is asked
    for. Price, limits and the key's variable do not change an answer and so are no part of a fingerprint.
    """

    provider: str
    name: str
    endpoint: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    api_key_env: str | None = None
    price: Price | None = None
    rpm: int | None = None
    alias: str | None = None
    code: str | None = None
    """Digest of the project's code behind a `python:` model: the application is the model's version."""
    endpoint_variable: str | None = None
    """The vendor's own variable that says where, such as OPENAI_BASE_URL: the vendor's own key goes there. None for
    an address of llmops.yaml, which gets no key but the one it names."""

    @property
    def key(self) -> str:
        """Names the model within one run: its alias, or its full name."""
        return self.alias or self.name


@dataclass(frozen=True)
class Request:
    """One call, complete: everything that can change the answer, and nothing else."""

    provider: str
    model: str
    messages: Sequence[Message]
    endpoint: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    tools: Sequence[Mapping[str, Any]] = ()
    output_schema: Mapping[str, Any] | None = None
    code: str | None = None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON of the request (DESIGN.md section 5)."""
        return digest_of({**self.settings(), "messages": list(self.messages)})

    def settings(self) -> dict[str, Any]:
        """The request without its messages, as it is recorded in a baseline; empty parts are left out."""
        settings: dict[str, Any] = {"provider": self.provider, "model": self.model}
        if self.endpoint:
            settings["endpoint"] = self.endpoint
        if self.params:
            settings["params"] = dict(self.params)
        if self.tools:
            settings["tools"] = [dict(tool) for tool in self.tools]
        if self.output_schema is not None:
            settings["output_schema"] = dict(self.output_schema)
        if self.code is not None:
            settings["code"] = self.code
        return settings


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the vendor counted them."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool the model asked for; `arguments` is the parsed JSON, or the raw text where it is no JSON."""

    name: str
    arguments: Any = None


@dataclass(frozen=True, slots=True)
class Response:
    """One answer.

    `latency` and `first_token` are seconds; `cost` is USD, None where the price is unknown (never 0 by
    guess); `attempts` counts the calls it took, retries included.
    """

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    latency: float | None = None
    first_token: float | None = None
    cost: float | None = None
    served_model: str | None = None
    finish_reason: str | None = None
    attempts: int = 1
    call_id: str | None = None
    """Which call gave it: two answers are independent when their calls are, however equal their texts.

    None of a provider that always answers alike.
    """
