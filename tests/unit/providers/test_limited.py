import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from llmops_cli.domain.provider import Call, ProviderError, StoppedError
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.stopping import Stop
from llmops_cli.providers.limited import Limited
from tests.support.providers import Scripted, ask

OK = Response("ok")
THROTTLED = ProviderError("slow down", retryable=True, throttled=True)


class Desk:
    """An inner provider whose calls wait until the test ends them."""

    def __init__(self) -> None:
        self.open: list[asyncio.Future[Response]] = []
        self.order: list[str] = []

    async def __call__(self, request: Request, call: Call) -> Response:
        place: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.open.append(place)
        self.order.append(str(request.messages[0]["content"]))
        return await place

    async def end(self, count: int, error: ProviderError | None = None) -> None:
        ending, self.open = self.open[:count], self.open[count:]
        for place in ending:
            if error is None:
                place.set_result(OK)
            else:
                place.set_exception(error)
        await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


Start = Callable[[int], list[asyncio.Task[Response]]]


def with_desk(story: Callable[[Limited, Desk, Start], Awaitable[None]], concurrency: int = 32) -> None:
    async def run() -> None:
        desk = Desk()
        limited = Limited(Scripted(desk), concurrency=concurrency)
        tasks: list[asyncio.Task[Response]] = []

        def start(count: int) -> list[asyncio.Task[Response]]:
            first = len(tasks)
            new = [asyncio.ensure_future(limited.complete(ask(str(first + n)), Call())) for n in range(count)]
            tasks.extend(new)
            return new

        await story(limited, desk, start)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())


def test_the_window_doubles_with_each_round_of_answers_up_to_the_limit() -> None:
    async def story(limited: Limited, desk: Desk, start: Start) -> None:
        start(100)
        seen = []
        for _ in range(5):
            await settle()
            seen.append(len(desk.open))
            await desk.end(len(desk.open))
        assert seen == [4, 8, 16, 32, 32]

    with_desk(story)


def test_a_wave_of_rate_limits_halves_the_window_once_and_it_grows_slowly_after() -> None:
    async def story(limited: Limited, desk: Desk, start: Start) -> None:
        start(300)
        for _ in range(3):
            await settle()
            await desk.end(len(desk.open))
        await settle()
        assert limited.window == 32

        wave = len(desk.open)
        await desk.end(wave, THROTTLED)
        assert limited.window == 16
        assert len(desk.open) == 16

        await desk.end(16)
        assert limited.window == 16  # sixteen sixteenths, a little less each time
        await desk.end(16)
        assert limited.window == 17

        await desk.end(1, THROTTLED)
        assert limited.window == 8

    with_desk(story)


def test_a_broken_server_does_not_shrink_the_window() -> None:
    async def story(limited: Limited, desk: Desk, start: Start) -> None:
        start(10)
        await settle()
        await desk.end(4, ProviderError("500", retryable=True))
        assert limited.window == 4

    with_desk(story)


def test_the_window_never_shrinks_to_nothing() -> None:
    async def story(limited: Limited, desk: Desk, start: Start) -> None:
        start(30)
        await settle()
        for _ in range(8):
            await desk.end(len(desk.open), THROTTLED)
        assert limited.window == 1
        assert len(desk.open) == 1

    with_desk(story)


def test_first_come_first_served() -> None:
    async def story(limited: Limited, desk: Desk, start: Start) -> None:
        start(12)
        await settle()
        while desk.open:
            await desk.end(1)
        assert desk.order == [str(n) for n in range(12)]

    with_desk(story, concurrency=2)


def test_a_call_given_up_while_waiting_leaves_its_place_to_the_next() -> None:
    async def story(limited: Limited, desk: Desk, start: Start) -> None:
        tasks = start(4)
        await settle()
        tasks[1].cancel()
        tasks[0].cancel()
        await settle()
        assert limited.in_flight == 1
        assert desk.order == ["0", "2"]

    with_desk(story, concurrency=1)


def test_a_call_given_up_in_the_turn_it_was_let_in_gives_its_place_back() -> None:
    async def story(limited: Limited, desk: Desk, start: Start) -> None:
        tasks = start(3)
        await settle()
        desk.open[0].set_result(OK)
        tasks[0].add_done_callback(lambda _: tasks[1].cancel())
        await settle()
        assert tasks[1].cancelled()
        assert limited.in_flight == 1
        assert desk.order[-1] == "2"

    with_desk(story, concurrency=1)


def test_rpm_spaces_the_starts() -> None:
    starts: list[float] = []

    async def note(request: Request, call: Call) -> Response:
        starts.append(time.monotonic())
        return OK

    async def run() -> None:
        limited = Limited(Scripted(note), concurrency=8, rpm=1200)
        await asyncio.gather(*(limited.complete(ask(str(n)), Call()) for n in range(5)))

    asyncio.run(run())
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert len(gaps) == 4
    assert all(gap >= 0.045 for gap in gaps)  # 1200 a minute is one each 0.05 s


def test_retry_after_holds_back_new_calls_until_then() -> None:
    asked = ProviderError("slow down", retryable=True, throttled=True, retry_after=0.2)
    inner = Scripted(asked, OK)

    async def run() -> float:
        limited = Limited(inner, concurrency=8)
        with pytest.raises(ProviderError):
            await limited.complete(ask("first"), Call())
        started = time.monotonic()
        await limited.complete(ask("second"), Call())
        return time.monotonic() - started

    assert asyncio.run(run()) >= 0.19


def test_a_wait_that_nobody_sits_out_holds_back_nothing() -> None:
    inner = Scripted(ProviderError("quota", retryable=True, throttled=True, retry_after=7200), OK)

    async def run() -> Response:
        limited = Limited(inner, concurrency=8)
        with pytest.raises(ProviderError):
            await limited.complete(ask("first"), Call())
        async with asyncio.timeout(1):
            return await limited.complete(ask("second"), Call())

    assert asyncio.run(run()) == OK


def test_a_limiter_that_is_closed_leaves_no_alarm_behind() -> None:
    inner = Scripted(OK)

    async def run() -> None:
        limited = Limited(inner, concurrency=1, rpm=1)
        await limited.complete(ask(), Call())
        waiting = asyncio.ensure_future(limited.complete(ask(), Call()))
        await settle()
        await limited.aclose()
        waiting.cancel()

    asyncio.run(run())
    assert (len(inner.calls), inner.closed) == (1, 1)


def test_a_stop_sends_away_who_waits_and_lets_nobody_in() -> None:
    async def run() -> None:
        stop, desk = Stop(), Desk()
        limited = Limited(Scripted(desk), concurrency=2, stop=stop)
        tasks = [asyncio.ensure_future(limited.complete(ask(str(n)), Call())) for n in range(5)]
        await settle()
        assert stop.waiting == 3

        stop.ask()
        await settle()
        late = asyncio.ensure_future(limited.complete(ask("late"), Call()))
        await settle()
        await desk.end(2)

        done = await asyncio.gather(*tasks, late, return_exceptions=True)
        assert done[:2] == [OK, OK]
        assert all(isinstance(one, StoppedError) for one in done[2:])
        assert (desk.order, stop.waiting, limited.in_flight) == (["0", "1"], 0, 0)

    asyncio.run(run())
