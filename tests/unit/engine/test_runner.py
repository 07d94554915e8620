"""Getting answers: one call a question, fatal errors once, a stop that loses nothing."""

import asyncio
from typing import Any

import pytest

from llmops_cli.domain.evalset import Case
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.provider import Call, ProviderError, StoppedError
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.domain.stopping import Stop
from llmops_cli.engine.asking import Asker, AskOptions
from llmops_cli.engine.events import Event, Finished, Stopping
from llmops_cli.engine.runner import Runner, Trial
from llmops_cli.errors import SourceLocation
from tests.support.providers import Scripted, ask


class _Store(dict[str, Response]):
    def put(self, key: str, response: Response) -> None:
        self[key] = response


async def _slow(request: Request, call: Call) -> Response:
    await asyncio.sleep(0.01)
    return Response(f"{request.messages[0]['content']} {call.trial}")


def test_equal_questions_at_one_time_share_a_call() -> None:
    provider = Scripted(_slow)

    async def run() -> list[tuple[Response, Source]]:
        asker = Asker({"m": provider}, None, AskOptions())
        return await asyncio.gather(
            *(asker.ask("m", ask("hi"), 1) for _ in range(5)), asker.ask("m", ask("hi"), 2)
        )

    answers = asyncio.run(run())

    assert [response.text for response, _ in answers] == ["hi 1"] * 5 + ["hi 2"]
    assert len(provider.calls) == 2
    assert [source for _, source in answers].count(Source.CALLED) == 2


def test_an_error_reaches_everybody_who_waits_and_is_not_kept() -> None:
    async def breaks(request: Request, call: Call) -> Response:
        await asyncio.sleep(0.01)
        raise ProviderError("down")

    provider = Scripted(breaks, Response("up"))
    store = _Store()

    async def run() -> list[Any]:
        asker = Asker({"m": provider}, store, AskOptions())
        both = await asyncio.gather(
            asker.ask("m", ask(), 1), asker.ask("m", ask(), 1), return_exceptions=True
        )
        return [*both, (await asker.ask("m", ask(), 1))[0].text, (await asker.ask("m", ask(), 1))[1]]

    one, other, text, source = asyncio.run(run())

    assert (str(one), str(other), text, source) == ("down", "down", "up", Source.CACHE)
    assert len(store) == 1


def test_a_fatal_error_is_met_once() -> None:
    provider = Scripted(ProviderError("no key", fatal=True))

    async def run() -> list[str]:
        asker = Asker({"m": provider}, None, AskOptions())
        said = []
        for number in range(3):
            with pytest.raises(ProviderError) as error:
                await asker.ask("m", ask(str(number)), 1)
            said.append(str(error.value))
        return said

    assert asyncio.run(run()) == ["no key"] * 3
    assert len(provider.calls) == 1


@pytest.mark.parametrize(
    ("options", "calls", "source"),
    [(AskOptions(), 0, Source.CACHE), (AskOptions(read_cache=False), 1, Source.CALLED)],
)
def test_the_cache_is_read_where_it_may_be(options: AskOptions, calls: int, source: Source) -> None:
    provider = Scripted(Response("new"))
    store = _Store({provider.cache_key(ask(), 1) or "": Response("old")})

    answer = asyncio.run(Asker({"m": provider}, store, options).ask("m", ask(), 1))

    assert (len(provider.calls), answer[1]) == (calls, source)


def test_without_calls_nothing_is_asked() -> None:
    provider = Scripted(Response("x"))
    with pytest.raises(ProviderError, match="--no-calls"):
        asyncio.run(Asker({"m": provider}, None, AskOptions(calls=False)).ask("m", ask(), 1))
    assert provider.calls == []


def _trials(count: int, known: Response | None = None) -> list[Trial]:
    return [
        Trial("e", Case(f"c{n}", SourceLocation("f", n)), "default", 1, ask(str(n)), "m", known)
        for n in range(count)
    ]


async def _no_scores(trial: Trial, response: Response, source: Source) -> tuple[NamedScore, ...]:
    return ()


def _run(
    provider: Scripted, trials: list[Trial], workers: int = 3, stop_after: int = 10**6
) -> tuple[Runner, list[Outcome], list[Event]]:
    events: list[Event] = []

    async def run() -> tuple[Runner, list[Outcome]]:
        def watch(event: Event) -> None:
            events.append(event)
            if isinstance(event, Finished) and sum(isinstance(e, Finished) for e in events) == stop_after:
                runner.stop()

        runner = Runner(Asker({"m": provider}, None, AskOptions()), _no_scores, watch, workers)
        done = await runner.run(trials)
        return runner, [outcome for _, outcome in done]

    runner, outcomes = asyncio.run(run())
    return runner, outcomes, events


def test_every_trial_has_one_outcome_and_no_more_workers_than_allowed() -> None:
    running, peak = 0, 0

    async def counted(request: Request, call: Call) -> Response:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0.001)
        running -= 1
        return Response("x")

    runner, outcomes, events = _run(Scripted(counted), _trials(20), workers=4)

    assert sorted(outcome.case_id for outcome in outcomes) == sorted(f"c{n}" for n in range(20))
    assert peak == 4
    assert len(events) == 20
    assert not runner.stopped


def test_a_failure_is_an_outcome_without_a_response() -> None:
    _, outcomes, _ = _run(Scripted(ProviderError("down", hint="wait")), _trials(2))

    for outcome in outcomes:
        assert (outcome.response, outcome.passed, outcome.scores) == (None, None, ())
        assert outcome.failure is not None
        assert (outcome.failure.message, outcome.failure.hint) == ("down", "wait")


def test_a_stop_finishes_what_is_in_flight_and_begins_no_more() -> None:
    provider = Scripted(_slow)

    runner, outcomes, events = _run(provider, _trials(20), workers=3, stop_after=4)

    assert runner.stopped
    assert len(outcomes) == len(provider.calls)
    assert 4 <= len(outcomes) <= 7
    (stopping,) = [event for event in events if isinstance(event, Stopping)]
    assert stopping.in_flight <= 3


def test_answers_on_record_are_not_asked_and_a_stop_comes_through() -> None:
    provider = Scripted(Response("new"))

    _, outcomes, _ = _run(provider, _trials(50, Response("old")), stop_after=5)

    assert provider.calls == []
    assert {outcome.source for outcome in outcomes} == {Source.BASELINE}
    assert len(outcomes) < 50


def test_a_trial_that_was_waiting_to_be_asked_has_no_outcome() -> None:
    stop = Stop()

    async def sent_away(request: Request, call: Call) -> Response:
        stop.ask()
        raise StoppedError

    async def run() -> tuple[Runner, int]:
        provider = Scripted(Response("x"), sent_away)
        runner = Runner(Asker({"m": provider}, None, AskOptions(), stop), _no_scores, lambda _: None, 1)
        return runner, len(await runner.run(_trials(6)))

    runner, outcomes = asyncio.run(run())

    assert outcomes == 1
    assert runner.stopped


def test_after_a_stop_only_what_is_kept_is_answered() -> None:
    provider, stop = Scripted(Response("x")), Stop()
    asker = Asker({"m": provider}, None, AskOptions(), stop)
    stop.ask()

    with pytest.raises(StoppedError):
        asyncio.run(asker.ask("m", ask(), 1))
    assert (provider.calls, asker.in_flight) == ([], 0)
