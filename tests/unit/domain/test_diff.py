"""Settings compared as JSON, and texts cut into lines."""

import time
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


def test_lines_that_stand_everywhere_do_not_take_hours() -> None:
    """Measured in pairs of equal lines, which is what the time goes with."""
    few = TextChange(
        "few", "".join(f"a{n % 7}\n" for n in range(60_000)), "".join(f"a{n % 5}\n" for n in range(60_000))
    )
    many = TextChange("many", "x\n" * 3000 + "old\n" + "y\n" * 3000, "x\n" * 3000 + "new\n" + "y\n" * 3000)
    began = time.process_time()

    assert sum(few.lines) > 0
    assert many.lines == (1, 1), "equal ends are still found"
    assert time.process_time() - began < 10
