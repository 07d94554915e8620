"""Calls for an application: all of them on one event loop, in a thread of its own.

Connections outlive a call only on the loop that opened them. With one loop for every thread and every loop
of the application they are kept and shared, and there is one moment to close them: when the process ends.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine, Hashable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from llmops_cli import plugins
from llmops_cli.domain.canonical import canonical_json
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.provider import Call, Provider, ProviderContext, ProviderError
from llmops_cli.domain.request import Message, Request, ResolvedModel, Response
from llmops_cli.domain.settings import Settings
from llmops_cli.errors import SourceLocation
from llmops_cli.providers.retrying import Retrying
from llmops_cli.workflows.trials.planning import make_request, model_for

_CLOSING_SECONDS = 5.0


def complete(
    prompt: Prompt, messages: Sequence[Message], model: str | None, settings: Settings, root: Path
) -> Response:
    """The answer to rendered messages. Raises UserError for an unknown model, and ProviderError."""
    future = _ask(prompt, messages, model, settings, root)
    try:
        return future.result()
    except BaseException:
        future.cancel()  # ^C ends the wait, and must end the call too
        raise


async def acomplete(
    prompt: Prompt, messages: Sequence[Message], model: str | None, settings: Settings, root: Path
) -> Response:
    """As `complete`; when it is cancelled, so is the call."""
    return await asyncio.wrap_future(_ask(prompt, messages, model, settings, root))


def _ask(
    prompt: Prompt, messages: Sequence[Message], model: str | None, settings: Settings, root: Path
) -> "Future[Response]":
    resolved = model_for(prompt, settings, model, SourceLocation(prompt.path))
    request = make_request(prompt, resolved, messages)
    return _caller().submit(resolved, request, settings, ProviderContext(root, settings.allow_python))


class _Caller:
    """The loop, its thread, and the providers that work on it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._providers: dict[Hashable, Provider] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, name="llmops", daemon=True)
        self._thread.start()

    def submit(
        self, model: ResolvedModel, request: Request, settings: Settings, context: ProviderContext
    ) -> "Future[Response]":
        """Begin a call; the caller's context (a trace, say) goes with it."""
        return self._run(self._call(model, request, settings, context))

    def _run(self, work: Coroutine[None, None, Response]) -> "Future[Response]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _call(
        self, model: ResolvedModel, request: Request, settings: Settings, context: ProviderContext
    ) -> Response:
        key = _identity(model, settings, context)
        provider = self._providers.get(key)
        if provider is None:
            base: Provider = plugins.load("providers", model.provider)(model, context)
            provider = self._providers[key] = Retrying(base, attempts=settings.run.retries + 1)
        try:
            return await provider.complete(request, Call(timeout=settings.run.timeout))
        except ProviderError as error:
            if error.fatal:  # a key that is set later must be seen
                self._providers.pop(key, None)
            if error.hint and error.hint not in getattr(error, "__notes__", ()):
                error.add_note(error.hint)
            raise

    def close(self) -> None:
        """Close connections and end the thread; at the end of a process nothing may hang or complain."""
        if self.process != os.getpid():
            return

        async def close_all() -> None:
            for provider in self._providers.values():
                with suppress(OSError, ProviderError):
                    await provider.aclose()

        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(close_all(), self._loop).result(_CLOSING_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSING_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()


def _identity(model: ResolvedModel, settings: Settings, context: ProviderContext) -> Hashable:
    run = settings.run
    parts = (model.provider, model.name, model.endpoint, model.endpoint_variable, model.api_key_env)
    return (*parts, model.price, context, canonical_json(dict(model.params)), run.retries)


_starting = threading.Lock()
_current: _Caller | None = None


def _caller() -> _Caller:
    """The process's caller; a forked child starts its own, as threads are not inherited."""
    global _current  # noqa: PLW0603  # one loop a process
    with _starting:
        if _current is None or _current.process != os.getpid():
            _current = _Caller()
            atexit.register(_current.close)
        return _current
