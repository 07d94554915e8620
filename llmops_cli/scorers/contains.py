"""`contains`: a text stands somewhere in the answer."""

from dataclasses import dataclass
from typing import Any, ClassVar

from llmops_cli.domain.scoring import Answer, Score, failed, passed
from llmops_cli.scorers.text import fold, needle, show, subject_text


@dataclass(frozen=True, slots=True)
class Contains:
    """The answer contains a text."""

    main: ClassVar[str] = "value"

    value: Any
    """The text to find; a number stands for its digits."""
    ignore_case: bool = False
    """Take upper and lower case for the same."""

    def score(self, answer: Answer) -> Score:
        """Full score where the text is found."""
        wanted, text = needle(self.value), subject_text(answer)
        if fold(wanted, self.ignore_case) in fold(text, self.ignore_case):
            return passed(f"contains {show(wanted)}")
        return failed(f"expected {show(wanted)} somewhere in it, got {show(text)}")
