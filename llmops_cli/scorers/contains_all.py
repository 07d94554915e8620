"""`contains_all`: every one of several texts stands in the answer."""

from dataclasses import dataclass
from typing import Any, ClassVar

from llmops_cli.domain.scoring import Answer, Score, failed, passed
from llmops_cli.scorers.text import fold, needles, shorten, show, subject_text


@dataclass(frozen=True, slots=True)
class ContainsAll:
    """The answer contains every one of several texts."""

    main: ClassVar[str] = "value"

    value: Any
    """The list of texts; each must be found, in any order."""
    ignore_case: bool = False
    """Take upper and lower case for the same."""

    def score(self, answer: Answer) -> Score:
        """Full score where all texts are found; else nought, with those that are missing."""
        wanted, text = needles(self.value), subject_text(answer)
        searched = fold(text, self.ignore_case)
        missing = [item for item in wanted if fold(item, self.ignore_case) not in searched]
        if not missing:
            return passed(f"contains all {len(wanted)}: {_listed(wanted)}")
        return failed(
            f"missing {len(missing)} of {len(wanted)}: {_listed(missing)}; got {show(text, 60)}",
            missing=missing,
        )


def _listed(texts: list[str] | tuple[str, ...]) -> str:
    return shorten(", ".join(show(text, 30) for text in texts), 100)
