"""Prompts and templates for the tests of this folder."""

from collections.abc import Iterable, Mapping

from llmops_cli.domain.prompt import (
    InputSpec,
    InsertMessages,
    MessageTemplate,
    Prompt,
    TemplateText,
)
from llmops_cli.errors import SourceLocation
from llmops_cli.templating.environment import BoundedEnvironment
from llmops_cli.templating.limits import rendering

NAME = "support/escalation"
PATH = f"prompts/{NAME}.yaml"
FIRST_LINE = 10
"""Where the first message's text starts; each further one starts ten lines below."""


def text(content: str, line: int = FIRST_LINE) -> TemplateText:
    return TemplateText(content, f"{NAME}.yaml", SourceLocation(PATH, line))


def inputs(*specs: InputSpec | str) -> dict[str, InputSpec]:
    made = [InputSpec(spec) if isinstance(spec, str) else spec for spec in specs]
    return {spec.name: spec for spec in made}


def prompt(
    *messages: str | MessageTemplate | InsertMessages,
    takes: Iterable[InputSpec | str] = (),
    partials: Mapping[str, str] | None = None,
) -> Prompt:
    """A prompt of user messages; `takes` are its inputs."""
    made = [
        MessageTemplate("user", text(message, FIRST_LINE + 10 * place), SourceLocation(PATH, 9 + 10 * place))
        if isinstance(message, str)
        else message
        for place, message in enumerate(messages)
    ]
    return Prompt(NAME, PATH, tuple(made), inputs=inputs(*takes), partials=partials or {})


def show(template: str, partials: Mapping[str, str] | None = None, **variables: object) -> str:
    """One template, rendered."""
    environment = BoundedEnvironment(partials or {})
    compiled = environment.template(template, f"{NAME}.yaml", SourceLocation(PATH, FIRST_LINE))
    with rendering():
        return environment.render(compiled, variables)
