"""What history says of prompts: versions, log entries, and the rows of `list` and `show`."""

from dataclasses import dataclass

from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.revision import CommitInfo


@dataclass(frozen=True)
class Version:
    """One content of a prompt and the commit that brought it (None: not committed yet).

    `prompt` is None where the file was invalid at that commit; `error` says why.
    """

    name: str
    path: str
    commit: CommitInfo | None
    prompt: Prompt | None
    error: str | None = None

    @property
    def digest(self) -> str | None:
        """The prompt digest, or None of an invalid version."""
        return self.prompt.digest if self.prompt else None


@dataclass(frozen=True, slots=True)
class Record:
    """How a version did in one evalset and variant, by the baseline committed with it.

    `rate` is the share of answers that passed, `cost` USD per answer (None where unknown).
    """

    evalset: str
    variant: str
    answers: int
    rate: float
    cost: float | None


@dataclass(frozen=True)
class LogEntry:
    """One version; `ordinal` counts from 1, the oldest. A content that comes back has its old ordinal."""

    version: Version
    ordinal: int
    labels: tuple[str, ...]
    changed: str
    records: tuple[Record, ...]

    @property
    def rate(self) -> float | None:
        """Pass rate over all answers on record."""
        answers = sum(record.answers for record in self.records)
        return sum(r.rate * r.answers for r in self.records) / answers if answers else None

    @property
    def cost(self) -> float | None:
        """Mean cost of an answer, where all are known."""
        costs = [(r.cost, r.answers) for r in self.records if r.cost is not None]
        if not costs or len(costs) < len(self.records):
            return None
        return sum(cost * answers for cost, answers in costs) / sum(answers for _, answers in costs)


@dataclass(frozen=True)
class PromptRow:
    """One prompt; `error` says why it could not be read."""

    name: str
    digest: str | None
    model: str | None
    labels: tuple[str, ...]
    commit: CommitInfo | None
    evalsets: tuple[str, ...]
    error: str | None = None


@dataclass(frozen=True)
class EvalsetRow:
    """One evalset; `baseline` is how its answers on record relate to the prompts as they stand."""

    name: str
    prompts: tuple[str, ...]
    cases: int
    baseline: str
    commit: CommitInfo | None
    error: str | None = None


@dataclass(frozen=True)
class Shown:
    """A prompt in full, for `llmops show`."""

    prompt: Prompt
    commit: CommitInfo | None
    labels: tuple[str, ...]
    evalsets: tuple[str, ...]
