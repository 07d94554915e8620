"""Settings compared as JSON, and texts cut into lines."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.canonical import canonical_json
from llmops_cli.domain.changes import Kind, TextChange, setting_changes, split_lines

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text("abc", min_size=1, max_size=2), VALUES, max_size=4)


@given(DOCUMENTS, DOCUMENTS)
def test_changes_are_found_exactly_where_the_digest_would_differ(one: Any, other: Any) -> None:
    assert bool(setting_changes(one, other)) == (canonical_json(one) != canonical_json(other))


@given(DOCUMENTS, DOCUMENTS)
def test_the_way_back_swaps_every_change(one: Any, other: Any) -> None:
    there = {(c.name, repr(c.before), repr(c.after)) for c in setting_changes(one, other)}
    back = {(c.name, repr(c.after), repr(c.before)) for c in setting_changes(other, one)}

    assert there == back


def test_paths_kinds_and_values() -> None:
    before = {"a": {"x": 1, "gone": {"deep": 1}}, "tools": [{"n": 1}, {"n": 2}], "flag": True, "n": 1}
    after = {"a": {"x": 2}, "tools": [{"n": 1}, {"n": 3}, {"n": 4}], "flag": 1, "n": 1}

    found = [(c.name, c.kind, c.before, c.after) for c in setting_changes(before, after)]

    assert found == [
        ("a.x", Kind.CHANGED, 1, 2),
        ("a.gone", Kind.REMOVED, {"deep": 1}, None),
        ("tools[1].n", Kind.CHANGED, 2, 3),
        ("tools[2]", Kind.ADDED, None, {"n": 4}),
        ("flag", Kind.CHANGED, True, 1),
    ]


def test_a_line_end_that_only_one_side_has_shows() -> None:
    assert split_lines("a\nb\n", "a\nc\n") == (["a", "b"], ["a", "c"])
    assert split_lines("a\n", "a") == (["a", ""], ["a"])
    assert split_lines(None, "a\nb\n") == ([], ["a", "b"])
    assert TextChange("t", "a\n", "a").lines == (0, 1)
    assert TextChange("t", None, "a\nb\n").lines == (2, 0)
