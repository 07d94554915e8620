"""`contains_any`: at least one of several texts stands in the answer."""

from dataclasses import dataclass
from typing import Any, ClassVar

from llmops_cli.domain.scoring import Answer, Score, failed, passed
from llmops_cli.scorers.text import fold, needles, shorten, show, subject_text


@dataclass(frozen=True, slots=True)
class ContainsAny:
    """The answer contains at least one of several texts."""

    main: ClassVar[str] = "value"

    value: Any
    """The list of texts; one of them is enough."""
    ignore_case: bool = False
    """Take upper and lower case for the same."""

    def score(self, answer: Answer) -> Score:
        """Full score where one of the texts is found."""
        wanted, text = needles(self.value), subject_text(answer)
        searched = fold(text, self.ignore_case)
        found = next((item for item in wanted if fold(item, self.ignore_case) in searched), None)
        if found is not None:
            return passed(f"contains {show(found)}")
        missing = shorten(", ".join(show(item, 30) for item in wanted), 110)
        return failed(f"expected one of {missing}; got {show(text, 60)}")
