"""`eval --estimate`: what a run would ask and cost at most, without a call."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.evalset import Case
from llmops_cli.domain.request import Request, ResolvedModel
from llmops_cli.engine.events import Event
from llmops_cli.workflows.comparing.rerun import BaselineRerun
from llmops_cli.workflows.evaluation.estimate_base import base_calls, judged_anew
from llmops_cli.workflows.evaluation.estimate_confirming import Asked, PerCase, confirming
from llmops_cli.workflows.evaluation.judge_requests import judge_requests
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.answering import Answering
from llmops_cli.workflows.trials.base_side import known_answers
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan
from llmops_cli.workflows.trials.preparing import Prepared
from llmops_cli.workflows.wiring import CallOptions, Parts, build, price_estimator


@dataclass(frozen=True, slots=True)
class Estimate:
    """Answers a run needs, where they would come from, and an upper bound of the price.

    `base_calls` are answers of the base prompt that `--rerun-baseline` may ask for, `proof_calls` those of both
    sides that `gate: {prove: …}` may. `cost` is in USD; `unpriced` names the models whose price is unknown, which
    it leaves out. Cases that look broken are asked again, and how many will nobody knows beforehand: that is in
    none of these, but stands by itself as what one such case takes at most, of `confirm_cases` that may.
    """

    answers: int
    on_record: int
    cached: int
    calls: int
    judge_calls: int
    base_calls: int
    cost: float
    unpriced: tuple[str, ...]
    proof_calls: int = 0
    drift_calls: int = 0
    """Calls of the base prompt that come on top where another model answers than on record (`--rerun-baseline`), and
    their price with that of their judges; None where it is unknown."""
    drift_cost: float | None = 0.0
    confirm_cases: int = 0
    """Cases that are asked again where they look broken."""
    confirm_calls_per_case: int = 0
    """Calls that one of them takes at most, of the prompt and of the accepted one together."""
    confirm_judge_calls_per_case: int = 0
    confirm_cost_per_case: float | None = 0.0
    """In USD, judges included; None where a price is unknown."""
    confirm_limit: int | None = None
    """All of them together take no more calls than this (`--confirm N`); None without a limit."""


NOTHING_TO_ASK = Estimate(0, 0, 0, 0, 0, 0, 0.0, ())


def estimate(
    project: Project,
    prepared: Prepared,
    options: CallOptions,
    *,
    rerun: bool = False,
    reference: str | None = None,
    confirm: Literal["auto", "never"] | int = "auto",
    base: Callable[[Parts], BaselineRerun],
) -> Estimate:
    """Count and price what `eval` would do with the same options. Raises UserError.

    With a `reference` the variants are compared with that one, and no base prompt is run. `base` makes what knows
    how the accepted prompt would be asked.
    """
    parts = build(project, prepared.models, options, _ignore)
    reused = {} if options.fresh or options.recording else prepared.baselines
    found = _Estimating(prepared, reused, parts, reference)
    asked = found.answers()
    asks = base(parts)
    if options.calls:
        found.judged_anew()
    if rerun and reference is None:
        found.base_prompt(asks)
    found.proofs(asked)
    again = PerCase(0, 0, 0, 0.0, 0)
    if confirm not in ("never", 0) and options.calls:
        limit = confirm if isinstance(confirm, int) else None
        again = confirming(Asked(prepared, reused, parts, asks, reference, rerun, limit))
    if parts.cache is not None:
        parts.cache.close()
    counts, bill, drift = found.counts, found.bill, found.drift
    return Estimate(
        answers=asked.total(),
        on_record=counts["on_record"],
        cached=counts["cached"],
        calls=counts["calls"],
        judge_calls=counts["judge_calls"],
        base_calls=counts["base_calls"],
        cost=bill.cost,
        unpriced=tuple(sorted(bill.unpriced)),
        proof_calls=counts["proof_calls"],
        drift_calls=counts["drift_calls"],
        drift_cost=None if drift.unpriced else drift.cost,
        confirm_cases=again.cases,
        confirm_calls_per_case=again.calls,
        confirm_judge_calls_per_case=again.judge_calls,
        confirm_cost_per_case=again.cost,
        confirm_limit=again.limit,
    )


class _Estimating:
    """Adds up what a run may ask. `reused` are the baselines whose answers stand for those of the run."""

    def __init__(
        self,
        prepared: Prepared,
        reused: Mapping[str, Baseline | None],
        parts: Parts,
        reference: str | None,
    ) -> None:
        self._prepared = prepared
        self._reused = reused
        self._parts = parts
        self._reference = reference
        self.counts: Counter[str] = Counter()
        self.bill = _Bill()
        self.drift = _Bill()
        """Of what is asked only where another model answers than on record."""

    def answers(self) -> Counter[tuple[str, str, str]]:
        """The run's own trials with their judges; how many there are, by (evalset, variant, case)."""
        plans, parts = self._prepared.plans, self._parts
        trials = list(Answering(plans, self._reused, parts, _ignore, whole_record=True).trials())
        evalsets = {plan.evalset.name: plan.evalset for plan in plans}
        models = {model.key: model for model in self._prepared.models}
        for trial in trials:
            if trial.known is not None:
                self.counts["on_record"] += 1
                continue
            self._judges(judge_requests(parts, evalsets[trial.group], trial.case, trial.request), 1)
            if parts.asker.cached(trial.model, trial.request, trial.number) is not None:
                self.counts["cached"] += 1
            else:
                self.counts["calls"] += 1
                self.bill.add(models[trial.model], trial.request)
        return Counter((trial.group, trial.variant, trial.case.id) for trial in trials)

    def judged_anew(self) -> None:
        """Judges that changed since they judged what is on record."""
        for question, number in judged_anew(self._prepared, self._reused, self._parts, self._reference):
            self._judges([question], number)

    def base_prompt(self, base: BaselineRerun) -> None:
        """`--rerun-baseline`."""
        for one in base_calls(self._prepared, self._reused, self._parts, base):
            request, model = one.question
            if one.sure:
                self.counts["base_calls"] += one.trials
                self.bill.add(model, request, one.trials)
                self._judges(one.judges, one.trials)
                continue
            self.counts["drift_calls"] += one.trials
            for request, model in [one.question, *one.judges]:
                self.drift.add(model, request, one.trials)

    def proofs(self, asked: Mapping[tuple[str, str, str], int]) -> None:
        """`gate: {prove: …}`; `asked` says how often each variant of a case is asked without it."""
        for plan in self._prepared.plans:
            if plan.evalset.gate.prove is None:
                continue
            reused = self._reused.get(plan.evalset.name)
            if self._reference is None:
                recorded = self._prepared.baselines[plan.evalset.name]
                added = _added_to_record(plan, recorded, reused, self._parts)
            else:
                added = _added_to_variants(plan, self._reference, asked, reused, self._parts)
            for variant, case, number in added:
                request = variant.requests[case.id]
                self.counts["proof_calls"] += number
                self.bill.add(variant.model, request, number)
                self._judges(judge_requests(self._parts, plan.evalset, case, request), number)

    def _judges(self, questions: Sequence[tuple[Request, ResolvedModel]], times: int) -> None:
        self.counts["judge_calls"] += times * len(questions)
        for request, model in questions:
            self.bill.add(model, request, times)


def _added_to_record(
    plan: EvalsetPlan, baseline: Baseline | None, reused: Baseline | None, parts: Parts
) -> Iterator[tuple[VariantPlan, Case, int]]:
    """Trials that a proof may add to both sides of each case that is not answered from what is on record."""
    most = plan.evalset.max_trials
    if baseline is None:
        return
    for variant in plan.variants:
        if parts.deterministic(variant.model, variant.prompt):
            continue
        for case in plan.cases:
            lines = baseline.lines.get((case.id, variant.variant.name), ())
            on_record = sum(line.count for line in lines)
            if on_record and not known_answers(reused, variant, case.id):
                yield variant, case, max(0, most - plan.trials_of(case)) + max(0, most - on_record)


def _added_to_variants(
    plan: EvalsetPlan,
    reference: str,
    asked: Mapping[tuple[str, str, str], int],
    reused: Baseline | None,
    parts: Parts,
) -> Iterator[tuple[VariantPlan, Case, int]]:
    """Trials that a proof may add to the reference and to each other variant, which have been `asked` so often.

    Those of the reference are counted beside each, though the cache may give them again.
    """
    base = next(variant for variant in plan.variants if variant.variant.name == reference)
    for variant in plan.variants:
        if variant is base or parts.deterministic(variant.model, variant.prompt):
            continue
        for case in plan.cases:
            alike = variant.requests[case.id].fingerprint == base.requests[case.id].fingerprint
            if alike and known_answers(reused, variant, case.id):
                continue  # on record on both sides: nothing is left to prove
            for side in (variant, base):
                missing = plan.evalset.max_trials - asked[plan.evalset.name, side.variant.name, case.id]
                yield side, case, max(0, missing)


class _Bill:
    def __init__(self) -> None:
        self.cost = 0.0
        self.unpriced: set[str] = set()

    def add(self, model: ResolvedModel, request: Request, times: int = 1) -> None:
        """An unknown price is named, not taken for 0."""
        price = price_estimator(model)(request)
        if price is None:
            self.unpriced.add(model.name)
        else:
            self.cost += times * price


def _ignore(event: Event) -> None:
    """Nothing happens that anyone could watch."""
