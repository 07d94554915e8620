"""Which version broke it: the search among versions, and what it found."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.domain.history import Version
from llmops_cli.domain.prompt import Prompt
from llmops_cli.errors import ExitCode, SourceLocation


class Health(StrEnum):
    """What was found of a version. UNJUDGED: it is invalid, cannot be rendered, or got no answers."""

    GOOD = "good"
    BAD = "bad"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True, order=True)
class CaseKey:
    """One case in one variant of one evalset."""

    evalset: str
    variant: str
    case_id: str

    def __str__(self) -> str:
        variant = "" if self.variant == DEFAULT_VARIANT else f" · {self.variant}"
        return f"{self.case_id} ({self.evalset}{variant})"


@dataclass(frozen=True, slots=True)
class BrokenCase:
    """A case that passed at the good end and fails in the version that broke it."""

    key: CaseKey
    where: SourceLocation
    passes: int
    trials: int
    answer: str = ""
    """One answer that failed."""
    explanation: str = ""
    """What the first scorer that failed said of it."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """Fresh trials of one case on both sides of the border, where answers vary."""

    key: CaseKey
    before_passes: int
    before_trials: int
    passes: int
    trials: int


@dataclass(frozen=True, slots=True)
class Border:
    """What asking again showed: `certain` where the guilty version is clearly worse than the one before it.

    `p` is the chance of such counts if both were the same; `why_not` says why less was asked than wanted.
    """

    certain: bool
    p: float
    cases: tuple[Repeated, ...]
    why_not: str = ""


@dataclass(frozen=True)
class Tried:
    """A version, and what was found of it; `reason` says why it could not be judged."""

    version: Version
    ordinal: int
    health: Health
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Effort:
    """What the search cost: evaluations of versions, answers, calls among them, USD (None: unknown)."""

    evaluations: int = 0
    answers: int = 0
    calls: int = 0
    judge_calls: int = 0
    cost: float | None = 0.0


@dataclass(frozen=True)
class Bisected:
    """The result: `guilty`, or `candidates` where it cannot be told, or neither where nothing broke."""

    name: str
    good: Tried
    bad: Tried
    between: int
    """Versions after the good end, up to the bad one."""
    tried: tuple[Tried, ...]
    effort: Effort
    guilty: Tried | None = None
    before: Prompt | None = None
    """The content that the guilty version replaced."""
    border: Border | None = None
    """What asking both again showed; None where answers do not vary."""
    broken: tuple[BrokenCase, ...] = ()
    later: tuple[CaseKey, ...] = ()
    """Cases that fail at the bad end and still pass in the guilty version: another one broke them."""
    candidates: tuple[Tried, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """PASS for an answer, INCONCLUSIVE where several versions may be the one, or it is not certain."""
        unsure = self.border is not None and not self.border.certain
        return ExitCode.INCONCLUSIVE if self.candidates or unsure else ExitCode.PASS


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a search would take at most; `cost` is USD, None where a price is unknown.

    `repeat_calls` are those among the calls that ask the versions beside a border again.
    """

    versions: int
    unjudged: int
    """Versions that can be seen to be unfit without a call."""
    evaluations: int
    cases: int
    calls: int
    judge_calls: int
    cost: float | None
    repeat_calls: int = 0


def first_bad(places: int, health: Callable[[int], Health]) -> range:
    """Where the first bad place lies, asking few of the places between: one place where it is certain.

    Place 0 is known to be good and the last, `places`, to be bad. Places that cannot be judged are passed
    over, as `git bisect skip` does; those beside the first bad one stay in the answer.
    """
    low, high = 0, places
    unjudged: set[int] = set()
    while True:
        untested = [place for place in range(low + 1, high) if place not in unjudged]
        if not untested:
            return range(low + 1, high + 1)
        middle = min(untested, key=lambda place: abs(2 * place - low - high))
        found = health(middle)
        if found is Health.GOOD:
            low = middle
        elif found is Health.BAD:
            high = middle
        else:
            unjudged.add(middle)


def most_steps(untested: int) -> int:
    """How many of so many places between good and bad must be asked at most, if all can be judged."""
    return untested.bit_length()
