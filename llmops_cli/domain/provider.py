"""The door to a model: what a provider promises, and the ways in which it may fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from llmops_cli.domain.request import Request, Response


@dataclass(frozen=True, slots=True)
class Call:
    """The circumstances of one call; none of them changes what is asked.

    `timeout` is in seconds. `on_text` receives the answer piece by piece where the provider can stream.
    """

    trial: int = 1
    timeout: float = 60.0
    on_text: Callable[[str], None] | None = None


class Provider(Protocol):
    """Answers a Request. One instance serves a whole run, from one event loop."""

    @property
    def deterministic(self) -> bool:
        """Whether equal requests always get equal answers (decides if a flip needs confirmation)."""
        ...

    def cache_key(self, request: Request, trial: int) -> str | None:
        """The key under which the answer may be kept, or None where it must not be (cheap or stale)."""
        ...

    async def complete(self, request: Request, call: Call) -> Response:
        """Answer, or raise ProviderError."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


def deterministic_with(provider: Provider, params: Mapping[str, Any]) -> bool:
    """Whether a provider always answers alike with these params. Where they decide, it has a method of this name."""
    decide = getattr(provider, "deterministic_with", None)
    return provider.deterministic if decide is None else bool(decide(params))


def default_cache_key(request: Request, trial: int) -> str:
    """Fingerprint and trial: trials of one request are different answers."""
    return f"{request.fingerprint}:{trial}"


class ProviderError(Exception):
    """No answer. The outcome is a failure, never a score of 0.

    `retryable`: the same call may succeed later (408, 409, 429, 5xx, timeouts, dropped connections).
    `retry_after`: seconds that the server asked to wait. `throttled`: it was a rate limit, so fewer calls
    should be in flight. `fatal`: every other call of the run would fail the same way (no key, unknown
    model); the run stops at once and says it once. `hint`: what the user can do.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        throttled: bool = False,
        fatal: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after
        self.throttled = throttled
        self.fatal = fatal
        self.hint = hint


class StoppedError(ProviderError):
    """The run was asked to stop before this call began: nothing was sent."""

    def __init__(self) -> None:
        super().__init__("the run was interrupted before this was asked")


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """What a provider may know of the project. Every provider is made as `cls(model, context)`."""

    root: Path
    allow_python: bool = False


class AnswerStore(Protocol):
    """Keeps answers by key; what it holds was answered once and is not asked (or paid for) again."""

    def get(self, key: str) -> Response | None:
        """The kept answer, if there is one."""
        ...

    def put(self, key: str, response: Response) -> None:
        """Keep an answer. Errors are never kept."""
        ...
