"""LiteLLM itself: the only module that imports it, at the first real call, and all that it would load later."""

import os
import threading
import warnings
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches a price list over the network
    "LITELLM_MODE": "PRODUCTION",  # else it loads a stray .env into this process
    "LITELLM_LOG": "ERROR",
}
_loading = threading.Lock()
_warming = threading.Lock()
"""Two, so that a call of one model does not wait while another model is got ready."""


def load_litellm() -> Any:
    """LiteLLM, set up to do one call and nothing else. Takes seconds the first time: for a thread."""
    with _loading:
        return _loaded()


@cache
def _loaded() -> Any:
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


def load_for_calls(vendor: str) -> None:
    """All that a first call would load while its clock runs: a second or two, counted as the model's.

    Takes the way of an answer but for the network: a mocked one, of a model that LiteLLM asks no server about.
    """
    with _warming:
        _load_for_calls()
        _load_vendor(vendor)


@cache
def _load_for_calls() -> None:
    litellm = load_litellm()
    keep_quiet()
    # how LiteLLM is made inside changes from release to release: what cannot be loaded here is loaded later
    with suppress(Exception):
        # 450 modules of the client that LiteLLM asks most vendors with, which loads them at its first request
        import_module("openai.resources")
    with suppress(Exception):
        from litellm.llms.custom_httpx.http_handler import get_ssl_configuration

        get_ssl_configuration()  # reads the certificates, and keeps what it made of them
    with suppress(Exception):
        litellm.completion(
            model="openai/any", messages=[{"role": "user", "content": "hello"}], mock_response="hello",
            api_key="not-needed", max_retries=0, num_retries=0,
        )  # fmt: skip


@cache
def _load_vendor(vendor: str) -> None:
    litellm = load_litellm()
    with suppress(Exception):
        from litellm.types.utils import LlmProviders
        from litellm.utils import ProviderConfigManager

        ProviderConfigManager.get_provider_chat_config("any", LlmProviders(vendor))
    with suppress(Exception):
        if vendor != "openai":
            _ = litellm.encoding  # how OpenAI's models count tokens, read at the first call of any other


def keep_quiet() -> None:
    """Warnings between LiteLLM and its own libraries are no news for a user of llmops.

    At each call, as the filters are the process's and a test runner sets them back; equal ones are not added.
    """
    for category in (UserWarning, DeprecationWarning):
        warnings.filterwarnings("ignore", category=category, module=r"(litellm|openai|pydantic)(\.|$)")
    # a call that is given up before LiteLLM has begun it: the coroutine is its own, and so is the warning
    given_up = r"coroutine '\w+\.(acompletion|async_completion|async_streaming)' was never awaited"
    warnings.filterwarnings("ignore", message=given_up, category=RuntimeWarning)


def own_parameters() -> frozenset[str]:
    """Names that LiteLLM keeps for itself and never sends: they steer the call, so no extra may be one."""
    load_litellm()
    from litellm.types.utils import all_litellm_params

    return frozenset(all_litellm_params)
