"""What differs between two revisions of a project: prompts and their effect, golden sets apart from them.

Settings are compared here rather than with DeepDiff: they are plain JSON values that a person reads as paths
(`temperature 0 → 0.7`, `tools.search.parameters.required[0]`), which twenty lines give without 200 ms of
imports.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cached_property
from typing import Any

from llmops_cli.domain.comparison import Totals
from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.domain.revision import CommitInfo
from llmops_cli.errors import SourceLocation


class Kind(StrEnum):
    """What became of a thing. MOVED is another name with the same content."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class DiffSide:
    """One side; `label` is what the user wrote, `commit` None for the worktree."""

    label: str
    commit: CommitInfo | None

    @property
    def title(self) -> str:
        """`HEAD~3 (4f9c1a2b3c)`, or `worktree`."""
        if self.commit is None:
            return self.label
        if self.commit.sha.startswith(self.label):
            return self.commit.short
        return f"{self.label} ({self.commit.short})"


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

    @cached_property
    def lines(self) -> tuple[int, int]:
        """Lines added and removed."""
        old, new = split_lines(self.before, self.after)
        added = removed = 0
        for operation, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if operation != "equal":
                removed, added = removed + b - a, added + d - c
        return added, removed


@dataclass(frozen=True, slots=True)
class PartialChange:
    """A template that several prompts may include: its change stands once, with who is touched by it."""

    text: TextChange
    used_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unrendered:
    """Cases without a request on one side (or both), and why."""

    reason: str
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenderedExample:
    """One case's messages on both sides; only those that differ."""

    case_id: str
    where: SourceLocation
    messages: tuple[TextChange, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """How many requests of an evalset's variant really changed, over today's cases.

    `compared` counts the cases that render on both sides.
    """

    evalset: str
    variant: str
    cases: int
    compared: int
    changed: int
    unrendered: tuple[Unrendered, ...] = ()
    example: RenderedExample | None = None

    @property
    def title(self) -> str:
        """The evalset, with its variant where there are several."""
        return self.evalset if self.variant == DEFAULT_VARIANT else f"{self.evalset} · {self.variant}"


@dataclass(frozen=True, slots=True)
class ScorePair:
    """One scorer's judgement of both answers, as its explanation or failure; None where there is none."""

    name: str
    before: float | None
    after: float | None
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """What was answered before and after to a case whose request changed (of several trials, the first).

    `passed` is the case's, by the evalset's rule; None where it could not be judged.
    """

    case_id: str
    where: SourceLocation
    before: str
    after: str
    passed_before: bool | None
    passed_after: bool | None
    trials_before: tuple[int, int]
    """Trials that passed, of those judged."""
    trials_after: tuple[int, int]
    scores: tuple[ScorePair, ...] = ()


@dataclass(frozen=True, slots=True)
class SideFigures:
    """Figures of one side over the cases known on both; `length` is the mean of characters an answer."""

    totals: Totals
    length: float | None


@dataclass(frozen=True, slots=True)
class AnswersDiff:
    """Answers of an evalset's variant where both sides are known. `unknown` counts changed requests that
    lack an answer on a side."""

    evalset: str
    variant: str
    unknown: int
    before: SideFigures | None = None
    after: SideFigures | None = None
    pairs: tuple[AnswerPair, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The evalset, with its variant where there are several."""
        return self.evalset if self.variant == DEFAULT_VARIANT else f"{self.evalset} · {self.variant}"


@dataclass(frozen=True)
class PromptDiff:
    """One prompt on both sides. `before_name` is another name where it was renamed or moved.

    A side that is invalid has an error and no digest; then `texts` compares the YAML as it stands.
    """

    name: str
    kind: Kind
    before_name: str | None = None
    digest_before: str | None = None
    digest_after: str | None = None
    error_before: str | None = None
    error_after: str | None = None
    texts: tuple[TextChange, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    partials: tuple[TextChange, ...] = ()
    """Changed templates that it includes, titled by their paths; shown once, see `Diff.partials`."""
    effects: tuple[Effect, ...] = ()
    answers: tuple[AnswersDiff, ...] = ()

    @property
    def renamed(self) -> bool:
        """Whether it is called otherwise now."""
        return self.before_name is not None and self.before_name != self.name

    @property
    def lines(self) -> tuple[int, int]:
        """Lines added and removed, partials included."""
        counts = [text.lines for text in (*self.texts, *self.partials)]
        return sum(added for added, _ in counts), sum(removed for _, removed in counts)


@dataclass(frozen=True, slots=True)
class CaseEdit:
    """A case that is on both sides and not the same."""

    case_id: str
    where: SourceLocation
    changes: tuple[SettingChange, ...]


@dataclass(frozen=True)
class EvalsetDiff:
    """A golden set on both sides: another ruler, never another prompt."""

    name: str
    kind: Kind
    before_name: str | None = None
    cases_before: int = 0
    cases_after: int = 0
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    edited: tuple[CaseEdit, ...] = ()
    expectations: tuple[CaseEdit, ...] = ()
    scorers: tuple[SettingChange, ...] = ()
    rules: tuple[SettingChange, ...] = ()
    """Prompts, models, trials, pass rule and gate."""
    error_before: str | None = None
    error_after: str | None = None


@dataclass(frozen=True)
class Diff:
    """Everything between two revisions. `interrupted`: ^C came before all answers did."""

    before: DiffSide
    after: DiffSide
    prompts: tuple[PromptDiff, ...] = ()
    partials: tuple[PartialChange, ...] = ()
    evalsets: tuple[EvalsetDiff, ...] = ()
    notes: tuple[str, ...] = ()
    ran: bool = False
    """Whether unknown answers were asked for."""
    interrupted: bool = False

    @property
    def differs(self) -> bool:
        """Whether there is any difference, of prompts or of golden sets."""
        return bool(self.prompts or self.evalsets)


def split_lines(before: str | None, after: str | None) -> tuple[list[str], list[str]]:
    """The lines of both sides; a line end at the end that only one of them has stands as an empty line."""
    texts = [text for text in (before, after) if text]
    if all(text.endswith("\n") for text in texts):
        before, after = (text.removesuffix("\n") if text else text for text in (before, after))
    return before.split("\n") if before else [], after.split("\n") if after else []


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
