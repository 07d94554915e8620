"""A prompt in the hands of an application."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from llmops_cli.domain.prompt import InputSpec, Prompt, short_digest
from llmops_cli.domain.request import Response
from llmops_cli.domain.settings import Settings
from llmops_cli.errors import RenderError, UserError

if TYPE_CHECKING:
    from llmops_cli.templating.render import PromptRenderer


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """Which version this is: for logs, traces and bug reports.

    `commit` is the commit it was read at, or the one its label was set at; None in a worktree.
    """

    name: str
    digest: str
    commit: str | None = None
    label: str | None = None

    def as_dict(self) -> dict[str, str]:
        """As plain texts; what is unknown is left out, since traces take no null."""
        parts = {"name": self.name, "digest": self.digest, "commit": self.commit, "label": self.label}
        return {key: value for key, value in parts.items() if value is not None}

    def __str__(self) -> str:
        label = f"@:{self.label}" if self.label else ""
        return f"{self.name}{label} {short_digest(self.digest)}"


class LoadedPrompt:
    """One version of a prompt, ready to be rendered and asked. Never changes; any thread may use it.

    What its attributes and methods give belongs to the caller and may be changed.
    """

    def __init__(self, prompt: Prompt, version: PromptVersion, settings: Settings, root: Path) -> None:
        self._prompt = prompt
        self._settings = settings
        self._root = root
        self.version = version

    def __repr__(self) -> str:
        return f"<LoadedPrompt {self.version}>"

    def __eq__(self, other: object) -> bool:
        """Whether both are the same version with the same settings."""
        if not isinstance(other, LoadedPrompt):
            return NotImplemented
        return (self.version, self._prompt, self._settings, self._root) == (
            other.version, other._prompt, other._settings, other._root
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash(self.version)

    @property
    def name(self) -> str:
        """The name it was loaded by."""
        return self.version.name

    @property
    def description(self) -> str:
        """What its author says of it."""
        return self._prompt.description

    @property
    def model(self) -> str | None:
        """The model it is asked of (an alias of llmops.yaml followed); None where nobody names one."""
        name = self._prompt.model or self._settings.model
        alias = self._settings.models.get(name) if name else None
        return alias.model if alias else name

    @property
    def params(self) -> dict[str, Any]:
        """Keyword arguments for the model: the alias's, the prompt's over them, `extra:` laid flat."""
        name = self._prompt.model or self._settings.model
        alias = self._settings.models.get(name) if name else None
        params = deepcopy({**(alias.params if alias else {}), **self._prompt.params})
        extra = params.pop("extra", None) or {}
        return {**params, **extra}

    @property
    def inputs(self) -> Mapping[str, InputSpec]:
        """What `render` takes: type, description and default by name."""
        return MappingProxyType(self._prompt.inputs)

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tools the model may call, as OpenAI's API spells them."""
        return [deepcopy(dict(tool)) for tool in self._prompt.tools]

    @property
    def output_schema(self) -> dict[str, Any] | None:
        """The JSON Schema of the answer, where the prompt asks for structured output."""
        schema = self._prompt.output_schema
        return None if schema is None else deepcopy(dict(schema))

    @cached_property
    def _renderer(self) -> "PromptRenderer":
        from llmops_cli.templating.render import PromptRenderer

        return PromptRenderer(self._prompt)

    def render(self, variables: Mapping[str, Any] | None = None, /, **more: Any) -> list[dict[str, Any]]:
        """The messages, in the form of OpenAI's API, for variables by keyword or as one mapping.

        Raises RenderError for missing, unknown and ill-typed variables, all at once, and for a template that
        fails.
        """
        return [dict(message) for message in self._renderer.render(_together(variables, more))]

    def complete(
        self, variables: Mapping[str, Any] | None = None, /, *, model: str | None = None, **more: Any
    ) -> Response:
        """The model's answer; blocks. `model` asks another one: an alias, or any name LiteLLM knows.

        An input that is itself called `model` is given in `variables`. Raises RenderError, UserError for an
        unknown model or inside a running event loop (use `acomplete` there), and ProviderError where there
        is no answer.
        """
        import asyncio

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            raise UserError(
                "complete() would block the running event loop", hint="use `await prompt.acomplete(…)` here"
            )
        from llmops_cli.workflows.application.completing import complete

        messages = self.render(variables, **more)
        return complete(self._prompt, messages, model, self._settings, self._root)

    async def acomplete(
        self, variables: Mapping[str, Any] | None = None, /, *, model: str | None = None, **more: Any
    ) -> Response:
        """As `complete`, for code that runs in an event loop."""
        from llmops_cli.workflows.application.completing import acomplete

        messages = self.render(variables, **more)
        return await acomplete(self._prompt, messages, model, self._settings, self._root)


def _together(variables: object, more: Mapping[str, Any]) -> dict[str, Any]:
    if variables is None:
        return dict(more)
    if not isinstance(variables, Mapping):
        hint = "give the inputs by keyword, or as one mapping"
        raise RenderError(f"variables are a mapping, not {type(variables).__name__}", hint=hint)
    return {**variables, **more}
