"""`number`: the number in the answer is right."""

import re
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any, ClassVar

from llmops_cli.domain.scoring import Answer, Score, ScoringError, failed, passed
from llmops_cli.scorers.bounds import bounds_words, check_not_negative, check_order, within
from llmops_cli.scorers.text import kind_of, shorten, show, subject_text

# A number neither begins inside a word or another number ("v2", "1.2.3") nor ends before more of its kind
# ("1.234,56", "1_000", "0x1F"): what cannot be read for sure is not read. It needs no time limit: no part of
# it can match in two ways.
_NUMBER = re.compile(
    r"""
    (?:(?<![\w.)])[-+−])?                              # a sign, but no dash between two numbers
    (?<![\w.]) (?<![0-9],)
    (?: [0-9]{1,3}(?:([,\u00a0\u2009\u202f])[0-9]{3}(?:\1[0-9]{3})*)(?:\.[0-9]+)?
      | [0-9]+(?:\.[0-9]+)?
      | \.[0-9]+ )
    (?:[eE][-+]?[0-9]+)?
    (?![0-9_]|[.,][0-9]|[xX][0-9A-Fa-f])
    """,
    re.VERBOSE,
)
_SEPARATORS = str.maketrans({",": None, "\u00a0": None, "\u2009": None, "\u202f": None, "\u2212": "-"})

# Decimals, because 1.1 - 1.0 <= 0.1 is false for floats. Nothing traps: 1e999999 is a number, too.
_CONTEXT = Context(prec=100, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])


@dataclass(frozen=True, slots=True)
class Number:
    """The one number in the answer is the expected one, or lies within bounds.

    Read are 1234.5, 1,234.5 (comma or narrow space between thousands), a sign, an exponent, 45% as 45, and
    5kg as 5: what stands behind a number is not looked at.
    No number, or more than one, is a failed score. With both `tolerance` and `relative` the wider one counts.
    """

    main: ClassVar[str] = "value"

    value: Any = None
    """The expected number."""
    tolerance: float = 0.0
    """How far from the expected number the answer may be."""
    relative: float | None = None
    """The same as a share of the expected number: 0.01 is one percent."""
    min: float | None = None
    """The least that is allowed."""
    max: float | None = None
    """The most that is allowed."""

    def __post_init__(self) -> None:
        check_not_negative(tolerance=self.tolerance, relative=self.relative)
        check_order(self.min, self.max)

    def score(self, answer: Answer) -> Score:
        """Full score for the right number. Raises ScoringError where nothing is asked of it."""
        expected = self._expected()
        if isinstance(answer.subject, bool):
            return failed(f"expected a number, got {show(answer.subject)}")
        text = subject_text(answer)
        found = numbers_in(text)
        if len(found) != 1:
            several = ", ".join(_show(number) for number in found[:5]) + (", …" if len(found) > 5 else "")
            return failed(f"expected one number, found {several or 'none'} in {show(text)}")
        return self._judge(found[0], expected)

    def _judge(self, got: Decimal, expected: Decimal | None) -> Score:
        if expected is not None and not self._near(got, expected):
            return failed(f"expected {_show(expected)}{self._margin()}, got {_show(got)}")
        # comparisons of Decimal and float are exact
        if not within(got, self.min, self.max):  # type: ignore[arg-type]
            return failed(f"expected {bounds_words(self.min, self.max)}, got {_show(got)}")
        return passed(f"got {_show(got)}")

    def _expected(self) -> Decimal | None:
        if self.value is None:
            if self.min is None and self.max is None:
                raise ScoringError("give 'value', 'min' or 'max'")
            return None
        if isinstance(self.value, str | int | float) and not isinstance(self.value, bool):
            text = str(self.value).strip().removesuffix("%").rstrip()
            if _NUMBER.fullmatch(text) and (found := numbers_in(text)):
                return found[0]
        got = show(self.value) if isinstance(self.value, str | float) else kind_of(self.value)
        raise ScoringError(f"'value' must be a number, got {got}")

    def _near(self, got: Decimal, expected: Decimal) -> bool:
        allowed = _decimal(self.tolerance)
        if self.relative is not None:
            share = _CONTEXT.multiply(_decimal(self.relative), _CONTEXT.abs(expected))
            allowed = max(allowed, share)
        return got == expected or _CONTEXT.abs(_CONTEXT.subtract(got, expected)) <= allowed

    def _margin(self) -> str:
        margins = [f"{self.tolerance:g}"] if self.tolerance else []
        margins += [f"{self.relative:g} of it"] if self.relative else []
        return f" (give or take {' or '.join(margins)})" if margins else ""


def numbers_in(text: str) -> list[Decimal]:
    """Every number of a text, in order; a number of an exponent that no computer holds is left out."""
    found = []
    for match in _NUMBER.finditer(text):
        try:
            found.append(Decimal(match.group().translate(_SEPARATORS)))
        except InvalidOperation:
            continue
    return found


def _decimal(number: float) -> Decimal:
    return Decimal(str(number))


def _show(number: Decimal) -> str:
    return shorten(str(number), 40)
