"""Jinja's immutable sandbox with strict variables and bounded work (see limits.py)."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from types import CodeType
from typing import Any

from llmops_cli.domain.canonical import lf
from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.errors import SourceLocation
from llmops_cli.templating import bounded, paths
from llmops_cli.templating.builtin_filters import bounded_filters, bounded_tests
from llmops_cli.templating.failures import SYNTAX_ERRORS, UndefinedValue, failure_of, syntax_failure
from llmops_cli.templating.filters import NoMatch
from llmops_cli.templating.jinja import (
    FILTERS,
    TESTS,
    BaseLoader,
    ImmutableSandboxedEnvironment,
    LoopContext,
    Macro,
    NodeTransformer,
    SandboxedFormatter,
    SecurityError,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
    UndefinedError,
    missing,
    nodes,
    pass_context,
)
from llmops_cli.templating.limits import MAX_CHARACTERS, Steps, current, room_for, weigh

_STEPS = "steps of a loop"
_JOINED = "joined texts"
_SLICED = "part of a sequence"
_COMPARED = "compared value"
# Names no template can write: they are how the rewritten tree calls the functions below.


class _Strict(StrictUndefined):
    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[Exception] = UndefinedError,
    ) -> None:
        # Jinja calls this with the message; for a refused attribute it stays a SecurityError
        raised: Any = exc if issubclass(exc, SecurityError) else partial(UndefinedValue, name, obj)
        super().__init__(hint, obj, name, raised)


class _Formatter(SandboxedFormatter):
    """`str.format` with bounded fields; one instance a call, as it counts the result."""

    size = 0

    def format_field(self, value: Any, format_spec: str) -> str:
        shown = bounded.format_field(value, format_spec)
        self.size = room_for(self.size + len(shown))
        return shown

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion:
            weigh(value, shown=True)
        return current().made(super().convert_field(value, conversion))


class _Rewrite(NodeTransformer):
    """Sends loops, `~`, slices and comparisons through the bounded functions, before code is generated."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        node = self.generic_visit(node)  # type: ignore[assignment]
        node.iter = _through(_STEPS, node.iter)  # type: ignore[arg-type]
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        node = self.generic_visit(node)  # type: ignore[assignment]
        return _through(_JOINED, nodes.List(node.nodes, lineno=node.lineno))

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        node = self.generic_visit(node)  # type: ignore[assignment]
        return _through(_SLICED, node) if isinstance(node.arg, nodes.Slice) else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        node = self.generic_visit(node)  # type: ignore[assignment]
        node.expr = _through(_COMPARED, node.expr)
        for operand in node.ops:
            operand.expr = _through(_COMPARED, operand.expr)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802
        node = self.generic_visit(node)  # type: ignore[assignment]
        node.key = _through(_COMPARED, node.key)
        return node


def _through(function: str, value: nodes.Expr) -> nodes.Expr:
    if isinstance(value, nodes.Const):
        return value
    return nodes.Filter(value, function, [], [], None, None, lineno=value.lineno)


def _compared(value: Any) -> Any:
    if isinstance(value, list | tuple | dict):
        weigh(value)
    return value


@pass_context
def _shown(_context: Any, value: Any) -> Any:
    """What an output shows. Asking for the context keeps Jinja from working constants out beforehand."""
    return value if isinstance(value, str | Undefined) else bounded.text(value)


class _Loader(BaseLoader):
    def __init__(self, partials: Mapping[str, str]) -> None:
        self.partials = partials

    def get_source(
        self, environment: Any, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """The text of a partial. Raises TemplateNotFound."""
        del environment
        text = self.partials.get(template)
        if text is None:
            raise TemplateNotFound(template)
        return lf(text), template, None


@cache
def _offered() -> tuple[dict[str, Any], dict[str, Any]]:
    """Jinja's filters and tests, bounded: the same for every prompt, and each has an environment."""
    tests: Any = TESTS  # Jinja types them as `function`, which mypy does not take for a Callable
    return bounded_filters(FILTERS), bounded_tests(tests)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Compiles and renders templates whose work is bounded (see limits.py)."""

    intercepted_binops = frozenset(bounded.OPERATORS)

    def __init__(self, partials: Mapping[str, str] | None = None) -> None:
        super().__init__(
            # fixed for good: digests of prompts depend on what a text means
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            newline_sequence="\n",
            undefined=_Strict,
            autoescape=False,
            optimized=False,  # else constants are worked out while compiling, with no budget
            finalize=_shown,
            loader=None if partials is None else _Loader(partials),
            auto_reload=False,
        )
        self.binop_table = dict(bounded.OPERATORS)
        filters, tests = _offered()
        self.filters: dict[str, Any] = dict(filters)
        self.filter_names = tuple(sorted(self.filters))
        self.filters |= {_STEPS: Steps, _JOINED: bounded.join, _SLICED: _made, _COMPARED: _compared}
        self.tests: dict[str, Any] = dict(tests)
        del self.globals["lipsum"]  # random text

    def add_filters(self, filters: Mapping[str, Callable[..., Any]]) -> None:
        """Offer filters beyond Jinja's."""
        self.filters |= filters
        self.filter_names = tuple(sorted({*self.filter_names, *filters}))

    # -- compiling

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        with warnings.catch_warnings():
            # `\w` in a template's string belongs to a pattern: that Python has no such escape is no concern
            warnings.simplefilter("ignore", DeprecationWarning)
            tree = super()._parse(source, name, filename)
        html = tree.find(nodes.EvalContextModifier)
        if html is not None:
            raise TemplateSyntaxError(
                "autoescape is for HTML; a prompt is plain text", html.lineno, name, filename
            )
        return tree

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        return super()._generate(_Rewrite().visit(source), name, filename, defer_init)

    def template(
        self, source: str | nodes.Template, name: str | None, where: SourceLocation, text: str | None = None
    ) -> Template:
        """Compile a text, or its tree beside the `text`. Raises TemplateFailure for bad syntax."""
        try:
            code: CodeType = self.compile(lf(source) if isinstance(source, str) else source, name)
        except SYNTAX_ERRORS as error:
            raise syntax_failure(error, where) from error
        made = Template.from_code(self, code, self.make_globals(None))
        made.__dict__["where"] = where
        made.__dict__["text"] = text if text is not None else source
        return made

    def tree(self, source: str, name: str | None, where: SourceLocation) -> nodes.Template:
        """Parse a text. Raises TemplateFailure for a mistake in its syntax."""
        try:
            return self.parse(lf(source), name)
        except SYNTAX_ERRORS as error:
            raise syntax_failure(error, where) from error

    def join_path(self, template: str, parent: str) -> str:
        """The partial that a name means; the name itself where there is none."""
        loader = self.loader
        if not isinstance(loader, _Loader):
            raise TemplateNotFound(template, "templates cannot be included here")
        try:
            return paths.find(template, parent, loader.partials.__contains__) or template
        except ValueError as error:
            raise TemplateNotFound(template, str(error)) from error

    def _load_template(self, name: str, globals: Any) -> Template:  # noqa: A002 - Jinja's name
        current().step()
        template = super()._load_template(name, globals)
        if "text" not in template.__dict__ and isinstance(self.loader, _Loader):
            template.__dict__["where"] = SourceLocation(f"{PROMPTS_DIR}/{name}", 1)
            template.__dict__["text"] = self.loader.partials[name]
        return template

    # -- what compiled templates call

    def concat(self, parts: Iterable[str]) -> str:
        """Join what a macro, a block or a `set` block gave."""
        found = list(parts)
        current().spend(sum(map(len, found)))
        return "".join(found)

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805, PYI063 - as Jinja has it
        """Call what a template calls. The odd names keep out of the way of keyword arguments."""
        budget = current()
        budget.step()
        if isinstance(__obj, Macro):
            return super().call(__context, __obj, *args, **kwargs)
        if isinstance(__obj, LoopContext):
            return super().call(__context, __obj, *(Steps(value) for value in args), **kwargs)
        for value in (*args, *kwargs.values()):
            _compared(value)
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, str):
            plain = {key: value for key, value in kwargs.items() if key not in {"_loop_vars", "_block_vars"}}
            return bounded.call_text_method(owner, __obj.__name__, args, plain)
        return budget.made(super().call(__context, __obj, *args, **kwargs))

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`; a tuple would be hashed, however deep it is."""
        return super().getitem(obj, _compared(argument))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """No private names, nothing that changes a value; of plain values what is known to be harmless."""
        return super().is_safe_attribute(obj, attr, value) and bounded.may_use(obj, attr)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`str.format` and `str.format_map` with bounded fields."""
        if super().wrap_str_format(value) is None:
            return None
        template: str = value.__self__
        if value.__name__ == "format_map":
            return lambda mapping: _Formatter(self).vformat(template, (), mapping)
        return lambda *args, **kwargs: _Formatter(self).vformat(template, args, kwargs)

    # -- rendering

    def render(self, template: Template, variables: Mapping[str, Any]) -> str:
        """Render inside `limits.rendering()`. Raises TemplateFailure, or NoMatch from a filter."""
        parts: list[str] = []
        size = 0
        with_context = template.new_context(dict(variables))
        try:
            for part in template.root_render_func(with_context):
                size += len(part)
                if size > MAX_CHARACTERS:
                    room_for(size)
                parts.append(part)
            current().clock()
        except NoMatch:
            raise
        except Exception as error:
            # A template is a program of the user's: whatever it raises is theirs to mend.
            raise failure_of(error, template) from error
        return "".join(parts)

    def evaluate(self, template: Template, variables: Mapping[str, Any], name: str) -> Any:
        """Run a template that sets one variable, and give its value. Raises as `render` does."""
        context = template.new_context(dict(variables))
        try:
            for _ in template.root_render_func(context):
                pass
            value = context.vars[name]
            if isinstance(value, Undefined):
                value._fail_with_undefined_error()  # noqa: SLF001 - how Jinja names what is missing
            return list(Steps(value)) if hasattr(value, "__next__") else value
        except NoMatch:
            raise
        except Exception as error:
            # as above
            raise failure_of(error, template) from error


def _made(value: Any) -> Any:
    return current().made(value)
