"""How versions of one prompt do on today's cases: each content is asked once, what is known is not asked."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from llmops_cli.comparison.border import LOOKS, MOST_CASES
from llmops_cli.comparison.classify import side_of
from llmops_cli.domain.bisect import BrokenCase, CaseKey, Effort
from llmops_cli.domain.outcome import Outcome, Source, group_by_case
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.redaction import redact
from llmops_cli.domain.request import Request
from llmops_cli.engine.events import Event, Observer, Started
from llmops_cli.engine.loop import run_loop
from llmops_cli.engine.runner import Trial
from llmops_cli.errors import FileError, UserError
from llmops_cli.templating.render import PromptRenderer, restrict
from llmops_cli.workflows.bisect.rulers import Sets
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.answering import Answering
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan, make_request, project_model
from llmops_cli.workflows.wiring import CallOptions, Parts, build, price_estimator


@dataclass
class Measured:
    """What is known of one content: whether each case passed, and why one could not be judged."""

    passed: dict[CaseKey, bool | None] = field(default_factory=dict)
    reasons: dict[CaseKey, str] = field(default_factory=dict)
    outcomes: dict[CaseKey, tuple[Outcome, ...]] = field(default_factory=dict)
    varying: set[CaseKey] = field(default_factory=set)
    """Cases whose answers may differ from trial to trial."""
    repeats: dict[CaseKey, list[Outcome]] = field(default_factory=dict)
    """Fresh trials, asked after those that `passed` goes by."""

    def reason(self, keys: Iterable[CaseKey]) -> str:
        """Why the first of these cases that could not be judged was not."""
        return next((self.reasons[key] for key in keys if key in self.reasons), "")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What measuring a version would take at most: calls not on record, judge calls, USD (None: unknown).

    `fit` is False where it can be seen in advance that the version cannot be judged. `repeats` is what asking
    it again beside a border may take on top, where answers vary.
    """

    calls: int = 0
    judge_calls: int = 0
    cost: float | None = 0.0
    fit: bool = True
    repeats: "Outlook | None" = None


class Measuring:
    """Asks versions about cases; keeps what it learnt by digest, and what it cost."""

    def __init__(
        self, project: Project, sets: Sets, trials: int | None, options: CallOptions, observe: Observer
    ) -> None:
        self._project = project
        self._sets = sets
        self._trials = trials
        self._options = options
        self._observe = observe
        self._known: dict[str, Measured] = {}
        self._running: Answering | None = None
        self._planned = self._recorded = 0
        self._spent = 0.0
        self._stopped = False
        self.effort = Effort()

    def measure(self, prompt: Prompt, keys: Collection[CaseKey]) -> Measured:
        """How a version does on these cases. Raises KeyboardInterrupt where the user stopped it."""
        known = self._known.setdefault(prompt.digest, Measured())
        missing = [key for key in keys if key not in known.passed]
        if not missing:
            return known
        plans = self._plans(prompt, missing, known)
        if plans:
            parts = self._parts(plans)
            run_loop(self._answer(plans, parts, known), self._stop)
            if self._stopped:
                raise KeyboardInterrupt
        return known

    def varying(self, prompt: Prompt, keys: Collection[CaseKey]) -> list[CaseKey]:
        """Those of the cases whose answers to a measured version may differ from trial to trial."""
        known = self._known.get(prompt.digest, Measured())
        return [key for key in keys if key in known.varying]

    def repeat(self, prompt: Prompt, keys: Collection[CaseKey], upto: int) -> Measured:
        """Ask the cases again until each has so many fresh trials, in `repeats`; `reasons` says why not all.

        Raises KeyboardInterrupt where the user stopped it.
        """
        known = self._known.setdefault(prompt.digest, Measured())
        missing = [key for key in keys if len(known.repeats.get(key, ())) < upto]
        plans = self._plans(prompt, missing, known) if missing else []
        if plans:
            run_loop(self._repeat(plans, self._parts(plans), known, upto), self._stop)
            if self._stopped:
                raise KeyboardInterrupt
        return known

    def settle(self, prompt: Prompt, key: CaseKey, passed: bool) -> None:
        """Fresh trials showed that a case was judged wrongly: from now on this counts, and so do they."""
        known = self._known[prompt.digest]
        known.passed[key] = passed
        known.outcomes[key] = (*known.outcomes.get(key, ()), *known.repeats.get(key, ()))

    def outlook(self, prompt: Prompt, keys: Collection[CaseKey]) -> Outlook:
        """What measuring a version would take; nothing is asked."""
        plans = self._plans(prompt, keys, Measured())
        if not plans:
            return Outlook(fit=False)
        parts = self._parts(plans)
        prices = {v.model.key: price_estimator(v.model) for plan in plans for v in plan.variants}
        try:
            trials = [trial for plan in plans for trial in self._answering(plan, parts).trials()]
            asker = parts.asker
            unasked = [
                trial
                for trial in trials
                if trial.known is None and asker.cached(trial.model, trial.request, trial.number) is None
            ]
        finally:
            run_loop(parts.close())
        judge_calls = sum(map(self._judgements, trials))
        cost = total(prices[trial.model](trial.request) for trial in unasked)
        again = [
            t for t in trials if t.number == 1 and not parts.asker.deterministic(t.model, t.request.params)
        ]
        bills = [(prices[t.model](t.request), self._judgements(t)) for t in again]
        bills.sort(key=lambda bill: (bill[0] is not None, -(bill[0] or 0.0), -bill[1]))
        dearest, times = bills[:MOST_CASES], LOOKS[-1]
        repeats = Outlook(
            calls=times * len(dearest),
            judge_calls=times * sum(judgements for _, judgements in dearest),
            cost=total(None if cost is None else times * cost for cost, _ in dearest),
        )
        return Outlook(len(unasked), judge_calls, cost, repeats=repeats if dearest else None)

    def broken(self, prompt: Prompt, keys: Collection[CaseKey]) -> tuple[BrokenCase, ...]:
        """Those of the cases that fail in a measured version, with one answer that did."""
        known = self._known[prompt.digest]
        return tuple(self._broken(key, known.outcomes[key]) for key in keys if known.passed[key] is False)

    def _broken(self, key: CaseKey, outcomes: tuple[Outcome, ...]) -> BrokenCase:
        kinds = self._project.settings.redact
        failed = next(outcome for outcome in outcomes if outcome.passed is False)
        scores = [n.score for n in failed.scores if n.score is not None and n.severity == "fail"]
        why = next((score.explanation for score in scores if not score.passed), "")
        return BrokenCase(
            key,
            self._sets.cases[key].where,
            passes=sum(outcome.passed is True for outcome in outcomes),
            trials=sum(outcome.passed is not None for outcome in outcomes),
            answer=redact(failed.response.text if failed.response else "", kinds),
            explanation=redact(why, kinds),
        )

    def _plans(self, prompt: Prompt, keys: Collection[CaseKey], found: Measured) -> list[EvalsetPlan]:
        """One plan an evalset and variant; cases that cannot be rendered are noted in `found`."""
        plans: list[EvalsetPlan] = []
        try:
            renderer = PromptRenderer(prompt)
        except FileError as error:
            _give_up(found, keys, str(error))
            return []
        for evalset in self._sets.evalsets.values():
            for variant in evalset.variants():
                own = [k for k in keys if (k.evalset, k.variant) == (evalset.name, variant.name)]
                if not own:
                    continue
                try:
                    model = project_model(self._project, prompt, variant.model, evalset.where)
                except UserError as error:
                    _give_up(found, own, str(error))
                    continue
                requests: dict[str, Request] = {}
                for key in own:
                    case = self._sets.cases[key]
                    try:
                        messages = renderer.render(restrict(case.vars, prompt), case.where)
                    except UserError as error:
                        _give_up(found, [key], error.problems[0].message)
                        continue
                    requests[case.id] = make_request(prompt, model, messages)
                cases = tuple(self._sets.cases[key] for key in own if key.case_id in requests)
                plan = VariantPlan(variant, prompt, model, requests)
                trials = self._trials or evalset.trials
                if cases:
                    override = self._trials is not None
                    plans.append(EvalsetPlan(evalset, cases, (plan,), trials, False, override))
        return plans

    def _parts(self, plans: Iterable[EvalsetPlan]) -> Parts:
        models = {variant.model.key: variant.model for plan in plans for variant in plan.variants}
        models |= {model.key: model for model in self._sets.judges}
        parts = build(self._project, models.values(), self._options, self._watch)
        parts.budget.spent = self._spent  # one limit for the whole search
        return parts

    def _answering(self, plan: EvalsetPlan, parts: Parts) -> Answering:
        return Answering([plan], self._sets.baselines, parts, self._watch)

    async def _answer(self, plans: Iterable[EvalsetPlan], parts: Parts, known: Measured) -> None:
        try:
            for plan in plans:
                self._running = self._answering(plan, parts)
                if self._stopped:
                    return
                outcomes = (await self._running.run())[plan.evalset.name]
                self._count(outcomes)
                known.varying |= _varying(plan, parts)
                for (case_id, variant), found in group_by_case(outcomes).items():
                    key = CaseKey(plan.evalset.name, variant, case_id)
                    known.outcomes[key] = found
                    known.passed[key] = side_of(found, plan.evalset.pass_rule).passed
                    if known.passed[key] is None:
                        known.reasons[key] = next((o.unjudged for o in found if o.unjudged), "no answer")
        finally:
            self.effort = replace(self.effort, evaluations=self.effort.evaluations + 1)
            await self._close(parts)

    async def _repeat(self, plans: Iterable[EvalsetPlan], parts: Parts, known: Measured, upto: int) -> None:
        try:
            for plan in plans:
                longer = replace(plan, trials=max(map(plan.trials_of, plan.cases)) + upto, override=True)
                first = {case.id: plan.trials_of(case) for case in plan.cases}
                name, variant = plan.evalset.name, plan.variants[0].variant.name
                done = {one: known.repeats.setdefault(CaseKey(name, variant, one), []) for one in first}

                def fresh(
                    trial: Trial, first: dict[str, int] = first, done: dict[str, list[Outcome]] = done
                ) -> bool:
                    beyond = trial.number - first[trial.case.id]
                    return len(done[trial.case.id]) < beyond <= upto

                self._running = self._answering(longer, parts)
                if self._stopped:
                    return
                outcomes = (await self._running.run(fresh))[name]
                self._count(outcomes)
                for outcome in outcomes:
                    if outcome.passed is not None:
                        done[outcome.case_id].append(outcome)
                    elif outcome.unjudged:
                        known.reasons[CaseKey(name, variant, outcome.case_id)] = outcome.unjudged
        finally:
            await self._close(parts)

    async def _close(self, parts: Parts) -> None:
        try:
            self._spent = parts.budget.spent
            judged = self.effort.cost, parts.tools.judge_cost
            cost = None if None in judged else sum(amount or 0.0 for amount in judged)
            calls = self.effort.judge_calls + parts.tools.judge_calls
            self.effort = replace(self.effort, judge_calls=calls, cost=cost)
        finally:
            await parts.close()

    def _count(self, outcomes: Collection[Outcome]) -> None:
        called = [o for o in outcomes if o.source is Source.CALLED]
        costs = [o.response.cost for o in called if o.response is not None]
        known = self.effort.cost is not None and None not in costs
        self.effort = replace(
            self.effort,
            answers=self.effort.answers + len(outcomes),
            calls=self.effort.calls + len(called),
            cost=(self.effort.cost or 0.0) + sum(cost or 0.0 for cost in costs) if known else None,
        )

    def _judgements(self, trial: Trial) -> int:
        specs = self._sets.evalsets[trial.group].scorers_of(trial.case)
        return sum(getattr(spec.scorer, "requests_per_answer", 0) for spec in specs)

    def _stop(self) -> None:
        self._stopped = True
        if self._running is not None:
            self._running.stop()

    def _watch(self, event: Event) -> None:
        if isinstance(event, Started):  # one bar for the whole search
            self._planned += event.trials
            self._recorded += event.known
            event = Started(self._planned, self._recorded)
        self._observe(event)


def _varying(plan: EvalsetPlan, parts: Parts) -> set[CaseKey]:
    return {
        CaseKey(plan.evalset.name, variant.variant.name, case.id)
        for variant in plan.variants
        for case in plan.cases
        if not parts.deterministic(variant.model, variant.prompt)
    }


def total(costs: Iterable[float | None]) -> float | None:
    """The sum in USD; None where one is unknown."""
    found = list(costs)
    return None if None in found else sum(cost or 0.0 for cost in found)


def _give_up(found: Measured, keys: Iterable[CaseKey], reason: str) -> None:
    for key in keys:
        found.passed[key] = None
        found.reasons[key] = reason
