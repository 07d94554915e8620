import asyncio
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.provider import Call, ProviderError, StoppedError
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.stopping import Stop
from llmops_cli.providers.retrying import Retrying
from tests.support.providers import Scripted, ask

BUSY = ProviderError("busy", retryable=True)


class Waits(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def _run(inner: Scripted, **options: Any) -> tuple[Response, Waits]:
    waits = Waits()
    provider = Retrying(inner, sleep=waits, rng=random.Random(1), **options)
    return asyncio.run(provider.complete(ask(), Call())), waits


def test_an_answer_after_two_failures_counts_three_attempts() -> None:
    response, waits = _run(Scripted(BUSY, BUSY, Response("ok")))

    assert (response.text, response.attempts) == ("ok", 3)
    assert len(waits) == 2


def test_what_cannot_succeed_later_is_asked_once() -> None:
    inner = Scripted(ProviderError("bad parameter"), Response("ok"))

    with pytest.raises(ProviderError, match="bad parameter"):
        _run(inner)

    assert len(inner.calls) == 1


def test_the_attempts_end_and_the_error_says_how_many_there_were() -> None:
    inner = Scripted(ProviderError("busy", retryable=True, throttled=True, hint="wait"))

    with pytest.raises(ProviderError, match=r"busy \(3 attempts\)") as caught:
        _run(inner, attempts=3)

    assert len(inner.calls) == 3
    assert (caught.value.throttled, caught.value.hint) == (True, "wait")


def test_retry_after_is_the_least_wait() -> None:
    _, waits = _run(Scripted(ProviderError("busy", retryable=True, retry_after=7.5), Response("ok")))

    assert waits == [7.5]


def test_a_wait_of_hours_is_not_sat_out() -> None:
    inner = Scripted(ProviderError("quota", retryable=True, retry_after=3600), Response("ok"))

    with pytest.raises(ProviderError, match="asks to wait 3600 s"):
        _run(inner)

    assert len(inner.calls) == 1


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_waits_stay_below_a_doubling_bound_and_below_thirty_seconds(seed: int, failures: int) -> None:
    waits = Waits()
    inner = Scripted(*[BUSY] * failures, Response("ok"))
    provider = Retrying(inner, attempts=failures + 1, sleep=waits, rng=random.Random(seed))

    asyncio.run(provider.complete(ask(), Call()))

    bounds = [min(30.0, 0.5 * 2**n) for n in range(failures)]
    assert len(waits) == failures
    assert all(0 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))


def test_each_retry_is_told() -> None:
    told: list[tuple[str, float]] = []

    _, waits = _run(
        Scripted(BUSY, Response("ok")), on_retry=lambda error, wait: told.append((str(error), wait))
    )

    assert told == [("busy", waits[0])]


def test_an_answer_that_broke_off_while_it_was_shown_is_not_begun_again() -> None:
    shown: list[str] = []

    async def breaks_off(request: Request, call: Call) -> Response:
        assert call.on_text is not None
        call.on_text("Dear ")
        raise BUSY

    inner = Scripted(breaks_off, Response("Dear Ada"))
    with pytest.raises(ProviderError, match="busy"):
        asyncio.run(Retrying(inner, sleep=Waits()).complete(ask(), Call(on_text=shown.append)))

    assert shown == ["Dear "]
    assert len(inner.calls) == 1


def test_a_stop_ends_the_wait_and_no_retry_follows() -> None:
    stop, inner = Stop(), Scripted(ProviderError("busy", retryable=True, retry_after=100, hint="wait"))

    async def run() -> None:
        task = asyncio.ensure_future(Retrying(inner, stop=stop).complete(ask(), Call()))
        await asyncio.sleep(0.01)
        assert stop.waiting == 1
        stop.ask()
        async with asyncio.timeout(10):
            await task

    with pytest.raises(
        ProviderError, match=r"busy \(not tried again, as the run was interrupted\)"
    ) as caught:
        asyncio.run(run())

    assert (len(inner.calls), stop.waiting, caught.value.hint) == (1, 0, "wait")


def test_a_call_that_fails_after_the_stop_is_not_waited_for() -> None:
    stop, told = Stop(), []

    async def failing(request: Request, call: Call) -> Response:
        stop.ask()
        raise BUSY

    with pytest.raises(ProviderError, match="not tried again"):
        _run(Scripted(failing), stop=stop, on_retry=lambda error, delay: told.append(delay))

    assert told == []


def test_a_retry_that_is_sent_away_tells_what_went_wrong_before() -> None:
    with pytest.raises(ProviderError, match=r"busy \(not tried again"):
        _run(Scripted(BUSY, StoppedError()))
    with pytest.raises(StoppedError):
        _run(Scripted(StoppedError()))


def test_a_wait_that_is_cancelled_is_over() -> None:
    async def run() -> None:
        stop = Stop()
        task = asyncio.ensure_future(Retrying(Scripted(BUSY), stop=stop).complete(ask(), Call()))
        await asyncio.sleep(0.01)
        assert stop.waiting == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (stop.waiting, len(asyncio.all_tasks())) == (0, 1)

    asyncio.run(run())
