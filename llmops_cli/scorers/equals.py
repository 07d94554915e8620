"""`equals`: the answer is what was expected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from llmops_cli.domain.scoring import Answer, Score, ScoringError, failed, passed
from llmops_cli.scorers.json_text import NotJsonError, parse_json, same
from llmops_cli.scorers.text import first_difference, fold, kind_of, show, subject_text


@dataclass(frozen=True, slots=True)
class Equals:
    """The answer equals the expected text, number, true or false, list, mapping or null.

    A text is compared with the answer's text. Anything else is compared with the answer read as JSON, or
    with its text where it is no JSON. 1 and 1.0 are equal, 1 and true are not.
    """

    main: ClassVar[str] = "value"

    value: Any
    """What the answer must be."""
    ignore_case: bool = False
    """Take upper and lower case for the same."""
    strip: bool = True
    """Leave out white space at the start and the end of both texts."""

    def score(self, answer: Answer) -> Score:
        """Full score for an equal answer."""
        if isinstance(self.value, str):
            return self._compare_texts(self.value, subject_text(answer))
        if self.value is not None and not isinstance(self.value, bool | int | float | list | tuple | Mapping):
            raise ScoringError(f"'value' must be a JSON value, got {kind_of(self.value)}")
        if not isinstance(answer.subject, str):
            return self._compare_values(answer.subject)
        try:
            return self._compare_values(parse_json(answer.subject))
        except NotJsonError:
            return self._compare_texts(str(self.value), answer.subject)

    def _compare_texts(self, expected: str, got: str) -> Score:
        if self.strip:
            expected, got = expected.strip(), got.strip()
        if fold(expected, self.ignore_case) == fold(got, self.ignore_case):
            return passed(f"equals {show(expected)}")
        return failed(first_difference(expected, got, ignore_case=self.ignore_case))

    def _compare_values(self, got: Any) -> Score:
        if same(self.value, got, ignore_case=self.ignore_case):
            return passed(f"equals {show(self.value)}")
        return failed(f"expected {show(self.value)}, got {show(got)}")
