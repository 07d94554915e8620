import subprocess
import sys

import pytest

from llmops_cli.domain.request import Price, Usage
from llmops_cli.providers.prices import cost_at, price_of


@pytest.mark.parametrize(
    "name",
    [
        "openai/gpt-4o-mini",
        "anthropic/claude-sonnet-4-5",
        "gemini/gemini-2.5-flash",
        "vertex_ai/gemini-2.5-pro",
    ],
)
def test_models_of_the_large_vendors_have_a_price(name: str) -> None:
    price = price_of(name)
    assert price is not None
    assert 0 < price.input < price.output < 1000


def test_the_price_is_per_million_tokens() -> None:
    price = price_of("openai/gpt-4o-mini")
    assert price is not None
    assert (price.input, price.output) == pytest.approx((0.15, 0.60))


@pytest.mark.parametrize(
    "name", ["openai/my-model", "groq/gpt-4o-mini", "gpt-4o-mini/", "offline/assistant", ""]
)
def test_an_unknown_price_is_unknown_and_never_nought(name: str) -> None:
    assert price_of(name) is None


def test_a_cost_needs_both_price_and_tokens() -> None:
    assert cost_at(Price(1, 2), Usage(1_000_000, 500_000)) == pytest.approx(2.0)
    assert cost_at(None, Usage(1, 1)) is None
    assert cost_at(Price(1, 2), None) is None


def test_an_estimate_does_not_wait_for_litellm() -> None:
    code = "import sys; from llmops_cli.providers.prices import price_of; price_of('openai/gpt-4o-mini'); "
    code += "sys.exit('litellm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
