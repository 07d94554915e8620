"""Tries again what may succeed later. The only loop of retries: the libraries below are told to make none."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from llmops_cli.domain.provider import Call, Provider, ProviderError, StoppedError, deterministic_with
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.stopping import Stop

BASE_DELAY = 0.5
LONGEST_DELAY = 30.0
LONGEST_WAIT = 120.0
"""Seconds. A server that asks for a longer wait is out of quota rather than busy."""

_INTERRUPTED = "not tried again, as the run was interrupted"


class Retrying:
    """Full-jitter exponential backoff around a provider.

    The wait before retry n is uniform in 0..min(30 s, 0.5 s · 2^(n-1)), and never shorter than the server's
    Retry-After (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    `attempts` counts the first call too. `on_retry` hears of each failure and the wait (s) that follows.
    A retry is a new call: once `stop` is asked for, none is begun, and a wait for one ends.
    """

    def __init__(
        self,
        inner: Provider,
        *,
        attempts: int = 6,
        on_retry: Callable[[ProviderError, float], None] | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        stop: Stop | None = None,
    ) -> None:
        self._inner = inner
        self._attempts = max(1, attempts)
        self._on_retry = on_retry
        self._rng = rng or random.Random()  # noqa: S311  # spreads load, guards nothing
        self._sleep = sleep
        self._stop = stop or Stop()
        self._stop.when_asked(self._wake)
        self._resting: set[asyncio.Future[None]] = set()

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
        """The first answer; its `attempts` counts all calls. Raises the last ProviderError.

        An answer that broke off while it was being streamed is not asked for again: what was shown of it
        cannot be taken back.
        """
        shown = _Shown(call)
        attempt, failed = 1, None
        while True:
            try:
                response = await self._inner.complete(request, shown.call)
            except StoppedError:
                if failed is None:
                    raise
                raise _given_up(failed, _INTERRUPTED) from failed
            except ProviderError as error:
                if not error.retryable or shown.anything:
                    raise
                if attempt >= self._attempts:
                    raise _given_up(error, "1 attempt" if attempt == 1 else f"{attempt} attempts") from error
                if error.retry_after is not None and error.retry_after > LONGEST_WAIT:
                    asked = (
                        f"the server asks to wait {error.retry_after:.0f} s, more than {LONGEST_WAIT:.0f} s"
                    )
                    raise _given_up(error, asked) from error
                if not self._stop.asked:
                    wait = self._delay(attempt, error)
                    if self._on_retry is not None:
                        self._on_retry(error, wait)
                    await self._rest(wait)
                if self._stop.asked:
                    raise _given_up(error, _INTERRUPTED) from error
                attempt, failed = attempt + 1, error
            else:
                return replace(response, attempts=response.attempts + attempt - 1)

    async def aclose(self) -> None:
        """Close the inner provider."""
        await self._inner.aclose()

    async def _rest(self, seconds: float) -> None:
        """Sit out a wait, or what there is of it until the run is asked to stop."""
        resting = asyncio.ensure_future(self._sleep(seconds))
        self._resting.add(resting)
        try:
            with self._stop.counted():
                await asyncio.wait([resting])
        finally:
            resting.cancel()
            self._resting.discard(resting)

    def _wake(self) -> None:
        for resting in self._resting:
            resting.cancel()

    def _delay(self, failures: int, error: ProviderError) -> float:
        # the exponent is bounded, since 2.0 ** 1024 overflows
        ceiling = min(LONGEST_DELAY, BASE_DELAY * 2.0 ** min(failures - 1, 32))
        return max(self._rng.uniform(0, ceiling), error.retry_after or 0.0)


class _Shown:
    """A Call that remembers whether any text went out."""

    def __init__(self, call: Call) -> None:
        self.anything = False
        self._on_text = call.on_text
        self.call = call if call.on_text is None else replace(call, on_text=self._pass_on)

    def _pass_on(self, text: str) -> None:
        self.anything = True
        if self._on_text is not None:
            self._on_text(text)


def _given_up(error: ProviderError, why: str) -> ProviderError:
    return ProviderError(
        f"{error} ({why})",
        retry_after=error.retry_after,
        throttled=error.throttled,
        fatal=error.fatal,
        hint=error.hint,
    )
