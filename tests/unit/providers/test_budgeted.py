import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.provider import Call, ProviderError
from llmops_cli.domain.request import Price, Request, Response
from llmops_cli.providers.budgeted import Budget, Budgeted, estimate_cost
from tests.support.providers import Scripted, ask


def _ask_all(provider: Budgeted, count: int) -> list[Response | BaseException]:
    async def run() -> list[Response | BaseException]:
        asked = (provider.complete(ask(str(n)), Call()) for n in range(count))
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(run())


def test_the_budget_is_not_overspent_however_many_ask_at_once() -> None:
    budget = Budget(1.0)
    inner = Scripted(Response("ok", cost=0.3))

    results = _ask_all(Budgeted(inner, budget, lambda _: 0.3), 10)

    assert len(inner.calls) == 3
    assert budget.spent == pytest.approx(0.9)
    refused = [str(result) for result in results if isinstance(result, ProviderError)]
    most = "$0.30 (no max_tokens is set)"
    said = f"$0.90 spent; the next call may take up to {most}, which the budget of $1.00 does not hold"
    assert refused == [said] * 7


def test_generous_estimates_do_not_refuse_what_can_be_paid_for() -> None:
    async def slow(request: Request, call: Call) -> Response:
        await asyncio.sleep(0.001)
        return Response("ok", cost=0.01)

    budget = Budget(1.0)

    results = _ask_all(Budgeted(Scripted(slow), budget, lambda _: 0.4), 20)

    assert all(isinstance(result, Response) for result in results)
    assert budget.spent == pytest.approx(0.2)


def test_an_unknown_price_and_a_limit_do_not_go_together() -> None:
    inner = Scripted(Response("ok"))

    (error,) = _ask_all(Budgeted(inner, Budget(2.0), lambda _: None), 1)

    assert isinstance(error, ProviderError)
    assert error.fatal
    assert str(error) == "the price of scripted is unknown, so --max-cost cannot be kept"
    assert inner.calls == []


def test_without_a_limit_unknown_costs_are_counted_and_not_guessed() -> None:
    budget = Budget(None)

    _ask_all(Budgeted(Scripted(Response("ok")), budget, lambda _: None), 2)

    assert (budget.spent, budget.unknown) == (0.0, 2)


def test_an_answer_of_unknown_cost_keeps_its_whole_reservation() -> None:
    budget = Budget(1.0)

    _ask_all(Budgeted(Scripted(Response("ok")), budget, lambda _: 0.6), 2)

    assert (budget.spent, budget.unknown) == (0.6, 1)


def test_a_failed_call_gives_its_reservation_back() -> None:
    budget = Budget(0.5)
    inner = Scripted(ProviderError("broken"), Response("ok", cost=0.5))

    first, second = _ask_all(Budgeted(inner, budget, lambda _: 0.5), 2)

    assert isinstance(first, ProviderError)
    assert isinstance(second, Response)
    assert budget.reserved == 0.0


@given(
    st.floats(0.01, 10),
    st.lists(st.tuples(st.floats(0, 3), st.floats(0, 1)), max_size=30),
)
def test_spent_never_exceeds_the_limit_when_estimates_are_upper_bounds(
    limit: float, calls: list[tuple[float, float]]
) -> None:
    budget = Budget(limit)
    for estimate, share in calls:
        if budget.reserve(estimate):
            budget.settle(estimate, estimate * share)
    assert budget.spent <= limit * (1 + 1e-6)


@given(st.text(max_size=200), st.integers(1, 5000))
def test_an_estimate_counts_the_text_and_all_the_output_that_is_allowed(text: str, limit: int) -> None:
    request = ask(text, params={"max_tokens": limit})
    only_out = estimate_cost(request, Price(input=0, output=2))
    only_in = estimate_cost(request, Price(input=3, output=0))

    assert only_out == pytest.approx(limit * 2e-6)
    assert only_in >= 3e-6 * len(text) / 3


def test_a_request_without_a_limit_is_estimated_with_4096_tokens_of_output() -> None:
    assert estimate_cost(ask(), Price(0, 1)) == pytest.approx(4096e-6)


def test_an_image_is_not_counted_as_a_book() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 3_000_000}}
    request = Request("litellm", "openai/x", [{"role": "user", "content": [image]}])

    assert estimate_cost(request, Price(1, 0)) < 0.06


def test_what_is_told_only_after_the_call_is_counted_and_stops_the_next_one() -> None:
    async def slow(request: Request, call: Call) -> Response:
        await asyncio.sleep(0.001)
        return Response("ok", cost=0.3)

    budget = Budget(1.0)
    inner = Scripted(slow)

    results = _ask_all(Budgeted(inner, budget, lambda _: None, told=True), 10)

    assert len(inner.calls) == 3
    assert budget.spent == pytest.approx(0.9)
    refused = [str(result) for result in results if isinstance(result, ProviderError)]
    assert (
        refused
        == ["$0.90 spent; the next call may take up to $0.30, which the budget of $1.00 does not hold"] * 7
    )


def test_an_application_that_tells_no_cost_is_asked_within_any_limit() -> None:
    inner = Scripted(Response("ok"))

    _ask_all(Budgeted(inner, Budget(0.01), lambda _: None, told=True), 5)

    assert len(inner.calls) == 5


def test_without_a_limit_nobody_waits_for_the_first_answer() -> None:
    inner = Scripted(Response("ok", cost=0.3))
    budget = Budget(None)

    _ask_all(Budgeted(inner, budget, lambda _: None, told=True), 4)

    assert len(inner.calls) == 4
    assert budget.spent == pytest.approx(1.2)
