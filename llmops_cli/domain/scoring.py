"""How an answer is judged: scorers, scores, and the failure to score, which is never 0."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from llmops_cli.domain.request import Message, Response

Severity = Literal["fail", "warn"]


@dataclass(frozen=True, slots=True)
class Score:
    """One judgement. `value` lies in 0..1; `explanation` says expected, got, and where they part.

    `details` holds what a set-level summary or a report needs (labels, grades by criterion, differences).
    """

    value: float
    passed: bool
    explanation: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:  # also refuses NaN
            raise ValueError(f"a score lies between 0 and 1, not {self.value!r}")


def passed(explanation: str = "", **details: Any) -> Score:
    """A full score."""
    return Score(1.0, True, explanation, details)


def failed(explanation: str, **details: Any) -> Score:
    """A score of nought, with the reason."""
    return Score(0.0, False, explanation, details)


class ScoringError(Exception):
    """The scorer could not judge (a judge gave no verdict, a python scorer raised): a ScorerFailure."""


@dataclass(frozen=True, slots=True)
class JudgeReply:
    """What a judge's model answered to a rendered judge prompt, with its identity for the Score."""

    response: Response
    identity: Mapping[str, Any]
    call: str = ""
    """Which call it was: one reply that stands for several answers is one judgement. Empty where unknown."""


@dataclass(frozen=True, slots=True)
class TrialKey:
    """Which trial an answer is of: replies of a judge are kept apart by it."""

    case_id: str = ""
    trial: int = 1


class ScoringTools(Protocol):
    """What a scorer may ask of the rest of the program; handed over by workflows/wiring.py."""

    async def ask_judge(
        self, prompt: str, variables: Mapping[str, Any], vote: int = 1, of: "TrialKey | None" = None
    ) -> JudgeReply:
        """Render the named prompt and ask the judge's model. Raises ScoringError where that fails.

        `vote` and `of` tell repeated questions apart: each vote on each trial is asked, and kept, by itself,
        though equal answers make equal questions. One reply for several trials would be one trial.
        """
        ...

    async def call_python(self, reference: str, arguments: Mapping[str, Any]) -> Any:
        """Call `module:function` of the project, where settings allow it. Raises ScoringError."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a scorer sees: the part of the answer that `of` picked (`subject`), and all around it.

    `subject` is the answer's text unless the scorer says `of:`; then it may be any JSON value.
    """

    subject: Any
    response: Response
    messages: Sequence[Message] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    expected: Any = None
    case_id: str = ""
    tools: ScoringTools | None = None
    accepted: str | None = None
    """What the baseline holds for this case and trial, for scorers that compare; None without one."""
    trial: int = 1
    """Which of the answers to this case it is."""

    @property
    def key(self) -> TrialKey:
        """The trial it answers."""
        return TrialKey(self.case_id, self.trial)

    @property
    def text(self) -> str:
        """The subject as text: a string as it is, anything else as JSON."""
        if isinstance(self.subject, str):
            return self.subject
        import json

        return json.dumps(self.subject, ensure_ascii=False)


class Scorer(Protocol):
    """A frozen dataclass whose fields are its YAML arguments.

    `main` names the field that a bare scalar or list fills. `value` arrives with its template rendered.
    """

    main: ClassVar[str]

    def score(self, answer: Answer) -> Score | Awaitable[Score]:
        """Judge one answer. Raises ScoringError when it cannot be judged."""
        ...


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of a scorer over a whole set, such as precision and recall, and an optional table."""

    values: Mapping[str, float]
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@runtime_checkable
class Summarising(Protocol):
    """A scorer that can also say something of the set."""

    def summarise(self, scores: Sequence[Score]) -> Metrics:
        """Figures over all scores of this scorer in one evalset and variant."""
        ...


@dataclass(frozen=True, slots=True)
class NamedScore:
    """A Score, or the failure to get one, under the name that aligns it over time.

    Exactly one of `score` and `failure` is set. `digest` identifies the ruler (name, arguments, code).
    """

    name: str
    digest: str
    severity: Severity = "fail"
    weight: float = 1.0
    score: Score | None = None
    failure: str | None = None
