"""Asking and scoring what was planned: from plans to outcomes, whatever is done with them afterwards."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from llmops_cli.domain.baseline import Baseline, RecordedScore
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.engine.events import Observer, Started
from llmops_cli.engine.runner import Runner, Trial
from llmops_cli.workflows.trials.base_side import accepted_answer, known_answers
from llmops_cli.workflows.trials.planning import EvalsetPlan
from llmops_cli.workflows.wiring import Parts


class Answering:
    """Answers the trials of some plans with the parts of a run. Closing the parts is the caller's affair."""

    def __init__(
        self,
        plans: Sequence[EvalsetPlan],
        baselines: Mapping[str, Baseline | None],
        parts: Parts,
        observe: Observer,
        accepted: Mapping[str, Baseline | None] | None = None,
        *,
        whole_record: bool = False,
    ) -> None:
        """`baselines` (by evalset) hold answers that need not be asked again; those left out give none.

        `accepted` are those to compare answers with; by default the same. `whole_record`: a case that has
        enough answers on record is given all of them, so that none is picked.
        """
        self._plans = {plan.evalset.name: plan for plan in plans}
        self._baselines = baselines
        self._accepted = baselines if accepted is None else accepted
        self._whole_record = whole_record
        self._parts = parts
        self._observe = observe
        self._runner = Runner(parts.asker, self._score, observe, parts.workers)

    def stop(self) -> None:
        """Begin no further trial; those in flight are finished."""
        self._runner.stop()

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop before its end."""
        return self._runner.stopped

    def trials(self) -> Iterator[Trial]:
        """Everything to be answered: evalset by evalset, variant by variant, case by case."""
        for plan in self._plans.values():
            baseline = self._baselines.get(plan.evalset.name)
            for variant in plan.variants:
                for case in plan.cases:
                    known = known_answers(baseline, variant, case.id)
                    wanted = plan.trials_of(case)
                    count = max(wanted, len(known)) if self._whole_record else wanted
                    for number in range(1, count + 1):
                        yield Trial(
                            group=plan.evalset.name,
                            case=case,
                            variant=variant.variant.name,
                            number=number,
                            request=variant.requests[case.id],
                            model=variant.model.key,
                            known=known[number - 1].response if number <= len(known) else None,
                        )

    async def run(self, wanted: Callable[[Trial], bool] = lambda _: True) -> dict[str, list[Outcome]]:
        """Evalset name to its outcomes, in the order in which they came; only of trials that are wanted."""
        trials = list(filter(wanted, self.trials()))
        self._observe(Started(len(trials), sum(trial.known is not None for trial in trials)))
        grouped: dict[str, list[Outcome]] = {name: [] for name in self._plans}
        for trial, outcome in await self._runner.run(trials):
            grouped[trial.group].append(outcome)
        return grouped

    async def _score(self, trial: Trial, response: Response, source: Source) -> tuple[NamedScore, ...]:
        plan = self._plans[trial.group]
        recorded: Mapping[str, RecordedScore] = {}
        if source is Source.BASELINE:
            variant = next(v for v in plan.variants if v.variant.name == trial.variant)
            lines = known_answers(self._baselines.get(trial.group), variant, trial.case.id)
            recorded = lines[trial.number - 1].line.scores
        specs = plan.evalset.scorers_of(trial.case)
        accepted = accepted_answer(
            self._accepted.get(trial.group), trial.case.id, trial.variant, trial.number
        )
        return await self._parts.scoring.score(
            specs, trial.case, trial.request, response, recorded, accepted=accepted, trial=trial.number
        )
