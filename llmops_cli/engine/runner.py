"""The runner: takes trials one by one, answers and scores them, and can be asked to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from llmops_cli.domain.evalset import Case
from llmops_cli.domain.outcome import Failure, Outcome, Source
from llmops_cli.domain.provider import ProviderError, StoppedError
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.domain.spending import Purpose
from llmops_cli.engine.asking import Asker
from llmops_cli.engine.events import Finished, Observer, Stopping

Scoring = Callable[["Trial", Response, Source], Awaitable[tuple[NamedScore, ...]]]


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing to do. `known` is the answer on record, for a request that has not changed.

    `group` tells evalsets apart; `model` names the provider that answers.
    """

    group: str
    case: Case
    variant: str
    number: int
    request: Request
    model: str
    known: Response | None = None


class Runner:
    """Answers trials with so many workers. After `stop()` what is in flight is finished, no more begun.

    A trial that was still waiting to be asked then has no outcome, like those after it.
    """

    def __init__(
        self,
        asker: Asker,
        scoring: Scoring,
        observe: Observer,
        workers: int,
        purpose: Purpose = Purpose.ANSWER,
    ) -> None:
        self._asker = asker
        self._scoring = scoring
        self._observe = observe
        self._workers = workers
        self._purpose = purpose

    def stop(self) -> None:
        """Begin no further trial, and no further call of one."""
        if not self._asker.stop.asked:  # of several runners with one asker, the first says it
            self._observe(Stopping(self._asker.in_flight))
            self._asker.stop.ask()

    @property
    def stopped(self) -> bool:
        """Whether the run was asked to stop before its end."""
        return self._asker.stop.asked

    async def run(self, trials: Iterable[Trial]) -> list[tuple[Trial, Outcome]]:
        """The outcomes, in the order in which they came."""
        done: list[tuple[Trial, Outcome]] = []
        queue = iter(trials)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work(queue, done))
        return done

    async def _work(self, queue: Iterator[Trial], done: list[tuple[Trial, Outcome]]) -> None:
        for trial in queue:
            if self.stopped:
                return
            try:
                outcome = await self._answer(trial)
            except StoppedError:
                return
            done.append((trial, outcome))
            self._observe(Finished(outcome))
            await asyncio.sleep(0)  # a run from the cache never waits: let ^C through

    async def _answer(self, trial: Trial) -> Outcome:
        response, source, failure = trial.known, Source.BASELINE, None
        if response is None:
            try:
                response, source = await self._asker.ask(
                    trial.model, trial.request, trial.number, self._purpose
                )
            except StoppedError:
                raise
            except ProviderError as error:
                failure, source = Failure(str(error), error.hint), Source.CALLED
        scores = () if response is None else await self._scoring(trial, response, source)
        return Outcome(
            case_id=trial.case.id,
            variant=trial.variant,
            trial=trial.number,
            fingerprint=trial.request.fingerprint,
            source=source,
            response=response,
            failure=failure,
            scores=scores,
        )
