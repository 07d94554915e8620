"""`llmops eval`: render, run, score, compare, decide."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from llmops_cli.comparison.findings import weighed
from llmops_cli.comparison.gate import decide
from llmops_cli.comparison.proving import REFUTED, wants_proof
from llmops_cli.comparison.rule import Examined, judge
from llmops_cli.comparison.suspects import plans
from llmops_cli.domain.comparison import Comparison, Reason, Result, Status, Verdict
from llmops_cli.domain.outcome import EvalsetRun, Outcome, Provenance, Run
from llmops_cli.domain.redaction import redact, redact_outcome
from llmops_cli.domain.run_json import result_to_dict
from llmops_cli.domain.spending import Purpose
from llmops_cli.engine.events import Event, Observer, Retried
from llmops_cli.engine.loop import run_loop
from llmops_cli.errors import NoVerdictError
from llmops_cli.store.run_store import save_run
from llmops_cli.workflows.comparing.baseline_lines import BaselineLines
from llmops_cli.workflows.comparing.comparing import Comparing
from llmops_cli.workflows.comparing.confirming import Confirmation, compared_of
from llmops_cli.workflows.comparing.judge_figures import with_judges
from llmops_cli.workflows.comparing.judge_notes import judge_notes
from llmops_cli.workflows.comparing.proving import ProvingRun
from llmops_cli.workflows.comparing.rerun import BaselineRerun
from llmops_cli.workflows.evaluation.earlier_runs import runs_before
from llmops_cli.workflows.evaluation.estimate import NOTHING_TO_ASK, Estimate, estimate
from llmops_cli.workflows.evaluation.scope import EvalOptions, Scope, scope_of
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.answering import Answering
from llmops_cli.workflows.trials.fitting import Fitting
from llmops_cli.workflows.trials.missing_keys import require_keys
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan, input_digests
from llmops_cli.workflows.trials.preparing import Prepared
from llmops_cli.workflows.trials.provenance import attempt_notes, provenance_of, run_id
from llmops_cli.workflows.versions.revisions import Revisions
from llmops_cli.workflows.wiring import build

__all__ = ["EvalOptions", "estimate_run", "evaluate"]


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
    scope = scope_of(revisions, options, tell)
    if scope.prepared is None:
        return _unaffected(revisions, options, scope)
    return _Evaluation(revisions, options, scope, scope.prepared, observe).run()


def estimate_run(project: Project, options: EvalOptions) -> Estimate:
    """What `evaluate` would ask with the same options, without a call. Raises UserError."""
    revisions = Revisions(project)
    try:
        scope = scope_of(revisions, options, lambda _: None)
        if scope.prepared is None:
            return NOTHING_TO_ASK
        prepared = replace(scope.prepared, baselines=scope.baselines)
        if options.confirm == "never":
            prepared = replace(prepared, plans=tuple(_without_proof(plan) for plan in prepared.plans))
        settings = replace(scope.project.settings, models=scope.vouched.models)
        found = estimate(
            scope.project,
            prepared,
            options.calls,
            rerun=options.rerun_baseline,
            reference=options.reference,
            confirm=options.confirm,
            base=lambda parts: BaselineRerun(parts, revisions.versions, settings),
        )
        if options.calls.replaying:  # what is not on record comes from the tape
            return replace(NOTHING_TO_ASK, answers=found.answers, on_record=found.on_record)
        return found
    finally:
        revisions.close()


def _without_proof(plan: EvalsetPlan) -> EvalsetPlan:
    gate = replace(plan.evalset.gate, prove=None)
    return replace(plan, evalset=replace(plan.evalset, gate=gate))


def _unaffected(revisions: Revisions, options: EvalOptions, scope: Scope) -> Result:
    """Nothing that counts was touched: nothing is asked, and the run says so, and what was taken away."""
    began = datetime.now(UTC)
    provenance = provenance_of(revisions.repository_if_any, options.command, None, (), scope.project.commit)
    run = Run(run_id(began), began.isoformat(timespec="seconds"), 0.0, provenance, ())
    since = options.changed_since or options.against
    nothing = scope.nothing or f"nothing that an evalset depends on changed since {since}"
    ground = Reason(Status.UNAFFECTED, nothing)
    reasons = (*scope.reasons, *(() if scope.reasons else (ground,)))
    result = Result(run, (), Verdict(reasons[0].status, reasons, scope.notes))
    save_run(revisions.project.root, run.id, result_to_dict(result))
    return result


class _Evaluation:
    def __init__(
        self,
        revisions: Revisions,
        options: EvalOptions,
        scope: Scope,
        prepared: Prepared,
        observe: Observer,
    ) -> None:
        self.project = project = scope.project
        self.scope = scope
        self.revisions = revisions
        self.options = options
        self.prepared = prepared
        self.counts = _Counts()
        self._observe = observe
        self.parts = build(project, prepared.models, options.calls, self._watch)
        asked_anew = options.calls.fresh or options.calls.recording
        against, baselines = scope.against, scope.baselines
        lines = BaselineLines(Fitting(revisions.versions), prepared, against)
        self.lines = lines
        self.comparing = Comparing(
            self.parts,
            revisions.versions,
            lines.fitting,
            replace(project.settings, models=scope.vouched.models),
            baselines,
            own=lines.own,
            label=against.label if against else "the baseline",
            reference=options.reference,
            rerun=options.rerun_baseline,
            handed_on=against.handed_on if against else None,
        )
        limits = {"auto": None, "never": 0}
        most = limits[options.confirm] if isinstance(options.confirm, str) else options.confirm
        kinds = project.settings.redact
        self.confirmation = confirmation = Confirmation(self.parts, self._watch, most, kinds)
        self.proving = ProvingRun(
            self.parts, self.comparing, self._watch, kinds, left=lambda: confirmation.left
        )
        self.answering = Answering(
            prepared.plans,
            {} if asked_anew else baselines,
            self.parts,
            self._watch,
            accepted=baselines,
            whole_record=True,
        )

    def run(self) -> Result:
        began, clock = datetime.now(UTC), time.perf_counter()
        evalsets, comparisons = run_loop(self._answer_and_compare(), self._stop)
        comparisons = self.lines.with_acceptors(comparisons, self.revisions)
        evalsets, comparisons = with_judges(self.project, self.parts.judges, evalsets, comparisons)
        run = Run(
            id=run_id(began),
            started=began.isoformat(timespec="seconds"),
            seconds=time.perf_counter() - clock,
            provenance=self._provenance(evalsets),
            evalsets=tuple(evalsets),
            interrupted=self.answering.stopped,
            retries=self.counts.retries,
            judge_calls=self.parts.tools.judge_calls,
            judge_cost=self.parts.tools.judge_cost,
            spent={why: one for why, one in self.parts.asker.spent.items() if why is not Purpose.JUDGE},
        )
        verdict = decide(comparisons, evalsets, interrupted=run.interrupted, also=self.scope.reasons)
        leading = (*self.scope.notes, *self.lines.notes)
        own = self._notes(run, passed=verdict.status is Status.PASS)
        verdict = replace(verdict, notes=(*leading, *verdict.notes, *own))
        result = Result(run, tuple(comparisons), verdict)
        try:
            save_run(self.project.root, run.id, result_to_dict(result))
        except NoVerdictError as error:  # the verdict is known all the same
            note = f"the run could not be kept, so it cannot be accepted: {error}"
            return replace(result, verdict=replace(verdict, notes=(*verdict.notes, note)))
        return result

    async def _answer_and_compare(self) -> tuple[list[EvalsetRun], list[Comparison]]:
        try:
            self._require_keys()
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
            comparisons = await self._proven(comparisons, evalsets)
        finally:
            await self.parts.close()
        return [_with_added(part, comparisons) for part in evalsets], comparisons

    async def _proven(
        self, comparisons: Sequence[Comparison], evalsets: Sequence[EvalsetRun]
    ) -> list[Comparison]:
        """Settles what `gate: {prove: …}` asks for, as long as nothing else keeps the run from passing."""
        plans = {plan.evalset.name: plan for plan in self.prepared.plans}
        found = list(comparisons)
        for place, comparison in enumerate(comparisons):
            open_ = [replace(one, gate=replace(one.gate, prove=None)) for one in comparisons]
            refuted = any(one.proof and one.proof.standing == REFUTED for one in found)
            stopped, also = self.answering.stopped, self.scope.reasons
            stands = decide(open_, evalsets, interrupted=stopped, also=also).status
            if wants_proof(comparison) and stands is Status.PASS and not refuted:
                counts = compared_of(comparison).cases
                found[place] = await self.proving.prove(plans[comparison.evalset], comparison, counts)
        return found

    def _stop(self) -> None:
        self.answering.stop()
        self.proving.stop()

    async def _judged(self, compared: Sequence[tuple[EvalsetPlan, Comparison]]) -> list[Comparison]:
        """The comparisons with their statistics; where answers may vary, suspicious cases are asked again."""
        varying = [n for n, one in enumerate(compared) if _left_to_chance(*one)]
        counts = [compared_of(compared[n][1], compared[n][0].evalset.judged_metrics) for n in varying]
        counts = [
            replace(one, settled=self.comparing.settled(*compared[n]))
            for n, one in zip(varying, counts, strict=True)
        ]
        examined: dict[tuple[int, str], Examined] = {}
        never = "--confirm never" if self.options.confirm == "never" else ""
        if self.answering.stopped:
            never = "the run was interrupted"
        if not never:
            suspects = {
                (place, case_id): self.comparing.suspect(*compared[varying[place]], case_id)
                for place, case_id in plans(counts)
            }
            examined = await self.confirmation.examine_all(counts, suspects)
        findings = dict(zip(varying, judge(counts, examined), strict=True))
        found = []
        for n, (plan, comparison) in enumerate(compared):
            judged = weighed(comparison, findings.get(n), plan.evalset.judged_metrics)
            if n in findings:
                judged = self.confirmation.with_answers(judged, varying.index(n), never)
            found.append(await self.comparing.accept_tests(plan, judged))
        return found

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
            asked={case.id: plan.trials_of(case) for case in plan.cases},
            inputs={
                (case.id, v.variant.name): input_digests(v.prompt.inputs, case.vars)
                for v in plan.variants
                for case in plan.cases
            },
            complete=plan.complete and not self.answering.stopped,
        )

    def _deterministic(self, variant: VariantPlan) -> bool:
        return self.parts.deterministic(variant.model, variant.prompt)

    def _require_keys(self) -> None:
        calls = self.options.calls
        if calls.calls and (calls.tape is None or calls.recording):
            trials = list(self.answering.trials())
            require_keys(self.parts, self.prepared.plans, trials, self.prepared.models)

    def _provenance(self, evalsets: Sequence[EvalsetRun]) -> Provenance:
        repository, commit = self.revisions.repository_if_any, self.project.commit
        found = provenance_of(repository, self.options.command, self._seed(), self.prepared.models, commit)
        return replace(found, runs_before=runs_before(self.project.root, evalsets))

    def _notes(self, run: Run, *, passed: bool) -> list[str]:
        confirmation = self.confirmation
        trials = "1 trial" if confirmation.calls == 1 else f"{confirmation.calls} trials"
        asked = [f"suspicious cases were asked again: {trials}"] if confirmation.calls else []
        missing = [f"a suspicious case could not be asked to the end: {why}" for why in confirmation.why_not]
        judges = judge_notes(self.parts.judges, run.evalsets)
        history = self.revisions.history_notes()
        again = attempt_notes(run.provenance, passed=passed)
        return [*asked, *missing, *judges, *history, *again, *self.parts.notes]

    def _seed(self) -> int | None:
        selection = self.options.selection
        return selection.seed if selection.sample is not None else None

    def _watch(self, event: Event) -> None:
        if isinstance(event, Retried):
            self.counts.retries += 1
        self._observe(event)


def _with_added(part: EvalsetRun, comparisons: Sequence[Comparison]) -> EvalsetRun:
    """The run's outcomes with the trials that a proof added, so that `accept` keeps them, too."""
    deltas = [d for c in comparisons if c.evalset == part.evalset.name for d in c.deltas]
    added = [outcome for delta in deltas if delta.added for outcome in delta.added.candidate]
    return replace(part, outcomes=(*part.outcomes, *added)) if added else part


def _left_to_chance(plan: EvalsetPlan, comparison: Comparison) -> bool:
    """Answers that may vary, or scores that do: a judge is a model, too."""
    if comparison.against is None:
        return False
    judged = plan.evalset.judged_metrics & comparison.gate.metrics.keys()
    return not comparison.variant.deterministic or bool(judged) or bool(comparison.pairs)
