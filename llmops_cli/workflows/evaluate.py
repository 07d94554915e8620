"""`llmops eval`: render, run, score, compare, decide."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from llmops_cli.comparison.findings import weighed
from llmops_cli.comparison.gate import decide
from llmops_cli.comparison.rule import Examined, judge, plans
from llmops_cli.domain.comparison import Comparison, Reason, Result, Status, Verdict
from llmops_cli.domain.outcome import EvalsetRun, Outcome, Run
from llmops_cli.domain.redaction import redact, redact_outcome
from llmops_cli.domain.run_json import result_to_dict
from llmops_cli.engine.events import Event, Observer, Retried
from llmops_cli.engine.loop import run_loop
from llmops_cli.errors import NoVerdictError, UserError, did_you_mean
from llmops_cli.store.run_store import find_run, load_result, save_run
from llmops_cli.workflows.against import Against, read_against
from llmops_cli.workflows.answering import Answering
from llmops_cli.workflows.changed import choose
from llmops_cli.workflows.comparing import Comparing
from llmops_cli.workflows.confirming import Confirmation, compared_of
from llmops_cli.workflows.estimate import NOTHING_TO_ASK, Estimate, estimate
from llmops_cli.workflows.judge_notes import judge_notes
from llmops_cli.workflows.planning import EvalsetPlan, VariantPlan, input_digests
from llmops_cli.workflows.preparing import Prepared, prepare
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.provenance import provenance_of, run_id
from llmops_cli.workflows.revisions import Revisions
from llmops_cli.workflows.selection import Selection
from llmops_cli.workflows.wiring import CallOptions, build


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What `llmops eval` was asked to do."""

    evalsets: tuple[str, ...] = ()
    prompt: str | None = None
    selection: Selection = Selection()
    trials: int | None = None
    reference: str | None = None
    at: str | None = None
    """Prompts under test as they stood at this revision; everything else of today."""
    against: str | None = None
    """Compare with the baseline at this revision (`REV...`: at the merge base)."""
    changed_since: str | None = None
    """Only evalsets that a change since this revision can touch."""
    rerun_baseline: bool = False
    confirm: Literal["auto", "never"] | int = "auto"
    """Whether suspicious cases are asked again; a number is the most calls that may take."""
    calls: CallOptions = CallOptions()
    command: tuple[str, ...] = ()


@dataclass
class _Counts:
    retries: int = 0
    stopped: bool = False


def evaluate(
    project: Project, options: EvalOptions, observe: Observer, tell: Callable[[str], None] = lambda _: None
) -> Result:
    """One run from files to verdict; the run file is written on the way. Raises UserError.

    `tell` hears why evalsets were chosen or left out.
    """
    project.require_worktree("eval")
    revisions = Revisions(project)
    try:
        return _evaluate(revisions, options, observe, tell)
    finally:
        revisions.close()


def _evaluate(
    revisions: Revisions, options: EvalOptions, observe: Observer, tell: Callable[[str], None]
) -> Result:
    project = revisions.project
    if revisions.repository_if_any is not None:
        _ = revisions.repository_if_any.head  # a repository that cannot be read is said before any call
    if options.at is not None:
        commit = revisions.repository.resolve(options.at)
        project = project.with_prompts_of(revisions.repository.tree(commit))
    names = project.select_evalsets(options.evalsets, options.prompt)
    if options.changed_since is not None:
        choices = choose(revisions, names, options.changed_since)
        for choice in choices:
            tell(f"{'run' if choice.chosen else 'left out'} {choice.evalset}: {choice.why}")
        names = [choice.evalset for choice in choices if choice.chosen]
        if not names:
            return _unaffected(revisions, options)
    last = _last_run(project) if options.selection.last_failed else ()
    prepared = prepare(project, names, options.selection, trials=options.trials, last=last)
    _check_reference(prepared, options.reference)
    against = None
    if options.against is not None:
        against = read_against(revisions.repository, options.against, prepared.plans)
    return _Evaluation(project, revisions, options, prepared, against, observe).run()


def estimate_run(project: Project, options: EvalOptions) -> Estimate:
    """What `evaluate` would ask with the same options, without a call. Raises UserError."""
    revisions = Revisions(project)
    try:
        names = project.select_evalsets(options.evalsets, options.prompt)
        if options.changed_since is not None:
            names = [c.evalset for c in choose(revisions, names, options.changed_since) if c.chosen]
        if not names:
            return NOTHING_TO_ASK
        last = _last_run(project) if options.selection.last_failed else ()
        prepared = prepare(project, names, options.selection, trials=options.trials, last=last)
        if options.against is not None:
            against = read_against(revisions.repository, options.against, prepared.plans)
            prepared = replace(prepared, baselines=against.baselines)
        return estimate(project, prepared, options.calls, rerun=options.rerun_baseline)
    finally:
        revisions.close()


def _unaffected(revisions: Revisions, options: EvalOptions) -> Result:
    """Nothing that counts was touched: nothing is asked, and the run says so."""
    began = datetime.now(UTC)
    provenance = provenance_of(revisions.repository_if_any, options.command, None, ())
    run = Run(run_id(began), began.isoformat(timespec="seconds"), 0.0, provenance, ())
    text = f"nothing that an evalset depends on changed since {options.changed_since}"
    result = Result(run, (), Verdict(Status.UNAFFECTED, (Reason(Status.UNAFFECTED, text),)))
    save_run(revisions.project.root, run.id, result_to_dict(result))
    return result


class _Evaluation:
    def __init__(
        self,
        project: Project,
        revisions: Revisions,
        options: EvalOptions,
        prepared: Prepared,
        against: Against | None,
        observe: Observer,
    ) -> None:
        self.project = project
        self.revisions = revisions
        self.options = options
        self.prepared = prepared
        self.counts = _Counts()
        self._observe = observe
        self.parts = build(project, prepared.models, options.calls, self._watch)
        asked_anew = options.calls.fresh or options.calls.recording
        baselines = against.baselines if against else prepared.baselines
        self.comparing = Comparing(
            self.parts,
            revisions.versions,
            project.settings,
            baselines,
            own=prepared.baselines if against else None,
            label=against.label if against else "the baseline",
            reference=options.reference,
            rerun=options.rerun_baseline,
        )
        most = options.confirm if isinstance(options.confirm, int) else None
        self.confirmation = Confirmation(self.parts, self._watch, most)
        self.answering = Answering(
            prepared.plans, {} if asked_anew else baselines, self.parts, self._watch, accepted=baselines
        )

    def run(self) -> Result:
        began, clock = datetime.now(UTC), time.perf_counter()
        evalsets, comparisons = run_loop(self._answer_and_compare(), self.answering.stop)
        repository = self.revisions.repository_if_any
        run = Run(
            id=run_id(began),
            started=began.isoformat(timespec="seconds"),
            seconds=time.perf_counter() - clock,
            provenance=provenance_of(repository, self.options.command, self._seed(), self.prepared.models),
            evalsets=tuple(evalsets),
            interrupted=self.answering.stopped,
            retries=self.counts.retries,
            judge_calls=self.parts.tools.judge_calls,
            judge_cost=self.parts.tools.judge_cost,
        )
        verdict = decide(comparisons, evalsets, interrupted=run.interrupted)
        verdict = replace(verdict, notes=(*verdict.notes, *self._notes(evalsets)))
        result = Result(run, tuple(comparisons), verdict)
        try:
            save_run(self.project.root, run.id, result_to_dict(result))
        except NoVerdictError as error:  # the verdict is known all the same
            note = f"the run could not be kept, so it cannot be accepted: {error}"
            return replace(result, verdict=replace(verdict, notes=(*verdict.notes, note)))
        return result

    async def _answer_and_compare(self) -> tuple[list[EvalsetRun], list[Comparison]]:
        try:
            answered = await self.answering.run()
            kinds = self.project.settings.redact
            evalsets = [
                self._evalset_run(
                    plan, [redact_outcome(outcome, kinds) for outcome in answered[plan.evalset.name]]
                )
                for plan in self.prepared.plans
            ]
            compared = [
                (plan, comparison)
                for plan, part in zip(self.prepared.plans, evalsets, strict=True)
                for comparison in await self.comparing.compare(plan, part)
            ]
            comparisons = await self._judged(compared)
        finally:
            await self.parts.close()
        return evalsets, comparisons

    async def _judged(self, compared: Sequence[tuple[EvalsetPlan, Comparison]]) -> list[Comparison]:
        """The comparisons with their statistics; where answers may vary, suspicious cases are asked again."""
        varying = [n for n, one in enumerate(compared) if _left_to_chance(*one)]
        counts = [compared_of(compared[n][1], compared[n][0].evalset.judged_metrics) for n in varying]
        counts = [
            replace(one, settled=self.comparing.settled(*compared[n]))
            for n, one in zip(varying, counts, strict=True)
        ]
        examined: dict[tuple[int, str], Examined] = {}
        if self.options.confirm != "never" and not self.answering.stopped:
            suspects = {
                (place, case_id): self.comparing.suspect(*compared[varying[place]], case_id)
                for place, case_id in plans(counts)
            }
            examined = await self.confirmation.examine_all(counts, suspects)
        found = dict(zip(varying, judge(counts, examined), strict=True))
        return [
            weighed(comparison, found.get(n), plan.evalset.judged_metrics)
            for n, (plan, comparison) in enumerate(compared)
        ]

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

    def _notes(self, evalsets: Sequence[EvalsetRun]) -> list[str]:
        confirmation = self.confirmation
        asked = (
            [f"suspicious cases were asked again: {confirmation.calls} trials"] if confirmation.calls else []
        )
        missing = [f"a suspicious case could not be asked to the end: {why}" for why in confirmation.why_not]
        judges = judge_notes(self.project, self.parts.judges, evalsets)
        return [*asked, *missing, *judges, *self.parts.notes]

    def _seed(self) -> int | None:
        selection = self.options.selection
        return selection.seed if selection.sample is not None else None

    def _watch(self, event: Event) -> None:
        if isinstance(event, Retried):
            self.counts.retries += 1
        self._observe(event)


def _left_to_chance(plan: EvalsetPlan, comparison: Comparison) -> bool:
    """Answers that may vary, or scores that do: a judge is a model, too."""
    if comparison.against is None:
        return False
    judged = plan.evalset.judged_metrics & comparison.gate.metrics.keys()
    return not comparison.variant.deterministic or bool(judged)


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
    return load_result(find_run(project.root, None)).run.evalsets
