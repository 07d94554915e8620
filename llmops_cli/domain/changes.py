"""What changed in a prompt: its texts and its settings.

Settings are compared here rather than with DeepDiff: they are plain JSON values that a person reads as paths
(`temperature 0 → 0.7`, `tools.search.parameters.required[0]`), which twenty lines give without 200 ms of
imports.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cached_property
from typing import Any

from llmops_cli.errors import SourceLocation


class Kind(StrEnum):
    """What became of a thing. MOVED is another name with the same content."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One value of a JSON document, named by its path. `before` says nothing where it was ADDED."""

    name: str
    kind: Kind
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class TextChange:
    """A template, message or partial on both sides; None where it was not there."""

    title: str
    before: str | None
    after: str | None
    where: SourceLocation | None = None
    """Where the first line of `after` stands; None where it is no longer there."""

    @cached_property
    def lines(self) -> tuple[int, int]:
        """Lines added and removed."""
        old, new = split_lines(self.before, self.after)
        added = removed = 0
        for operation, a, b, c, d in line_matcher(old, new).get_opcodes():
            if operation != "equal":
                removed, added = removed + b - a, added + d - c
        return added, removed

    @property
    def first_change(self) -> SourceLocation | None:
        """The first line of `after` that differs, or that follows what was removed."""
        if self.where is None:
            return None
        old, new = split_lines(self.before, self.after)
        same = next(
            (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
        )
        return SourceLocation(self.where.path, (self.where.line or 1) + min(same, max(len(new) - 1, 0)))


@dataclass(frozen=True)
class PromptChange:
    """What a branch did to a prompt: two of its versions. `before_name` is another name where it was renamed."""

    name: str
    digest_before: str
    digest_after: str
    texts: tuple[TextChange, ...] = ()
    """Messages, template files and included partials that differ."""
    settings: tuple[SettingChange, ...] = ()
    before_name: str | None = None


def split_lines(before: str | None, after: str | None) -> tuple[list[str], list[str]]:
    """The lines of both sides; a line end at the end that only one of them has stands as an empty line."""
    texts = [text for text in (before, after) if text]
    if all(text.endswith("\n") for text in texts):
        before, after = (text.removesuffix("\n") if text else text for text in (before, after))
    return before.split("\n") if before else [], after.split("\n") if after else []


MOST_PAIRS = 1_000_000
"""Pairs of equal lines that a comparison looks at; its time grows with them."""


def line_matcher(old: Sequence[str], new: Sequence[str]) -> "SequenceMatcher[Any]":
    """Compares lines; what it says are places in both texts.

    Where few lines stand in them again and again, equal beginnings and ends are taken as such, and between them
    those lines begin no match: two hundred thousand times the same five lines would be compared for hours.
    """
    if _pairs(old, new).total() <= MOST_PAIRS:
        return SequenceMatcher(None, old, new, autojunk=False)
    ours, theirs = _with_ends_named(old, new)
    pairs = _pairs(ours, theirs)
    total, common = pairs.total(), set[Any]()
    for line, count in pairs.most_common():
        if total <= MOST_PAIRS:
            break
        common.add(line)
        total -= count
    return SequenceMatcher(common.__contains__ if common else None, ours, theirs, autojunk=False)


def _pairs(old: Sequence[Any], new: Sequence[Any]) -> Counter[Any]:
    """How many pairs of equal lines there are, by line."""
    here, there = Counter(old), Counter(new)
    return Counter({line: count * there[line] for line, count in here.items() if line in there})


def _with_ends_named(old: Sequence[str], new: Sequence[str]) -> tuple[list[Any], list[Any]]:
    """Each line of an equal beginning or end as a value that stands once on either side."""
    ours, theirs = list[Any](old), list[Any](new)
    shortest, begin, end = min(len(old), len(new)), 0, 0
    while begin < shortest and old[begin] == new[begin]:
        ours[begin] = theirs[begin] = (0, begin)
        begin += 1
    while end < shortest - begin and old[-1 - end] == new[-1 - end]:
        ours[-1 - end] = theirs[-1 - end] = (1, end)
        end += 1
    return ours, theirs


def setting_changes(before: Any, after: Any, path: str = "") -> tuple[SettingChange, ...]:
    """What differs between two JSON documents, each value named by its path, in the order met.

    What is on one side only is one change, however much there is below it.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        pairs = [(f"{path}.{key}" if path else str(key), key) for key in dict.fromkeys((*before, *after))]
        return tuple(change for name, key in pairs for change in _entry(name, key, before, after))
    if _is_nested(before) and _is_nested(after):
        old, new = dict(enumerate(before)), dict(enumerate(after))
        places = [(f"{path}[{place}]", place) for place in range(max(len(old), len(new)))]
        return tuple(change for name, place in places for change in _entry(name, place, old, new))
    return () if _same(before, after) else (SettingChange(path, Kind.CHANGED, before, after),)


def _entry(
    name: str, key: Any, before: Mapping[Any, Any], after: Mapping[Any, Any]
) -> tuple[SettingChange, ...]:
    if key not in after:
        return (SettingChange(name, Kind.REMOVED, before=before[key]),)
    if key not in before:
        return (SettingChange(name, Kind.ADDED, after=after[key]),)
    return setting_changes(before[key], after[key], name)


def _is_nested(value: Any) -> bool:
    """A list of plain values is one value; `stop: [a, b]` is read whole."""
    return isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value)


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, as it is to Python. 1 and 1.0 differ too, as they do in a digest."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)
