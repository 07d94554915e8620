"""`eval --estimate`: what may be asked about the other side, the base prompt and the answers on record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmops_cli.domain.baseline import Baseline, BaselineLine
from llmops_cli.domain.evalset import Case
from llmops_cli.domain.request import Request, ResolvedModel
from llmops_cli.errors import UserError
from llmops_cli.workflows.comparing.rerun import BaselineRerun
from llmops_cli.workflows.evaluation.judge_requests import judge_requests, judges_anew
from llmops_cli.workflows.trials.base_side import known_answers
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan, input_digests
from llmops_cli.workflows.trials.preparing import Prepared
from llmops_cli.workflows.wiring import Parts

Question = tuple[Request, ResolvedModel]


@dataclass(frozen=True, slots=True)
class BaseCall:
    """A case of which the base prompt may be asked, with the judges of each answer.

    `sure`: whatever answers; else only where another model answers than the one on record.
    """

    question: Question
    judges: list[Question]
    trials: int
    sure: bool


def question_of(base: BaselineRerun, baseline: Baseline | None, variant: str, case: Case) -> Question | None:
    """What the base prompt would be asked about a case; None where it cannot be.

    It has no answer on record, its version is not at hand, or the model cannot be asked any more.
    """
    lines = baseline.lines if baseline else {}
    others = (found for (_, name), found in lines.items() if name == variant and found)
    own = lines.get((case.id, variant)) or next(others, ())
    try:
        found = base.question(case, own[0]) if own else None
    except UserError:
        return None
    return (found.request, found.model) if found is not None else None


def base_calls(
    prepared: Prepared, reused: Mapping[str, Baseline | None], parts: Parts, base: BaselineRerun
) -> Iterator[BaseCall]:
    """What `--rerun-baseline` may ask: of cases that the baseline has no answer for, or only one to other
    variables, and of all others where their model is another by now."""
    for plan in prepared.plans:
        for variant in plan.variants:
            baseline, name = prepared.baselines[plan.evalset.name], variant.variant.name
            own = reused.get(plan.evalset.name)
            asks = any(not known_answers(own, variant, case.id) for case in plan.cases)
            for case in plan.cases:
                found = baseline.lines.get((case.id, name), ()) if baseline else ()
                sure = not found or any(
                    input_digests(line.inputs, case.vars) != dict(line.inputs) for line in found
                )
                if sure or (asks and any(line.served_model for line in found)):
                    question = question_of(base, baseline, name, case)
                    if question is not None:
                        judges = judge_requests(parts, plan.evalset, case, question[0])
                        yield BaseCall(question, judges, plan.trials_of(case), sure)


def judged_anew(
    prepared: Prepared, reused: Mapping[str, Baseline | None], parts: Parts, reference: str | None
) -> Iterator[tuple[Question, int]]:
    """Judge requests, and how often each, about answers on record that a changed judge has not seen."""
    for plan in prepared.plans:
        for variant in plan.variants:
            for case, line in _scored(plan, variant, prepared, reused, reference):
                for question in judges_anew(parts, plan.evalset, case, line):
                    yield question, line.count


def _scored(
    plan: EvalsetPlan,
    variant: VariantPlan,
    prepared: Prepared,
    reused: Mapping[str, Baseline | None],
    reference: str | None,
) -> Iterator[tuple[Case, BaselineLine]]:
    """The answers on record that have a part in the run; beside a reference only those that answer for it."""
    baseline = prepared.baselines[plan.evalset.name]
    for case in plan.cases:
        lines = baseline.lines.get((case.id, variant.variant.name), ()) if baseline else ()
        if reference is not None:
            known = known_answers(reused.get(plan.evalset.name), variant, case.id)
            lines = tuple(line for line in lines if any(one.line is line for one in known))
        for line in lines:
            yield case, line
