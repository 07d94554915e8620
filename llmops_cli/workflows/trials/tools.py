"""What scorers may ask of the rest of the program: a judge's model, and code of the project."""

import inspect
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.provider import ProviderError
from llmops_cli.domain.request import Request, ResolvedModel, Response
from llmops_cli.domain.scoring import JudgeReply, ScoringError, TrialKey
from llmops_cli.domain.spending import Purpose, Spent
from llmops_cli.domain.user_code import load_function
from llmops_cli.engine.asking import Asker
from llmops_cli.errors import SourceLocation, UserError
from llmops_cli.templating.render import PromptRenderer, restrict
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.planning import make_request, model_for, with_code

VOTES = 100
"""Numbers for the votes on one trial; more than may be asked for."""


class JudgePrompts:
    """Judge prompts with their models; a judge answers at temperature 0 unless it is told otherwise."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[str, tuple[Prompt, PromptRenderer, ResolvedModel]] = {}

    def model(self, name: str, where: SourceLocation | None = None) -> ResolvedModel:
        """The model a judge runs on: its prompt's own, `judge.model`, or the project's. Raises UserError."""
        return self._load(name, where)[2]

    def identity(self, name: str) -> Mapping[str, Any]:
        """What makes this judge this judge: prompt version, model and params."""
        prompt, _, model = self._load(name, None)
        return {"prompt": name, "digest": prompt.digest, **make_request(prompt, model, ()).settings()}

    def request(self, name: str, variables: Mapping[str, Any]) -> tuple[Request, ResolvedModel]:
        """The rendered judge request. Raises UserError."""
        prompt, renderer, model = self._load(name, None)
        return make_request(prompt, model, renderer.render(restrict(variables, prompt))), model

    def _load(self, name: str, where: SourceLocation | None) -> tuple[Prompt, PromptRenderer, ResolvedModel]:
        if name not in self._known:
            prompt = self._project.judge_prompt(name, where)
            settings = self._project.settings
            own = settings.judge_model is not None
            default = replace(
                settings,
                model=settings.judge_model if own else settings.model,
                model_where=settings.judge_model_where if own else settings.model_where,
            )
            model = model_for(prompt, default, None, where or SourceLocation(prompt.path))
            model = with_code(self._project, model)
            model = replace(model, params={"temperature": 0, **model.params})
            self._known[name] = (prompt, PromptRenderer(prompt), model)
        return self._known[name]


def judge_trial(of: TrialKey, vote: int) -> int:
    """The judge's own trial number for a vote on a trial: no other trial of any case has the same."""
    return crc32(of.case_id.encode()) * 10**9 + (of.trial - 1) * VOTES + vote


class Tools:
    """The ScoringTools of one run."""

    def __init__(self, asker: Asker, judges: JudgePrompts, root: Path, *, allow_python: bool) -> None:
        self._asker = asker
        self._judges = judges
        self._root = root
        self._allow_python = allow_python

    @property
    def judge_calls(self) -> int:
        """How often a judge's model was called."""
        return self._asker.spent.get(Purpose.JUDGE, Spent()).calls

    @property
    def judge_cost(self) -> float | None:
        """USD of those calls; None where a price is unknown."""
        return self._asker.spent.get(Purpose.JUDGE, Spent()).cost

    async def ask_judge(
        self, prompt: str, variables: Mapping[str, Any], vote: int = 1, of: TrialKey | None = None
    ) -> JudgeReply:
        """See ScoringTools.ask_judge; a judge that always answers alike is asked once for all trials."""
        try:
            request, model = self._judges.request(prompt, variables)
            response = await self._reply(model.key, request, vote, of or TrialKey())
        except ProviderError as error:
            hint = f"; {error.hint}" if error.hint else ""
            raise ScoringError(f"the judge gave no answer: {error}{hint}") from error
        except UserError as error:
            raise ScoringError(f"the judge's prompt cannot be rendered: {error}") from error
        # a judge that always answers alike names no call: the same request has the same reply
        call = response.call_id or f"{request.fingerprint[:16]}.{vote}"
        return JudgeReply(response, self._judges.identity(prompt), call)

    async def _reply(self, model: str, request: Request, vote: int, of: TrialKey) -> Response:
        own = judge_trial(of, vote)
        if self._asker.deterministic(model, request.params):
            with suppress(
                ProviderError
            ):  # a recording, too, always answers alike: but it knows each by its own
                return (await self._asker.ask(model, request, vote, Purpose.JUDGE))[0]
        return (await self._asker.ask(model, request, own, Purpose.JUDGE))[0]

    async def call_python(self, reference: str, arguments: Mapping[str, Any]) -> Any:
        """See ScoringTools.call_python; the function gets those arguments that it names."""
        if not self._allow_python:
            raise ScoringError("python scorers are off here")
        try:
            function = load_function(reference, self._root)
        except UserError as error:
            raise ScoringError(str(error)) from error
        try:
            result = function(**_accepted(function, arguments))
            return await result if inspect.isawaitable(result) else result
        except Exception as error:  # the project's own code may raise anything; it is no answer's fault
            raise ScoringError(f"{reference} raised {type(error).__name__}: {error}") from error


def _accepted(function: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return dict(arguments)
    names = {parameter.name for parameter in parameters}
    return {name: value for name, value in arguments.items() if name in names}
