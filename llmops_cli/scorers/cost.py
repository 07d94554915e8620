"""`cost`: what the answer cost."""

import math
from dataclasses import dataclass
from typing import ClassVar

from llmops_cli.domain.scoring import Answer, Score, ScoringError, failed, passed
from llmops_cli.scorers.bounds import check_not_negative


@dataclass(frozen=True, slots=True)
class Cost:
    """The answer cost at most so many US dollars; an unknown price is a failure to score, never 0."""

    main: ClassVar[str] = "max"

    max: float
    """The most that one answer may cost, in USD."""

    def __post_init__(self) -> None:
        check_not_negative(max=self.max)

    def score(self, answer: Answer) -> Score:
        """Full score for a cheap enough answer. Raises ScoringError where the price is not known."""
        cost = answer.response.cost
        if cost is None or not math.isfinite(cost):
            raise ScoringError("the price of this answer is not known; give the model a price in llmops.yaml")
        if cost <= self.max:
            return passed(f"cost {cost:.6g} USD", usd=cost)
        return failed(f"expected at most {self.max:.6g} USD, got {cost:.6g} USD", usd=cost)
