"""Whether a value is what its type says, all the way down: for dataclasses that were read from a stranger's JSON.

`domain/run_json.py` puts a run file's values into dataclasses as they are. A report made of them may rely on
their types only after this check.
"""

import dataclasses
import math
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Seen = set[int]
"""Objects that were looked into already: a case stands in a run more than once."""
Check = Callable[[Any, Seen], str | None]
"""Says what is wrong with a value, beginning with where in it; None where nothing is."""


def conform(value: object, expected: Any) -> None:
    """Raises TypeError, naming the place, where a value is not of the expected type.

    A float may be an int, never NaN or infinite; no number is a bool; what is `Any` is not looked into.
    """
    wrong = _check_for(expected)(value, set())
    if wrong is not None:
        raise TypeError(wrong.removeprefix("."))


@cache
def _check_for(expected: Any) -> Check:
    origin, arguments = get_origin(expected), get_args(expected)
    if expected is Any:
        return lambda _value, _seen: None
    if expected in _PLAIN:
        return _PLAIN[expected]
    if origin in (Union, types.UnionType):
        return _one_of([_check_for(one) for one in arguments])
    if origin is Literal:
        return lambda value, _seen: None if value in arguments else _is(value, f"one of {arguments}")
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is ...):
        return _fixed([_check_for(one) for one in arguments])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_check_for(arguments[0]), _check_for(arguments[1]))
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _items(_check_for(arguments[0]))
    return _instance(expected)


def _number(value: Any, _seen: Seen) -> str | None:
    kind = type(value)
    return None if kind is int or (kind is float and math.isfinite(value)) else _is(value, "a number")


def _kind(kind: type, name: str) -> Check:
    return lambda value, _seen: None if type(value) is kind else _is(value, name)


_PLAIN: dict[Any, Check] = {
    str: _kind(str, "text"),
    int: _kind(int, "a whole number"),
    bool: _kind(bool, "true or false"),
    float: _number,
    types.NoneType: _kind(types.NoneType, "null"),
}


def _one_of(checks: Sequence[Check]) -> Check:
    def check(value: Any, seen: Seen) -> str | None:
        told = None
        for one in checks:
            wrong = one(value, seen)
            if wrong is None:
                return None
            # of a dataclass or null, the reader wants to hear what is wrong inside the dataclass
            told = wrong if told is None or len(wrong) > len(told) else told
        return told

    return check


def _fixed(checks: Sequence[Check]) -> Check:
    def check(value: Any, seen: Seen) -> str | None:
        if not isinstance(value, tuple | list) or len(value) != len(checks):
            return _is(value, f"a list of {len(checks)}")
        for number, item in enumerate(value):
            wrong = checks[number](item, seen)
            if wrong is not None:
                return f"[{number}]{wrong}"
        return None

    return check


def _items(item_check: Check) -> Check:
    def check(value: Any, seen: Seen) -> str | None:
        if not isinstance(value, tuple | list):
            return _is(value, "a list")
        for number, item in enumerate(value):
            wrong = item_check(item, seen)
            if wrong is not None:
                return f"[{number}]{wrong}"
        return None

    return check


def _mapping(key_check: Check, value_check: Check) -> Check:
    def check(value: Any, seen: Seen) -> str | None:
        if not isinstance(value, Mapping):
            return _is(value, "a mapping")
        for key, item in value.items():
            wrong = key_check(key, seen) or value_check(item, seen)
            if wrong is not None:
                return f"[{str(key)[:40]!r}]{wrong}"
        return None

    return check


def _instance(expected: Any) -> Check:
    """An enumeration, a dataclass with its fields, or whatever else is a class."""
    if not isinstance(expected, type):
        return lambda value, _seen: _is(value, str(expected))
    checks: list[tuple[str, Check]] | None = None

    def check(value: Any, seen: Seen) -> str | None:
        nonlocal checks
        if not isinstance(value, expected):
            return _is(value, expected.__name__)
        if not dataclasses.is_dataclass(expected) or id(value) in seen:
            return None
        if checks is None:  # not before it is needed: a class may hold itself
            hints = get_type_hints(expected)
            checks = [(field.name, _check_for(hints[field.name])) for field in dataclasses.fields(expected)]
        for name, field_check in checks:
            wrong = field_check(getattr(value, name), seen)
            if wrong is not None:
                return f".{name}{wrong}"
        seen.add(id(value))
        return None

    return check


def _is(value: object, wanted: str) -> str:
    return f" is {type(value).__name__}, not {wanted}"
