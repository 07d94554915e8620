"""What counts as equal between two JSON values is made equal, so that a plain diff shows only what counts."""

import json
import re
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from llmops_cli.domain.scoring import ScoringError
from llmops_cli.scorers.json_text import same
from llmops_cli.scorers.matching import pair_up

Place = tuple[str | int, ...]
"""Keys and indexes that lead to a value."""

MISSING = type("Missing", (), {"__slots__": ()})()
"""Stands where something was expected and nothing is there."""

_MOST_PAIRS = 1_000_000
_STEP = re.compile(r"""\.([^.\[\]\s'"]+)|\[([0-9]+|\*)\]|\['([^']*)'\]|\["([^"]*)"\]""")
_ANY = None


def parse_path(path: str) -> tuple[str | int | None, ...]:
    """The steps of `$.items[*].id` (the `$` may be left out); None stands for `*`. Raises ValueError."""
    rest = path.strip().removeprefix("$")
    rest = rest if rest.startswith((".", "[")) else f".{rest}"
    steps: list[str | int | None] = []
    while step := _STEP.match(rest):
        name, index, *quoted = step.groups()
        if name == "*" or index == "*":
            steps.append(_ANY)
        elif index is not None:
            steps.append(int(index))
        else:
            steps.append(next(part for part in (name, *quoted) if part is not None))
        rest = rest[step.end() :]
    if rest:
        raise ValueError(f"bad path {path!r}; write it like $.items[0].id or items[*].id")
    return tuple(steps)


@dataclass(frozen=True)
class Aligner:
    """The rules by which two JSON values count as equal; `tolerance` is absolute, for every number."""

    ignore_order: bool = False
    tolerance: float | None = None
    ignored: tuple[tuple[str | int | None, ...], ...] = ()

    def align(self, expected: Any, got: Any, at: Place = ()) -> Any:
        """`got`, with everything that counts as equal replaced by what was expected.

        Raises ScoringError where lists are too long to be paired without order.
        """
        if self._ignores(at):
            return expected
        if isinstance(expected, Mapping) and isinstance(got, Mapping):
            return self._align_mappings(expected, got, at)
        if isinstance(expected, list) and isinstance(got, list):
            return self._align_lists(expected, got, at)
        if self._near(expected, got):
            return expected
        return got

    def _near(self, expected: Any, got: Any) -> bool:
        if same(expected, got):
            return True
        if self.tolerance is None or not (_is_number(expected) and _is_number(got)):
            return False
        # decimals, because 1.1 - 1.0 <= 0.1 is false for floats
        return abs(Decimal(str(expected)) - Decimal(str(got))) <= Decimal(str(self.tolerance))

    def _ignores(self, at: Place) -> bool:
        return any(
            len(path) == len(at) and all(p is _ANY or p == k for p, k in zip(path, at, strict=True))
            for path in self.ignored
        )

    def _align_mappings(self, expected: Mapping[str, Any], got: Mapping[str, Any], at: Place) -> Any:
        aligned = {key: self.align(item, got.get(key, MISSING), (*at, key)) for key, item in expected.items()}
        over = {k: v for k, v in got.items() if k not in expected and not self._ignores((*at, k))}
        return aligned | over

    def _align_lists(self, expected: Sequence[Any], got: Sequence[Any], at: Place) -> list[Any]:
        if self.ignore_order:
            return self._align_any_order(expected, got, at)
        filled = [*got, *[MISSING] * (len(expected) - len(got))]
        aligned = [self.align(item, filled[i], (*at, i)) for i, item in enumerate(expected)]
        known = len(expected)
        return aligned + [item for i, item in enumerate(got[known:], known) if not self._ignores((*at, i))]

    def _align_any_order(self, expected: Sequence[Any], got: Sequence[Any], at: Place) -> list[Any]:
        # what was aligned once is kept: doing it again on every level would double the work with each
        known: dict[tuple[int, int], Any] = {}

        def aligned(i: int, j: int) -> Any:
            if (i, j) not in known:
                known[i, j] = self.align(expected[i], got[j], (*at, i))
            return known[i, j]

        pairs = _equal_pairs(expected, got)
        if self._loose and len(pairs) < len(expected):
            if len(expected) * len(got) <= _MOST_PAIRS:
                pairs = pair_up(len(expected), len(got), lambda i, j: same(expected[i], aligned(i, j)), pairs)
            elif len(expected) == len(got):
                raise ScoringError(f"lists of {len(got)} elements are too long to compare in any order")
        used = set(pairs.values())
        over = deque(j for j in range(len(got)) if j not in used)
        result = []
        for i, item in enumerate(expected):
            if i in pairs:
                result.append(item)
            else:
                result.append(aligned(i, over.popleft()) if over else self.align(item, MISSING, (*at, i)))
        return result + [got[j] for j in over]

    @cached_property
    def _loose(self) -> bool:
        """Values that are not identical may still count as equal."""
        return self.tolerance is not None or bool(self.ignored)


def _equal_pairs(expected: Sequence[Any], got: Sequence[Any]) -> dict[int, int]:
    places = defaultdict(list)
    for j in reversed(range(len(got))):
        places[_key(got[j])].append(j)
    pairs = {}
    for i, item in enumerate(expected):
        if found := places.get(_key(item)):
            pairs[i] = found.pop()
    return pairs


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _key(value: Any) -> str:
    """Equal for values that are equal in any order of their lists."""
    return json.dumps(_canonical(value), sort_keys=True)


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((_canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return int(value) if isinstance(value, float) and value.is_integer() else value
