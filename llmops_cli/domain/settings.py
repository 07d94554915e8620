"""Settings of a project, and how a model's name becomes a model."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from llmops_cli.domain.evalset import GateSpec
from llmops_cli.domain.request import Price, ResolvedModel
from llmops_cli.errors import CodeRefusedError, SourceLocation, UserError, did_you_mean

PARAMS: frozenset[str] = frozenset({
    "temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty",
    "max_tokens", "max_completion_tokens", "stop", "seed", "reasoning_effort", "thinking", "verbosity",
    "tool_choice", "parallel_tool_calls", "logprobs", "top_logprobs", "logit_bias", "noise", "extra",
})  # fmt: skip
"""The params a prompt may set. Nothing here can redirect, authenticate, fall back or fake."""

FORBIDDEN_EXTRA: frozenset[str] = frozenset({
    "api_base", "base_url", "api_key", "api_version", "api_type", "headers", "extra_headers", "extra_query",
    "default_headers", "organization", "fallbacks", "context_window_fallback_dict", "model_list",
    "mock_response", "mock_tool_calls", "mock_timeout", "mock_delay", "mock_testing_fallbacks",
    "custom_llm_provider", "model", "messages", "client", "timeout", "request_timeout",
    "max_retries", "num_retries", "retry_policy", "retry_strategy", "caching", "cache", "stream",
    "stream_options", "azure_ad_token", "azure_ad_token_provider", "aws_access_key_id",
    "aws_secret_access_key", "aws_session_token", "aws_profile_name", "aws_role_name", "aws_session_name",
    "aws_bedrock_runtime_endpoint", "aws_web_identity_token", "aws_sts_endpoint", "vertex_credentials",
    "vertex_project", "vertex_location", "vertex_ai_credentials", "vertex_ai_project", "tenant_id",
    "client_id", "client_secret", "proxy", "ssl_verify", "drop_params", "additional_drop_params",
    "metadata", "callbacks", "success_callback", "failure_callback", "hooks", "extra_body", "base_model",
    "input_cost_per_token", "output_cost_per_token", "input_cost_per_second", "output_cost_per_second",
    "guardrails", "tools", "functions", "response_format",
})  # fmt: skip
"""Names refused under `extra:`, for the same reason."""


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """An entry of `models:` in llmops.yaml."""

    name: str
    model: str
    params: Mapping[str, Any] = field(default_factory=dict)
    api_base: str | None = None
    api_key_env: str | None = None
    price: Price | None = None
    rpm: int | None = None
    where: SourceLocation = SourceLocation("llmops.yaml")
    model_where: SourceLocation | None = field(default=None, compare=False)
    """Where its `model` stands."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How calls are made. `timeout` in seconds, `max_cost` in USD."""

    concurrency: int = 16
    timeout: float = 60.0
    max_cost: float | None = None
    retries: int = 6


@dataclass(frozen=True)
class Settings:
    """llmops.yaml; every field has a default that works without the file."""

    model: str | None = None
    judge_model: str | None = None
    models: Mapping[str, ModelAlias] = field(default_factory=dict)
    run: RunSettings = RunSettings()
    gate: GateSpec = GateSpec()
    redact: tuple[str, ...] = ()
    allow_python: bool = False
    no_python: str = ""
    """Why code of the project may not run, whatever llmops.yaml says; empty where the file has the say."""
    model_where: SourceLocation | None = field(default=None, compare=False)
    """Who names `model`: a place in llmops.yaml, or an option."""
    judge_model_where: SourceLocation | None = field(default=None, compare=False)


class Schemes(Protocol):
    """The provider plug-ins: `offline/assistant`, `python:module:function` and `echo` go to theirs."""

    def __contains__(self, name: str, /) -> bool:
        """Whether there is one of that name; asked for every model, so it should not list them all."""
        ...

    def __iter__(self) -> Iterator[str]:
        """Their names."""
        ...


def resolve_model(
    name: str, settings: Settings, schemes: Schemes, where: SourceLocation | None = None
) -> ResolvedModel:
    """Follow an alias, and find the provider that answers for a name.

    What is none of the `schemes`, but written `vendor/model`, goes to LiteLLM. Raises UserError for a name
    that is neither.
    """
    alias = settings.models.get(name)
    target = alias.model if alias else name
    where = (alias.model_where or alias.where) if alias else where
    scheme = target.replace("/", ":", 1).split(":", 1)[0]
    if scheme in schemes and scheme != "litellm":
        provider = scheme
    elif "/" in target:
        provider = "litellm"
        if carries_address(target):
            hint = "an alias in llmops.yaml says where with `api_base:`"
            raise UserError(f"the model {target!r} carries an address", where=where, hint=hint)
    else:
        known = [*settings.models, *sorted({*schemes} - {"litellm"})]
        near = did_you_mean(target, known)
        other = (
            "any other is written vendor/model"
            if near
            else "write vendor/model, or define an alias in llmops.yaml"
        )
        raise UserError(f"unknown model {target!r}", where=where, hint=f"{near}; {other}" if near else other)
    if alias is None:
        return ResolvedModel(provider, target)
    return ResolvedModel(
        provider,
        target,
        endpoint=normalise_endpoint(alias.api_base),
        params=alias.params,
        api_key_env=alias.api_key_env,
        price=alias.price,
        rpm=alias.rpm,
        alias=name,
    )


def python_refused(what: str, settings: Settings, where: SourceLocation | None = None) -> UserError:
    """What is said of code of the project that may not run, where `what` names it.

    What the settings forbid is for them to allow; what this run forbids is no mistake of anybody's.
    """
    if settings.no_python:
        message = f"{what} is code of this project, which may not run here: {settings.no_python}"
        return CodeRefusedError(message, where=where, hint="run it where that code is trusted")
    hint = "set allow_python: true in llmops.yaml"
    return UserError(f"{what} is code of this project, which may not run", where=where, hint=hint)


def carries_address(model: str) -> bool:
    """Whether a model's name could say where the call, and with it a key, is sent.

    LiteLLM sends `huggingface/https://host` to that host, and builds a host from the region of an ARN. Only
    `api_base` of llmops.yaml and a vendor's variable may say where.
    """
    if "://" in model or any(character in "?#\\" or ord(character) < 33 for character in model):
        return True
    regions = re.findall(r"arn:[^:]*:[^:]*:([^:]*)", model)
    return not all(re.fullmatch(r"[a-z0-9-]*", region) for region in regions)


def normalise_endpoint(url: str | None) -> str | None:
    """An endpoint as it enters the fingerprint: no trailing slash, host in lower case, never credentials."""
    if not url:
        return None
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url.strip())
    host = parts.netloc.rpartition("@")[2].lower()
    return urlunsplit((parts.scheme.lower(), host, parts.path.rstrip("/"), parts.query, ""))
