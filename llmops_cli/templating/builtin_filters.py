"""Jinja's own filters and tests, bounded, and those that are not offered with the reason."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from inspect import unwrap
from typing import Any

from llmops_cli.templating import bounded
from llmops_cli.templating.limits import (
    MAX_CHARACTERS,
    MAX_STEPS,
    LimitBroken,
    Steps,
    current,
    items_for,
    room_for,
    weigh,
)  # fmt: skip

REFUSED_FILTERS: dict[str, str] = {
    "random": "a prompt must render the same each time",
    "urlize": "it makes HTML",
    "xmlattr": "it makes HTML",
}
"""Filters of Jinja's that are not offered, with the reason."""

_SLOW_TEXT = 100_000  # characters; these filters work in Python, letter by letter
_SLOW_FILTERS = frozenset({"wordwrap", "pprint", "striptags", "title"})
_SHALLOW_FILTERS = frozenset({
    "attr", "count", "d", "default", "first", "items", "last", "length", "list", "map", "reject",
    "rejectattr", "reverse", "select", "selectattr", "slice", "batch",
})  # fmt: skip
"""Filters that look no deeper than one level into what they are given."""
_MAX_DIGITS = 400
_MAX_INDENT = 1000


def guard(function: Callable[..., Any], *, deep: bool = True) -> Callable[..., Any]:
    """A filter or test whose call, items, arguments and result are paid for.

    `deep`: weigh lists and mappings first, as the function shows, compares or hashes all that is in them.
    """

    @wraps(function)  # keeps Jinja's mark of what to pass first
    def guarded(*args: Any, **kwargs: Any) -> Any:
        budget = current()
        budget.step()
        if deep:
            for value in (*args, *kwargs.values()):
                if isinstance(value, list | tuple | dict):
                    weigh(value)
        given = [Steps(value) if isinstance(value, Iterator) else value for value in args]
        return budget.made(function(*given, **kwargs))

    return guarded


def bounded_filters(jinja: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """The filters a template may use, from Jinja's own table."""
    filters = {name: function for name, function in jinja.items() if name not in REFUSED_FILTERS}
    for name in _SLOW_FILTERS:
        filters[name] = _slow(name, filters[name])
    filters |= {
        "center": _center,
        "escape": _escape, "e": _escape, "forceescape": _escape,
        "format": _format,
        "indent": _indent(filters["indent"]),
        "int": _int(filters["int"]),
        "join": _join(filters["map"]),
        "list": lambda value: list(Steps(value)),
        "replace": lambda s, old, new, count=None: bounded.replace(
            bounded.text(s), bounded.text(old), bounded.text(new), -1 if count is None else count
        ),
        "round": _round(filters["round"]),
        "safe": bounded.text,
        "slice": _counted(unwrap(filters["slice"])),  # without Jinja's switch for async
        "batch": _counted(filters["batch"]),
        "string": bounded.text,
        "sum": _sum(filters["map"]),
        "tojson": _tojson,
        "urlencode": _urlencode(filters["urlencode"]),
    }  # fmt: skip
    return {name: guard(function, deep=name not in _SHALLOW_FILTERS) for name, function in filters.items()}


def bounded_tests(jinja: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """The tests a template may use. `is odd` is `value % 2`, which formats where the value is a text."""
    tests: dict[str, Callable[..., Any]] = {
        **jinja,
        "odd": lambda value: bounded.modulo(value, 2) == 1,
        "even": lambda value: bounded.modulo(value, 2) == 0,
        "divisibleby": lambda value, num: bounded.modulo(value, num) == 0,
    }
    shallow = {
        "defined",
        "undefined",
        "none",
        "mapping",
        "sequence",
        "iterable",
        "string",
        "number",
        "sameas",
    }
    return {name: guard(function, deep=name not in shallow) for name, function in tests.items()}


def _slow(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def limited(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            size = weigh(value) if isinstance(value, str | list | tuple | dict) else 0
            if size > _SLOW_TEXT:
                raise LimitBroken(f"gives {name} a text of more than {_SLOW_TEXT:,} characters")
        return function(*args, **kwargs)

    return limited


def _escape(value: Any) -> str:
    """HTML's five characters, as plain text: text marked as safe would escape what it is joined with."""
    import html

    shown = bounded.text(value)
    room_for(len(shown) + 5 * sum(shown.count(sign) for sign in "&<>\"'"))
    return html.escape(shown).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


def _center(value: Any, width: int = 80) -> Any:
    return bounded.call_text_method(bounded.text(value), "center", (width,), {})


def _format(value: Any, *args: Any, **kwargs: Any) -> str:
    if args and kwargs:
        raise ValueError("format takes values by place or by name, not both")
    return bounded.percent(bounded.text(value), kwargs or args)


def _indent(function: Callable[..., Any]) -> Callable[..., Any]:
    def indent(s: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> Any:
        shown = bounded.text(s)
        lines = bounded.lines_in(shown)
        current().step(lines)
        room_for(len(shown) + (lines + 1) * ((width if isinstance(width, int) else len(width)) + 1))
        return function(shown, width, first, blank)

    return indent


def _int(function: Callable[..., Any]) -> Callable[..., Any]:
    def to_int(value: Any, default: int = 0, base: int = 10) -> Any:
        if isinstance(value, str) and len(value) > _SLOW_TEXT:
            return default
        return function(value, default, base)

    return to_int


def _attributes(function: Callable[..., Any], context: Any, value: Any, attribute: Any) -> Iterable[Any]:
    """The items, or one attribute of each, as Jinja's `map(attribute=…)` finds it."""
    picked: Iterable[Any] = Steps(value)
    return picked if attribute is None else function(context, picked, attribute=attribute)


def _join(map_filter: Callable[..., Any]) -> Callable[..., Any]:
    def join(context: Any, value: Any, d: Any = "", attribute: Any = None) -> str:
        return bounded.join(_attributes(map_filter, context, value, attribute), bounded.text(d))

    return _like(map_filter, join)


def _sum(map_filter: Callable[..., Any]) -> Callable[..., Any]:
    def total(context: Any, iterable: Any, attribute: Any = None, start: Any = 0) -> Any:
        for item in _attributes(map_filter, context, iterable, attribute):
            start = bounded.add(start, item)
        return start

    return _like(map_filter, total)


def _like(model: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function the mark by which Jinja passes the context first, taken from one of its own."""
    function.jinja_pass_arg = model.jinja_pass_arg  # type: ignore[attr-defined]
    return function


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(value: Any, count: int, fill_with: Any = None) -> Iterator[list[Any]]:
        if count > MAX_STEPS:
            raise LimitBroken(f"makes a list of more than {MAX_STEPS:,} items")
        for part in function(Steps(value), count, fill_with):
            items_for(len(part))
            yield part

    return counted


def _round(function: Callable[..., Any]) -> Callable[..., Any]:
    def rounded(value: Any, precision: int = 0, method: str = "common") -> Any:
        if abs(precision) > _MAX_DIGITS:
            raise LimitBroken(f"rounds to more than {_MAX_DIGITS} digits")
        return function(value, precision, method)

    return rounded


def _tojson(value: Any, indent: int | None = None) -> str:
    """Plain JSON: no HTML escapes, keys in the order given, characters as they are; NaN is refused."""
    if indent is not None and not 0 <= indent <= _MAX_INDENT:
        raise ValueError(f"tojson takes an indent of 0 to {_MAX_INDENT}")
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=indent, default=_no_json)
    return bounded.join(Steps(encoder.iterencode(value)) if indent is not None else [encoder.encode(value)])


def _no_json(value: Any) -> Any:
    if isinstance(value, Iterator):
        raise TypeError("tojson cannot show a generator; add | list before it")
    str(value)  # an undefined value says its own name
    raise TypeError(f"tojson cannot show a {type(value).__name__}")


def _urlencode(function: Callable[..., Any]) -> Callable[..., Any]:
    def urlencode(value: Any) -> Any:
        if 12 * weigh(value) > MAX_CHARACTERS:  # "%F0%9F%98%80" for one character
            raise LimitBroken(f"makes a text of more than {MAX_CHARACTERS:,} characters")
        return function(value)

    return urlencode
