"""`matches`: a regular expression finds something in the answer."""

from dataclasses import dataclass
from typing import ClassVar

from llmops_cli.domain.scoring import Answer, Score, failed, passed
from llmops_cli.scorers.patterns import compiled, search
from llmops_cli.scorers.text import shorten, show, subject_text


@dataclass(frozen=True, slots=True)
class Matches:
    """A regular expression matches somewhere in the answer (or all of it, with `full`).

    The syntax is that of the `regex` package, a superset of Python's. A search that takes longer than a
    second counts as a failure to score.
    """

    main: ClassVar[str] = "value"
    literal_value: ClassVar[bool] = True

    value: str
    """The pattern; never a template."""
    ignore_case: bool = False
    """Take upper and lower case for the same."""
    multiline: bool = False
    """Let ^ and $ match at the start and the end of every line."""
    dotall: bool = False
    """Let the dot match line ends too."""
    full: bool = False
    """The whole answer must match, not only a part of it."""

    def __post_init__(self) -> None:
        if not isinstance(self.value, str):
            raise ValueError("'value' must be a text: the pattern")  # noqa: TRY004 - the house rule for arguments
        compiled(self.value, ignore_case=self.ignore_case, multiline=self.multiline, dotall=self.dotall)

    def score(self, answer: Answer) -> Score:
        """Full score for a match. Raises ScoringError when the search takes too long."""
        pattern = compiled(
            self.value, ignore_case=self.ignore_case, multiline=self.multiline, dotall=self.dotall
        )
        text = subject_text(answer)
        match = search(pattern, text, full=self.full)
        if match is not None:
            return passed(f"found {show(match.group())} at character {match.start() + 1}")
        kind = "full match" if self.full else "match"
        return failed(f"expected a {kind} of /{shorten(self.value)}/, got {show(text)}")
