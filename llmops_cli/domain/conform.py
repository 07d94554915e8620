"""Whether a value is what its type says, all the way down: for dataclasses that were read from a stranger's JSON.

`domain/run_json.py` puts a run file's values into dataclasses as they are. A report made of them may rely on
their types only after this check.
"""

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def conform(value: object, expected: Any, at: str = "") -> None:
    """Raises TypeError, naming the place, where a value is not of the expected type.

    A float may be an int, never NaN or infinite; no number is a bool; what is `Any` is not looked into.
    """
    origin = get_origin(expected)
    if expected is Any:
        return
    if origin in (Union, types.UnionType):
        _one_of(value, get_args(expected), at)
    elif origin is Literal:
        _require(value in get_args(expected), value, expected, at)
    elif origin is tuple:
        _tuple(value, get_args(expected), at)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        _require(isinstance(value, Mapping), value, expected, at)
        keys, values = get_args(expected)
        for key, item in value.items():  # type: ignore[attr-defined]
            conform(key, keys, f"{at} key")
            conform(item, values, f"{at}[{str(key)[:40]!r}]")
    elif isinstance(origin, type) and issubclass(origin, Sequence):
        _items(value, get_args(expected)[0], at)
    else:
        _plain(value, expected, at)


def _plain(value: object, expected: Any, at: str) -> None:
    if expected is None or expected is type(None):
        _require(value is None, value, "None", at)
    elif expected is float:
        _require(
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
            value, "a number", at,
        )  # fmt: skip
    elif expected is int:
        _require(isinstance(value, int) and not isinstance(value, bool), value, "a whole number", at)
    elif not isinstance(expected, type) or issubclass(expected, Enum):
        _require(isinstance(expected, type) and isinstance(value, expected), value, expected, at)
    else:
        _require(isinstance(value, expected), value, expected, at)
        if dataclasses.is_dataclass(value):
            for name, hint in _fields(value.__class__):
                conform(getattr(value, name), hint, f"{at}.{name}" if at else name)


def _one_of(value: object, expected: Sequence[Any], at: str) -> None:
    told: TypeError | None = None
    for one in expected:
        try:
            conform(value, one, at)
        except TypeError as error:
            # of a dataclass or None, the reader wants to hear what is wrong in the dataclass
            told = error if told is None or isinstance(value, one if isinstance(one, type) else ()) else told
        else:
            return
    if told is not None:
        raise told


def _tuple(value: object, expected: Sequence[Any], at: str) -> None:
    if len(expected) == 2 and expected[1] is ...:
        _items(value, expected[0], at)
        return
    _require(isinstance(value, tuple | list) and len(value) == len(expected), value, "so many items", at)
    for number, item in enumerate(value):  # type: ignore[arg-type, var-annotated]
        conform(item, expected[number], f"{at}[{number}]")


def _items(value: object, expected: Any, at: str) -> None:
    _require(isinstance(value, tuple | list), value, "a list", at)
    for number, item in enumerate(value):  # type: ignore[arg-type, var-annotated]
        conform(item, expected, f"{at}[{number}]")


def _require(holds: bool, value: object, expected: Any, at: str) -> None:
    if not holds:
        wanted = expected.__name__ if isinstance(expected, type) else str(expected)
        raise TypeError(f"{at or 'the value'} is {type(value).__name__}, not {wanted}")


@cache
def _fields(cls: Any) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(cls)
    return tuple((field.name, hints[field.name]) for field in dataclasses.fields(cls))
