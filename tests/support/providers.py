"""Requests, and a provider whose answers are written down in the test."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from llmops_cli.domain.provider import Call, ProviderContext, default_cache_key
from llmops_cli.domain.request import Request, ResolvedModel, Response

CONTEXT = ProviderContext(Path())


def ask(text: str = "hello", *, model: str = "scripted", provider: str = "scripted", **parts: Any) -> Request:
    """A request of one user message."""
    return Request(provider, model, [{"role": "user", "content": text}], **parts)


def ask_of(model: ResolvedModel, text: str = "hello", **parts: Any) -> Request:
    """A request of one user message to a resolved model."""
    return ask(text, model=model.name, provider=model.provider, endpoint=model.endpoint, **parts)


class Scripted:
    """Gives the steps in order, the last one for ever: a Response, an exception to raise, or a coroutine
    function of Request and Call."""

    deterministic = False

    def __init__(self, *steps: Response | Exception | Callable[..., Any]) -> None:
        self.steps: Sequence[Any] = steps
        self.calls: list[tuple[Request, Call]] = []
        self.closed = 0

    def cache_key(self, request: Request, trial: int) -> str | None:
        return default_cache_key(request, trial)

    async def complete(self, request: Request, call: Call) -> Response:
        step = self.steps[min(len(self.calls), len(self.steps) - 1)]
        self.calls.append((request, call))
        if isinstance(step, Exception):
            raise step
        if callable(step):
            answer: Response = await step(request, call)
            return answer
        assert isinstance(step, Response)
        return step

    async def aclose(self) -> None:
        self.closed += 1
