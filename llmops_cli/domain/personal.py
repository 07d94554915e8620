"""Where personal data stands in a text: mail addresses, numbers of payment cards, telephone numbers.

Numbers are read as groups of digits, and every run of groups is tried: beside a card stand its check number,
an order's number or a telephone number, and the text does not say where one ends. All patterns take each
character once (possessive quantifiers, borders before they start), so that a long answer costs no more than
its length.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

Span = tuple[int, int]

_SPACE = " \t\u00a0\u2007\u2009\u202f"
_DASH = "\u2010-\u2015\u2212-"
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++(?<=\w|[.+-])@[\w-]++(?:\.[\w-]++)++")
_DIGITS = re.compile(r"\d+")
_CARD_CHAIN = re.compile(
    # a dot between four and four digits: others are decimals, versions and addresses of machines
    rf"\d++(?:(?:[{_SPACE}]{{0,2}}[{_DASH}]?[{_SPACE}]{{0,2}}|(?<=\d{{4}})\.(?=\d{{4}}))\d++)*+"
)
_CARD_DIGITS = range(13, 20)
_PHONE_CHAIN = re.compile(rf"\d++(?:\)?[{_SPACE}]?[./{_DASH}]?[{_SPACE}]?\(?\d++)*+")
_PHONE_DIGITS = range(7, 16)
"""ITU-T E.164 allows 15; with fewer than 7 nobody is called from elsewhere."""
_JOINT = re.compile(rf"[{_SPACE}{_DASH}]")
"""Between the groups of a number that shows by nothing else that it is one."""
_DAY, _MONTH, _BYTE = r"(?:3[01]|[12]\d|0?[1-9])", r"(?:1[0-2]|0?[1-9])", r"(?:25[0-5]|2[0-4]\d|[01]?\d?\d)"
_NO_PHONE = re.compile(
    "|".join((
        rf"(?<![\d.-])\d{{4}}-{_MONTH}-{_DAY}(?![.-]?\d)",
        rf"(?<![\d./-])\d{{4}}([./]){_MONTH}\1{_DAY}(?![./-]?\d)",
        rf"(?<![\d./-]){_DAY}([./-]){_MONTH}\2(?:19|20)?\d\d(?![./-]?\d)",
        rf"(?<![\d./-]){_MONTH}/{_DAY}/(?:19|20)?\d\d(?![./-]?\d)",
        r"(?<![\d:])\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?!\d)",
        r"(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-\d{4}(?:\d\d)?(?!\d)",
        rf"(?<![\d.]){_BYTE}(?:\.{_BYTE}){{3}}(?!\d|\.\d)",
        r"(?<![\w-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-])",
        r"(?<![\d+(])(?<!\d[ -])\d{4}(?:[ -]\d{4}){3,}(?:[ -]\d{1,3})?(?![ -]?\d)",
    ))
)  # fmt: skip
"""Dates, times, stamps of both, IPv4 addresses, UUIDs, and long numbers that are written in fours."""
_DOTTED = re.compile(r"(?<![\d.])\d++(?:\.\d++)++(?:[-+]\w++)*+")
"""Decimals and versions."""
_NORTH_AMERICAN = re.compile(r"(?<![\w./-])(?:1[./-])?\d{3}[./-]\d{3}[./-]\d{4}(?![\w-]|\.\d)")


def personal_spans(text: str, kinds: Sequence[str]) -> list[tuple[int, int, str]]:
    """Where something of these kinds stands: start, end and kind, in order, none over another.

    What two kinds claim in part belongs to the first of them as a whole.
    """
    found = [(*m.span(), "email") for m in _EMAIL.finditer(text)] if "email" in kinds else []
    if "card" in kinds:
        found += [(*span, "card") for span in _cards(text)]
    if "phone" in kinds:
        rest = _masked(text, [(start, end) for start, end, _ in found])
        found += [(*span, "phone") for span in _phones(rest)]
    whole: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(found):
        if whole and start < whole[-1][1]:
            first, last, named = whole[-1]
            whole[-1] = (first, max(last, end), named)
        else:
            whole.append((start, end, kind))
    return whole


def _cards(text: str) -> Iterator[Span]:
    for chain in _CARD_CHAIN.finditer(text):
        groups = _groups(text, chain.span())
        ends = list(accumulate((end - start for start, end in groups), initial=0))
        if ends[-1] >= _CARD_DIGITS[0]:
            is_card = _luhn("".join(text[start:end] for start, end in groups))
            yield from _runs(groups, ends, _CARD_DIGITS, is_card)


def _phones(text: str) -> Iterator[Span]:
    text = _masked(text, (m.span() for m in _NO_PHONE.finditer(text)))
    yield from (m.span() for m in _NORTH_AMERICAN.finditer(text))
    for m in _PHONE_CHAIN.finditer(text):
        yield from _Chain(text, m.span()).opened()
    text = _masked(text, (m.span() for m in _DOTTED.finditer(text)))
    for m in _PHONE_CHAIN.finditer(text):
        yield from _Chain(text, m.span()).grouped()


class _Chain:
    """Groups of digits with what people write between the groups of a telephone number."""

    def __init__(self, text: str, span: Span) -> None:
        self.text = text
        self.groups = _groups(text, span)
        self.lengths = [end - start for start, end in self.groups]
        self.between = [text[a[1] : b[0]] for a, b in pairwise(self.groups)]
        self.free = self._free(span)

    def _free(self, span: Span) -> range:
        """The groups that do not hang on a word, as those of `order-1234-5678` do."""
        first, last = 0, len(self.groups)
        if re.match(r"[\w-]", self.text[max(0, span[0] - 1) : span[0]]):
            first = 1
            while first < last and self.between[first - 1] == "-":
                first += 1
        if re.match(r"[\w-]", self.text[span[1] : span[1] + 1]):
            last -= 1
            while last > first and self.between[last - 1] == "-":
                last -= 1
        return range(first, last)

    def opened(self) -> Iterator[Span]:
        """Numbers that show by their beginning what they are: +49 …, 0049 …, 030 …, (030) …"""
        at = self.free.start
        while at in self.free:
            start = self._opening(at)
            last = self._reach(at)
            if start is None or sum(self.lengths[at : last + 1]) < _PHONE_DIGITS[0]:
                at += 1
            else:
                yield start, self.groups[last][1]
                at = last + 1

    def _opening(self, at: int) -> int | None:
        """Where a number begins that starts with this group, None where it shows nothing."""
        start, end = self.groups[at]
        before, after = self.text[max(0, start - 2) : start], self.text[end : end + 1]
        if before.endswith("+"):
            return start - (2 if before == "(+" else 1)
        if before.endswith("(") and after == ")":
            return start - 1
        inside = at > 0 and "." in self.between[at - 1]
        return start if self.text[start] == "0" and self.lengths[at] > 1 and not inside else None

    def _reach(self, at: int) -> int:
        """The last group that a number which starts with this one can take in; itself if not even that."""
        start = self.groups[at][0]
        digits = -2 if self.text.startswith("00", start) else 0  # no part of the number
        for last in range(at, self.free.stop):
            digits += self.lengths[last]
            if digits > _PHONE_DIGITS[-1]:
                return max(at, last - 1)
        return self.free.stop - 1

    def grouped(self) -> Iterator[Span]:
        """Numbers that show by their groups what they are: 555-123-4567, 612 34 56 78."""
        first = self.free.start
        for at in self.free:
            goes_on = at + 1 in self.free and self.lengths[at + 1] > 1 and _JOINT.fullmatch(self.between[at])
            if goes_on:
                continue
            ends = list(accumulate(self.lengths[first : at + 1], initial=0))
            yield from _runs(self.groups[first : at + 1], ends, _PHONE_DIGITS, _several)
            first = at + 1


def _several(first: int, last: int, _start: int, _end: int) -> bool:
    return last > first


def _groups(text: str, span: Span) -> list[Span]:
    return [m.span() for m in _DIGITS.finditer(text, *span)]


def _runs(
    groups: Sequence[Span], ends: Sequence[int], lengths: range, fits: Callable[[int, int, int, int], bool]
) -> Iterator[Span]:
    """Where runs of groups stand that fit; those that overlap are one.

    `ends` counts the digits up to each group. `fits` is asked of a run's first and last group, and of the
    places of its digits among all.
    """
    found: tuple[int, int] | None = None
    for first, start in enumerate(ends[:-1]):
        best = None
        for last in range(first, len(groups)):
            digits = ends[last + 1] - start
            if digits > lengths[-1]:
                break
            if digits in lengths and fits(first, last, start, ends[last + 1]):
                best = last
        if best is None:
            continue
        if found is not None and first > found[1]:
            yield groups[found[0]][0], groups[found[1]][1]
            found = None
        found = (first, best) if found is None else (found[0], max(found[1], best))
    if found is not None:
        yield groups[found[0]][0], groups[found[1]][1]


def _masked(text: str, spans: Iterable[Span]) -> str:
    """The text with the spans as characters that belong to no number and no word."""
    parts, at = [], 0
    for start, end in sorted(spans):
        if end > at:
            parts += [text[at:start], "\0" * (end - max(start, at))]
            at = end
    return "".join([*parts, text[at:]])


def _luhn(number: str) -> Callable[[int, int, int, int], bool]:
    """Whether a part of the number has the check digit of payment cards (ISO/IEC 7812-1, annex B).

    Order numbers are not cards. Every second digit is doubled, counted from the right: sums for both ways to
    count answer for every part.
    """
    digits = [int(character) for character in number]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits]
    sums = [
        list(accumulate((twice if place % 2 == odd else once
                         for place, (once, twice) in enumerate(zip(digits, doubled, strict=True))), initial=0))
        for odd in (0, 1)
    ]  # fmt: skip

    def holds(_first: int, _last: int, start: int, end: int) -> bool:
        counted = sums[end % 2]
        return (counted[end] - counted[start]) % 10 == 0

    return holds
