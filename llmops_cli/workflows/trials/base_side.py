"""The base of a comparison: a baseline's answers, scored with today's scorers, and whether they compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_cli.domain.baseline import Baseline, BaselineLine
from llmops_cli.domain.comparison import BaseCase, BaseSide
from llmops_cli.domain.evalset import Case, Evalset
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import NamedScore, Score
from llmops_cli.workflows.trials.fitting import Fitting
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan
from llmops_cli.workflows.trials.scoring import CaseScoring

BASE_TRIAL = 200_000
"""Added to the numbers of the base's trials where they are judged anew: an equal answer of the candidate has a
judgement of its own."""


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """One trial on record: its line, and the answer with the call that gave it."""

    line: BaselineLine
    response: Response


def response_of(line: BaselineLine, number: int = 0) -> Response:
    """The `number`-th answer of a line, from 0; latency and cost are not kept line by line."""
    return Response(
        text=line.output,
        tool_calls=line.tool_calls,
        usage=line.usage,
        served_model=line.served_model,
        finish_reason=line.finish_reason,
        call_id=line.calls[number] if number < len(line.calls) else None,
    )


def known_answers(baseline: Baseline | None, plan: VariantPlan, case_id: str) -> list[KnownAnswer]:
    """The recorded answers to exactly this request, one entry a trial: they need not be asked again."""
    if baseline is None:
        return []
    fingerprint = plan.requests[case_id].fingerprint
    lines = baseline.lines.get((case_id, plan.variant.name), ())
    same = [line for line in lines if line.request == fingerprint]
    return [KnownAnswer(line, response_of(line, number)) for line in same for number in range(line.count)]


def accepted_answer(baseline: Baseline | None, case_id: str, variant: str, number: int) -> str | None:
    """The answer on record to compare a trial with: that of the same number, from the first again where
    there are fewer; None without any."""
    lines = baseline.lines.get((case_id, variant), ()) if baseline else ()
    answers = [line.output for line in lines for _ in range(line.count)]
    return answers[(number - 1) % len(answers)] if answers else None


def adopted(baseline: Baseline | None, plans: Sequence[VariantPlan]) -> Baseline | None:
    """The baseline with lines of variants that were renamed under their new name.

    A set that becomes an A/B, or stops being one, renames its columns: what answers the same prompt with the
    same model goes on being compared. Lines that fit no variant stay under their old name.
    """
    if baseline is None:
        return None
    names = {plan.variant.name for plan in plans}
    recorded = {variant for _, variant in baseline.lines}
    renamed: dict[str, str] = {}
    for old in sorted(recorded - names):
        lines = [line for (_, variant), found in baseline.lines.items() if variant == old for line in found]
        for plan in plans:
            fits = all(_same_column(line, plan) for line in lines)
            if fits and plan.variant.name not in recorded | set(renamed.values()):
                renamed[old] = plan.variant.name
                break
    if not renamed:
        return baseline
    moved = {
        (case_id, renamed.get(variant, variant)): found
        for (case_id, variant), found in baseline.lines.items()
    }
    summaries = {renamed.get(name, name): summary for name, summary in baseline.summaries.items()}
    return replace(baseline, lines=moved, summaries=summaries)


def _same_column(line: BaselineLine, plan: VariantPlan) -> bool:
    return line.prompt_name == plan.prompt.name and line.settings.get("model") == plan.model.name


def strangers(baseline: Baseline | None, plans: Sequence[VariantPlan]) -> tuple[str, ...]:
    """Variants on record that the set no longer has."""
    recorded = {variant for _, variant in baseline.lines} if baseline else set()
    return tuple(sorted(recorded - {plan.variant.name for plan in plans}))


class BaseSides:
    """Builds the base side of each variant from a baseline."""

    def __init__(self, scoring: CaseScoring, fitting: Fitting) -> None:
        self._scoring = scoring
        self._fitting = fitting

    async def build(
        self, plan: EvalsetPlan, variant: VariantPlan, baseline: Baseline | None, done: Sequence[Outcome]
    ) -> BaseSide | None:
        """The base of one variant, or None where the baseline holds nothing of it.

        `done` are the variant's outcomes of this run: those that came from the baseline stand on both sides.
        """
        name = variant.variant.name
        if baseline is None:
            return None
        recorded = {case_id: lines for (case_id, column), lines in baseline.lines.items() if column == name}
        if not recorded:
            return None
        cases = {case.id: case for case in plan.cases}
        known = [o for o in done if o.source is Source.BASELINE and o.response is not None]
        reused = {(o.case_id, o.trial): o for o in known}
        sides = {
            case_id: await self._case(plan.evalset, cases.get(case_id), variant, lines, reused)
            for case_id, lines in recorded.items()
            if case_id in cases or plan.complete
        }
        lines = [line for found in recorded.values() for line in found]
        return BaseSide(
            label="the baseline",
            cases=sides,
            prompts=tuple(dict.fromkeys(line.prompt for line in lines)),
            settings=_distinct(lines),
            served_models=tuple(dict.fromkeys(line.served_model for line in lines if line.served_model)),
            summary=baseline.summaries.get(name),
            whole=plan.complete,
        )

    async def _case(
        self,
        evalset: Evalset,
        case: Case | None,
        variant: VariantPlan,
        lines: Sequence[BaselineLine],
        reused: Mapping[tuple[str, int], Outcome],
    ) -> BaseCase:
        if case is None:  # removed from the set: its old scores are all there is
            return BaseCase(tuple(_as_recorded(lines)))
        reason = None
        request = variant.requests[case.id]
        for line in lines:
            if line.request != request.fingerprint:
                reason = reason or self._fitting.incomparable(line, case)
        outcomes: list[Outcome] = []
        asked_alike = 0
        for line in lines:
            for n in range(line.count):
                number, same = len(outcomes) + 1, None
                if line.request == request.fingerprint:  # they count as this run's trials do
                    asked_alike += 1
                    same = reused.get((case.id, asked_alike))
                response = response_of(line, n)
                scores = same.scores if same is not None else await self._scoring.score(
                    evalset.scorers_of(case), case, request, response, line.scores,
                    accepted=line.output, trial=BASE_TRIAL + number,
                )  # fmt: skip
                outcomes.append(
                    Outcome(
                        case.id, line.variant, number, line.request, Source.BASELINE, response, scores=scores
                    )
                )
        return BaseCase(tuple(outcomes), reason)


def _as_recorded(lines: Sequence[BaselineLine]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for line in lines:
        scores = tuple(
            NamedScore(name, s.scorer, s.severity, score=Score(s.value, s.passed, s.explanation))
            for name, s in line.scores.items()
        )
        outcomes += [
            Outcome(
                line.case_id, line.variant, len(outcomes) + n + 1, line.request, Source.BASELINE,
                response_of(line, n), scores=scores,
            )
            for n in range(line.count)
        ]  # fmt: skip
    return outcomes


def _distinct(lines: Sequence[BaselineLine]) -> tuple[Mapping[str, object], ...]:
    found: list[Mapping[str, object]] = []
    for line in lines:
        if line.settings not in found:
            found.append(line.settings)
    return tuple(found)
