"""What differs between two revisions of a project: prompts, their effect, and the golden sets apart from them.

Settings are compared here rather than with DeepDiff: they are plain JSON values that a person reads as paths
(`temperature 0 → 0.7`, `tools.search.parameters.required[0]`), which twenty lines give without 200 ms of
imports.
"""

from collections.abc import Mapping, Sequence
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
        if self.commit is None or self.commit.sha.startswith(self.label):
            return self.label
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
        old, new = (self.before or "").splitlines(), (self.after or "").splitlines()
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

    @property
    def only_through_partials(self) -> bool:
        """Whether nothing was written in the prompt itself."""
        return bool(self.partials) and not self.texts and not self.settings


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


def setting_changes(before: Any, after: Any) -> tuple[SettingChange, ...]:
    """What differs between two JSON documents, each value named by its path, in the order met."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    found: list[SettingChange] = []
    for name in dict.fromkeys((*old, *new)):
        if name not in new:
            found.append(SettingChange(name, Kind.REMOVED, before=old[name]))
        elif name not in old:
            found.append(SettingChange(name, Kind.ADDED, after=new[name]))
        elif not _same(old[name], new[name]):
            found.append(SettingChange(name, Kind.CHANGED, old[name], new[name]))
    return tuple(found)


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    """Paths with their values; a list of plain values is one value."""
    if isinstance(value, Mapping) and value:
        return [leaf for key in value for leaf in _leaves(value[key], f"{path}.{key}" if path else str(key))]
    if isinstance(value, Sequence) and not isinstance(value, str):
        if any(isinstance(item, Mapping | list | tuple) for item in value):
            return [leaf for place, item in enumerate(value) for leaf in _leaves(item, f"{path}[{place}]")]
        return [(path, list(value))]
    return [(path, value)]


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, as it is to Python. 1 and 1.0 differ too, as they do in a digest."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)
