"""From answers to comparisons: every variant with its base side, whichever that is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from llmops_cli.comparison.compare import compare
from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.changes import PromptChange
from llmops_cli.domain.comparison import BaseCase, BaseSide, Comparison
from llmops_cli.domain.outcome import EvalsetRun, Outcome
from llmops_cli.domain.redaction import redact_outcome
from llmops_cli.domain.settings import Settings
from llmops_cli.errors import UserError
from llmops_cli.workflows.comparing.against import accept_tests, mark_accepted
from llmops_cli.workflows.comparing.confirming import Question, Suspect
from llmops_cli.workflows.comparing.rerun import BaselineRerun
from llmops_cli.workflows.diff.prompts import change_of
from llmops_cli.workflows.trials.base_side import BaseSides, accepted_answer, strangers
from llmops_cli.workflows.trials.fitting import Fitting
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan
from llmops_cli.workflows.versions.versions import Versions
from llmops_cli.workflows.wiring import Parts

_BASE_TRIALS = 100_001
"""Fresh trials of the base are numbered from here: an unchanged request is then not answered by the
candidate's own trials."""


class Comparing:
    """Compares with a baseline, or with a reference variant of the same run.

    `own` are the branch's own baselines where the base is another revision's: what they accept does not
    block. `rerun` asks the base prompt anew where the baseline cannot answer. `handed_on` are cases of a set that
    another one asks now: it has their answers as well.
    """

    def __init__(
        self,
        parts: Parts,
        versions: Versions,
        fitting: Fitting,
        settings: Settings,
        baselines: Mapping[str, Baseline | None],
        *,
        own: Mapping[str, Baseline | None] | None,
        label: str,
        reference: str | None,
        rerun: bool,
        handed_on: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._parts = parts
        self._versions = versions
        self._settings = settings
        self._baselines = baselines
        self._own = own
        self._label = label
        self._reference = reference
        self._sides = BaseSides(parts.scoring, fitting)
        self._base = BaselineRerun(parts, versions, settings)
        self._rerun = rerun
        self._handed_on = handed_on or {}

    async def compare(self, plan: EvalsetPlan, part: EvalsetRun) -> list[Comparison]:
        """A comparison for each variant; the reference variant has none."""
        baseline = self._baselines.get(plan.evalset.name)
        recorded = baseline.summaries if baseline else {}
        reference = self._reference
        if reference is not None:
            base = replace(_reference_side(part, reference), summary=recorded.get(reference))
            others = [info for info in part.variants if info.name != reference]
            return [compare(part, info, base, recorded.get(info.name)) for info in others]
        comparisons: list[Comparison] = []
        for variant, info in zip(plan.variants, part.variants, strict=True):
            done = [outcome for outcome in part.outcomes if outcome.variant == info.name]
            side = await self._base_side(plan, variant, baseline, done)
            comparison = compare(part, info, side, recorded.get(info.name))
            comparison = replace(comparison, prompt_change=self._change(variant, baseline, side))
            if self._own is not None:
                own = self._own.get(plan.evalset.name)
                comparison = await mark_accepted(comparison, plan.evalset, variant, own, self._parts.scoring)
            comparisons.append(comparison)
        unknown = strangers(baseline, plan.variants)
        if unknown:
            note = f"the baseline holds answers of {', '.join(unknown)}, which this set no longer has: not compared"
            comparisons[0] = replace(comparisons[0], notes=(*comparisons[0].notes, note))
        return comparisons

    def _change(
        self, variant: VariantPlan, baseline: Baseline | None, side: BaseSide | None
    ) -> PromptChange | None:
        """What was done to the prompt since the answers of the base, where its version is at hand."""
        digests = [digest for digest in (side.prompts if side else ()) if digest != variant.prompt.digest]
        if baseline is None or not digests:
            return None
        names = {line.prompt: line.prompt_name for found in baseline.lines.values() for line in found}
        before = self._versions.find(names.get(digests[0], variant.prompt.name), digests[0])
        return change_of(before, variant.prompt) if before is not None else None

    async def accept_tests(self, plan: EvalsetPlan, comparison: Comparison) -> Comparison:
        """The comparison with those falls of the whole set marked that the branch's own baseline accepts."""
        if self._own is None:
            return comparison
        variant = next(v for v in plan.variants if v.variant.name == comparison.variant.name)
        own = self._own.get(plan.evalset.name)
        return await accept_tests(comparison, plan.evalset, variant, own, self._parts.scoring)

    def settled(self, plan: EvalsetPlan, comparison: Comparison) -> frozenset[str]:
        """Cases in which no break hides behind failures on both sides: the base was asked the same, or the
        branch's own baseline holds answers to this request, which a reviewer sees."""
        name = comparison.variant.name
        requests = next(variant.requests for variant in plan.variants if variant.variant.name == name)
        own = self._own.get(plan.evalset.name) if self._own is not None else None
        found = set()
        for delta in comparison.deltas:
            known = {outcome.fingerprint for outcome in delta.base.outcomes}
            known |= {line.request for line in (own.lines.get((delta.case_id, name), ()) if own else ())}
            if delta.case_id in requests and requests[delta.case_id].fingerprint in known:
                found.add(delta.case_id)
        return frozenset(found)

    def suspect(self, plan: EvalsetPlan, comparison: Comparison, case_id: str) -> Suspect:
        """What can be asked about one case of a comparison, on both sides."""
        case = next(case for case in plan.cases if case.id == case_id)
        variants = {variant.variant.name: variant for variant in plan.variants}
        variant = variants[comparison.variant.name]
        candidate = Question(variant.requests[case_id], variant.model.key, plan.trials_of(case) + 1)

        def base() -> Question:
            if self._reference is not None:
                other = variants[self._reference]
                return Question(other.requests[case_id], other.model.key, _BASE_TRIALS)
            baseline = self._baselines.get(plan.evalset.name)
            lines = [
                line
                for (one, name), found in (baseline.lines if baseline else {}).items()
                if name == variant.variant.name
                for line in found
            ]
            own = [line for line in lines if line.case_id == case_id]
            if not lines:
                raise UserError("the base has no answers whose settings could be used again")
            question = self._base.question(case, (own or lines)[0])
            return Question(question.request, question.model.key, _BASE_TRIALS)

        accepted = accepted_answer(self._baselines.get(plan.evalset.name), case_id, variant.variant.name, 1)
        names = (variant.variant.name, self._reference or variant.variant.name)
        return Suspect(plan, case, candidate, accepted, base, names)

    async def _base_side(
        self, plan: EvalsetPlan, variant: VariantPlan, baseline: Baseline | None, done: Sequence[Outcome]
    ) -> BaseSide | None:
        side = await self._sides.build(plan, variant, baseline, done)
        if self._rerun:
            served = frozenset(
                o.response.served_model for o in done if o.response and o.response.served_model
            )
            side = await self._base.fill(plan, variant, baseline, side, served)
        if side is None:
            return None
        elsewhere = self._handed_on.get(plan.evalset.name, frozenset()) - {case.id for case in plan.cases}
        # scored again just now, their explanations may quote what the case expects
        redacted = {
            case_id: replace(
                case, outcomes=tuple(redact_outcome(o, self._settings.redact) for o in case.outcomes)
            )
            for case_id, case in side.cases.items()
            if case_id not in elsewhere
        }
        return replace(side, label=self._label, cases=redacted)


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
