"""`llmops eval`: render, run, score, compare, decide."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from llmops_cli import __version__
from llmops_cli.comparison.compare import compare
from llmops_cli.comparison.gate import decide
from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.comparison import BaseCase, BaseSide, Comparison, Result
from llmops_cli.domain.outcome import EvalsetRun, Outcome, Provenance, Run
from llmops_cli.domain.redaction import redact
from llmops_cli.domain.run_json import result_from_dict, result_to_dict
from llmops_cli.engine.events import Event, Observer, Retried
from llmops_cli.engine.loop import run_loop
from llmops_cli.errors import UserError, did_you_mean
from llmops_cli.store.run_store import find_run, load_run, save_run
from llmops_cli.vcs.repository import Repository, open_repository
from llmops_cli.workflows.answering import Answering
from llmops_cli.workflows.base_side import BaseSides
from llmops_cli.workflows.planning import EvalsetPlan, VariantPlan, input_digests
from llmops_cli.workflows.preparing import Prepared, prepare
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.selection import Selection
from llmops_cli.workflows.versions import Versions
from llmops_cli.workflows.wiring import CallOptions, build


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What `llmops eval` was asked to do."""

    evalsets: tuple[str, ...] = ()
    prompt: str | None = None
    selection: Selection = Selection()
    trials: int | None = None
    reference: str | None = None
    calls: CallOptions = CallOptions()
    command: tuple[str, ...] = ()


@dataclass
class _Counts:
    retries: int = 0
    stopped: bool = False


def evaluate(project: Project, options: EvalOptions, observe: Observer) -> Result:
    """One run from files to verdict; the run file is written on the way. Raises UserError."""
    names = project.select_evalsets(options.evalsets, options.prompt)
    last = _last_run(project) if options.selection.last_failed else ()
    prepared = prepare(project, names, options.selection, trials=options.trials, last=last)
    _check_reference(prepared, options.reference)
    return _Evaluation(project, options, prepared, observe).run()


class _Evaluation:
    def __init__(self, project: Project, options: EvalOptions, prepared: Prepared, observe: Observer) -> None:
        self.project = project
        self.options = options
        self.prepared = prepared
        self.counts = _Counts()
        self._observe = observe
        self.parts = build(project, prepared.models, options.calls, self._watch)
        asked_anew = options.calls.fresh or options.calls.recording
        baselines = {} if asked_anew else prepared.baselines
        self.answering = Answering(prepared.plans, baselines, self.parts, self._watch)
        self.repository: Repository | None = open_repository(project.root)

    def run(self) -> Result:
        began, clock = datetime.now(UTC), time.perf_counter()
        try:
            evalsets, comparisons = run_loop(self._answer_and_compare(), self.answering.stop)
            run = Run(
                id=began.strftime("%Y%m%d-%H%M%S-") + f"{began.microsecond:06d}",
                started=began.isoformat(timespec="seconds"),
                seconds=time.perf_counter() - clock,
                provenance=self._provenance(),
                evalsets=tuple(evalsets),
                interrupted=self.answering.stopped,
                retries=self.counts.retries,
                judge_calls=self.parts.tools.judge_calls,
                judge_cost=self.parts.tools.judge_cost,
            )
        finally:
            if self.repository is not None:
                self.repository.close()
        verdict = decide(comparisons, evalsets, interrupted=run.interrupted)
        verdict = replace(verdict, notes=(*verdict.notes, *self.parts.notes))
        result = Result(run, tuple(comparisons), verdict)
        save_run(self.project.root, run.id, result_to_dict(result))
        return result

    async def _answer_and_compare(self) -> tuple[list[EvalsetRun], list[Comparison]]:
        try:
            answered = await self.answering.run()
            evalsets = [
                self._evalset_run(plan, [self._redacted(outcome) for outcome in answered[plan.evalset.name]])
                for plan in self.prepared.plans
            ]
            comparisons = [
                comparison
                for plan, part in zip(self.prepared.plans, evalsets, strict=True)
                for comparison in await self._compare(plan, part)
            ]
        finally:
            await self.parts.close()
        return evalsets, comparisons

    def _evalset_run(self, plan: EvalsetPlan, outcomes: Sequence[Outcome]) -> EvalsetRun:
        kinds = self.project.settings.redact
        cases = plan.cases
        if kinds:
            cases = tuple(
                replace(case, vars=redact(dict(case.vars), kinds), expected=redact(case.expected, kinds))
                for case in cases
            )
        return EvalsetRun(
            evalset=plan.evalset,
            variants=tuple(v.info(deterministic=self._deterministic(v)) for v in plan.variants),
            cases=cases,
            outcomes=tuple(outcomes),
            trials=plan.trials,
            inputs={
                (case.id, v.variant.name): input_digests(v.prompt.inputs, case.vars)
                for v in plan.variants
                for case in plan.cases
            },
            complete=plan.complete and not self.answering.stopped,
        )

    def _deterministic(self, variant: VariantPlan) -> bool:
        return self.parts.providers[variant.model.key].deterministic

    async def _compare(self, plan: EvalsetPlan, part: EvalsetRun) -> list[Comparison]:
        baseline: Baseline | None = self.prepared.baselines[plan.evalset.name]
        recorded = baseline.summaries if baseline else {}
        reference = self.options.reference
        if reference is not None:
            base = replace(_reference_side(part, reference), summary=recorded.get(reference))
            others = [info for info in part.variants if info.name != reference]
            return [compare(part, info, base, recorded.get(info.name)) for info in others]
        sides = BaseSides(self.parts.scoring, Versions(self.project, self.repository))
        comparisons: list[Comparison] = []
        for variant, info in zip(plan.variants, part.variants, strict=True):
            done = [outcome for outcome in part.outcomes if outcome.variant == info.name]
            side = await sides.build(plan, variant, baseline, done)
            if side is not None and self.project.settings.redact:
                # scored again just now, their explanations may quote what the case expects
                redacted = {
                    case_id: replace(case, outcomes=tuple(self._redacted(o) for o in case.outcomes))
                    for case_id, case in side.cases.items()
                }
                side = replace(side, cases=redacted)
            comparisons.append(compare(part, info, side, recorded.get(info.name)))
        return comparisons

    def _redacted(self, outcome: Outcome) -> Outcome:
        kinds = self.project.settings.redact
        if not kinds:
            return outcome
        response = outcome.response
        if response is not None:
            calls = tuple(replace(c, arguments=redact(c.arguments, kinds)) for c in response.tool_calls)
            response = replace(response, text=redact(response.text, kinds), tool_calls=calls)
        scores = tuple(
            replace(
                named,
                failure=redact(named.failure, kinds),
                score=named.score
                and replace(
                    named.score,
                    explanation=redact(named.score.explanation, kinds),
                    details=redact(dict(named.score.details), kinds),
                ),
            )
            for named in outcome.scores
        )
        return replace(outcome, response=response, scores=scores)

    def _provenance(self) -> Provenance:
        from platform import python_version

        versions = {"llmops": __version__, "python": python_version()}
        if any(model.provider == "litellm" for model in self.prepared.models):
            from importlib.metadata import version

            versions["litellm"] = version("litellm")
        repository = self.repository
        return Provenance(
            commit=repository.head if repository else None,
            branch=repository.branch if repository else None,
            dirty=repository.is_dirty() if repository else False,
            versions=versions,
            seed=self.options.selection.seed if self.options.selection.sample is not None else None,
            command=self.options.command,
        )

    def _watch(self, event: Event) -> None:
        if isinstance(event, Retried):
            self.counts.retries += 1
        self._observe(event)


def _reference_side(part: EvalsetRun, reference: str) -> BaseSide:
    """Another variant of the same run as the base: its answers are as fresh as the candidate's."""
    info = next(info for info in part.variants if info.name == reference)
    grouped = part.by_case()
    cases = {case_id: BaseCase(found) for (case_id, name), found in grouped.items() if name == reference}
    served = [o.response.served_model for c in cases.values() for o in c.outcomes if o.response]
    return BaseSide(
        label=f"variant {reference}",
        cases=cases,
        prompts=(info.prompt_digest,),
        settings=(info.settings,),
        served_models=tuple(dict.fromkeys(model for model in served if model)),
    )


def _check_reference(prepared: Prepared, reference: str | None) -> None:
    if reference is None:
        return
    for plan in prepared.plans:
        names = [variant.variant.name for variant in plan.variants]
        if reference not in names or len(names) < 2:
            hint = did_you_mean(reference, names) or "it needs two variants: `prompts:` or `models:`"
            message = f"{plan.evalset.name} has no variant {reference!r} to compare others with"
            raise UserError(message, where=plan.evalset.where, hint=hint)


def _last_run(project: Project) -> Sequence[EvalsetRun]:
    return result_from_dict(load_run(find_run(project.root, None))).run.evalsets
