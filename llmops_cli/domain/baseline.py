"""The accepted answers of an evalset, as they stand in the committed file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.domain.request import ToolCall, Usage
from llmops_cli.domain.scoring import Severity
from llmops_cli.errors import SourceLocation

BASELINE_FORMAT = 1


@dataclass(frozen=True, slots=True)
class RecordedScore:
    """A score as it was when the answer was accepted, and the digest of the ruler that gave it."""

    scorer: str
    value: float
    passed: bool
    explanation: str = ""
    severity: Severity = "fail"


@dataclass(frozen=True, slots=True)
class BaselineLine:
    """One accepted answer, given in `count` trials.

    `inputs` maps each input of the prompt to a digest of what the case gave, or None where the prompt's
    default stood: by it a line can be compared with today's case without asking git.
    """

    case_id: str
    variant: str
    request: str
    prompt: str
    prompt_name: str
    settings: Mapping[str, Any]
    output: str
    count: int = 1
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    served_model: str | None = None
    finish_reason: str | None = None
    inputs: Mapping[str, str | None] = field(default_factory=dict)
    scores: Mapping[str, RecordedScore] = field(default_factory=dict)
    redacted: bool = False
    where: SourceLocation = SourceLocation("")
    raw: str = field(default="", compare=False, repr=False)
    """The line as it stands in the file: an answer that did not change keeps its line byte for byte."""

    @property
    def passed(self) -> bool:
        """Whether the answer passed when it was accepted: all its `fail` scores did."""
        return all(score.passed for score in self.scores.values() if score.severity == "fail")


@dataclass(frozen=True, slots=True)
class VariantSummary:
    """Latency (seconds) and cost (USD per trial, None where unknown) of a variant when it was accepted."""

    variant: str
    latency_p50: float | None = None
    latency_p95: float | None = None
    cost: float | None = None
    tokens: float | None = None


@dataclass(frozen=True)
class Baseline:
    """All lines of one baseline file, by (case, variant)."""

    path: str
    lines: Mapping[tuple[str, str], tuple[BaselineLine, ...]]
    summaries: Mapping[str, VariantSummary] = field(default_factory=dict)
