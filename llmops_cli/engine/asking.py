"""Getting one answer: from the cache, or from the provider, and never twice for the same question."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from llmops_cli.domain.outcome import Source
from llmops_cli.domain.provider import (
    AnswerStore,
    Call,
    Provider,
    ProviderError,
    StoppedError,
    deterministic_with,
)
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.spending import Purpose, Spent
from llmops_cli.domain.stopping import Stop


@dataclass(frozen=True, slots=True)
class AskOptions:
    """`read_cache` is what `--fresh` switches off, `calls` what `--no-calls` does; `timeout` in seconds.

    `replayed` says that the providers answer from a tape: none of that is a call, and it costs nothing.
    """

    read_cache: bool = True
    calls: bool = True
    timeout: float = 60.0
    replayed: bool = False


class Asker:
    """Answers requests through the providers of one run.

    Equal questions share one call, asked at the same time or, for the same purpose, one after the other. A fatal
    error of a provider is kept, so that it is met once and not once a case. What was called for, and what it cost,
    is counted here and nowhere else. Once `stop` is asked for, only what is kept is answered.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        store: AnswerStore | None,
        options: AskOptions,
        stop: Stop | None = None,
    ) -> None:
        self._providers = providers
        self._store = store
        self._options = options
        self._in_flight: dict[str, asyncio.Future[Response]] = {}
        self._answered: dict[tuple[Purpose, str], Response] = {}
        self._fatal: dict[str, ProviderError] = {}
        self._calls = 0
        self.stop = stop or Stop()
        self.spent: dict[Purpose, Spent] = {}

    @property
    def in_flight(self) -> int:
        """Calls that are under way now, for whatever purpose."""
        return max(0, self._calls - self.stop.waiting)

    def deterministic(self, model: str, params: Mapping[str, Any]) -> bool:
        """Whether the model's provider says that it always answers alike with these params."""
        return deterministic_with(self._providers[model], params)

    def cached(self, model: str, request: Request, trial: int) -> Response | None:
        """The kept answer, where reading the cache is allowed."""
        if self._store is None or not self._options.read_cache:
            return None
        key = self._providers[model].cache_key(request, trial)
        return None if key is None else self._store.get(key)

    async def ask(
        self, model: str, request: Request, trial: int, purpose: Purpose = Purpose.ANSWER
    ) -> tuple[Response, Source]:
        """The answer and where it came from. `model` names the provider. Raises ProviderError."""
        identity = f"{model}\0{request.fingerprint}\0{trial}"
        shared = Source.RECORDING if self._options.replayed else Source.CACHE
        known = self._answered.get((purpose, identity))
        if known is not None:
            return known, shared
        kept = self.cached(model, request, trial)
        if kept is not None:
            return kept, Source.CACHE
        running = self._in_flight.get(identity)
        if running is not None:
            return await asyncio.shield(running), shared
        response = await self._call_once(identity, model, request, trial)
        # without a cache, too, who asks a moment later is answered as who asked meanwhile
        self._answered[purpose, identity] = response
        if self._options.replayed:
            return response, Source.RECORDING
        self.spent[purpose] = self.spent.get(purpose, Spent()).with_call(response.cost)
        return response, Source.CALLED

    async def _call_once(self, identity: str, model: str, request: Request, trial: int) -> Response:
        future = asyncio.get_running_loop().create_future()
        self._in_flight[identity] = future
        try:
            response = await self.call(model, request, Call(trial=trial, timeout=self._options.timeout))
        except BaseException as error:
            # whoever waits for the same answer gets the same error; a cancelled call is no answer to them
            shared = error if isinstance(error, ProviderError) else ProviderError("the call was cancelled")
            future.set_exception(shared)
            future.exception()  # marks it as seen where nobody waits
            raise
        else:
            future.set_result(response)
            return response
        finally:
            del self._in_flight[identity]

    async def call(self, model: str, request: Request, call: Call) -> Response:
        """Ask the provider and keep the answer. Raises ProviderError."""
        if not self._options.calls:
            hint = "run it once without --no-calls"
            raise ProviderError("not on record, and --no-calls forbids asking", hint=hint)
        if model in self._fatal:
            raise self._fatal[model]
        if self.stop.asked:
            raise StoppedError
        provider = self._providers[model]
        self._calls += 1
        try:
            response = await provider.complete(request, call)
            if response.call_id is None and not deterministic_with(provider, request.params):
                response = replace(response, call_id=uuid4().hex[:16])
        except ProviderError as error:
            if error.fatal:
                self._fatal[model] = error
            raise
        finally:
            self._calls -= 1
        key = provider.cache_key(request, call.trial)
        if key is not None and self._store is not None:
            self._store.put(key, response)
        return response
