"""One suite for every provider: what `domain.provider.Provider` promises."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.domain.provider import Call, Provider, ProviderContext
from llmops_cli.domain.request import Request, ResolvedModel, Response
from llmops_cli.domain.serial import response_from_dict, response_to_dict
from llmops_cli.plugins import load, names
from llmops_cli.providers.budgeted import Budget, Budgeted
from llmops_cli.providers.limited import Limited
from llmops_cli.providers.recording import Recording
from llmops_cli.providers.retrying import Retrying
from tests.support.model_server import ModelServer
from tests.support.providers import ask_of

_APP = "def answer(messages, params):\n    return 'You said: ' + messages[-1]['content']\n"
_MODELS = {
    "litellm": ResolvedModel("litellm", "openai/test-model"),
    "offline": ResolvedModel("offline", "offline/assistant"),
    "echo": ResolvedModel("echo", "echo"),
    "python": ResolvedModel("python", "python:contract_app:answer"),
}
_WRAPPERS: dict[str, Callable[[Provider, Path], Provider]] = {
    "retrying": lambda inner, _: Retrying(inner),
    "limited": lambda inner, _: Limited(inner, concurrency=2),
    "budgeted": lambda inner, _: Budgeted(inner, Budget(1.0), lambda _: 0.0),
    "recording": lambda inner, folder: Recording(inner, folder / "r.jsonl", "record"),
}


class Made:
    """A provider under test, and how to ask it."""

    def __init__(self, make: Callable[[], Provider], model: ResolvedModel) -> None:
        self.make = make
        self.model = model

    def request(self, text: str = "Say hello to Ada and Bob") -> Request:
        return ask_of(self.model, text)

    def answers(self, *requests: Request, **circumstances: Any) -> list[Response]:
        """All requests through one instance, which is closed in the end, twice."""

        async def run() -> list[Response]:
            provider = self.make()
            found = [await provider.complete(request, Call(**circumstances)) for request in requests]
            await provider.aclose()
            await provider.aclose()
            return found

        return asyncio.run(run())


@pytest.fixture(params=[*_MODELS, *_WRAPPERS, "replay"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Made]:
    context = ProviderContext(tmp_path, allow_python=True)
    (tmp_path / "contract_app.py").write_text(_APP)
    name = request.param
    if name in _WRAPPERS:
        inner = load("providers", "echo")
        yield Made(lambda: _WRAPPERS[name](inner(_MODELS["echo"], context), tmp_path), _MODELS["echo"])
    elif name == "replay":
        path = tmp_path / "replay.jsonl"
        recorder = Made(
            lambda: Recording(load("providers", "echo")(_MODELS["echo"], context), path, "record"),
            _MODELS["echo"],
        )
        recorder.answers(recorder.request())
        yield Made(lambda: Recording(None, path, "replay"), _MODELS["echo"])
    elif name == "litellm":
        with ModelServer() as server:
            model = ResolvedModel("litellm", "openai/test-model", endpoint=server.url)
            yield Made(lambda: load("providers", name)(model, context), model)
    else:
        yield Made(lambda: load("providers", name)(_MODELS[name], context), _MODELS[name])


def test_every_provider_is_covered() -> None:
    assert set(names("providers")) == set(_MODELS)


def test_an_answer_is_a_response_that_can_be_kept(made: Made) -> None:
    (response,) = made.answers(made.request())

    assert response.text
    assert response.attempts == 1
    assert response.latency is None or response.latency >= 0
    assert response.cost is None or response.cost >= 0
    assert response_from_dict(response_to_dict(response)) == response


def test_what_is_deterministic_says_the_same_again(made: Made) -> None:
    first, second = made.answers(made.request(), made.request())

    assert isinstance(made.make().deterministic, bool)
    if made.make().deterministic:
        assert (first.text, first.tool_calls) == (second.text, second.tool_calls)


def test_a_key_depends_on_request_and_trial_alone(made: Made) -> None:
    provider, other = made.make(), made.make()
    key = provider.cache_key(made.request(), 1)

    assert key == other.cache_key(made.request(), 1)
    if key is not None:
        assert (
            len({key, provider.cache_key(made.request(), 2), provider.cache_key(made.request("no"), 1)}) == 3
        )


def test_the_pieces_of_a_streamed_answer_are_the_answer(made: Made) -> None:
    pieces: list[str] = []

    (response,) = made.answers(made.request(), on_text=pieces.append)

    assert "".join(pieces) == response.text


def test_the_request_is_left_as_it_was(made: Made) -> None:
    request = made.request()
    before = (request.settings(), [dict(message) for message in request.messages])

    made.answers(request)

    assert (request.settings(), list(request.messages)) == before


def test_closing_what_was_never_used_does_no_harm(made: Made) -> None:
    assert made.answers() == []
