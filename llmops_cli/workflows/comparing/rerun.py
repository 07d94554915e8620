"""`--rerun-baseline`: the base version of a prompt, rendered from git and asked with its recorded settings.

For cases that the baseline cannot answer for: new ones, edited ones, and those whose model has since been
replaced behind its name. So they are compared with fresh answers of the same day instead of being left out.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmops_cli.domain.baseline import Baseline, BaselineLine
from llmops_cli.domain.comparison import BaseCase, BaseSide
from llmops_cli.domain.evalset import Case
from llmops_cli.domain.outcome import Failure, Outcome, Source
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.provider import ProviderError
from llmops_cli.domain.request import Request, ResolvedModel
from llmops_cli.domain.settings import Settings, normalise_endpoint, python_refused
from llmops_cli.domain.spending import Purpose
from llmops_cli.errors import UserError
from llmops_cli.templating.render import PromptRenderer, restrict
from llmops_cli.workflows.trials.base_side import BASE_TRIAL
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan, with_endpoint_of_environment
from llmops_cli.workflows.versions.versions import Versions
from llmops_cli.workflows.wiring import Parts


@dataclass(frozen=True)
class BaseQuestion:
    """What the base version is asked for one case, and of which model."""

    case: Case
    request: Request
    model: ResolvedModel


class BaselineRerun:
    """Fills the gaps of a base side with fresh answers of the base version."""

    def __init__(self, parts: Parts, versions: Versions, settings: Settings) -> None:
        self._parts = parts
        self._versions = versions
        self._settings = settings
        self._renderers: dict[str, PromptRenderer] = {}

    async def fill(
        self,
        plan: EvalsetPlan,
        variant: VariantPlan,
        baseline: Baseline | None,
        side: BaseSide | None,
        served: frozenset[str],
    ) -> BaseSide | None:
        """The side with new and incomparable cases asked anew; `served` are the models that answer today."""
        name = variant.variant.name
        lines = (
            [line for (_, v), found in baseline.lines.items() if v == name for line in found]
            if baseline
            else []
        )
        if side is None or not lines:
            return side
        questions: list[BaseQuestion] = []
        cases = dict(side.cases)
        for case in plan.cases:
            own = [line for line in lines if line.case_id == case.id]
            if not self._needs_asking(side.cases.get(case.id), own, served):
                continue
            try:
                questions.append(self.question(case, (own or lines)[0]))
            except UserError as error:
                if case.id in cases:
                    reason = (
                        f"{cases[case.id].incomparable or 'the model changed'}; {error.problems[0].message}"
                    )
                    cases[case.id] = BaseCase(cases[case.id].outcomes, reason)
        answered = await asyncio.gather(*(self._answer(plan, name, q) for q in questions))
        cases |= {q.case.id: BaseCase(outcomes) for q, outcomes in zip(questions, answered, strict=True)}
        return _with(side, cases, len(questions))

    @staticmethod
    def _needs_asking(known: BaseCase | None, own: Sequence[BaselineLine], served: frozenset[str]) -> bool:
        if known is None or known.incomparable:
            return True
        recorded = {line.served_model for line in own if line.served_model}
        return bool(recorded and served and not recorded & served)

    def question(self, case: Case, line: BaselineLine) -> BaseQuestion:
        """What the base version would have been asked. Raises UserError where that cannot be told."""
        version = self._versions.find(line.prompt_name, line.prompt)
        if version is None:
            raise UserError("its accepted prompt version is not in the history at hand")
        messages = self._renderer(version).render(restrict(case.vars, version), case.where)
        settings: dict[str, Any] = {**line.settings, "messages": messages}
        return BaseQuestion(case, Request(**settings), self._model(line.settings))

    def _renderer(self, version: Prompt) -> PromptRenderer:
        if version.digest not in self._renderers:
            self._renderers[version.digest] = PromptRenderer(version)
        return self._renderers[version.digest]

    def _model(self, settings: Mapping[str, Any]) -> ResolvedModel:
        """The recorded model; keys go only to endpoints that the settings of this project name."""
        name, endpoint = settings["model"], settings.get("endpoint")
        if settings["provider"] == "python" and not self._settings.allow_python:
            raise python_refused(name, self._settings)
        code = self._parts.code_digest(name.partition(":")[2]) if settings["provider"] == "python" else None
        if settings.get("code") != code:
            raise UserError("the code behind the model changed since, so that what it was cannot be asked")
        aliases = [a for a in self._settings.models.values() if normalise_endpoint(a.api_base) == endpoint]
        alias = next((a for a in aliases if a.model == name), None)
        bare = ResolvedModel(settings["provider"], name)
        of_vendor = with_endpoint_of_environment(bare) if settings["provider"] == "litellm" else bare
        vendors = bool(endpoint) and endpoint == of_vendor.endpoint
        if endpoint and not aliases and not vendors:
            raise UserError(f"the recorded endpoint {endpoint} is not one that llmops.yaml names")
        if alias is None and endpoint and not vendors:  # a key of one vendor's may not go to another's way in
            alike = [a for a in aliases if a.model.partition("/")[0] == name.partition("/")[0]]
            key_env = alike[0].api_key_env if alike else None
        else:
            key_env = alias.api_key_env if alias else None
        model = ResolvedModel(
            settings["provider"], name, endpoint, settings.get("params", {}), key_env,
            alias.price if alias else None, alias.rpm if alias else None, f"recorded {name} {endpoint or ''}",
            endpoint_variable=of_vendor.endpoint_variable if vendors and alias is None else None,
        )  # fmt: skip
        self._parts.add_model(model)
        return model

    async def _answer(self, plan: EvalsetPlan, variant: str, question: BaseQuestion) -> tuple[Outcome, ...]:
        return tuple(
            [
                await self._trial(plan, variant, question, n)
                for n in range(1, plan.trials_of(question.case) + 1)
            ]
        )

    async def _trial(self, plan: EvalsetPlan, variant: str, question: BaseQuestion, number: int) -> Outcome:
        case, request = question.case, question.request
        try:
            asker = self._parts.asker
            response, source = await asker.ask(question.model.key, request, number, Purpose.BASE)
        except ProviderError as error:
            failure = Failure(str(error), error.hint)
            return Outcome(case.id, variant, number, request.fingerprint, Source.CALLED, failure=failure)
        specs = plan.evalset.scorers_of(case)
        scores = await self._parts.scoring.score(
            specs, case, request, response, accepted=response.text, trial=BASE_TRIAL + number
        )
        return Outcome(case.id, variant, number, request.fingerprint, source, response, scores=scores)


def _with(side: BaseSide, cases: Mapping[str, BaseCase], asked: int) -> BaseSide:
    if not asked:
        return replace(side, cases=cases)
    answers = [o.response for case in cases.values() for o in case.outcomes if o.response is not None]
    served = tuple(dict.fromkeys(answer.served_model for answer in answers if answer.served_model))
    note = f"the base prompt was asked anew for {asked} new or changed {'case' if asked == 1 else 'cases'}"
    return replace(side, cases=cases, served_models=served, notes=(*side.notes, note))
