"""The accepted answers of an evalset, as they stand in the committed file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    redacted: bool = field(default=False, compare=False, repr=False)
    """The answer it stands beside is not the one that was judged, but what redaction left of it."""


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
    calls: tuple[str, ...] = ()
    """The calls that gave the answer, oldest first; fewer than `count` where a provider always answers alike."""
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


def union(known: Sequence[BaselineLine], new: Sequence[BaselineLine], most: int) -> list[BaselineLine]:
    """All answers to one request: those on record and those of a run, each call once, at most `most`.

    A record that kept only the latest run would be the best of several; the oldest answers make room. A
    line to which nothing is added, and whose scores are by the same rulers, stays as it is.
    """
    calls = {call for line in known for call in line.calls}
    merged = list(known)
    for line in new:
        place = next((n for n, old in enumerate(merged) if _same_text(old, line) and _alike(old, line)), None)
        if place is None:
            merged.append(line)
            continue
        fresh = tuple(call for call in line.calls if call not in calls)
        # without calls to tell them apart, answers of a deterministic provider are the same ones again
        added = len(fresh) if line.calls else max(0, line.count - merged[place].count)
        old = merged[place]
        if added:
            old = replace(old, count=old.count + added, calls=old.calls + fresh, raw="")
        if _rulers(old) != _rulers(line):
            # else a changed judge would be asked about the same old answers at every run
            old = replace(old, scores=line.scores, raw="")
        merged[place] = old
    return _capped(merged, most)


def _rulers(line: BaselineLine) -> dict[str, str]:
    return {name: score.scorer for name, score in line.scores.items()}


def _alike(one: BaselineLine, other: BaselineLine) -> bool:
    """The same marks, or marks by other rulers. A judge may mark equal texts differently: its marks stay with
    the trials they were given to."""
    if _rulers(one) != _rulers(other):
        return True
    return marks_key(one.scores) == marks_key(other.scores)


def marks_key(scores: Mapping[str, RecordedScore]) -> tuple[tuple[str, float, bool], ...]:
    """What tells marks apart: values and verdicts, not their words."""
    return tuple(sorted((name, score.value, score.passed) for name, score in scores.items()))


def _same_text(one: BaselineLine, other: BaselineLine) -> bool:
    return (one.output, one.tool_calls, one.finish_reason) == (
        other.output,
        other.tool_calls,
        other.finish_reason,
    )


def _capped(lines: Sequence[BaselineLine], most: int) -> list[BaselineLine]:
    """At most so many trials: each line gives up its oldest, in proportion to how many it has.

    Equal answers stand in one line, so to take all from the first would drop the common answers and leave the
    rare ones: a record that grows worse by itself.
    """
    total = sum(line.count for line in lines)
    excess = total - most
    if excess <= 0:
        return list(lines)
    shares = [excess * line.count / total for line in lines]
    drops = [int(share) for share in shares]
    largest = sorted(range(len(lines)), key=lambda place: drops[place] - shares[place])
    for place in largest[: excess - sum(drops)]:
        drops[place] += 1
    return [
        line if not drop else replace(line, count=line.count - drop, calls=line.calls[drop:], raw="")
        for line, drop in zip(lines, drops, strict=True)
        if drop < line.count
    ]
