"""`eval --estimate`: what a run would ask and cost at most, without a call."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.evalset import Case
from llmops_cli.domain.request import Request, ResolvedModel
from llmops_cli.engine.events import Event
from llmops_cli.workflows.comparing.rerun import BaselineRerun
from llmops_cli.workflows.evaluation.estimate_confirming import Asked, PerCase, confirming
from llmops_cli.workflows.evaluation.judge_requests import judge_requests
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.answering import Answering
from llmops_cli.workflows.trials.base_side import known_answers
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan, input_digests
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
    baselines = {} if options.fresh or options.recording else prepared.baselines
    trials = list(Answering(prepared.plans, baselines, parts, _ignore, whole_record=True).trials())
    evalsets = {plan.evalset.name: plan.evalset for plan in prepared.plans}
    models = {model.key: model for model in prepared.models}
    counts = {"on_record": 0, "cached": 0, "calls": 0, "judge_calls": 0, "base_calls": 0, "proof_calls": 0}
    bill = _Bill()
    for trial in trials:
        judges = (
            [] if trial.known else judge_requests(parts, evalsets[trial.group], trial.case, trial.request)
        )
        counts["judge_calls"] += len(judges)
        for request, model in judges:
            bill.add(model, request)
        if trial.known is not None:
            counts["on_record"] += 1
        elif parts.asker.cached(trial.model, trial.request, trial.number) is not None:
            counts["cached"] += 1
        else:
            counts["calls"] += 1
            bill.add(models[trial.model], trial.request)
    for model, request in _base_calls(prepared) if rerun and reference is None else ():
        # the base's request is not rendered for this: today's, of the same case, is near enough in length
        counts["base_calls"] += 1
        bill.add(model, request)
    for plan in prepared.plans:
        reused = baselines.get(plan.evalset.name)
        if reference is None:
            added = _added_to_record(plan, prepared.baselines[plan.evalset.name], reused, parts)
        else:
            asked = Counter((t.variant, t.case.id) for t in trials if t.group == plan.evalset.name)
            added = _added_to_variants(plan, reference, asked, reused, parts)
        for variant, case, number in added if plan.evalset.gate.prove is not None else ():
            counts["proof_calls"] += number
            judges = judge_requests(parts, plan.evalset, case, variant.requests[case.id])
            counts["judge_calls"] += number * len(judges)
            for request, model in [(variant.requests[case.id], variant.model), *judges]:
                bill.add(model, request, number)
    again = PerCase(0, 0, 0, 0.0, 0)
    if confirm not in ("never", 0) and options.calls:
        limit = confirm if isinstance(confirm, int) else None
        again = confirming(Asked(prepared, baselines, parts, base(parts), reference, rerun, limit))
    if parts.cache is not None:
        parts.cache.close()
    return Estimate(
        len(trials),
        **counts,
        cost=bill.cost,
        unpriced=tuple(sorted(bill.unpriced)),
        confirm_cases=again.cases,
        confirm_calls_per_case=again.calls,
        confirm_judge_calls_per_case=again.judge_calls,
        confirm_cost_per_case=again.cost,
        confirm_limit=again.limit,
    )


def _added_to_record(
    plan: EvalsetPlan, baseline: Baseline | None, reused: Baseline | None, parts: Parts
) -> Iterator[tuple[VariantPlan, Case, int]]:
    """Trials that a proof may add to both sides of each case that is not answered from what is on record."""
    most = plan.evalset.max_trials
    if baseline is None:
        return
    for variant in plan.variants:
        if parts.providers[variant.model.key].deterministic:
            continue
        for case in plan.cases:
            lines = baseline.lines.get((case.id, variant.variant.name), ())
            on_record = sum(line.count for line in lines)
            if on_record and not known_answers(reused, variant, case.id):
                yield variant, case, max(0, most - plan.trials_of(case)) + max(0, most - on_record)


def _added_to_variants(
    plan: EvalsetPlan,
    reference: str,
    asked: Mapping[tuple[str, str], int],
    reused: Baseline | None,
    parts: Parts,
) -> Iterator[tuple[VariantPlan, Case, int]]:
    """Trials that a proof may add to the reference and to each other variant, which have been `asked` so often.

    Those of the reference are counted beside each, though the cache may give them again.
    """
    base = next(variant for variant in plan.variants if variant.variant.name == reference)
    for variant in plan.variants:
        if variant is base or parts.providers[variant.model.key].deterministic:
            continue
        for case in plan.cases:
            alike = variant.requests[case.id].fingerprint == base.requests[case.id].fingerprint
            if alike and known_answers(reused, variant, case.id):
                continue  # on record on both sides: nothing is left to prove
            for side in (variant, base):
                missing = plan.evalset.max_trials - asked[side.variant.name, case.id]
                yield side, case, max(0, missing)


def _base_calls(prepared: Prepared) -> Iterator[tuple[ResolvedModel, Request]]:
    """A call for each trial of a case that the baseline has no answer for, or only one to other variables."""
    for plan in prepared.plans:
        baseline = prepared.baselines[plan.evalset.name]
        for variant in plan.variants if baseline else ():
            for case in plan.cases:
                lines = baseline.lines.get((case.id, variant.variant.name), ()) if baseline else ()
                if (
                    all(input_digests(line.inputs, case.vars) == dict(line.inputs) for line in lines)
                    and lines
                ):
                    continue
                for _ in range(plan.trials_of(case)):
                    yield variant.model, variant.requests[case.id]


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
