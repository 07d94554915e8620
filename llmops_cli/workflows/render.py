"""`llmops render` and `llmops run`: the exact messages of one prompt, and one answer to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from llmops_cli.domain.evalset import Case, Evalset
from llmops_cli.domain.outcome import Source
from llmops_cli.domain.prompt import InputSpec, Prompt
from llmops_cli.domain.provider import Call, ProviderError
from llmops_cli.domain.request import Request, ResolvedModel, Response
from llmops_cli.engine.events import Event
from llmops_cli.engine.loop import run_loop
from llmops_cli.errors import NothingSelectedError, NoVerdictError, SourceLocation, UserError, did_you_mean
from llmops_cli.templating.render import PromptRenderer, restrict
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.planning import make_request, project_model
from llmops_cli.workflows.versions.revisions import Revisions
from llmops_cli.workflows.wiring import CallOptions, build

COMMAND_LINE = SourceLocation("--var")


@dataclass(frozen=True)
class Rendered:
    """A prompt's request for one case or for variables from the command line."""

    prompt: Prompt
    model: ResolvedModel
    request: Request
    case: Case | None = None


def render(
    project: Project,
    name: str,
    *,
    variables: Mapping[str, str],
    case: str | None = None,
    evalset: str | None = None,
    model: str | None = None,
) -> list[Rendered]:
    """The requests of a prompt: for one case, for given variables, or for every case of an evalset.

    Raises UserError where a name is unknown, a variable is missing or a template fails.
    """
    revisions = Revisions(project)
    prompt = revisions.prompt(name).prompt
    revisions.close()
    resolved = project_model(project, prompt, model, SourceLocation("--model" if model else prompt.path))
    renderer = PromptRenderer(prompt)
    if case is None and evalset is None:
        given = {key: parse_value(prompt.inputs.get(key), text) for key, text in variables.items()}
        messages = renderer.render(given, COMMAND_LINE)
        return [Rendered(prompt, resolved, make_request(prompt, resolved, messages))]
    rendered = []
    for found in _cases(project, prompt, case, evalset):
        given = restrict(found.vars, prompt)
        given |= {key: parse_value(prompt.inputs.get(key), text) for key, text in variables.items()}
        messages = renderer.render(given, found.where)
        rendered.append(Rendered(prompt, resolved, make_request(prompt, resolved, messages), found))
    return rendered


def run(
    project: Project, rendered: Rendered, options: CallOptions, on_text: Callable[[str], None] | None
) -> tuple[Response, Source]:
    """One answer, streamed to `on_text` where the provider can. Raises NoVerdictError where there is none."""
    parts = build(project, [rendered.model], options, _ignore)

    async def ask() -> tuple[Response, Source]:
        key, request = rendered.model.key, rendered.request
        try:
            kept = parts.asker.cached(key, request, 1)
            if kept is not None:
                return kept, Source.CACHE
            call = Call(timeout=options.timeout or project.settings.run.timeout, on_text=on_text)
            return await parts.asker.call(key, request, call), Source.CALLED
        finally:
            await parts.close()

    try:
        return run_loop(ask())
    except ProviderError as error:
        raise NoVerdictError(str(error), hint=error.hint) from error


def parse_value(spec: InputSpec | None, text: str) -> Any:
    """A value from the command line: text for a string input, YAML for every other. Raises UserError."""
    from llmops_cli.files.yaml_source import parse_yaml, plain

    if spec is None or spec.type in (None, "string"):
        return text
    try:
        return plain(parse_yaml(text, str(COMMAND_LINE)))
    except UserError as error:
        message = f"the value of {spec.name!r} is no {spec.type}: {error.problems[0].message}"
        raise UserError(message, where=COMMAND_LINE) from error


def _cases(project: Project, prompt: Prompt, case: str | None, evalset: str | None) -> list[Case]:
    names = project.select_evalsets([evalset] if evalset else [], None if evalset else prompt.name)
    evalsets: list[Evalset] = [project.evalset(name) for name in names]
    found = [one for part in evalsets for one in part.cases if case is None or one.id == case]
    if not found:
        ids = [one.id for part in evalsets for one in part.cases]
        raise NothingSelectedError(f"there is no case {case!r}", hint=did_you_mean(case or "", ids))
    return found


def _ignore(event: Event) -> None:
    """Nobody watches a single call."""
