"""`length`: how long the answer is."""

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from llmops_cli.domain.scoring import Answer, Score, failed, passed
from llmops_cli.scorers.bounds import bounds_words, check_bounds, check_not_negative, within
from llmops_cli.scorers.text import subject_text

Unit = Literal["characters", "words", "lines", "sentences"]

_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*(?=\s|\Z)|[。！？]")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Length:
    """The answer has so many characters, words, lines or sentences.

    Characters are Unicode code points, all of them counted. Words are parted by white space. A line end at
    the end starts no new line. A sentence ends with . ! ? or … before white space, so "e.g. this" counts as
    two; text without an end mark is one more.
    """

    main: ClassVar[str] = "max"

    max: int | None = None
    """The most that is allowed."""
    min: int | None = None
    """The least that is allowed."""
    unit: Unit = "characters"
    """What is counted."""

    def __post_init__(self) -> None:
        check_not_negative(min=self.min, max=self.max)
        check_bounds(self.min, self.max)
        if self.unit not in ("characters", "words", "lines", "sentences"):
            raise ValueError(f"'unit' must be characters, words, lines or sentences, got {self.unit!r}")

    def score(self, answer: Answer) -> Score:
        """Full score for a length within the bounds, both included."""
        found = count(subject_text(answer), self.unit)
        if within(found, self.min, self.max):
            return passed(f"{found} {self.unit}", length=found)
        return failed(f"expected {bounds_words(self.min, self.max)} {self.unit}, got {found}", length=found)


def count(text: str, unit: Unit) -> int:
    """How many of a unit a text has."""
    if unit == "words":
        return len(text.split())
    if unit == "lines":
        return len(text.splitlines())
    if unit == "sentences":
        pieces = _SENTENCE_END.split(text)
        return sum(any(char.isalnum() for char in piece) for piece in pieces)
    return len(text)
