"""`starts_with`: the answer begins with a text."""

from dataclasses import dataclass
from typing import Any, ClassVar

from llmops_cli.domain.scoring import Answer, Score, failed, passed
from llmops_cli.scorers.text import first_difference, fold, needle, show, subject_text


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The answer starts with a text; white space before it counts."""

    main: ClassVar[str] = "value"

    value: Any
    """The text at the start; a number stands for its digits."""
    ignore_case: bool = False
    """Take upper and lower case for the same."""

    def score(self, answer: Answer) -> Score:
        """Full score for an answer that starts so."""
        wanted, text = needle(self.value), subject_text(answer)
        if fold(text, self.ignore_case).startswith(fold(wanted, self.ignore_case)):
            return passed(f"starts with {show(wanted)}")
        beginning = text[: len(wanted)]
        return failed(f"at the start {first_difference(wanted, beginning, ignore_case=self.ignore_case)}")
