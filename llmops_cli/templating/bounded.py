"""Python's operators, text methods and formats with a look at the result's size before it is made."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from llmops_cli.templating.limits import (
    MAX_BITS,
    MAX_CHARACTERS,
    LimitBroken,
    Steps,
    current,
    items_for,
    room_for,
    weigh,
    whole,
)  # fmt: skip

_CONVERSION = re.compile(
    r"%(?:\((?P<key>[^()]*)\))?[#0\- +]*(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d+)?)?[hlL]?"
    r"(?P<type>[diouxXeEfFgGcrsa%])"
)
_NUMBER = re.compile(r"\d+")
_LONGEST_FLOAT = 330  # digits of 1e308 in full, sign and point
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # what str.splitlines splits at

_EXACT_METHODS: dict[type, frozenset[str]] = {
    str: frozenset({
        "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format",
        "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier",
        "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower",
        "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust",
        "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase",
        "title", "upper", "zfill",
    }),
    int: frozenset({"bit_length", "denominator", "imag", "is_integer", "numerator", "real"}),
    float: frozenset({"imag", "is_integer", "real"}),
    list: frozenset({"copy", "count", "index"}),
    tuple: frozenset({"count", "index"}),
    dict: frozenset({"copy", "get", "items", "keys", "values"}),
    bytes: frozenset(),
    bytearray: frozenset(),
    memoryview: frozenset(),
    type: frozenset(),
}  # fmt: skip


def may_use(value: Any, attribute: str) -> bool:
    """Whether a template may use this attribute of a plain value; what is not plain is the sandbox's matter.

    A list of what is allowed: Python gains methods, and some take unbounded time
    (`'…'.encode('punycode')`) or room (`(1).to_bytes(10**9)`).
    """
    for kind, allowed in _EXACT_METHODS.items():
        if isinstance(value, kind):
            return attribute in allowed
    return True


def text(value: Any) -> str:
    """`str(value)`. Raises LimitBroken where it is too long, TypeError where it differs from run to run."""
    if isinstance(value, str):
        return value
    weigh(value, shown=True)
    shown = str(value)
    current().spend(len(shown))
    return shown


def join(parts: Iterable[Any], separator: str = "") -> str:
    """`separator.join(...)` of the parts' texts. Raises LimitBroken before the result is made."""
    texts: list[str] = []
    size = -len(separator)
    for part in parts:
        texts.append(text(part))
        size = room_for(size + len(separator) + len(texts[-1]))
    current().spend(max(size, 0))
    return separator.join(texts)


def multiply(left: Any, right: Any) -> Any:
    """`left * right`. Raises LimitBroken before a result too large is made."""
    for sequence, times in ((left, right), (right, left)):
        if not isinstance(times, int):
            continue
        if isinstance(sequence, str):
            current().spend(len(sequence) * max(times, 0))
        elif isinstance(sequence, list | tuple):
            items_for(len(sequence) * max(times, 0))
        elif isinstance(sequence, int) and sequence.bit_length() + times.bit_length() > MAX_BITS:
            raise LimitBroken(f"makes a number of more than {MAX_BITS:,} bits")
    return left * right


def power(left: Any, right: Any) -> Any:
    """`left ** right`. Raises LimitBroken before a number too long is made."""
    if isinstance(left, int) and isinstance(right, int):
        small = left in {0, 1, -1}
        if not small and right > 0 and left.bit_length() * right > MAX_BITS:
            raise LimitBroken(f"makes a number of more than {MAX_BITS:,} bits")
        if small and right > MAX_BITS:
            whole(right)
    return left**right


def add(left: Any, right: Any) -> Any:
    """`left + right`. Raises LimitBroken before a text or list too long is made."""
    if isinstance(left, str) and isinstance(right, str):
        current().spend(len(left) + len(right))
    elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
        items_for(len(left) + len(right))
    return _numeric(operator.add)(left, right)


def modulo(left: Any, right: Any) -> Any:
    """`left % right`: a remainder, or a printf-style format. Raises LimitBroken."""
    if isinstance(left, str):
        return percent(left, right)
    return _numeric(operator.mod)(left, right)


def _numeric(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        for value in (left, right):
            if isinstance(value, int):
                whole(value)
        return operation(left, right)

    return apply


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": _numeric(operator.sub),
    "*": multiply,
    "/": _numeric(operator.truediv),
    "//": _numeric(operator.floordiv),
    "%": modulo,
    "**": power,
}
"""The operators of a template; all of them are intercepted by the environment."""


def percent(template: str, values: Any) -> str:
    """`template % values`. Raises LimitBroken where widths, precisions or values make it too long."""
    size = len(template)
    # A tuple's or a single value's text is shown once, a mapping's as often as its key is named.
    loose = list(values) if isinstance(values, tuple) else [values]
    if not isinstance(values, Mapping):
        size += sum(weigh(value, shown=True) for value in loose)
        if "*" in template:
            size += sum(abs(value) for value in loose if isinstance(value, int))
    position = template.find("%")
    while position >= 0:
        found = _CONVERSION.match(template, position)
        if found is None:
            raise ValueError(f"unclear % format in {template[position : position + 20]!r}")
        for number in (found["width"], found["precision"]):
            if number and number != "*":
                size += _field(number)
        if isinstance(values, Mapping) and found["key"] in values:
            size += weigh(values[found["key"]], shown=True)
        size += 0 if found["type"] == "%" else _LONGEST_FLOAT if found["type"] in "eEfFgG" else 0
        room_for(size)
        position = template.find("%", found.end())
    shown: str = template % values
    current().spend(len(shown))
    return shown


def _field(digits: str) -> int:
    return room_for(int(digits) if len(digits) < 10 else MAX_CHARACTERS + 1)


def format_field(value: Any, spec: str) -> str:
    """`format(value, spec)`. Raises LimitBroken for a width or precision too large."""
    for digits in _NUMBER.findall(spec):
        _field(digits)
    weigh(value, shown=True)
    shown = format(value, spec)
    current().spend(len(shown))
    return shown


def replace(value: str, old: str, new: str, count: int = -1) -> str:
    """`str.replace`. Raises LimitBroken before a text too long is made."""
    times = value.count(old)
    if count >= 0:
        times = min(times, count)
    current().spend(max(len(value) + times * (len(new) - len(old)), 0))
    return value.replace(old, new, count)


def lines_in(value: str) -> int:
    """At most so many lines `splitlines` gives."""
    return 1 + sum(value.count(end) for end in _LINE_ENDS)


def call_text_method(owner: str, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A method of a text. Raises LimitBroken before a result too large is made."""
    budget = current()
    for argument in (*args, *kwargs.values()):
        if isinstance(argument, int) and abs(argument) > MAX_CHARACTERS:
            raise LimitBroken(f"makes a text of more than {MAX_CHARACTERS:,} characters")
    if name == "replace" and not kwargs:
        return replace(owner, *args)
    if name == "join" and len(args) == 1:
        parts = list(Steps(args[0]))
        room_for(sum(len(part) + len(owner) for part in parts if isinstance(part, str)))
        return budget.made(owner.join(parts))
    if name == "expandtabs":
        size = kwargs.get("tabsize", args[0] if args else 8)
        room_for(len(owner) + owner.count("\t") * (size if isinstance(size, int) else 0))
    if name in {"center", "ljust", "rjust", "zfill"}:
        room_for(max([len(owner), *(arg for arg in args if isinstance(arg, int))]))
    if name == "splitlines":
        budget.step(lines_in(owner))
    if name in {"split", "rsplit"}:
        return _split(owner, name, *args, **kwargs)
    return budget.made(getattr(owner, name)(*args, **kwargs))


def _split(owner: str, name: str, sep: str | None = None, maxsplit: int = -1) -> list[str]:
    budget = current()
    left = max(budget.steps_left, 0)
    parts: list[str] = getattr(owner, name)(sep, left if maxsplit < 0 else min(maxsplit, left))
    budget.step(len(parts))
    budget.spend(min(len(owner), MAX_CHARACTERS))
    return parts
