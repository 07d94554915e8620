"""Which templates a prompt reaches, and whether they use only what it declares."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmops_cli.domain.canonical import lf
from llmops_cli.domain.prompt import PROMPTS_DIR, InsertMessages, Prompt, TemplateText
from llmops_cli.errors import FileError, Problems, SourceLocation, did_you_mean
from llmops_cli.templating import paths
from llmops_cli.templating.references import Reference, plain_references

if TYPE_CHECKING:
    from llmops_cli.templating.analysis import Scan


_REACHES = re.compile(r"\{%[-+]?\s*(include|import|extends|from)\b")
"""Every tag that names another template begins so; a text without one need not be parsed to find none."""


def reached_templates(prompt: Prompt, read: Callable[[str], bytes | None]) -> dict[str, str]:
    """Every template that the prompt's templates include, import or extend, and those in turn.

    Gives paths below `prompts/` with their text, line ends as LF; of several names in one `include` the
    one that will be used. `read` takes a path relative to the project's root. Raises FileError with every
    problem: names that are no literals or lead nowhere, files that are no UTF-8 text, bad syntax. Where bad
    syntax in a text that reaches nothing is all there is, `check_variables` says it.
    """
    problems = Problems()
    found: dict[str, str] = {}
    waiting = list(prompt.template_texts())
    passed_over: list[TemplateText] = []
    while waiting:
        template = waiting.pop()
        if not _REACHES.search(template.text):
            passed_over.append(template)
            continue
        for reference in _references(template, problems):
            partial = _fetch(reference, template, read, found, problems)
            if partial is not None:
                found[partial.name] = partial.text
                waiting.append(partial)
    for template in passed_over if problems else ():
        _scan(template, problems)
    problems.raise_if_any()
    return dict(sorted(found.items()))


def check_variables(prompt: Prompt) -> Problems:
    """What is wrong with the templates of a prompt, its partials included, before anything is rendered.

    Bad syntax, unknown filters and tests, variables that `inputs` does not declare, and inserts of what is
    no list of messages.
    """
    from llmops_cli.templating.analysis import check_calls

    problems = Problems()
    for message in prompt.messages:
        if isinstance(message, InsertMessages):
            _check_insert(message, prompt, problems)
    for view in _views(prompt, problems):
        check_calls(view.scan, view.template.where, "prompt", problems)
        _check_names(view, prompt, problems)
    return problems


def plainly_right(prompt: Prompt) -> bool:
    """Whether it can be told without Jinja that `check_variables` finds nothing; False says nothing.

    The partials are those that `reached_templates` gave.
    """
    from llmops_cli.templating.plain import plainly_uses_only

    problems = Problems()
    for message in prompt.messages:
        if isinstance(message, InsertMessages):
            _check_insert(message, prompt, problems)
    texts = (*(template.text for template in prompt.template_texts()), *prompt.partials.values())
    return not problems and all(plainly_uses_only(lf(text), prompt.inputs) for text in texts)


def unused_inputs(prompt: Prompt) -> tuple[str, ...]:
    """Inputs that are declared and used nowhere, in the order declared."""
    used = {message.input for message in prompt.messages if isinstance(message, InsertMessages)}
    used |= first_uses(prompt).keys()
    return tuple(name for name in prompt.inputs if name not in used)


def first_uses(prompt: Prompt) -> dict[str, SourceLocation]:
    """The names that the templates take from outside, with the place of the first use."""
    places: dict[str, SourceLocation] = {}
    for message in prompt.messages:
        if isinstance(message, InsertMessages):
            places.setdefault(message.input, message.where)
    for view in _views(prompt, Problems()):
        for name, line in view.scan.uses.items():
            places.setdefault(name, _at(view.template, line))
    return places


# -- following references


def _marked(text: str) -> bool:
    return "{%" in text or "{{" in text or "{#" in text


def _at(template: TemplateText, line: int) -> SourceLocation:
    return SourceLocation(template.where.path, (template.where.line or 1) + line - 1)


def _partial(name: str, text: str) -> TemplateText:
    return TemplateText(text, name, SourceLocation(f"{PROMPTS_DIR}/{name}", 1))


def _references(template: TemplateText, problems: Problems) -> Iterable[Reference]:
    plain = plain_references(lf(template.text))
    return _scan(template, problems).references if plain is None else plain


def _scan(template: TemplateText, problems: Problems) -> "Scan":
    from llmops_cli.templating.analysis import Scan, scan
    from llmops_cli.templating.failures import TemplateFailure

    try:
        return scan(lf(template.text), template.where)
    except TemplateFailure as failure:
        problems.add(failure.message, failure.where, failure.hint)
        return Scan({}, frozenset(), frozenset(), (), ())


def _fetch(
    reference: Reference,
    template: TemplateText,
    read: Callable[[str], bytes | None],
    found: dict[str, str],
    problems: Problems,
) -> TemplateText | None:
    """The partial that a reference means, unless it was found before or there is none."""
    where = _at(template, reference.line)
    if reference.names is None:
        problems.add(
            "the name of an included template must be written out",
            where,
            "write it in quotes; choose between templates with {% if %}",
        )
        return None
    looked: list[str] = []
    for name in reference.names:
        try:
            candidates = paths.candidates(name, template.name)
        except ValueError as error:
            problems.add(str(error), where)
            return None
        for path in candidates:
            if path in found:
                return None
            looked.append(f"{PROMPTS_DIR}/{path}")
            text = _read_text(looked[-1], where, read, problems)
            if text is not None:
                return _partial(path, text)
    if not reference.optional and not any(
        problem.where and problem.where.path in looked for problem in problems
    ):
        names = " or ".join(repr(name) for name in reference.names)
        problems.add(f"template {names} is not there", where, "looked at " + " and ".join(looked))
    return None


def _read_text(
    path: str, where: SourceLocation, read: Callable[[str], bytes | None], problems: Problems
) -> str | None:
    try:
        content = read(path)
    except FileError as error:
        problems.take(error)
        return None
    if content is None:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        problems.add("is not UTF-8 text", SourceLocation(path), f"it is included at {where}")
        return None
    return lf(text)


# -- checking names


@dataclass(frozen=True, slots=True)
class _View:
    """A template as one way leads to it: what it may see beside the inputs, or `isolated` from them."""

    template: TemplateText
    scan: "Scan"
    provided: frozenset[str]
    isolated: bool


def _views(prompt: Prompt, problems: Problems) -> Iterator[_View]:
    """Every template of the prompt by every way that leads to it."""
    nothing: frozenset[str] = frozenset()
    seen: set[tuple[str, frozenset[str], bool]] = set()
    for root in prompt.template_texts():
        waiting = [(root, nothing, False)] if _marked(root.text) else []
        while waiting:
            template, provided, isolated = waiting.pop(0)
            scan = _scan(template, problems)
            if any(reference.extends for reference in scan.references):
                provided |= _family(template, prompt, problems)
            yield _View(template, scan, provided, isolated)
            for reference in scan.references:
                apart = isolated or not reference.with_context
                names = scan.binds | provided if reference.with_context else nothing
                for partial in _partials(template, [reference], prompt):
                    if (partial.name, names, apart) not in seen:
                        seen.add((partial.name, names, apart))
                        waiting.append((partial, names, apart))


def _family(template: TemplateText, prompt: Prompt, problems: Problems) -> frozenset[str]:
    """Names bound in a template and those it extends: blocks of the one run in the context of the other."""
    bound: set[str] = set()
    seen: set[str] = set()
    waiting = [template]
    while waiting:
        member = waiting.pop()
        scan = _scan(member, problems)
        bound |= scan.binds
        for partial in _partials(member, (r for r in scan.references if r.extends), prompt):
            if partial.name not in seen:
                seen.add(partial.name)
                waiting.append(partial)
    return frozenset(bound)


def _partials(
    template: TemplateText, references: Iterable[Reference], prompt: Prompt
) -> Iterator[TemplateText]:
    for reference in references:
        for name in reference.names or ():
            try:
                path = paths.find(name, template.name, prompt.partials.__contains__)
            except ValueError:
                continue  # reached_templates says it
            if path is not None:
                yield _partial(path, prompt.partials[path])


def _check_names(view: _View, prompt: Prompt, problems: Problems) -> None:
    known = view.scan.sets | view.provided
    for name, line in view.scan.uses.items():
        if name in known or (name in prompt.inputs and not view.isolated):
            continue
        where = _at(view.template, line)
        if name in prompt.inputs:
            problems.add(
                f"variable {name!r} is not seen here: the template is imported without context",
                where,
                "import it 'with context', or pass the value to the macro",
            )
        else:
            hint = did_you_mean(name, tuple(prompt.inputs)) or "declare it under inputs"
            problems.add(f"unknown variable {name!r}", where, hint)


def _check_insert(message: InsertMessages, prompt: Prompt, problems: Problems) -> None:
    spec = prompt.inputs.get(message.input)
    if spec is None:
        hint = (
            did_you_mean(message.input, tuple(prompt.inputs)) or "declare it under inputs with type: messages"
        )
        problems.add(f"insert of unknown input {message.input!r}", message.where, hint)
    elif spec.type not in ("messages", None):
        problems.add(
            f"insert needs a list of messages, and input {message.input!r} is declared as {spec.type}",
            message.where,
            "declare it with type: messages",
        )
