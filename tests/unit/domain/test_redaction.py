"""Cards, telephone numbers and addresses go, whatever stands beside them; dates and versions stay."""

import re
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.redaction import findings, redact, redact_outcome, redact_text
from llmops_cli.domain.request import Response, ToolCall

KINDS = ("email", "phone", "card")
CARD = "4111 1111 1111 1111"
FORMS = ([16], [4, 4, 4, 4], [4, 6, 5], [4, 6, 4], [4, 4, 4, 1], [6, 13], [4, 4, 4, 4, 3])
"""How many digits stand together."""


def _check_digit(number: str) -> str:
    """By the book: from the right, every second digit doubled and its digits added."""
    total = 0
    for place, character in enumerate(reversed(number)):
        value = int(character) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


@st.composite
def cards(draw: st.DrawFn) -> str:
    form = draw(st.sampled_from(FORMS))
    digits = draw(st.text("0123456789", min_size=sum(form) - 1, max_size=sum(form) - 1))
    digits += _check_digit(digits)
    between = draw(st.sampled_from([" ", "-", "\u00a0", "\u2011", " - "]))
    ends = [sum(form[:number]) for number in range(len(form) + 1)]
    return between.join(digits[a:b] for a, b in pairwise(ends))


def _not_a_digit_beside(before: str, after: str) -> bool:
    return not (before[-1:].isdecimal() or after[:1].isdecimal())


beside = st.one_of(st.text(), st.text("0123456789 -./+():@,\n[]x"))


@given(before=beside, card=cards(), after=beside)
def test_whatever_surrounds_a_card_it_is_gone(before: str, card: str, after: str) -> None:
    if not _not_a_digit_beside(before, after):
        before, after = f"{before} ", f" {after}"

    redacted = redact_text(before + card + after, KINDS)

    pieces = re.findall(r"\d+", card)
    assert card not in redacted
    # not even its last group is left where it stood, unless it was also said elsewhere
    assert redacted.count(pieces[-1]) <= before.count(pieces[-1]) + after.count(pieces[-1])


@given(before=beside, card=cards(), after=beside)
def test_a_card_is_gone_where_nothing_but_cards_is_redacted(before: str, card: str, after: str) -> None:
    text = f"{before} {card} {after}"

    assert card not in redact_text(text, ("card",))
    assert any(card in found for found in findings(text, ("card",)))


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"{CARD} 123", "[card] 123"),
        (f"{CARD} 12/29 123", "[card] 12/29 123"),
        (f"order 4711 {CARD}", "order 4711 [card]"),
        (f"2 {CARD}", "2 [card]"),
        (f"+49 170 1234567 {CARD}", "[phone] [card]"),
        (f"{CARD}@example.org", "[card]"),
        ("4111-1111-1111-1111,5500.0000.0000.0004", "[card],[card]"),
        ("card_4111111111111111_old", "card_[card]_old"),
        ("4111111111111112", "4111111111111112"),
    ],
)
def test_cards_among_other_numbers(text: str, redacted: str) -> None:
    assert redact_text(text, KINDS) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20 12:30:45",
        "2026-11-20T12:30:45.123456+01:00",
        "2026-11-20/2026-11-22",
        "20.11.2026 11:05, 11/20/2026, 2026/11/20",
        "12.11.2026-20.11.2026",
        "run 20261120-123045",
        "10.11.12.13",
        "192.168.100.200:8080",
        "10.1.22.33/24",
        "192.168.100.200-192.168.100.210",
        "Chrome/103.0.5060.134",
        "2.0.0-20261120 and 10.15.7.1234",
        "3.14159265 12345.6789",
        "0.8333333333333334",
        "order-1234-5678-9012",
        "12345678-1234-4321-8765-123456789012",
    ],
)
def test_dates_times_addresses_of_machines_and_versions_stay(text: str) -> None:
    assert redact_text(text, KINDS) == text


@pytest.mark.parametrize(
    "number",
    [
        "+49 170 1234567", "+491701234567", "0049 170 1234567", "(030) 1234567", "+49 (0)30 / 123 45 67",
        "0170/1234567", "030-123456-78", "+33 6 12 34 56 78", "+33 1.23.45.67.89", "01.23.45.67.89",
        "612 34 56 78", "555-1234", "555-123-4567", "(555) 123-4567", "555.123.4567", "1-800-555-1234",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "call {}.", "2026-11-20 12:30: {}, or write", "v1.2.3: <{}>"])
def test_telephone_numbers_go_and_what_stands_around_stays(number: str, around: str) -> None:
    assert redact_text(around.format(number), KINDS) == around.format("[phone]")


@pytest.mark.parametrize(
    "text", ["0170 1234567 0171 7654321 12", "123456 0170 1234567", "(555) 123-4567 555-123-9876"]
)
def test_of_numbers_in_a_row_none_is_left_in_part(text: str) -> None:
    assert not re.search(r"\d{3}", redact_text(text, KINDS))


def test_a_card_as_a_number_in_a_tools_arguments_is_redacted_too() -> None:
    call = ToolCall("pay", {"card": 4111111111111111, "amount": 12, "ok": True})
    outcome = Outcome("a", "default", 1, "f", Source.CALLED, Response("paid", tool_calls=(call,)))

    (kept,) = (redact_outcome(outcome, KINDS).response or Response("")).tool_calls

    assert kept.arguments == {"card": "[card]", "amount": 12, "ok": True}
    assert redact([4111111111111111], ("email",)) == [4111111111111111]


@pytest.mark.parametrize(
    "unit",
    ["1", "0", "1 ", "01 ", "+1 ", "(1)", "1-", "1.", "12 34 ", "a.", "a@", "a@b.", " - ", "1:11", "2026-11-20 "],
)  # fmt: skip
def test_a_long_answer_costs_no_more_than_its_length(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    began = perf_counter()

    redact_text(text, KINDS)

    assert perf_counter() - began < 20  # what grows with the square takes hours
