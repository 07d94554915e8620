"""`latency`: how long the answer took."""

import math
import re
from dataclasses import dataclass
from typing import ClassVar

from llmops_cli.domain.scoring import Answer, Score, ScoringError, failed, passed
from llmops_cli.scorers.bounds import check_not_negative

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Latency:
    """The answer came within so many seconds; an answer from a cache keeps the time it once took."""

    main: ClassVar[str] = "max"

    max: float | str
    """The most it may take: seconds, or a text such as "500ms", "2s", "1m"."""

    def __post_init__(self) -> None:
        check_not_negative(max=seconds(self.max))

    def score(self, answer: Answer) -> Score:
        """Full score for an answer in time. Raises ScoringError where the time is not known."""
        took, allowed = answer.response.latency, seconds(self.max)
        if took is None or not math.isfinite(took):
            raise ScoringError("the time this answer took is not known")
        if took <= allowed:
            return passed(f"took {took:.3g} s", seconds=took)
        return failed(f"expected at most {allowed:.6g} s, got {took:.6g} s", seconds=took)


def seconds(duration: float | str) -> float:
    """A duration in seconds. Raises ValueError for a text that is none."""
    if not isinstance(duration, str):
        return float(duration)
    match = _DURATION.fullmatch(duration.strip())
    if match is None:
        raise ValueError(f"{duration!r} is no duration; write seconds, or a text such as 500ms, 2s or 1m")
    return float(match[1]) * _SECONDS[match[2]]
