"""What differs between two revisions of a project: prompts and their effect, golden sets apart from them."""

from dataclasses import dataclass

from llmops_cli.domain.changes import Kind, SettingChange, TextChange
from llmops_cli.domain.comparison import Totals
from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.domain.revision import CommitInfo
from llmops_cli.errors import SourceLocation


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
