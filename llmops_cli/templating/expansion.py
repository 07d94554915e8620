"""A prompt as it reads with its includes in place, line by line; nothing is rendered."""

from collections.abc import Iterator
from dataclasses import replace

from llmops_cli.domain.blame import ExpandedLine
from llmops_cli.domain.prompt import (
    PROMPTS_DIR,
    InsertMessages,
    MessageTemplate,
    Prompt,
    TemplateText,
    TextPart,
)
from llmops_cli.errors import SourceLocation
from llmops_cli.templating import paths


def expanded_lines(prompt: Prompt) -> list[ExpandedLine]:
    """Each message: a line that opens it, then its template's lines.

    A line that is nothing but an include gives way to the lines of that partial; where a line includes,
    imports or extends among other text, those lines follow it. A partial inside itself is not opened again.
    """
    return [
        replace(line, message=place)
        for place, message in enumerate(prompt.messages)
        for line in _message(message, prompt)
    ]


def _message(message: MessageTemplate | InsertMessages, prompt: Prompt) -> Iterator[ExpandedLine]:
    if isinstance(message, InsertMessages):
        yield ExpandedLine(0, f"insert: {message.input}", message.where, opens=True)
        return
    yield ExpandedLine(0, message.role, message.where, opens=True)
    if isinstance(message.content, TemplateText):
        yield from _template(message.content, prompt, ())
        return
    for part in message.content:
        yield from _template(part.text if isinstance(part, TextPart) else part.uri, prompt, ())


def _template(template: TemplateText, prompt: Prompt, inside: tuple[str, ...]) -> Iterator[ExpandedLine]:
    reached = _reached(template, prompt) if "{%" in template.text else {}
    # without the one line end that rendering drops: nobody means it
    for number, text in enumerate(template.text.removesuffix("\n").split("\n"), start=1):
        partials = [name for name in reached.get(number, ()) if name not in inside]
        if not (len(partials) == 1 and _only_include(text)):
            where = SourceLocation(template.where.path, (template.where.line or 1) + number - 1)
            yield ExpandedLine(0, text, where, included=bool(inside))
        for name in partials:
            partial = TemplateText(prompt.partials[name], name, SourceLocation(f"{PROMPTS_DIR}/{name}", 1))
            yield from _template(partial, prompt, (*inside, name))


def _reached(template: TemplateText, prompt: Prompt) -> dict[int, list[str]]:
    """Line of the template to the partials that are named there."""
    from llmops_cli.templating.analysis import scan

    found: dict[int, list[str]] = {}
    for reference in scan(template.text, template.where).references:
        for name in reference.names or ():
            path = paths.find(name, template.name, prompt.partials.__contains__)
            if path is not None:
                found.setdefault(reference.line, []).append(path)
                break
    return found


def _only_include(text: str) -> bool:
    bare = text.strip()
    inner = bare.removeprefix("{%").removesuffix("%}").strip("-+ \t")
    return bare.startswith("{%") and bare.endswith("%}") and "%}" not in inner and inner.startswith("include")
