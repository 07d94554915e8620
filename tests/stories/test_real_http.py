"""LiteLLM's own client against a real HTTP server on loopback."""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest

from llmops_cli.domain.provider import Call, Provider, ProviderError
from llmops_cli.domain.request import Price, Request, ResolvedModel, Response, ToolCall, Usage
from llmops_cli.providers.limited import Limited
from llmops_cli.providers.litellm import LiteLLMProvider
from llmops_cli.providers.retrying import Retrying
from tests.support.model_server import Fault, FaultMix, ModelServer, Page, Refusal, tool_call
from tests.support.providers import CONTEXT, ask_of

KEY = "a-key-of-mine-123456"
PATIENT = Call(timeout=60)
"""For calls that are answered at once, however much else the machine has to do."""


def _model(server: ModelServer, **parts: Any) -> ResolvedModel:
    return ResolvedModel("litellm", "openai/test-model", endpoint=server.url, **parts)


def _complete(
    model: ResolvedModel, *requests: Request, call: Call | None = None, retry: bool = False
) -> list[Response]:
    async def run() -> list[Response]:
        base = LiteLLMProvider(model, CONTEXT)
        provider: Provider = Retrying(Limited(base, concurrency=8), sleep=_hurried) if retry else base
        try:
            return [await provider.complete(request, call or PATIENT) for request in requests]
        finally:
            await provider.aclose()

    return asyncio.run(run())


async def _hurried(seconds: float) -> None:
    await asyncio.sleep(seconds / 50)


def _failure(model: ResolvedModel, call: Call | None = None, **parts: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        _complete(model, ask_of(model, **parts), call=call)
    return caught.value


def test_an_answer_with_its_tokens_and_its_cost() -> None:
    usage = {"prompt_tokens": 2000, "completion_tokens": 500, "total_tokens": 2500}
    with ModelServer(lambda _: {"content": "Hello!", "usage": usage, "model": "test-model-0613"}) as server:
        model = _model(server, price=Price(input=1.0, output=4.0))
        (response,) = _complete(
            model, ask_of(model, params={"temperature": 0, "extra": {"vendor_flag": True}})
        )

    assert response.text == "Hello!"
    assert response.usage == Usage(2000, 500)
    assert response.cost == pytest.approx(0.004)
    assert response.served_model == "test-model-0613"
    assert response.finish_reason == "stop"
    assert response.latency is not None
    assert 0 < response.latency < PATIENT.timeout
    assert response.first_token is None
    (received,) = server.requests
    assert received.body == {
        "model": "test-model",
        "messages": [{"role": "user", "content": "hello"}],
        "temperature": 0,
        "vendor_flag": True,
    }


def test_the_cost_comes_from_the_price_list_where_the_model_is_on_it_and_is_unknown_elsewhere() -> None:
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0, "total_tokens": 1_000_000}
    with ModelServer(lambda _: {"content": "x", "usage": usage}) as server:
        known = ResolvedModel("litellm", "openai/gpt-4o-mini", endpoint=server.url)
        unknown = _model(server)
        costs = [_complete(model, ask_of(model))[0].cost for model in (known, unknown)]

    assert costs == [pytest.approx(0.15), None]


def test_tokens_that_the_server_did_not_count_are_unknown() -> None:
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    with ModelServer(lambda _: {"content": "x", "usage": usage}) as server:
        model = _model(server, price=Price(1, 1))
        (response,) = _complete(model, ask_of(model))

    assert (response.usage, response.cost) == (None, None)


_WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


@pytest.mark.parametrize("streamed", [False, True])
def test_tool_calls_arrive_whole(streamed: bool) -> None:
    calls = [tool_call("weather", {"city": "Köln"}), tool_call("stop", {}, "call_2")]
    pieces: list[str] = []
    with ModelServer(lambda _: {"content": None, "tool_calls": calls}) as server:
        model = _model(server)
        call = Call(timeout=PATIENT.timeout, on_text=pieces.append if streamed else None)
        (response,) = _complete(model, ask_of(model, tools=[_WEATHER]), call=call)

    assert response.text == ""
    assert response.tool_calls == (ToolCall("weather", {"city": "Köln"}), ToolCall("stop", {}))
    assert response.finish_reason == "tool_calls"
    assert server.requests[0].body["tools"] == [_WEATHER]


@pytest.mark.parametrize("arguments", ["{not json", '{"x": NaN}'])
def test_arguments_that_are_no_json_are_kept_as_they_are(arguments: str) -> None:
    called = {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    with ModelServer(lambda _: {"content": "", "tool_calls": [called]}) as server:
        model = _model(server)
        (response,) = _complete(model, ask_of(model))

    assert response.tool_calls == (ToolCall("f", arguments),)


def test_an_answer_is_streamed_with_its_tokens_and_the_time_to_the_first() -> None:
    pieces: list[str] = []
    with ModelServer(lambda _: "one two three") as server:
        model = _model(server, price=Price(1, 1))
        (response,) = _complete(
            model, ask_of(model), call=Call(timeout=PATIENT.timeout, on_text=pieces.append)
        )

    assert pieces == ["one", " two", " three"]
    assert response.text == "one two three"
    assert response.usage is not None
    assert response.usage.output_tokens == 3
    assert response.cost is not None
    assert response.first_token is not None
    assert response.latency is not None
    assert 0 < response.first_token <= response.latency
    assert response.finish_reason == "stop"


def test_a_stream_that_breaks_off_is_a_failure_and_no_short_answer() -> None:
    with ModelServer(lambda _: "one two three four", faults=["cut"]) as server:
        error = _failure(_model(server), Call(timeout=PATIENT.timeout, on_text=lambda _: None))

    assert error.retryable


def test_a_web_page_is_no_empty_stream() -> None:
    with ModelServer(faults=[Page("<html></html>")]) as server:
        error = _failure(_model(server), Call(timeout=PATIENT.timeout, on_text=lambda _: None))

    assert "answered with something that is no answer of a model" in str(error)


def test_an_empty_stream_of_a_model_is_an_empty_answer() -> None:
    with ModelServer(lambda _: "") as server:
        model = _model(server)
        (response,) = _complete(
            model, ask_of(model), call=Call(timeout=PATIENT.timeout, on_text=lambda _: None)
        )

    assert response.text == ""
    assert response.usage is not None


def test_a_schema_is_sent_as_structured_output() -> None:
    schema = {"type": "object", "properties": {"label": {"type": "string"}}}
    with ModelServer(lambda _: '{"label": "yes"}') as server:
        model = _model(server)
        (response,) = _complete(model, ask_of(model, output_schema=schema))

    assert json.loads(response.text) == {"label": "yes"}
    assert server.requests[0].body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "output", "schema": schema, "strict": True},
    }


def test_a_rate_limit_is_waited_out_as_long_as_the_server_says() -> None:
    with ModelServer(faults=[Refusal(429, {"Retry-After": "30", "retry-after-ms": "300"}), None]) as server:
        model = _model(server)
        error = _failure(model)
        assert (error.retryable, error.throttled, error.retry_after) == (True, True, 0.3)

    with ModelServer(faults=[Refusal(429, {"retry-after-ms": "300"}), None]) as server:
        model = _model(server)
        started = time.monotonic()
        (response,) = _complete(model, ask_of(model), retry=True)
        assert time.monotonic() - started >= 0.3
        assert response.attempts == len(server.requests) == 2


@pytest.mark.parametrize("faults", [[500, None], ["drop", None], [529, None], [503, "drop", None]])
def test_a_server_that_stumbles_is_asked_again(faults: Sequence[Fault]) -> None:
    with ModelServer(faults=faults) as server:
        model = _model(server)
        (response,) = _complete(model, ask_of(model), retry=True)

    assert response.text == "hello"
    assert response.attempts == len(faults) == len(server.requests)


def test_nothing_below_tries_again_on_its_own() -> None:
    with ModelServer(faults=[500]) as server:
        assert _failure(_model(server)).retryable

    assert len(server.requests) == 1


def test_a_slow_answer_is_given_up_in_time() -> None:
    with ModelServer(faults=[("slow", 5)]) as server:
        error = _failure(_model(server), Call(timeout=0.2))

    assert str(error) == "openai/test-model gave no answer in time"
    assert error.retryable


def test_a_server_that_is_not_there_is_named() -> None:
    with ModelServer() as server:
        model = _model(server)
    error = _failure(model)

    assert str(error).startswith("no connection to openai/test-model")
    assert server.url in (error.hint or "")


def test_a_wrong_key_ends_the_run_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_PASS", KEY)
    with ModelServer(key="another") as server:
        error = _failure(_model(server, api_key_env="VLLM_PASS"))

    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert error.fatal
    assert "answered 401: Incorrect API key provided" in str(error)
    assert KEY not in f"{error} {error.hint}"
    assert error.hint == "check the key in VLLM_PASS"


def test_an_unknown_model_ends_the_run() -> None:
    with ModelServer(faults=[Refusal(404, error={"message": "The model does not exist"})]) as server:
        error = _failure(_model(server))

    assert error.fatal
    assert "answered 404: The model does not exist" in str(error)
    assert "api_base" in (error.hint or "")


def test_a_refused_parameter_is_told_in_the_servers_words() -> None:
    with ModelServer(faults=[Refusal(400, error={"message": "temperature must be below 2"})]) as server:
        error = _failure(_model(server), params={"temperature": 3})

    assert str(error) == "openai/test-model answered 400: temperature must be below 2"
    assert not error.retryable
    assert not error.fatal


def test_an_empty_account_ends_the_run() -> None:
    quota = Refusal(429, error={"message": "You exceeded your current quota", "code": "insufficient_quota"})
    with ModelServer(faults=[quota]) as server:
        error = _failure(_model(server))

    assert (error.fatal, error.retryable, error.throttled) == (True, False, False)


@pytest.mark.parametrize("empty", [False, True])
def test_a_missing_key_names_its_variable_before_any_call(
    monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    if empty:
        monkeypatch.setenv("OPENAI_API_KEY", "")
    error = _failure(ResolvedModel("litellm", "openai/gpt-4o-mini"))

    assert str(error) == "no API key for openai/gpt-4o-mini"
    assert error.hint == "set OPENAI_API_KEY"
    assert error.fatal


def test_a_named_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_PASS", raising=False)
    with ModelServer() as server:
        error = _failure(_model(server, api_key_env="VLLM_PASS"))

    assert (str(error), error.hint, error.fatal) == (
        "no API key for openai/test-model",
        "set VLLM_PASS",
        True,
    )
    assert server.requests == []


def test_a_server_of_ones_own_is_not_sent_the_vendors_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ModelServer() as server:
        model = _model(server)
        _complete(model, ask_of(model))

    assert server.requests[0].headers["authorization"] == "Bearer not-needed"


def test_an_unknown_vendor_ends_the_run() -> None:
    error = _failure(ResolvedModel("litellm", "nonsense/model"))

    assert error.fatal
    assert str(error) == "LiteLLM knows no vendor for nonsense/model"


def test_a_parameter_the_model_does_not_take_is_an_error_and_is_not_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ModelServer() as server:
        model = ResolvedModel("litellm", "openai/gpt-4o-mini", endpoint=server.url)
        error = _failure(model, params={"thinking": {"type": "enabled", "budget_tokens": 100}})

    assert "does not support parameters: ['thinking']" in str(error)
    assert "never drops" in (error.hint or "")
    assert server.requests == []


@pytest.mark.parametrize(
    "params",
    [
        {"api_base": "http://evil.test"},
        {"mock_response": "yes"},
        {"extra": {"api_key": "x"}},
        {"extra": {"mock_response": "yes"}},
        {"extra": {"use_litellm_proxy": True}},
        {"extra": {"_skip_mcp_handler": False}},
        {"extra": {"litellm_credential_name": "x"}},
        {"noise": 0.1},
    ],
)
def test_a_request_cannot_redirect_authenticate_or_fake(params: dict[str, Any]) -> None:
    with ModelServer() as server:
        error = _failure(_model(server), params=params)

    assert not error.retryable
    assert server.requests == []


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with ModelServer(faults=[500, 401, "drop", None]) as server:
        model = _model(server)
        for _ in range(3):
            _failure(model)
        _complete(model, ask_of(model))

    assert capfd.readouterr() == ("", "")


def test_the_loop_goes_on_while_litellm_is_imported() -> None:
    code = """
import asyncio, sys, time
from llmops_cli.domain.provider import Call
from llmops_cli.domain.request import Request, ResolvedModel
from llmops_cli.providers.litellm import LiteLLMProvider
from tests.support.providers import CONTEXT, ask_of

assert "litellm" not in sys.modules
model = ResolvedModel("litellm", "openai/x", api_key_env="NOT_SET_ANYWHERE")

async def run():
    task = asyncio.ensure_future(LiteLLMProvider(model, CONTEXT).complete(ask_of(model), Call()))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.01)
        turns += 1
    task.exception()
    return turns

turns = asyncio.run(run())
assert "litellm" in sys.modules
assert turns > 10, turns
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_three_hundred_calls_through_a_bad_day_are_all_answered_and_none_is_asked_twice() -> None:
    mix = FaultMix(seed=7, shares={500: 0.05, 429: 0.05, "drop": 0.01})

    async def run(model: ResolvedModel) -> list[Response]:
        inner = Limited(LiteLLMProvider(model, CONTEXT), concurrency=16)
        provider = Retrying(inner, sleep=_hurried, rng=random.Random(7))
        try:
            asked = (provider.complete(ask_of(model, f"case {n}"), PATIENT) for n in range(300))
            return await asyncio.gather(*asked)
        finally:
            await provider.aclose()

    with ModelServer(faults=mix) as server:
        responses = asyncio.run(run(_model(server)))

    assert [response.text for response in responses] == [f"case {n}" for n in range(300)]
    assert len(server.succeeded) == 300
    assert set(server.succeeded.values()) == {1}
    assert sum(response.attempts for response in responses) == len(server.requests) > 310
    assert server.in_flight_peak <= 16


def test_what_litellm_loads_is_no_part_of_the_first_answers_time() -> None:
    """In a process of its own: the second call of a process has everything at hand, whatever the first one took."""
    code = """
import asyncio, sys
from llmops_cli.domain.provider import Call
from llmops_cli.domain.request import ResolvedModel
from llmops_cli.providers.litellm import LiteLLMProvider
from tests.support.model_server import ModelServer
from tests.support.providers import CONTEXT, ask_of

seen = []

async def run(url):
    for name in ("openai/x", "mistral/x"):
        provider = LiteLLMProvider(ResolvedModel("litellm", name, endpoint=url), CONTEXT)
        await provider._prepared()
        before = set(sys.modules)
        await provider.complete(ask_of(ResolvedModel("litellm", name)), Call())
        seen.append(sorted(set(sys.modules) - before))
        await provider.aclose()

with ModelServer() as server:
    asyncio.run(run(server.url))
assert all(len(loaded) < 20 for loaded in seen), seen
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
