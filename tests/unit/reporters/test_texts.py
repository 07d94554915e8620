"""What a person reads: figures, word differences, and text that does nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.reporters import figures
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.word_diff import MAX_WORDS, word_diff

_text = st.text(st.characters(), max_size=60)


@given(_text, _text)
def test_the_pieces_rebuild_both_texts(before: str, after: str) -> None:
    pieces = list(word_diff(before, after))

    assert "".join(text for mark, text in pieces if mark != "added") == before
    assert "".join(text for mark, text in pieces if mark != "removed") == after


@given(_text)
def test_equal_texts_have_no_difference(text: str) -> None:
    assert {mark for mark, _ in word_diff(text, text)} <= {"same"}


def test_words_and_not_letters_are_compared() -> None:
    assert list(word_diff("yes - angry", "no - angry")) == [
        ("removed", "yes"),
        ("added", "no"),
        ("same", " - angry"),
    ]


def test_very_long_texts_are_replaced_whole() -> None:
    long = "word " * (MAX_WORDS + 1)

    assert list(word_diff(long, "x")) == [("removed", long), ("added", "x")]


@given(_text)
def test_nothing_that_a_terminal_obeys_gets_through(text: str) -> None:
    shown = inert(text)

    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    shown.encode("utf-8")
    assert inert(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\r\nb\tc\n", "a\nb\tc\n"),
        ("a\rb", "a\\rb"),
        ("\u202e", "\\u202e"),
        ("é日😀", "é日😀"),
    ],
)
def test_control_characters_are_made_visible(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_what_is_cut_says_how_much_is_missing() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abc def", 4) == "abc … (3 more characters)"


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (figures.percent(None), "–"), (figures.percent(0.996), "99%"), (figures.percent(1.0), "100%"),
        (figures.percent(0.001), "1%"), (figures.percent(0.0), "0%"), (figures.percent(0.5), "50%"),
        (figures.dollars(None), "–"), (figures.dollars(0), "$0"), (figures.dollars(1234.5), "$1,234.50"),
        (figures.dollars(0.0123), "$0.012"), (figures.dollars(0.00001), "<$0.0001"),
        (figures.seconds(None), "–"), (figures.seconds(0.0001), "<1 ms"), (figures.seconds(0.25), "250 ms"),
        (figures.seconds(2.34), "2.3 s"), (figures.seconds(600), "10.0 min"),
        (figures.signed(0), "±0"), (figures.signed(3), "+3"), (figures.signed(-1234), "−1,234"),
        (figures.plural(1, "case"), "1 case"), (figures.plural(0, "case"), "0 cases"),
        (figures.score(0.256), "0.26"), (figures.count(12345.4), "12,345"),
    ],
)  # fmt: skip
def test_numbers_as_people_read_them(shown: str, text: str) -> None:
    assert shown == text


@given(st.floats(0, 1))
def test_a_share_is_whole_only_where_it_is_whole(share: float) -> None:
    shown = figures.percent(share)

    assert (shown == "100%") == (share == 1)
    assert (shown == "0%") == (share == 0)
