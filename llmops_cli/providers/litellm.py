"""Every `vendor/model` through LiteLLM. The only module that imports it, at the first real call."""

import asyncio
import json
import os
import threading
import warnings
from collections.abc import Mapping
from functools import cache
from time import perf_counter
from typing import Any
from weakref import WeakSet

from llmops_cli.domain.canonical import canonical_json
from llmops_cli.domain.provider import Call, ProviderContext, ProviderError, default_cache_key
from llmops_cli.domain.request import Request, ResolvedModel, Response, ToolCall, Usage
from llmops_cli.domain.settings import FORBIDDEN_EXTRA, PARAMS, carries_address
from llmops_cli.providers.litellm_errors import provider_error
from llmops_cli.providers.prices import cost_at, price_of

__all__ = ["LiteLLMProvider", "price_of"]

_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches a price list over the network
    "LITELLM_MODE": "PRODUCTION",  # else it loads a stray .env into this process
    "LITELLM_LOG": "ERROR",
}
_OWN_WAY_IN = frozenset({
    "azure", "azure_ai", "bedrock", "bedrock_converse", "databricks", "oci", "sagemaker", "sagemaker_chat",
    "vertex_ai", "vertex_ai_beta", "watsonx",
})  # fmt: skip
"""Vendors that know other credentials than a key (a role, a profile): they get no dummy key."""

_import_lock = threading.Lock()
_users: WeakSet["LiteLLMProvider"] = WeakSet()
"""Providers that made a call: LiteLLM's clients are shared, so the last to leave closes them."""


@cache
def _import_litellm() -> Any:
    os.environ.update(_ENVIRONMENT)
    import logging

    import litellm

    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).disabled = True  # what goes wrong is raised; stderr belongs to llmops
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.drop_params = False
    litellm.modify_params = False
    litellm.num_retries = 0
    litellm.cache = None
    for callbacks in ("callbacks", "success_callback", "failure_callback", "input_callback"):
        setattr(litellm, callbacks, [])
    # these are loaded when first touched, which takes 0.3 s: better here, in a thread, than on the loop
    _ = litellm.acompletion, litellm.stream_chunk_builder, litellm.completion_cost
    return litellm


def _keep_quiet() -> None:
    """Warnings between LiteLLM and its own libraries are no news for a user of llmops.

    At each call, as the filters are the process's and a test runner sets them back; equal ones are not added.
    """
    for category in (UserWarning, DeprecationWarning):
        warnings.filterwarnings("ignore", category=category, module=r"(litellm|openai|pydantic)(\.|$)")


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
        litellm = _import_litellm()
        arguments["timeout"] = call.timeout
        _keep_quiet()
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
        return self._response(answer, perf_counter() - started, first_token)

    async def aclose(self) -> None:
        """Close LiteLLM's connections when no other provider uses them."""
        if self not in _users:
            return
        _users.discard(self)
        if not _users:
            litellm = _import_litellm()
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
        with _import_lock:
            litellm = _import_litellm()
        try:
            vendor = litellm.get_llm_provider(model=self._model.name)[1]
        except Exception as error:  # noqa: BLE001  # see complete(); all it can mean here is an unknown name
            return ProviderError(
                f"LiteLLM knows no vendor for {self._model.name}",
                fatal=True,
                hint=f"write vendor/model, such as openai/gpt-4o-mini ({type(error).__name__})",
            )
        common: dict[str, Any] = {"max_retries": 0, "num_retries": 0}
        if self._model.endpoint:
            common["api_base"] = self._model.endpoint
        key = self._key()
        if self._model.api_key_env and not key:
            return self._no_key([self._model.api_key_env])
        if key:
            common["api_key"] = key
        elif self._model.endpoint:
            # a server of one's own wants some key, and must not be sent the vendor's
            if vendor not in _OWN_WAY_IN:
                common["api_key"] = "not-needed"
        elif missing := _missing(self._model.name, vendor):
            return self._no_key(missing)
        return common

    def _no_key(self, names: list[str]) -> ProviderError:
        return ProviderError(
            f"no API key for {self._model.name}", fatal=True, hint=f"set {' or '.join(sorted(names))}"
        )

    def _key(self) -> str | None:
        name = self._model.api_key_env
        return (os.environ.get(name) or "").strip() or None if name else None

    def _error(self, error: Exception) -> ProviderError:
        model = self._model
        if model.api_key_env:
            key_name = model.api_key_env
        elif model.endpoint:
            key_name = "the variable that api_key_env of this model names in llmops.yaml"
        else:
            key_name = f"{model.name.partition('/')[0].upper()}_API_KEY"
        return provider_error(error, model, self._key(), key_name)

    async def _streamed(
        self, arguments: Mapping[str, Any], call: Call, started: float
    ) -> tuple[Any, float | None]:
        litellm = _import_litellm()
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
            cost = _import_litellm().completion_cost(completion_response=answer, model=self._model.name)
        except Exception:  # noqa: BLE001  # it raises bare Exception, among others, for a model without a price
            return None
        # it takes a missing price for 0, which only the price list can vouch for
        return float(cost) if cost or price_of(self._model.name) else None


def lacks_key(model: ResolvedModel) -> bool:
    """Whether a key may be missing, without looking further: told at once, and LiteLLM is not imported."""
    if model.api_key_env:
        return not os.environ.get(model.api_key_env, "").strip()
    vendor = model.name.partition("/")[0]
    usual = os.environ.get(f"{vendor.upper()}_API_KEY", "").strip()
    return not model.endpoint and not usual and vendor not in _OWN_WAY_IN


def missing_keys(model: ResolvedModel) -> list[str]:
    """Variables of which one has to be set before a model can be asked; none where nothing is missing."""
    if not lacks_key(model):
        return []
    if model.api_key_env:
        return [model.api_key_env]
    with _import_lock:
        litellm = _import_litellm()
    try:
        vendor = litellm.get_llm_provider(model=model.name)[1]
    except Exception:  # noqa: BLE001  # a name that LiteLLM does not know is another error, said at the call
        return []
    return _missing(model.name, vendor)


def _missing(name: str, vendor: str) -> list[str]:
    usual = f"{vendor.upper()}_API_KEY"
    if usual in os.environ and not os.environ[usual].strip():
        return [usual]  # what a CI service puts where a pull request may not see the secret
    missing = _import_litellm().validate_environment(model=name)["missing_keys"]
    # other names (a region, an access key's id) may come from a profile or a role instead
    only_keys = all(key.endswith(("_API_KEY", "_API_TOKEN", "_TOKEN")) for key in missing)
    return list(missing) if only_keys and vendor not in _OWN_WAY_IN else []


def call_arguments(request: Request) -> dict[str, Any]:
    """The keyword arguments of `litellm.acompletion` that a request decides.

    Raises ProviderError for a parameter that could do more than shape the answer. Files are checked for that
    when they are read; but a request may also come from a baseline, which a stranger's pull request can edit.
    """
    params = dict(request.params)
    extra = params.pop("extra", None) or {}
    if "noise" in params:
        raise ProviderError("params.noise is for offline models only", hint="take it out of params")
    forbidden = FORBIDDEN_EXTRA | _litellm_own() if extra else frozenset()
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


def _litellm_own() -> frozenset[str]:
    """Names that LiteLLM keeps for itself and never sends: they steer the call, so no extra may be one."""
    _import_litellm()
    from litellm.types.utils import all_litellm_params

    return frozenset(all_litellm_params)


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
