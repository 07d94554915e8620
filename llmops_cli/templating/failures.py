"""What goes wrong in a template, as a sentence with the template's file and line."""

from types import TracebackType
from typing import Any

from llmops_cli.domain.canonical import lf
from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.errors import SourceLocation, did_you_mean
from llmops_cli.templating.builtin_filters import REFUSED_FILTERS
from llmops_cli.templating.jinja import (
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    missing,
    nodes,
)
from llmops_cli.templating.limits import LimitBroken


class TemplateFailure(Exception):  # noqa: N818 - turned into a RenderError by whoever knows the case
    """A rendering that failed: what, where in the template, and what to try."""

    def __init__(
        self, message: str, where: SourceLocation, hint: str | None = None, undefined: str | None = None
    ) -> None:
        self.message = message
        self.where = where
        self.hint = hint
        self.undefined = undefined
        """What is undefined, as the template writes it (`expected.escalate`), where that is what failed."""
        super().__init__(f"{where}: {message}")


class UndefinedValue(UndefinedError):  # noqa: N818 - raised by the value it names
    """A variable or attribute that is not there, with its name and what lacks it."""

    def __init__(self, name: Any, lacking: Any, message: str) -> None:
        self.name = name
        self.lacking = lacking
        super().__init__(message)


# Jinja's parser lets through what Python says of endless digits and of nesting too deep
SYNTAX_ERRORS = (TemplateSyntaxError, ValueError, SyntaxError, RecursionError, MemoryError, OverflowError)


def location(where: SourceLocation, line: int | None) -> SourceLocation:
    """A line of a template as a line of its file."""
    return SourceLocation(where.path, (where.line or 1) + (line or 1) - 1)


def syntax_failure(error: BaseException, where: SourceLocation) -> TemplateFailure:
    """A mistake in a template's syntax, at its line where Jinja knows it."""
    line = error.lineno if isinstance(error, TemplateSyntaxError) else 1
    return TemplateFailure(syntax_message(error), location(where, line))


def syntax_message(error: BaseException) -> str:
    """A mistake in a template's syntax, in a sentence."""
    if isinstance(error, TemplateSyntaxError):
        name = (error.message or "").removeprefix("No filter named '").split("'", 1)[0]
        if name in REFUSED_FILTERS:
            return f"filter {name!r} is not offered: {REFUSED_FILTERS[name]}"
        return f"not a valid template: {(error.message or 'unknown mistake').rstrip('.')}"
    if isinstance(error, RecursionError | MemoryError):
        return "the template is nested too deeply"
    return f"not a valid template: {error}"


def failure_of(error: Exception, template: Template) -> TemplateFailure:
    running, line = _running(error.__traceback__, template)
    where = location(
        running.__dict__.get("where") or SourceLocation(f"{PROMPTS_DIR}/{running.name}", 1), line
    )
    if isinstance(error, UndefinedValue):
        return _undefined(error, running, line, where)
    if isinstance(error, LimitBroken):
        return TemplateFailure(f"the template {error}", where, "shorten it: rendering is limited on purpose")
    if isinstance(error, RecursionError):
        return TemplateFailure(
            "the template calls or includes itself without end, or is nested too deeply", where
        )
    if isinstance(error, TemplateSyntaxError):
        broken = SourceLocation(f"{PROMPTS_DIR}/{error.name}", error.lineno) if error.name else where
        return TemplateFailure(syntax_message(error), broken)
    if isinstance(error, TemplateNotFound):
        return TemplateFailure(f"template {error.name!r} is not there", where)
    return TemplateFailure(f"the template fails: {error or type(error).__name__}", where)


def _undefined(error: UndefinedValue, running: Template, line: int, where: SourceLocation) -> TemplateFailure:
    keys = [str(key) for key in error.lacking][:50] if isinstance(error.lacking, dict) else []
    hint = did_you_mean(str(error.name), keys) if keys else None
    full = None if error.lacking is missing else _full_name(error.name, running, line)
    return TemplateFailure(f"{full!r} is undefined" if full else str(error), where, hint, full)


def _full_name(last: Any, running: Template, line: int) -> str | None:
    """`expected.escalate` for the `escalate` that is not there, as the template writes it."""
    source = running.__dict__.get("text")
    if not isinstance(source, str):
        return None
    tree = running.environment.parse(lf(source))
    nodes_found = (*tree.find_all(nodes.Getattr), *tree.find_all(nodes.Getitem))
    # the one on the line that names it, or names it by an expression; Jinja's lines may be a few off
    ranked = sorted(nodes_found, key=lambda node: (_last(node) != last, node.lineno != line))
    return next((dotted(node) for node in ranked if _last(node) in (last, None)), None)


def _last(node: nodes.Node) -> Any:
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.arg.value if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) else None


def dotted(node: nodes.Node) -> str | None:
    """A chain of names and keys as it is written, or None for any other expression."""
    if isinstance(node, nodes.Name):
        return node.name
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return None
    before, last = dotted(node.node), _last(node)
    if before is None:
        return None
    if last is None:
        return f"{before}[…]"
    return f"{before}.{last}" if isinstance(last, str) else f"{before}[{last}]"


def _running(trace: TracebackType | None, template: Template) -> tuple[Template, int]:
    """The innermost template that was being worked on, and the line."""
    running, line = template, 1
    while trace is not None:
        found = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(found, Template):
            running, line = found, found.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return running, line
