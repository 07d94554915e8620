"""From an evalset to the requests of its trials: everything that can be wrong is found before a call."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from llmops_cli import plugins
from llmops_cli.domain.canonical import digest_of
from llmops_cli.domain.evalset import Case, Evalset, Variant
from llmops_cli.domain.outcome import VariantInfo
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.provider import ProviderError
from llmops_cli.domain.request import Message, Request, ResolvedModel
from llmops_cli.domain.settings import Settings, normalise_endpoint, python_refused, resolve_model
from llmops_cli.errors import FileError, Problem, Problems, SourceLocation, UserError, did_you_mean
from llmops_cli.templating.render import PromptRenderer, input_values, of_case, restrict
from llmops_cli.workflows.project import Project

_WITHOUT_NOISE = frozenset(plugins.built_in("providers")) - {"offline"}
"""What the params of a third party's provider mean, it knows itself."""


@dataclass(frozen=True)
class VariantPlan:
    """One variant, ready to be asked: a request for every case."""

    variant: Variant
    prompt: Prompt
    model: ResolvedModel
    requests: Mapping[str, Request]
    """Case id to request; the same for every trial."""

    def info(self, *, deterministic: bool) -> VariantInfo:
        """The variant as it is recorded with a run."""
        settings = make_request(self.prompt, self.model, ()).settings()
        return VariantInfo(
            name=self.variant.name,
            prompt=self.prompt.name,
            prompt_digest=self.prompt.digest,
            settings=settings,
            deterministic=deterministic,
            model_name=self.model.alias or self.model.name,
        )


@dataclass(frozen=True)
class EvalsetPlan:
    """One evalset with the cases that were selected."""

    evalset: Evalset
    cases: tuple[Case, ...]
    variants: tuple[VariantPlan, ...]
    trials: int
    complete: bool
    override: bool = False
    """`trials` come from the command line and hold for every case."""

    def trials_of(self, case: Case) -> int:
        """How often a case is asked: by the command line, by its own word, or by the set's."""
        return self.trials if self.override or case.trials is None else case.trials


def make_request(prompt: Prompt, model: ResolvedModel, messages: Sequence[Message]) -> Request:
    """The request for rendered messages; a prompt's params win over its model alias's."""
    return Request(
        provider=model.provider,
        model=model.name,
        endpoint=model.endpoint,
        params={**model.params, **prompt.params},
        messages=messages,
        tools=prompt.tools,
        output_schema=prompt.output_schema,
        code=model.code,
    )


def project_model(
    project: Project, prompt: Prompt, wanted: str | None, where: SourceLocation
) -> ResolvedModel:
    """As `model_for`, with the settings and the code of a project."""
    return with_code(project, model_for(prompt, project.settings, wanted, where))


def with_code(project: Project, model: ResolvedModel) -> ResolvedModel:
    """A `python:` model with the version of the project's code behind it: that is the version of the model."""
    if model.provider != "python":
        return model
    return replace(model, code=project.code_digest(model.name.partition(":")[2]))


def model_for(prompt: Prompt, settings: Settings, wanted: str | None, where: SourceLocation) -> ResolvedModel:
    """The model a prompt is asked of: the variant's, its own, or the project's. Raises UserError."""
    name = wanted or prompt.model or settings.model
    if name is None:
        hint = "add `model:` to the prompt, or a default in llmops.yaml"
        raise UserError(f"no model is named for the prompt {prompt.name!r}", where=where, hint=hint)
    if wanted:
        place = where
    elif prompt.model:
        place = prompt.places.get("model") or SourceLocation(prompt.path)
    else:
        place = settings.model_where or where
    model = resolve_model(name, settings, plugins.Names("providers"), place)
    _check_provider(prompt, model, settings, place)
    if model.provider == "python" and not settings.allow_python:
        raise python_refused(model.name, settings, place)
    if model.provider == "litellm" and model.endpoint is None:
        return with_endpoint_of_environment(model)
    return model


def with_endpoint_of_environment(model: ResolvedModel) -> ResolvedModel:
    """The model with the address in OPENAI_BASE_URL and its like: part of the fingerprint, as it answers.

    The address and the vendor's key come from the same hand, so the key goes there, as it would without llmops.
    """
    vendor = model.name.partition("/")[0].upper().replace("-", "_")
    for variable in (f"{vendor}_BASE_URL", f"{vendor}_API_BASE"):
        endpoint = normalise_endpoint(os.environ.get(variable, "").strip())
        if endpoint:
            return replace(model, endpoint=endpoint, endpoint_variable=variable)
    return model


def _check_provider(prompt: Prompt, model: ResolvedModel, settings: Settings, where: SourceLocation) -> None:
    """Raises UserError for what the model's provider would refuse, whatever it is asked."""
    alias = settings.models.get(model.alias or "")
    if model.provider in _WITHOUT_NOISE:
        hint, words = "take it out of params", "'noise' is a param of offline models, and"
        if "noise" in prompt.params:
            place = prompt.places.get("params.noise") or where
            raise UserError(f"{words} {prompt.name} asks {model.name}", where=place, hint=hint)
        if alias is not None and "noise" in alias.params:
            raise UserError(f"{words} {alias.name!r} is {model.name}", where=alias.where, hint=hint)
    if model.provider == "litellm":  # it is slow to load, and what it knows is asked later
        return
    check = getattr(plugins.load("providers", model.provider), "check_name", None)
    try:
        if check is not None:
            check(model.name)
    except ProviderError as error:
        place = (alias.model_where or alias.where) if alias else where
        raise UserError(str(error), where=place, hint=error.hint) from error


def plan_evalset(
    project: Project, evalset: Evalset, cases: Sequence[Case], trials: int | None, problems: Problems
) -> EvalsetPlan:
    """Resolve models and render every selected case in every variant, noting all problems."""
    plans: list[VariantPlan] = []
    prompts: dict[str, Prompt] = {}
    for variant in evalset.variants():
        try:
            prompt = project.prompt(variant.prompt, evalset.place("prompt", variant.prompt))
        except UserError as error:
            problems.take(error)
            known = error.partial if isinstance(error, FileError) else None
            if isinstance(known, Prompt):  # what its inputs must be can be told
                prompts[known.name] = known
                _check_inputs(known, cases, problems)
            continue
        prompts[prompt.name] = prompt
        model: ResolvedModel | None = None
        try:
            model = project_model(project, prompt, variant.model, evalset.place("model", variant.model))
        except UserError as error:
            problems.take(error)
        messages = _render_all(prompt, cases, problems)  # without a model, too: each case may hold a mistake
        if model is not None:
            requests = {case: make_request(prompt, model, rendered) for case, rendered in messages.items()}
            plans.append(VariantPlan(variant, prompt, model, requests))
    if len(prompts) == len(evalset.prompts):
        _check_variables(project, evalset, cases, list(prompts.values()), problems)
    return EvalsetPlan(evalset, tuple(cases), tuple(plans), trials or evalset.trials, len(cases) == len(evalset.cases),
        override=trials is not None,
    )  # fmt: skip


def _check_inputs(prompt: Prompt, cases: Sequence[Case], problems: Problems) -> None:
    """As `_render_all`, for a prompt that cannot be rendered."""
    for case in cases:
        try:
            input_values(prompt, restrict(case.vars, prompt), case.where)
        except UserError as error:
            problems.take(error)


def _render_all(prompt: Prompt, cases: Sequence[Case], problems: Problems) -> dict[str, tuple[Message, ...]]:
    """The messages of every case that can be rendered. What fails in a template is noted once for all cases."""
    renderer = PromptRenderer(prompt)
    rendered: dict[str, tuple[Message, ...]] = {}
    failures: dict[Problem, list[Case]] = {}
    for case in cases:
        try:
            rendered[case.id] = renderer.render(restrict(case.vars, prompt), case.where)
        except UserError as error:
            for problem in error.problems:
                message = problem.message.removesuffix(of_case(case.where))
                failures.setdefault(replace(problem, message=message), []).append(case)
    for problem, found in failures.items():
        at_case = problem.where == found[0].where
        many = f" (for {len(found)} cases, the first at {found[0].where})"
        said = "" if at_case else many if len(found) > 1 else of_case(found[0].where)
        problems.add(problem.message + said, problem.where, problem.hint)
    return rendered


def _check_variables(
    project: Project, evalset: Evalset, cases: Sequence[Case], prompts: Sequence[Prompt], problems: Problems
) -> None:
    """A variable must be an input of one of the evalset's prompts, as it stands here or at `--at`."""
    known = sorted(
        {name for prompt in prompts for name in prompt.inputs} | _inputs_of_today(project, evalset)
    )
    for case in cases:
        for name in case.vars:
            if name not in known:
                owners = " and ".join(evalset.prompts)
                hint = did_you_mean(name, known) or f"declare it under `inputs:` of {owners}"
                problems.add(f"unknown variable {name!r}: {owners} has no such input", case.where, hint)


def _inputs_of_today(project: Project, evalset: Evalset) -> set[str]:
    found: set[str] = set()
    for name in evalset.prompts if project.at_revision else ():
        with suppress(UserError):  # a prompt that is wrong today does not keep an old one from being run
            found |= set(project.judge_prompt(name).inputs)
    return found


def input_digests(inputs: Iterable[str], given: Mapping[str, Any]) -> dict[str, str | None]:
    """What a case gave to each input, as short digests; None where the prompt's default stood."""
    return {name: digest_of(given[name])[:16] if name in given else None for name in inputs}
