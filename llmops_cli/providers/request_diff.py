"""Where two requests part, in words; for saying why a recording does not fit."""

from collections.abc import Mapping
from typing import Any

_SHOWN = 40
_ABSENT = object()


def differences(recorded: Any, asked: Any) -> list[str]:
    """Each place where two JSON values part, as `messages[1].content: 'old' → 'new'`, sorted by key."""
    found: list[str] = []
    _compare("", recorded, asked, found)
    return found


def _compare(place: str, old: Any, new: Any, found: list[str]) -> None:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            inner = f"{place}.{key}" if place else str(key)
            _compare(inner, old.get(key, _ABSENT), new.get(key, _ABSENT), found)
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        for index in range(max(len(old), len(new))):
            left, right = (side[index] if index < len(side) else _ABSENT for side in (old, new))
            _compare(f"{place}[{index}]", left, right, found)
    elif type(old) is not type(new) or old != new:
        shown_old, shown_new = _shown(old, new)
        found.append(f"{place}: {shown_old} → {shown_new}")


def _shown(old: Any, new: Any) -> tuple[str, str]:
    """Both values, cut to the part around the first character in which they differ."""
    if not isinstance(old, str) or not isinstance(new, str):
        return _brief(old, 0), _brief(new, 0)
    shared = min(len(old), len(new))
    start = next((index for index in range(shared) if old[index] != new[index]), shared)
    return _brief(old, start), _brief(new, start)


def _brief(value: Any, around: int) -> str:
    if value is _ABSENT:
        return "nothing"
    if not isinstance(value, str):
        text = repr(value)
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    start = max(0, around - _SHOWN // 2) if len(value) > _SHOWN else 0
    end = start + _SHOWN
    return f"{'…' if start else ''}{value[start:end]!r}{'…' if end < len(value) else ''}"
