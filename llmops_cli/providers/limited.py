"""Keeps as many calls in flight as the server bears, and no more a minute than it allows."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from llmops_cli.domain.provider import Call, Provider, ProviderError, StoppedError, deterministic_with
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.stopping import Stop
from llmops_cli.providers.retrying import LONGEST_WAIT

FIRST_WINDOW = 4
"""Calls in flight before the first answer."""


class Limited:
    """Slow start, additive increase and multiplicative decrease, as TCP does it (RFC 5681, section 3.1).

    The window begins at 4, grows by one with each answer until the first rate limit, afterwards by one with
    each window full of answers, and never beyond `concurrency`. A rate limit halves it, once for all calls
    that were in flight together. Other errors leave it alone: a server that is broken is not crowded.
    Retry-After holds back new calls until then. `rpm` spaces the starts evenly (a leaky bucket).
    First come, first served; once `stop` is asked for nobody is let in, and who waits is sent away.
    """

    def __init__(
        self,
        inner: Provider,
        *,
        concurrency: int,
        rpm: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        stop: Stop | None = None,
    ) -> None:
        self._inner = inner
        self._most = max(1, concurrency)
        self._window = float(min(FIRST_WINDOW, self._most))
        self._slow_start = True
        self._generation = 0
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._spacing = 60.0 / rpm if rpm else 0.0
        self._not_before = clock()
        self._clock = clock
        self._stop = stop or Stop()
        self._stop.when_asked(self._send_away)
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def deterministic(self) -> bool:
        """As the inner provider."""
        return self._inner.deterministic

    def deterministic_with(self, params: Mapping[str, Any]) -> bool:
        """As the inner provider."""
        return deterministic_with(self._inner, params)

    @property
    def window(self) -> int:
        """Calls that may be in flight now."""
        return int(self._window)

    @property
    def in_flight(self) -> int:
        """Calls that are in flight now."""
        return self._in_flight

    def cache_key(self, request: Request, trial: int) -> str | None:
        """As the inner provider."""
        return self._inner.cache_key(request, trial)

    async def complete(self, request: Request, call: Call) -> Response:
        """Wait for a place, then call. The wait does not count towards the call's timeout."""
        await self._enter()
        generation = self._generation
        try:
            response = await self._inner.complete(request, call)
        except ProviderError as error:
            self._heed(error, generation)
            raise
        else:
            self._grow()
            return response
        finally:
            self._leave()

    async def aclose(self) -> None:
        """Close the inner provider."""
        if self._alarm is not None:
            self._alarm.cancel()
        await self._inner.aclose()

    async def _enter(self) -> None:
        if self._stop.asked:
            raise StoppedError
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._admit()
        try:
            with self._stop.counted():
                await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave()  # admitted and given up in the same turn of the loop
            raise

    def _send_away(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_exception(StoppedError())

    def _leave(self) -> None:
        self._in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        """Let in whoever may start now, and set the alarm for the next one that time alone holds back."""
        while self._waiting and self._in_flight < int(self._window):
            if self._waiting[0].done():  # given up while waiting
                self._waiting.popleft()
                continue
            now = self._clock()
            if now < self._not_before:
                self._wake_in(self._not_before - now)
                return
            self._not_before = max(self._not_before, now) + self._spacing
            self._in_flight += 1
            self._waiting.popleft().set_result(None)

    def _wake_in(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._admit)

    def _grow(self) -> None:
        step = 1.0 if self._slow_start else 1.0 / self._window
        self._window = min(self._most, self._window + step)

    def _heed(self, error: ProviderError, generation: int) -> None:
        # nobody waits longer than LONGEST_WAIT (see retrying.py): the calls behind then fail as quickly
        if error.retry_after is not None and error.retry_after <= LONGEST_WAIT:
            self._not_before = max(self._not_before, self._clock() + error.retry_after)
        if error.throttled and generation == self._generation:
            self._generation += 1
            self._slow_start = False
            self._window = max(1.0, self._window / 2)
