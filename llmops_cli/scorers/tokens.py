"""`tokens`: how many tokens the request and the answer took."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from llmops_cli.domain.scoring import Answer, Score, ScoringError, failed, passed
from llmops_cli.scorers.bounds import bounds_words, check_bounds, check_not_negative, within


@dataclass(frozen=True, slots=True)
class Tokens:
    """The call took so many tokens, as the model's vendor counted them."""

    main: ClassVar[str] = "max"

    max: int | None = None
    """The most that is allowed."""
    min: int | None = None
    """The least that is allowed."""
    kind: Literal["output", "input", "total"] = "total"
    """Which tokens are counted."""

    def __post_init__(self) -> None:
        check_not_negative(min=self.min, max=self.max)
        check_bounds(self.min, self.max)
        if self.kind not in ("output", "input", "total"):
            raise ValueError(f"'kind' must be output, input or total, got {self.kind!r}")

    def score(self, answer: Answer) -> Score:
        """Full score for a count within the bounds. Raises ScoringError where the vendor gave no count."""
        usage = answer.response.usage
        if usage is None:
            raise ScoringError("the number of tokens of this answer is not known")
        counts = {"output": usage.output_tokens, "input": usage.input_tokens, "total": usage.total}
        found, of_kind = counts[self.kind], "" if self.kind == "total" else f"{self.kind} "
        if within(found, self.min, self.max):
            return passed(f"{found} {of_kind}tokens", tokens=found)
        return failed(
            f"expected {bounds_words(self.min, self.max)} {of_kind}tokens, got {found}", tokens=found
        )
