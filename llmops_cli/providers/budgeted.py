"""A limit on what a run may cost, kept by reserving before spending."""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

from llmops_cli.domain.canonical import canonical_json
from llmops_cli.domain.provider import Call, Provider, ProviderError, deterministic_with
from llmops_cli.domain.request import Price, Request, Response
from llmops_cli.providers.prices import cost_at_tokens

BYTES_PER_TOKEN = 3
"""A token is seldom shorter than this, in any script: CJK has 3 bytes a character in UTF-8."""

OUTPUT_TOKENS = 4096
"""Assumed where a request sets no limit of its own."""

IMAGE_BYTES = 150_000
"""At most this much of an image in a data URI is counted; 50 000 tokens are above what any vendor charges."""


class Budget:
    """USD that one run may spend over all its models, judges included. For one event loop.

    `spent` is what is known to be spent; `unknown` counts answers whose cost could not be told.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self.spent = 0.0
        self.reserved = 0.0
        self.unknown = 0
        self._open = 0
        self._waiting: list[asyncio.Future[None]] = []

    def reserve(self, amount: float) -> bool:
        """Set money aside for a call; False where the limit would not allow it now."""
        if not self._fits(self.spent + self.reserved + amount):
            return False
        self._open += 1
        self.reserved += amount
        return True

    def settle(self, reserved: float, actual: float | None) -> None:
        """Give back what `reserve` set aside and book what the call cost.

        Unknown (None) books the whole reservation, so that the limit holds.
        """
        self._open -= 1
        # the sum of floats that come and go drifts; with nothing open it is nought
        self.reserved = max(0.0, self.reserved - reserved) if self._open else 0.0
        if actual is None:
            self.unknown += 1
            actual = reserved
        self.spent += actual
        waiting, self._waiting = self._waiting, []
        for place in waiting:
            if not place.done():
                place.set_result(None)

    async def reserve_when_free(self, amount: float) -> bool:
        """Like `reserve`, but waits while calls in flight may still give back part of what they hold.

        Reservations are upper bounds: without the wait a small budget would refuse calls it can pay for.
        """
        while not self.reserve(amount):
            if not self._open or not self._fits(self.spent + amount):
                return False
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            await place
        return True

    def _fits(self, total: float) -> bool:
        # a limit of 0.30 pays for three calls of 0.10, whatever the binary fractions say
        return self.limit is None or total <= self.limit * (1 + 1e-9)


class Budgeted:
    """A provider that spends from a budget. `estimate` gives an upper bound in USD, None where it cannot.

    Stands around `Retrying`: one reservation pays for one answer, however many attempts it takes. With `told`
    the answer says what it cost, and no earlier: then the most that one cost so far is what the next may cost,
    and the first is awaited before others are asked.
    """

    def __init__(
        self,
        inner: Provider,
        budget: Budget,
        estimate: Callable[[Request], float | None],
        *,
        told: bool = False,
    ) -> None:
        self._inner = inner
        self._budget = budget
        self._estimate = estimate
        self._told = told
        self._most: float | None = None
        self._first = asyncio.Lock()

    @property
    def deterministic(self) -> bool:
        """As the inner provider."""
        return self._inner.deterministic

    def deterministic_with(self, params: Mapping[str, Any]) -> bool:
        """As the inner provider."""
        return deterministic_with(self._inner, params)

    def cache_key(self, request: Request, trial: int) -> str | None:
        """As the inner provider."""
        return self._inner.cache_key(request, trial)

    async def complete(self, request: Request, call: Call) -> Response:
        """Reserve, call, settle. Raises ProviderError where the budget does not allow the call."""
        if not self._told or self._budget.limit is None:
            return await self._within(self._estimate(request), request, call)
        if self._most is None:
            async with self._first:
                if self._most is None:
                    return await self._within(self._estimate(request) or 0.0, request, call)
        return await self._within(max(self._most, self._estimate(request) or 0.0), request, call)

    async def _within(self, amount: float | None, request: Request, call: Call) -> Response:
        if amount is None:
            if self._budget.limit is not None:
                raise ProviderError(
                    f"the price of {request.model} is unknown, so --max-cost cannot be kept",
                    fatal=True,
                    hint="give the model a price in llmops.yaml",
                )
            amount = 0.0
        if not await self._budget.reserve_when_free(amount):
            raise self._refusal(amount, request)
        actual: float | None = 0.0
        try:
            response = await self._inner.complete(request, call)
            actual = response.cost
            if self._told:
                actual = actual or 0.0  # what is free says nothing of a cost
                self._most = max(actual, self._most or 0.0)
        finally:
            self._budget.settle(amount, actual)
        return response

    def _refusal(self, amount: float, request: Request) -> ProviderError:
        """Says what was spent and what the call may take: an upper bound, so much may be left that it looks odd."""
        budget, hint = self._budget, "raise --max-cost or run.max_cost"
        limit = _usd(budget.limit or 0.0)
        if budget.spent >= (budget.limit or 0.0) * (1 - 1e-9):
            return ProviderError(f"the budget of {limit} is used up", hint=hint)
        most = _usd(_rounded_up(amount))
        if not self._told and _output_limit(request) is None:
            most += " (no max_tokens is set)"
            hint += ", or set max_tokens"
        if budget.spent > 0:
            spent = f"{_usd(float(f'{budget.spent:.3g}'))} spent"
            return ProviderError(
                f"{spent}; the next call may take up to {most}, which the budget of {limit} does not hold",
                hint=hint,
            )
        return ProviderError(f"the budget of {limit} does not allow a call that may cost {most}", hint=hint)

    async def aclose(self) -> None:
        """Close the inner provider."""
        await self._inner.aclose()


def estimate_cost(request: Request, price: Price) -> float:
    """An upper bound of what a request costs, in USD: a third of its bytes, and all the output it allows."""
    sent = {"messages": list(request.messages), "tools": [dict(tool) for tool in request.tools]}
    size = _size({**sent, "schema": request.output_schema})
    output = _output_limit(request)
    return cost_at_tokens(price, -(-size // BYTES_PER_TOKEN), OUTPUT_TOKENS if output is None else output)


def _output_limit(request: Request) -> int | None:
    limits = (request.params.get(name) for name in ("max_completion_tokens", "max_tokens"))
    return next((limit for limit in limits if isinstance(limit, int)), None)


def _usd(amount: float) -> str:
    return f"${amount:.2f}" if math.isclose(amount, round(amount, 2), rel_tol=1e-9) else f"${amount:.6g}"


def _rounded_up(amount: float) -> float:
    """To two digits, so that calls of nearly the same cost are refused with the same words."""
    unit = 10.0 ** (math.floor(math.log10(amount)) - 1) if amount > 0 else 1.0
    return math.ceil(amount / unit - 1e-9) * unit


def _size(sent: dict[str, Any]) -> int:
    """UTF-8 bytes of the request's JSON, each image counted with `IMAGE_BYTES` at most."""
    return len(canonical_json(_without_images(sent)).encode("utf-8", "surrogatepass"))


def _without_images(value: Any) -> Any:
    if isinstance(value, str):
        return value[:IMAGE_BYTES] if value.startswith("data:image/") else value
    if isinstance(value, Mapping):
        return {key: _without_images(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_images(inner) for inner in value]
    return value
