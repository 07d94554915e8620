"""Every `vendor/model` through LiteLLM."""

import asyncio
import json
from collections.abc import Mapping
from time import perf_counter
from typing import Any
from weakref import WeakSet

from llmops_cli.domain.canonical import canonical_json
from llmops_cli.domain.provider import Call, ProviderContext, ProviderError, default_cache_key
from llmops_cli.domain.request import Request, ResolvedModel, Response, ToolCall, Usage
from llmops_cli.domain.settings import FORBIDDEN_EXTRA, PARAMS, carries_address
from llmops_cli.providers.litellm_errors import no_answer, provider_error
from llmops_cli.providers.litellm_keys import key_arguments, key_name, named_key
from llmops_cli.providers.litellm_loading import keep_quiet, load_for_calls, load_litellm, own_parameters
from llmops_cli.providers.prices import cost_at, price_of

__all__ = ["LiteLLMProvider", "price_of"]

_users: WeakSet["LiteLLMProvider"] = WeakSet()
"""Providers that made a call: LiteLLM's clients are shared, so the last to leave closes them."""


class LiteLLMProvider:
    """Answers by one call of `litellm.acompletion`: no retries, no fallbacks, no dropped parameters."""

    deterministic = False

    def __init__(self, model: ResolvedModel, context: ProviderContext) -> None:
        self._model = model
        self._ready: dict[str, Any] | ProviderError | None = None
        self._preparing = asyncio.Lock()

    def cache_key(self, request: Request, trial: int) -> str | None:
        """Fingerprint and trial."""
        return default_cache_key(request, trial)

    async def complete(self, request: Request, call: Call) -> Response:
        """One call, within `call.timeout` seconds. Raises ProviderError."""
        common = await self._prepared()
        arguments = call_arguments(request) | common
        litellm = load_litellm()
        arguments["timeout"] = call.timeout
        keep_quiet()
        started = perf_counter()
        first_token = None
        try:
            async with asyncio.timeout(call.timeout):
                if call.on_text is None:
                    answer = await litellm.acompletion(**arguments)
                else:
                    answer, first_token = await self._streamed(arguments, call, started)
        # LiteLLM and the libraries under it raise exceptions that have no base in common
        except Exception as error:
            raise self._error(error) from error
        response = self._response(answer, perf_counter() - started, first_token)
        if call.on_text is not None and response.usage is None and not (response.text or response.tool_calls):
            # LiteLLM reads past all that is no piece of a stream, and makes an empty answer of a web page
            raise no_answer(self._model, "")
        return response

    async def aclose(self) -> None:
        """Close LiteLLM's connections when no other provider uses them."""
        if self not in _users:
            return
        _users.discard(self)
        if not _users:
            litellm = load_litellm()
            await litellm.close_litellm_async_clients()
            # a closed client that stays here would be taken for a later call
            litellm.in_memory_llm_clients_cache.flush_cache()

    async def _prepared(self) -> dict[str, Any]:
        async with self._preparing:
            if self._ready is None:
                self._ready = await asyncio.to_thread(self._prepare)
                _users.add(self)
        if isinstance(self._ready, ProviderError):
            raise self._ready
        return self._ready

    def _prepare(self) -> dict[str, Any] | ProviderError:
        """What every call of this model has in common, or why there can be none. Blocks."""
        if carries_address(self._model.name):  # of a baseline, which a stranger's pull request can edit
            return ProviderError(f"the model {self._model.name!r} carries an address", fatal=True)
        litellm = load_litellm()
        try:
            _, vendor, found, _ = litellm.get_llm_provider(model=self._model.name)
        except Exception as error:  # noqa: BLE001  # see complete(); all it can mean here is an unknown name
            return ProviderError(
                f"LiteLLM knows no vendor for {self._model.name}",
                fatal=True,
                hint=f"write vendor/model, such as openai/gpt-4o-mini ({type(error).__name__})",
            )
        common: dict[str, Any] = {"max_retries": 0, "num_retries": 0}
        if self._model.endpoint:
            common["api_base"] = self._model.endpoint
        key = key_arguments(self._model, vendor, found)
        if isinstance(key, list):
            return self._no_key(key)
        load_for_calls(vendor)
        return common | key

    def _no_key(self, names: list[str]) -> ProviderError:
        return ProviderError(
            f"no API key for {self._model.name}", fatal=True, hint=f"set {' or '.join(sorted(names))}"
        )

    def _error(self, error: Exception) -> ProviderError:
        return provider_error(error, self._model, named_key(self._model), key_name(self._model))

    async def _streamed(
        self, arguments: Mapping[str, Any], call: Call, started: float
    ) -> tuple[Any, float | None]:
        litellm = load_litellm()
        chunks: list[Any] = []
        first_token: float | None = None
        stream = await litellm.acompletion(**arguments, stream=True, stream_options={"include_usage": True})
        async for chunk in stream:
            chunks.append(chunk)
            text = chunk.choices[0].delta.content if chunk.choices else None
            if text and call.on_text is not None:
                first_token = first_token or perf_counter() - started
                call.on_text(text)
        return litellm.stream_chunk_builder(chunks), first_token

    def _response(self, answer: Any, latency: float, first_token: float | None) -> Response:
        if answer is None or not answer.choices:
            raise ProviderError(f"{self._model.name} answered with nothing", retryable=True)
        choice = answer.choices[0]
        usage = _usage(answer)
        return Response(
            choice.message.content or "",
            tool_calls=tuple(_tool_call(called) for called in choice.message.tool_calls or ()),
            usage=usage,
            latency=latency,
            first_token=first_token,
            cost=self._cost(answer, usage),
            served_model=answer.model or None,
            finish_reason=choice.finish_reason,
        )

    def _cost(self, answer: Any, usage: Usage | None) -> float | None:
        if self._model.price is not None or usage is None:
            return cost_at(self._model.price, usage)
        try:
            cost = load_litellm().completion_cost(completion_response=answer, model=self._model.name)
        except Exception:  # noqa: BLE001  # it raises bare Exception, among others, for a model without a price
            return None
        # it takes a missing price for 0, which only the price list can vouch for
        return float(cost) if cost or price_of(self._model.name) else None


def call_arguments(request: Request) -> dict[str, Any]:
    """The keyword arguments of `litellm.acompletion` that a request decides.

    Raises ProviderError for a parameter that could do more than shape the answer. Files are checked for that
    when they are read; but a request may also come from a baseline, which a stranger's pull request can edit.
    """
    params = dict(request.params)
    extra = params.pop("extra", None) or {}
    if "noise" in params:
        raise ProviderError("params.noise is for offline models only", hint="take it out of params")
    forbidden = FORBIDDEN_EXTRA | own_parameters() if extra else frozenset()
    refused = sorted(
        [
            *(params.keys() - PARAMS),
            *(name for name in extra if name in forbidden or name.startswith("_")),
        ]
    )
    if refused:
        raise ProviderError(f"the parameter {refused[0]!r} is not allowed", hint="take it out of params")
    # LiteLLM changes what it is given, and expects plain dicts and lists
    arguments: dict[str, Any] = json.loads(
        canonical_json({**params, **extra, "messages": list(request.messages)})
    )
    arguments["model"] = request.model
    if request.tools:
        # else LiteLLM looks for MCP servers among them, and fails where its optional `mcp` is not installed
        arguments["_skip_mcp_handler"] = True
        arguments["tools"] = [json.loads(canonical_json(dict(tool))) for tool in request.tools]
    if request.output_schema is not None:
        arguments["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "output", "schema": dict(request.output_schema), "strict": True},
        }
    return arguments


def _usage(answer: Any) -> Usage | None:
    given = getattr(answer, "usage", None)
    usage = Usage(given.prompt_tokens or 0, given.completion_tokens or 0) if given else Usage()
    # LiteLLM writes 0 where the server counted nothing
    return usage if usage.total else None


def _tool_call(called: Any) -> ToolCall:
    text = called.function.arguments or ""
    try:
        arguments = json.loads(text, parse_constant=_refuse)
    except ValueError:
        arguments = text or None
    return ToolCall(called.function.name or "", arguments)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")  # Python would read NaN, which no file could hold
