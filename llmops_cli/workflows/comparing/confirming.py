"""Confirmation: suspicious cases are asked again, candidate and base in turn, until it is clear.

What to ask and when to stop is decided in `comparison/confirmation.py`; this only asks and counts. Both
sides are interleaved in time, so that a provider that drifts meanwhile hits both.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_cli.comparison.confirmation import Plan, Standing, examine
from llmops_cli.comparison.grading import graded
from llmops_cli.comparison.links import links_of
from llmops_cli.comparison.pairs import pairs_of
from llmops_cli.comparison.replayed import counts_of, known_unchanged
from llmops_cli.comparison.rule import Compared, Examined
from llmops_cli.comparison.suspects import plans, worth_the_rest
from llmops_cli.domain.comparison import Comparison
from llmops_cli.domain.comparison_json import reference_of
from llmops_cli.domain.evalset import Case
from llmops_cli.domain.outcome import Outcome
from llmops_cli.domain.provider import ProviderError
from llmops_cli.domain.redaction import redact_outcome
from llmops_cli.domain.request import Request
from llmops_cli.domain.spending import Purpose
from llmops_cli.domain.statistics import Added
from llmops_cli.engine.events import Confirming, Observer
from llmops_cli.errors import UserError
from llmops_cli.stats.stratified import Counts
from llmops_cli.workflows.trials.planning import EvalsetPlan
from llmops_cli.workflows.wiring import Parts

_SET_SUFFICES = "the whole set is worse"
_OUT_OF_REACH = "no number of trials that is worth asking could confirm it"


@dataclass(frozen=True)
class Question:
    """A request of one side, the model that answers it, and the first trial number that is still fresh."""

    request: Request
    model: str
    first_trial: int


@dataclass(frozen=True)
class Suspect:
    """A suspicious case with what can be asked of it; a side that cannot be asked says why."""

    plan: EvalsetPlan
    case: Case
    candidate: Question
    accepted: str | None
    """The accepted answer, for judges that compare with it."""
    base: Callable[[], Question]
    """Raises UserError where the base version is not at hand."""
    variants: tuple[str, str]
    """The names of the candidate's column and of the base's."""


class Confirmation:
    """Runs the examinations of one evaluation. `most` calls at most; None leaves it to the plans.

    `answers` holds what was counted, by the key of the suspect; the run file keeps them, `accept` does not.
    """

    def __init__(
        self, parts: Parts, observe: Observer, most: int | None, redactions: tuple[str, ...] = ()
    ) -> None:
        self._parts = parts
        self._observe = observe
        self._left = most
        self._redactions = redactions
        self.answers: dict[tuple[int, str], Added] = {}
        self._turns = asyncio.Semaphore(parts.workers)
        self.calls = 0
        self.why_not: list[str] = []
        self._unasked: dict[tuple[str, str, str], str] = {}

    @property
    def left(self) -> int | None:
        """How many trials may still be asked; None where nobody set a limit."""
        return self._left

    async def examine_all(
        self, compared: Sequence[Compared], suspects: Mapping[tuple[int, str], Suspect]
    ) -> dict[tuple[int, str], Examined]:
        """What became of each suspicious case, as far as it could be asked."""
        # where not even a clean break could be confirmed, no call is spent and the flip stays unconfirmed
        planned = {key: plan for key, plan in plans(compared).items() if key in suspects and plan.reachable}
        if not planned:
            return {}
        found: dict[tuple[int, str], Examined] = {}
        first = {key: plan for key, plan in planned.items() if not plan.reserve}
        self._observe(Confirming(len(first), sum(plan.calls for plan in first.values())))
        # flips have the first claim on what may be spent
        for part in ((False, False), (True, False), (False, True)):
            keys = [key for key, plan in planned.items() if (plan.doubtful, plan.reserve) == part]
            if part == (False, True):
                keys = [key for key in keys if worth_the_rest(key[0], found)]
            if part == (False, True) and keys:
                self._observe(Confirming(len(keys), sum(planned[key].calls for key in keys)))
            steps = await asyncio.gather(*(self._examine(planned[key], suspects[key]) for key in keys))
            found |= zip(keys, (examined for examined, _ in steps), strict=True)
            self.answers |= zip(keys, (answers for _, answers in steps), strict=True)
        return found

    async def _examine(self, plan: Plan, suspect: Suspect) -> tuple[Examined, Added]:
        answers = Added()
        step = examine(plan, _counted(answers))
        while step.standing is Standing.GO_ON:
            more = await self._round(suspect, _counted(answers), step.candidate, step.base)
            if more is None:
                break
            answers = Added(answers.base + more.base, answers.candidate + more.candidate)
            step = examine(plan, _counted(answers))
        return Examined(_counted(answers), step, plan), answers

    async def _round(self, suspect: Suspect, fresh: Counts, candidate: int, base: int) -> Added | None:
        """The next trials of both sides, or None where not all could be had: then none of them count."""
        if self._left is not None:
            if self._left < candidate + base:
                self._note(suspect, "no more calls were allowed for it (--confirm)")
                return None
            self._left -= candidate + base
        try:
            sides = [(suspect.candidate, fresh.trials, candidate)]
            if base:
                sides.append((suspect.base(), fresh.base_trials, base))
        except UserError as error:
            self._note(suspect, error.problems[0].message)
            return None
        asks: list[list[Awaitable[Outcome | None]]] = [
            [self._trial(suspect, question, variant, question.first_trial + done + n) for n in range(count)]
            for (question, done, count), variant in zip(sides, suspect.variants, strict=False)
        ]
        # in turns: candidate, base, candidate, base … as far as both go
        order = [(side, ask) for turn in range(max(candidate, base)) for side, row in enumerate(asks)
                 for ask in row[turn : turn + 1]]  # fmt: skip
        answers = await asyncio.gather(*(ask for _, ask in order))
        found: tuple[list[Outcome], list[Outcome]] = ([], [])
        for (side, _), answer in zip(order, answers, strict=True):
            if answer is None:
                return None
            found[side].append(answer)
        return Added(base=tuple(found[1]), candidate=tuple(found[0]))

    async def _trial(self, suspect: Suspect, question: Question, variant: str, number: int) -> Outcome | None:
        """A fresh trial; None where it was not answered or could not be judged."""
        async with self._turns:
            try:
                response, source = await self._parts.asker.ask(
                    question.model, question.request, number, Purpose.CONFIRM
                )
            except ProviderError as error:
                self._note(suspect, str(error))
                return None
            self.calls += 1
            specs = suspect.plan.evalset.scorers_of(suspect.case)
            scores = await self._parts.scoring.score(
                specs, suspect.case, question.request, response, accepted=suspect.accepted, trial=number
            )
        outcome = Outcome(
            suspect.case.id, variant, number, question.request.fingerprint, source, response, scores=scores
        )
        if outcome.passed is None:
            gating = [named for named in scores if named.severity == "fail"]
            why = next(named.failure or "no score" for named in gating if named.score is None)
            self._note(suspect, why)
            return None
        return redact_outcome(outcome, self._redactions)

    def with_answers(self, comparison: Comparison, place: int, never: str = "") -> Comparison:
        """The comparison with the answers behind what is said of its suspicious cases, or why there are none.

        `never` says why nothing was asked at all, if nothing was.
        """
        found = {name: one for (at, name), one in self.answers.items() if at == place and one != Added()}
        tests = comparison.statistics.tests if comparison.statistics else ()
        beyond = _SET_SUFFICES if any(test.worse for test in tests) else _OUT_OF_REACH
        deltas = []
        for delta in comparison.deltas:
            fresh = delta.fresh
            if fresh is not None and fresh.standing == Standing.GO_ON:
                why = self._unasked.get((comparison.evalset, delta.variant, delta.case_id))
                fresh = replace(fresh, unasked=why or never or beyond)
            deltas.append(
                replace(delta, fresh=fresh, asked_again=found.get(delta.case_id)) if fresh else delta
            )
        return replace(comparison, deltas=tuple(deltas))

    def _note(self, suspect: Suspect, why: str) -> None:
        self._unasked[suspect.plan.evalset.name, suspect.variants[0], suspect.case.id] = why
        if why not in self.why_not:
            self.why_not.append(why)


def _counted(answers: Added) -> Counts:
    return Counts(
        sum(outcome.passed is True for outcome in answers.candidate),
        len(answers.candidate),
        sum(outcome.passed is True for outcome in answers.base),
        len(answers.base),
    )


def compared_of(comparison: Comparison, judged: Collection[str] = ()) -> Compared:
    """What counts of a comparison: comparable cases, and not those that the branch accepts.

    Where answers do not vary no case is left to chance, and of the gated metrics only those that a model
    judges (`judged`).
    """
    gate = comparison.gate
    varying = not comparison.variant.deterministic
    metrics = {name: graded(comparison.deltas, name) for name in gate.metrics if varying or name in judged}
    links = links_of(comparison.deltas)
    pairs = {name: pairs_of(comparison.deltas, name, links) for name in comparison.pairs}
    signs = {name: found for name, found in pairs.items() if found is not None}
    if reference_of(comparison.against):
        signs = {}  # the accepted answers are not the other side here
    if not varying:
        return Compared(
            comparison.title,
            {},
            metrics,
            gate.min_effect,
            effects=gate.metrics,
            pairs=signs,
            links=links,
        )
    counted = [delta for delta in comparison.deltas if delta.comparable and not delta.accepted]
    return Compared(
        comparison.title,
        {delta.case_id: counts_of(delta) for delta in counted},
        metrics,
        min_effect=gate.min_effect,
        effects=gate.metrics,
        generalise=gate.generalise,
        clusters={d.case_id: d.case.cluster for d in counted if d.case is not None and d.case.cluster},
        tags={delta.case_id: delta.case.tags for delta in counted if delta.case is not None},
        unchanged={d.case_id for d in counted if known_unchanged(d.candidate, d.base)},
        pairs=signs,
        links=links,
    )
