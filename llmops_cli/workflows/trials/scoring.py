"""Scoring one answer: `of` picks the part, `value` is rendered, the scorer judges, the score is named."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from llmops_cli.domain.baseline import RecordedScore
from llmops_cli.domain.evalset import Case, ScorerSpec
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.scoring import (
    Answer,
    NamedScore,
    Score,
    Scorer,
    ScoringError,
    ScoringTools,
    failed,
)
from llmops_cli.errors import Problems, RenderError, UserError
from llmops_cli.templating.filters import LazyJson, NoMatch
from llmops_cli.templating.values import ValueTemplates, check_value, references
from llmops_cli.workflows.trials.identity import ScorerIdentities

SCOPE = ("vars", "expected", "context", "output", "json", "messages")
_REDACTED = "the accepted answer is redacted, so a changed scorer cannot judge it; --fresh asks anew"
_FROM_ANSWER = frozenset({"output", "json", "messages"})


class ScorerTemplates:
    """The templates in scorers' arguments: checked in advance, rendered for each answer."""

    def __init__(self) -> None:
        self.values = ValueTemplates()

    def check_syntax(self, spec: ScorerSpec, problems: Problems) -> None:
        """Note syntax errors and unknown names."""
        for part in (template_of(spec), spec.of):
            for problem in check_value(part, SCOPE, spec.where):
                problems.add(problem.message, problem.where, problem.hint)

    def static_value(self, spec: ScorerSpec, case: Case) -> Any:
        """The `value` as far as it does not depend on the answer; the template itself where it does.

        Raises RenderError or NoMatch.
        """
        template = template_of(spec)
        if template is None or references(template) & _FROM_ANSWER:
            return template
        scope = {"vars": case.vars, "expected": case.expected, "context": case.context}
        return self.values.render(template, scope, spec.where)


def template_of(spec: ScorerSpec) -> Any:
    """The scorer's `value` where it may hold templates; None where it has none, or is a pattern or a name."""
    return None if getattr(spec.scorer, "literal_value", False) else spec.arguments.get("value")


def with_value(spec: ScorerSpec, value: Any) -> Scorer:
    """The scorer with its `value` rendered. Raises ScoringError where it cannot take it."""
    if value is spec.arguments.get("value"):
        return spec.scorer
    scorer: Any = spec.scorer
    if value is None and next(field for field in fields(scorer) if field.name == "value").default is None:
        # for these scorers null means "not given": the check would become weaker without a word
        raise ScoringError("'value' is null; the scorer would check nothing")
    try:
        found: Scorer = replace(scorer, value=value)
    except (ValueError, TypeError) as error:
        raise ScoringError(str(error)) from error
    return found


class CaseScoring:
    """Applies the scorers of cases to answers."""

    def __init__(self, tools: ScoringTools, identities: ScorerIdentities) -> None:
        self._tools = tools
        self._identities = identities
        self._templates = ScorerTemplates()
        self._values = self._templates.values

    async def score(
        self,
        specs: Sequence[ScorerSpec],
        case: Case,
        request: Request,
        response: Response,
        recorded: Mapping[str, RecordedScore] | None = None,
        *,
        accepted: str | None = None,
        trial: int = 1,
    ) -> tuple[NamedScore, ...]:
        """One NamedScore for each scorer, but none for one that compares where nothing is accepted.

        A recorded score stands where its ruler is still the same.
        `accepted` is the baseline's answer to the case, for scorers that compare with it. `trial` says which
        answer to the case it is: a judge is asked about each by itself.
        """
        scope = _scope(case, request, response)
        return tuple(
            [
                await self._one(spec, case, request, response, scope, recorded or {}, accepted, trial)
                for spec in specs
                if accepted is not None or not spec.compares
            ]
        )

    def stands(self, spec: ScorerSpec, case: Case, recorded: RecordedScore | None) -> bool:
        """Whether this score on record is the scorer's word of today, so that it is not asked again."""
        if recorded is None or not _may_stand(spec):
            return False
        return recorded.scorer == self._identities.digest(spec, case, self._value(spec, case))

    async def _one(
        self,
        spec: ScorerSpec,
        case: Case,
        request: Request,
        response: Response,
        scope: Mapping[str, Any],
        recorded: Mapping[str, RecordedScore],
        accepted: str | None,
        trial: int,
    ) -> NamedScore:
        value = self._value(spec, case)
        digest = self._identities.digest(spec, case, value)
        named = NamedScore(spec.name, digest, spec.of_trial, spec.weight)
        known = recorded.get(spec.name)
        if any(score.redacted for score in recorded.values()) and (known is None or known.scorer != digest):
            return replace(named, failure=_REDACTED)
        if known is not None and known.scorer == digest and _may_stand(spec):
            return replace(named, score=Score(known.value, known.passed, known.explanation))
        try:
            subject = self._part(spec, scope, response.text)
            answer = Answer(
                subject, response, request.messages, case.vars, case.expected, case.id, self._tools,
                None if accepted is None else self._accepted(spec, case, request, accepted),
                trial,
            )  # fmt: skip
            score = await self._judge(spec, answer, scope, value)
        except NoMatch as missing:
            # a lost format is a regression, not an outage
            return replace(named, score=failed(str(missing)))  # whatever `not:` says
        except (ScoringError, UserError) as error:
            return replace(named, failure=str(error))
        return replace(named, score=_negated(score) if spec.negate else score)

    def _part(self, spec: ScorerSpec, scope: Mapping[str, Any], text: str) -> Any:
        return text if spec.of is None else self._values.render(spec.of, scope, spec.where)

    def _accepted(self, spec: ScorerSpec, case: Case, request: Request, text: str) -> str | None:
        """The same part of the accepted answer as text; None where it has no such part."""
        if spec.of is None:
            return text
        response = Response(text)
        try:
            return Answer(self._part(spec, _scope(case, request, response), text), response).text
        except NoMatch:
            return None

    async def _judge(self, spec: ScorerSpec, answer: Answer, scope: Mapping[str, Any], value: Any) -> Score:
        template = template_of(spec)
        if value is template:  # else it was rendered for the digest, and nothing of the answer is in it
            value = self._values.render(template, scope, spec.where)
        scorer = spec.scorer if template is None else with_value(spec, value)
        found = scorer.score(answer)
        return await found if inspect.isawaitable(found) else found

    def _value(self, spec: ScorerSpec, case: Case) -> Any:
        """The `value` as far as the case decides it; what cannot be rendered is said when it is judged."""
        try:
            return self._templates.static_value(spec, case)
        except (RenderError, NoMatch):
            return template_of(spec)


def _may_stand(spec: ScorerSpec) -> bool:
    """Figures over a set need each score's details, which a baseline does not keep.

    (Asked by name: isinstance with a Protocol takes longer than most scorers.)
    """
    return bool(getattr(spec.scorer, "recorded_stands", not hasattr(spec.scorer, "summarise")))


def _negated(score: Score) -> Score:
    explanation = f"must not hold, but does: {score.explanation}" if score.passed else score.explanation
    return Score(1.0 - score.value, not score.passed, explanation, score.details)


def _scope(case: Case, request: Request, response: Response) -> dict[str, Any]:
    return {
        "vars": case.vars,
        "expected": case.expected,
        "context": case.context,
        "output": response.text,
        "json": LazyJson(response.text),
        "messages": request.messages,
    }
