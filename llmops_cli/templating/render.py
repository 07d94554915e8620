"""A prompt and a case's variables in, the exact messages out."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from llmops_cli.domain.canonical import lf
from llmops_cli.domain.prompt import (
    ImagePart,
    InputSpec,
    InsertMessages,
    MessageTemplate,
    Prompt,
    TemplateText,
)
from llmops_cli.domain.request import Message
from llmops_cli.errors import FileError, Problem, Problems, RenderError, SourceLocation, did_you_mean
from llmops_cli.templating.closure import first_uses
from llmops_cli.templating.messages import IMAGE, short, wrong_message

if TYPE_CHECKING:
    from llmops_cli.templating.environment import BoundedEnvironment

_Piece = Callable[[Mapping[str, Any]], str]


def restrict(variables: Mapping[str, Any], prompt: Prompt) -> dict[str, Any]:
    """Only the variables that the prompt declares: how an old version is rendered with today's case."""
    return {name: value for name, value in variables.items() if name in prompt.inputs}


class PromptRenderer:
    """Renders one prompt many times; its templates are compiled once. Safe to use from several threads."""

    def __init__(self, prompt: Prompt) -> None:
        """Raises FileError for every template of the prompt that is not valid."""
        from llmops_cli.templating.environment import BoundedEnvironment
        from llmops_cli.templating.failures import TemplateFailure

        self._prompt = prompt
        self._environment = BoundedEnvironment(prompt.partials)
        self._pieces: dict[int, _Piece] = {}
        problems = Problems()
        for text in prompt.template_texts():
            try:
                self._pieces[id(text)] = _compile(text, self._environment)
            except TemplateFailure as failure:
                problems.add(failure.message, failure.where, failure.hint)
        if problems:
            found = problems.sorted()
            raise FileError(found[0].message, problems=found)

    def render(
        self, variables: Mapping[str, Any], where: SourceLocation | None = None
    ) -> tuple[Message, ...]:
        """The messages for a case; `where` is the case's place, for errors.

        A text is what its template gives, without one line end at its end. Raises RenderError: for missing,
        unknown and ill-typed variables all at once, else for the first template that fails or breaks a limit.
        """
        from llmops_cli.templating.failures import TemplateFailure
        from llmops_cli.templating.limits import rendering

        values = input_values(self._prompt, variables, where)
        messages: list[Message] = []
        try:
            with rendering():
                for message in self._prompt.messages:
                    if isinstance(message, InsertMessages):
                        messages += [dict(given) for given in values.get(message.input) or ()]
                    else:
                        messages.append(self._message(message, values, where))
        except TemplateFailure as failure:
            raise RenderError(
                failure.message + of_case(where), where=failure.where, hint=failure.hint
            ) from failure
        if not messages:
            raise RenderError(f"prompt {self._prompt.name!r} gives no message at all", where=where)
        return tuple(messages)

    def _message(
        self, message: MessageTemplate, values: Mapping[str, Any], where: SourceLocation | None
    ) -> dict[str, Any]:
        if isinstance(message.content, TemplateText):
            return {"role": message.role, "content": self._text(message.content, values)}
        parts: list[dict[str, Any]] = []
        for part in message.content:
            if isinstance(part, ImagePart):
                parts.append({"type": "image_url", "image_url": {"url": self._image(part, values, where)}})
            else:
                parts.append({"type": "text", "text": self._text(part.text, values)})
        return {"role": message.role, "content": parts}

    def _text(self, text: TemplateText, values: Mapping[str, Any]) -> str:
        # block scalars of YAML and files end in a line end that nobody means
        return self._pieces[id(text)](values).removesuffix("\n")

    def _image(self, part: ImagePart, values: Mapping[str, Any], where: SourceLocation | None) -> str:
        uri = self._pieces[id(part.uri)](values).strip()
        if not IMAGE.fullmatch(uri):
            raise RenderError(
                f"an image must be a data:image/…;base64,… URI, not {short(uri)}{of_case(where)}",
                where=part.uri.where,
            )
        return uri


def input_values(
    prompt: Prompt, variables: Mapping[str, Any], where: SourceLocation | None
) -> dict[str, Any]:
    """Variables with defaults; it is no matter whether the prompt's templates are right.

    Raises RenderError with everything that is wrong with the variables.
    """
    problems: list[Problem] = []
    for name in variables:
        if name not in prompt.inputs:
            hint = did_you_mean(name, tuple(prompt.inputs)) or "declare it under inputs"
            problems.append(Problem(f"prompt {prompt.name!r} has no input {name!r}", where, hint))
    inserted = {message.input for message in prompt.messages if isinstance(message, InsertMessages)}
    values: dict[str, Any] = {}
    for name, spec in prompt.inputs.items():
        if name not in variables and spec.required:
            problems.append(Problem(_missing(prompt, name, where), where))
            continue
        values[name] = value = variables.get(name, spec.default)
        wrong = _wrong(spec, value) if name in variables else None
        if wrong is None and name in inserted and value is not None:
            wrong = _wrong_messages(value)
        if wrong:
            problems.append(Problem(f"{name!r} must be {wrong}", where))
    if problems:
        raise RenderError(problems[0].message, problems=problems)
    return values


def _missing(prompt: Prompt, name: str, where: SourceLocation | None) -> str:
    use = first_uses(prompt).get(name)
    used = f" (used at {use})" if use else ""
    giver = "which this case does not give" if where else "which is not given"
    return f"prompt {prompt.name!r} needs {name!r}{used}, {giver}"


def of_case(where: SourceLocation | None) -> str:
    """Behind a message on a template: which case it failed for."""
    return f" (for the case at {where})" if where else ""


def _compile(text: TemplateText, environment: "BoundedEnvironment") -> _Piece:
    source = lf(text.text)
    if not any(mark in source for mark in ("{{", "{%", "{#")):
        return lambda _: source  # nothing to render, and no limit for the bytes of an image
    template = environment.template(source, text.name, text.where)
    return lambda values: environment.render(template, values)


_TYPES: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "string": ("a string", str),
    "integer": ("an integer", int),
    "number": ("a number", (int, float)),
    "boolean": ("true or false", bool),
    "list": ("a list", list),
    "object": ("an object", Mapping),
    "messages": ("a list of messages", list),
}


def _wrong(spec: InputSpec, value: Any) -> str | None:
    """What the value should be and is not, or None where it is right; null is right as a default."""
    if spec.type is None or (value is None and not spec.required and spec.default is None):
        return None
    wanted, kinds = _TYPES[spec.type]
    is_number = spec.type in ("integer", "number")
    fits = isinstance(value, list | tuple) if kinds is list else isinstance(value, kinds)
    if not fits or (is_number and isinstance(value, bool)):
        return f"{wanted}, not {_kind(value)}"
    return _wrong_messages(value) if spec.type == "messages" else None


def _wrong_messages(value: Any) -> str | None:
    """As `_wrong` for what is inserted, however it is declared."""
    if not isinstance(value, list | tuple):
        return f"a list of messages, not {_kind(value)}"
    found = ((number, wrong_message(message)) for number, message in enumerate(value, start=1))
    return next((f"a list of messages; entry {number}{wrong}" for number, wrong in found if wrong), None)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = ((str, "a string"), (int, "an integer"), (float, "a number"), (Mapping, "an object"))
    return next((name for kind, name in names if isinstance(value, kind)), f"a {type(value).__name__}")
