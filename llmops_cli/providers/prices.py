"""What a model costs, as far as it is known: the price list LiteLLM brings along, read without LiteLLM."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from llmops_cli.domain.request import Price, Usage

_PRICE_LIST = "model_prices_and_context_window_backup.json"
_PER_MILLION = 1_000_000


def price_of(model_name: str) -> Price | None:
    """The list price of a `vendor/model`, or None where it is unknown. Takes 20 ms the first time."""
    entry = _entry(model_name)
    if entry is None:
        return None
    price_in, price_out = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if not isinstance(price_in, int | float) or not isinstance(price_out, int | float):
        return None
    return Price(price_in * _PER_MILLION, price_out * _PER_MILLION)


def cost_at(price: Price | None, usage: Usage | None) -> float | None:
    """USD for the tokens used; None where price or tokens are unknown."""
    if price is None or usage is None:
        return None
    return cost_at_tokens(price, usage.input_tokens, usage.output_tokens)


def cost_at_tokens(price: Price, input_tokens: int, output_tokens: int) -> float:
    """USD for so many tokens."""
    return (input_tokens * price.input + output_tokens * price.output) / _PER_MILLION


def _entry(model_name: str) -> Mapping[str, Any] | None:
    listed = _price_list()
    if model_name in listed:
        return listed[model_name]
    # models of the large vendors are listed without the vendor, which then stands in `litellm_provider`,
    # for some with a family behind it ("vertex_ai-language-models")
    vendor, _, bare = model_name.partition("/")
    entry = listed.get(bare)
    named = str(entry.get("litellm_provider", "")) if entry else ""
    return entry if named == vendor or named.startswith(f"{vendor}-") else None


@cache
def _price_list() -> Mapping[str, Mapping[str, Any]]:
    # importing LiteLLM for this would take 1.6 s; finding its folder takes none
    package = find_spec("litellm")
    if package is None or package.origin is None:
        return {}
    path = Path(package.origin).with_name(_PRICE_LIST)
    if not path.is_file():
        return {}
    listed: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return listed
