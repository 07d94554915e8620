"""Hunks with changed words, and Markdown that nothing can break out of."""

import re

from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.reporters.diff_lines import hunks, unified
from llmops_cli.reporters.markdown_text import cell, fence, span

TEXTS = st.lists(
    st.sampled_from(["", "one two", "one three", "four", "  five six", "日本"]), max_size=12
).map("\n".join)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_off_their_hunks(before: str, after: str) -> None:
    lines = [line for hunk in hunks(before, after, context=100) for line in hunk]

    if before != after:
        old = [line.text for line in lines if line.sign in " -"]
        new = [line.text for line in lines if line.sign in " +"]
        strip = before.endswith("\n") or not before
        strip = strip and (after.endswith("\n") or not after)
        assert "\n".join(old) == (before.removesuffix("\n") if strip else before)
        assert "\n".join(new) == (after.removesuffix("\n") if strip else after)
    else:
        assert lines == []


def test_changed_words_are_marked_in_related_lines_only() -> None:
    (related,) = hunks("Be kind and brief.", "Be kind and short.")
    (unrelated,) = hunks("Count to ten.", "Schreib ein Gedicht!")

    assert [line.pieces for line in related] == [
        (("same", "Be kind and "), ("removed", "brief"), ("same", ".")),
        (("same", "Be kind and "), ("added", "short"), ("same", ".")),
    ]
    assert [line.pieces for line in unrelated] == [
        (("same", "Count to ten."),),
        (("same", "Schreib ein Gedicht!"),),
    ]


def test_distant_changes_are_hunks_of_their_own() -> None:
    lines = [f"line {number}" for number in range(30)]
    other = [*lines]
    other[2], other[25] = "new 2", "new 25"

    text = unified("\n".join(lines), "\n".join(other))

    assert text.count("\n@@\n") == 1
    assert "line 12" not in text


@given(st.text(st.sampled_from("`\n ~#|@<>a"), max_size=30))
def test_a_fence_ends_only_at_its_end(text: str) -> None:
    opening, *body, closing = fence(text, "diff").split("\n")

    assert opening == closing + "diff"
    assert not any(re.fullmatch(rf" {{0,3}}`{{{len(closing)},}} *", line) for line in body)


@given(st.text(st.sampled_from("`\n |@<a"), max_size=20))
def test_a_code_span_stays_on_its_line_and_closes_once(text: str) -> None:
    found = span(text)
    ticks = re.match("`+", found)

    assert "\n" not in found
    assert "|" not in cell(text)
    assert ticks is not None
    assert [run for run in re.findall("`+", found) if run == ticks[0]] == [ticks[0]] * 2
