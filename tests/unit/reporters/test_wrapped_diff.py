"""A changed word is seen however long the line is that it stands in."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.reporters import diff_lines
from llmops_cli.reporters.markdown_text import FENCE_LIMIT
from llmops_cli.reporters.wrapped_diff import WIDTH, wrapped_diff

PARAGRAPH = "Always be polite, never promise refunds before a human has looked at the case. " * 40


def _side(text: str, sign: str) -> str:
    return " ".join(line[1:].strip() for line in text.split("\n") if line[:1] == sign)


@pytest.mark.parametrize("at", [0, 700, len(PARAGRAPH) // 2, len(PARAGRAPH)])
def test_a_word_in_a_long_paragraph_stands_there_with_some_context(at: int) -> None:
    at = PARAGRAPH.rfind(" ", 0, at) + 1
    text = wrapped_diff(
        f"{PARAGRAPH[:at]}Greet them. {PARAGRAPH[at:]}", f"{PARAGRAPH[:at]}Insult them. {PARAGRAPH[at:]}"
    )

    assert len(text) < 900
    assert "Greet" in _side(text, "-")
    assert "Insult" in _side(text, "+")
    assert text.count("\n-") + text.startswith("-") == text.count("\n+") == 1, (
        "a word more moves no other line"
    )


def test_what_changed_far_apart_has_a_place_each() -> None:
    before = f"One. {PARAGRAPH}Two. {PARAGRAPH}Three."
    text = wrapped_diff(before, before.replace("One", "Uno").replace("Three", "Tre"))

    assert text.count("\n@@\n") == 1
    assert all(word in text for word in ("One", "Uno", "Three", "Tre"))
    assert len(text) < FENCE_LIMIT


def test_where_nothing_is_as_it_was_both_sides_are_to_be_seen() -> None:
    words = random.Random(1)
    before, after = (" ".join(words.choices("abcdefgh", k=20_000)) for _ in range(2))
    text = wrapped_diff(f"old {before}", f"new {after}")[:FENCE_LIMIT]

    assert "-old" in text
    assert "+new" in text


def test_short_lines_are_a_diff_as_ever() -> None:
    assert wrapped_diff("one\ntwo\nthree", "one\nTWO\nthree") == diff_lines.unified(
        "one\ntwo\nthree", "one\nTWO\nthree"
    )


def test_a_text_without_blanks_is_broken_too() -> None:
    text = wrapped_diff("客户等待" * 300 + "你好", "客户等待" * 300 + "再见")

    assert max(map(len, text.split("\n"))) <= WIDTH + 1
    assert "你好" in text
    assert "再见" in text


@given(st.lists(st.sampled_from(["word ", "other ", "\n", "x" * 90, ". "]), max_size=60),
       st.lists(st.sampled_from(["word ", "new ", "\n", "y" * 90, ". "]), max_size=60))  # fmt: skip
def test_no_line_is_wider_than_it_was_and_no_change_is_lost(old: list[str], new: list[str]) -> None:
    before, after = "a " * 80 + "".join(old), "a " * 80 + "".join(new)
    text = wrapped_diff(before, after)

    assert all(len(line.rstrip()) <= 121 for line in text.split("\n"))
    assert ("y" in after) <= ("y" in _side(text, "+"))
    assert ("new" in after) <= ("new" in _side(text, "+"))
    assert (before.split() == after.split()) or text
