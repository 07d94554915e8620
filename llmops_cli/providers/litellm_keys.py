"""Which key goes with a model: the one that llmops.yaml names, the vendor's own, or none."""

import os
from typing import Any

from llmops_cli.domain.request import ResolvedModel
from llmops_cli.providers.litellm_loading import load_litellm

OWN_WAY_IN = frozenset({
    "azure", "azure_ai", "bedrock", "bedrock_converse", "databricks", "oci", "sagemaker", "sagemaker_chat",
    "vertex_ai", "vertex_ai_beta", "watsonx",
})  # fmt: skip
"""Vendors that know other credentials than a key (a role, a profile): they get no dummy key."""

NO_KEY = "not-needed"
"""Sent to a server of one's own, which wants some key: without one LiteLLM would look for the vendor's."""


def named_key(model: ResolvedModel) -> str | None:
    """The value of the variable that `api_key_env` names."""
    return _value(model.api_key_env) if model.api_key_env else None


def key_arguments(model: ResolvedModel, vendor: str, found: str | None) -> dict[str, Any] | list[str]:
    """What LiteLLM is told of the key, or the variables of which one has to be set. `vendor` and `found` (a key
    that LiteLLM reads by itself) are LiteLLM's.

    An address of llmops.yaml gets the key that llmops.yaml names with it, and never the vendor's. An address of the
    vendor's variable gets the vendor's key, where there is one.
    """
    key = named_key(model)
    if key:
        return {"api_key": key}
    if model.api_key_env:
        return [model.api_key_env]
    if not model.endpoint:
        return _missing(model.name, vendor) or {}
    if vendor in OWN_WAY_IN:
        return {}
    if not model.endpoint_variable:
        return {"api_key": NO_KEY}
    usual = usual_variable(model)
    if _value(usual):
        return {"api_key": _value(usual)}
    if usual in os.environ:  # empty, as a CI service leaves it where the secret may not be seen
        return [usual]
    # a vendor that LiteLLM asks as it asks OpenAI would else be sent OpenAI's key
    elsewhere = found or not (_missing(model.name, vendor) or _asked_as_openai(vendor))
    return {} if elsewhere else {"api_key": NO_KEY}


def lacks_key(model: ResolvedModel) -> bool:
    """Whether a key may be missing, without looking further: told at once, and LiteLLM is not imported."""
    if model.api_key_env:
        return named_key(model) is None
    usual = usual_variable(model)
    if model.endpoint:
        return bool(model.endpoint_variable) and usual in os.environ and not _value(usual)
    return not _value(usual) and _vendor(model) not in OWN_WAY_IN


def missing_keys(model: ResolvedModel) -> list[str]:
    """Variables of which one has to be set before a model can be asked; none where nothing is missing."""
    if not lacks_key(model):
        return []
    if model.api_key_env:
        return [model.api_key_env]
    litellm = load_litellm()
    try:
        vendor = litellm.get_llm_provider(model=model.name)[1]
    except Exception:  # noqa: BLE001  # a name that LiteLLM does not know is another error, said at the call
        return []
    return _missing(model.name, vendor)


def key_name(model: ResolvedModel) -> str:
    """The variable that holds, or should hold, the key, for a hint."""
    if model.api_key_env:
        return model.api_key_env
    if model.endpoint and not model.endpoint_variable:
        return "the variable that api_key_env of this model names in llmops.yaml"
    return usual_variable(model)


def usual_variable(model: ResolvedModel) -> str:
    """The vendor's variable for its key, by the name that nearly all of them have."""
    return f"{_vendor(model).upper().replace('-', '_')}_API_KEY"


def _missing(name: str, vendor: str) -> list[str]:
    usual = f"{vendor.upper()}_API_KEY"
    if usual in os.environ and not os.environ[usual].strip():
        return [usual]  # what a CI service puts where a pull request may not see the secret
    missing = load_litellm().validate_environment(model=name)["missing_keys"]
    # other names (a region, an access key's id) may come from a profile or a role instead
    only_keys = all(key.endswith(("_API_KEY", "_API_TOKEN", "_TOKEN")) for key in missing)
    return list(missing) if only_keys and vendor not in OWN_WAY_IN else []


def _asked_as_openai(vendor: str) -> bool:
    alike = load_litellm().openai_compatible_providers
    return vendor != "openai" and (vendor in alike or vendor in ("custom_openai", "openai_like"))


def _vendor(model: ResolvedModel) -> str:
    return model.name.partition("/")[0]


def _value(variable: str) -> str | None:
    return os.environ.get(variable, "").strip() or None
