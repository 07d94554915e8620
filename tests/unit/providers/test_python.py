import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.domain.provider import Call, ProviderContext, ProviderError
from llmops_cli.domain.request import Price, ResolvedModel, Response, ToolCall, Usage
from llmops_cli.providers.python import PythonProvider
from tests.support.providers import ask

_APP = """
import asyncio, sys, time

def shout(messages, params):
    return messages[-1]["content"].upper() + "!" * params.get("marks", 0)

def short(messages):
    return "short"

async def later(messages, params):
    await asyncio.sleep(0)
    return "later"

class Bot:
    async def __call__(self, messages, *, tone="plain"):
        return "bot"

bot = Bot()

def full(messages):
    return {
        "text": "", "tool_calls": [{"name": "refund", "arguments": {"id": 7}}],
        "usage": {"input_tokens": 1000, "output_tokens": 500}, "served_model": "app-2",
    }

def priced(messages):
    return {"text": "x", "cost": 0.25}

def fails(messages):
    raise ValueError("no ticket, key sk-abcdefghijkl")

def stops(messages):
    raise StopIteration("odd")

def leaves(messages):
    sys.exit(1)

def sleeps(messages):
    time.sleep(30)

async def dozes(messages):
    await asyncio.sleep(30)

async def gives_up(messages):
    raise TimeoutError("the database is slow")

def number(messages):
    return 42

def unknown_key(messages):
    return {"txt": "x"}

def bad_usage(messages):
    return {"text": "x", "usage": {"total": 3}}

def bad_arguments(messages):
    return {"text": "x", "tool_calls": [{"name": "f", "arguments": {1, 2}}]}

def nan_cost(messages):
    return {"text": "x", "cost": float("nan")}

def interrupts(messages):
    raise KeyboardInterrupt

def versioned(messages):
    return "v"
versioned.cache_key = "app-3"
versioned.deterministic = True

def by_request(messages):
    return "v"
by_request.cache_key = lambda request: request.messages[0]["content"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pp_app.py").write_text(_APP, encoding="utf-8")
    return tmp_path


def _provider(root: Path, function: str, **parts: Any) -> PythonProvider:
    model = ResolvedModel("python", f"python:pp_app:{function}", **parts)
    return PythonProvider(model, ProviderContext(root, allow_python=True))


def _answer(root: Path, function: str, timeout: float = 5.0, **parts: Any) -> Response:
    request = ask("hello", params={"marks": 2})
    return asyncio.run(_provider(root, function, **parts).complete(request, Call(timeout=timeout)))


@pytest.mark.parametrize(
    ("function", "text"), [("shout", "HELLO!!"), ("short", "short"), ("later", "later"), ("bot", "bot")]
)
def test_functions_of_each_kind_answer(root: Path, function: str, text: str) -> None:
    response = _answer(root, function)

    assert response.text == text
    assert response.cost is None
    assert response.latency is not None


def test_a_mapping_fills_the_whole_response(root: Path) -> None:
    response = _answer(root, "full", price=Price(input=1, output=2))

    assert response.tool_calls == (ToolCall("refund", {"id": 7}),)
    assert response.usage == Usage(1000, 500)
    assert response.served_model == "app-2"
    assert response.cost == pytest.approx(0.002)


def test_a_cost_that_the_application_tells_stands(root: Path) -> None:
    assert _answer(root, "priced", price=Price(1, 1)).cost == 0.25


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("fails", r"pp_app:fails raised ValueError: no ticket, key \[key\]"),
        ("stops", "pp_app:stops raised .*StopIteration"),
        ("leaves", "pp_app:leaves raised SystemExit: 1"),
        ("gives_up", "raised TimeoutError: the database is slow"),
        ("number", "pp_app:number returned int"),
        ("unknown_key", "an unknown key 'txt'"),
        ("bad_usage", "tool_calls or usage of another form"),
        ("bad_arguments", "tool_calls or usage of another form"),
        ("nan_cost", "returned nan as the cost"),
    ],
)
def test_a_failing_application_is_a_failed_answer(root: Path, function: str, said: str) -> None:
    with pytest.raises(ProviderError, match=said) as caught:
        _answer(root, function)
    assert not caught.value.retryable
    assert not caught.value.fatal


@pytest.mark.parametrize("function", ["sleeps", "dozes"])
def test_an_application_that_hangs_is_given_up_and_holds_up_nothing(root: Path, function: str) -> None:
    started = time.monotonic()

    with pytest.raises(ProviderError, match=r"gave no answer within 0\.05 s"):
        _answer(root, function, timeout=0.05)

    assert time.monotonic() - started < 5


def test_an_interrupt_passes(root: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _answer(root, "interrupts")


def test_code_of_the_project_runs_only_where_it_is_allowed(root: Path) -> None:
    (root / "pp_evil.py").write_text("raise AssertionError('imported')", encoding="utf-8")
    provider = PythonProvider(ResolvedModel("python", "python:pp_evil:f"), ProviderContext(root))

    assert provider.deterministic is False
    assert provider.cache_key(ask(), 1) is None
    with pytest.raises(ProviderError, match="not allowed") as caught:
        asyncio.run(provider.complete(ask(), Call()))
    assert caught.value.fatal
    assert caught.value.hint == "set allow_python: true in llmops.yaml"


def test_a_missing_function_ends_the_run(root: Path) -> None:
    with pytest.raises(ProviderError, match="no 'shuot' in the module") as caught:
        _answer(root, "shuot")
    assert caught.value.fatal
    assert caught.value.hint == "did you mean 'shout'?"


def test_answers_are_kept_only_where_the_application_has_a_version(root: Path) -> None:
    request = ask("hello")

    assert _provider(root, "shout").cache_key(request, 2) is None
    assert _provider(root, "versioned").cache_key(request, 2) == f"{request.fingerprint}:app-3:2"
    assert _provider(root, "by_request").cache_key(request, 2) == f"{request.fingerprint}:hello:2"


def test_only_the_application_itself_can_say_that_it_is_deterministic(root: Path) -> None:
    assert _provider(root, "versioned").deterministic
    assert not _provider(root, "shout").deterministic
