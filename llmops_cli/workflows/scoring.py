"""Scoring one answer: `of` picks the part, `value` is rendered, the scorer judges, the score is named."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmops_cli.domain.baseline import RecordedScore
from llmops_cli.domain.evalset import Case, ScorerSpec
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.scoring import Answer, NamedScore, Score, ScoringError, ScoringTools, failed
from llmops_cli.errors import Problems, RenderError, UserError
from llmops_cli.templating.filters import LazyJson, NoMatch
from llmops_cli.templating.values import ValueTemplates, check_value, references
from llmops_cli.workflows.identity import ScorerIdentities

SCOPE = ("vars", "expected", "context", "output", "json", "messages")
_FROM_ANSWER = frozenset({"output", "json", "messages"})


class ScorerTemplates:
    """The templates in scorers' arguments: checked in advance, rendered for each answer."""

    def __init__(self) -> None:
        self.values = ValueTemplates()

    def check_syntax(self, spec: ScorerSpec, problems: Problems) -> None:
        """Note syntax errors and unknown names."""
        for part in (spec.arguments.get("value"), spec.of):
            for problem in check_value(part, SCOPE, spec.where):
                problems.add(problem.message, problem.where, problem.hint)

    def check_case(self, specs: Sequence[ScorerSpec], case: Case, problems: Problems) -> None:
        """Note a `value` that needs an expectation or variable which the case does not have."""
        for spec in specs:
            try:
                self.static_value(spec, case)
            except RenderError as error:
                reason = error.problems[0].message
                problems.add(f"case {case.id!r}, scorer {spec.name!r}: {reason}", case.where)
            except NoMatch:
                continue

    def static_value(self, spec: ScorerSpec, case: Case) -> Any:
        """The `value` as far as it does not depend on the answer; the template itself where it does.

        Raises RenderError or NoMatch.
        """
        template = spec.arguments.get("value")
        if template is None or references(template) & _FROM_ANSWER:
            return template
        scope = {"vars": case.vars, "expected": case.expected, "context": case.context}
        return self.values.render(template, scope, spec.where)


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
    ) -> tuple[NamedScore, ...]:
        """One NamedScore for each scorer. A recorded score stands where its ruler is still the same."""
        scope = _scope(case, request, response)
        return tuple(
            [await self._one(spec, case, request, response, scope, recorded or {}) for spec in specs]
        )

    async def _one(
        self,
        spec: ScorerSpec,
        case: Case,
        request: Request,
        response: Response,
        scope: Mapping[str, Any],
        recorded: Mapping[str, RecordedScore],
    ) -> NamedScore:
        digest = self._digest(spec, case)
        named = NamedScore(spec.name, digest, spec.severity, spec.weight)
        known = recorded.get(spec.name)
        if known is not None and known.scorer == digest:
            return replace(named, score=Score(known.value, known.passed, known.explanation))
        try:
            subject = (
                self._values.render(spec.of, scope, spec.where) if spec.of is not None else response.text
            )
            answer = Answer(
                subject, response, request.messages, case.vars, case.expected, case.id, self._tools
            )
            score = await self._judge(spec, answer, scope)
        except NoMatch as missing:
            # a lost format is a regression, not an outage
            score = failed(str(missing))
        except (ScoringError, UserError) as error:
            return replace(named, failure=str(error))
        return replace(named, score=_negated(score) if spec.negate else score)

    async def _judge(self, spec: ScorerSpec, answer: Answer, scope: Mapping[str, Any]) -> Score:
        scorer = spec.scorer
        template = spec.arguments.get("value")
        if template is not None:
            value = self._values.render(template, scope, spec.where)
            if value is not template:
                try:
                    scorer = replace(scorer, value=value)  # type: ignore[type-var]  # every scorer is a dataclass
                except (ValueError, TypeError) as error:
                    raise ScoringError(str(error)) from error
        found = scorer.score(answer)
        return await found if inspect.isawaitable(found) else found

    def _digest(self, spec: ScorerSpec, case: Case) -> str:
        try:
            value = self._templates.static_value(spec, case)
        except (RenderError, NoMatch):
            value = spec.arguments.get("value")
        return self._identities.digest(spec, case, value)


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
