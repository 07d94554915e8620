"""The filters of scorer arguments."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.templating.filters import NoMatch, json_path, lines, regex_first, strip_fences, words

DATA = {"a": {"b": [10, {"c": "x"}], "with.dot": 1, "o'k": 2}, "é": None, "0": "zero"}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", DATA),
        ("", DATA),
        ("$.a.b[0]", 10),
        ("a.b[1].c", "x"),
        ("a.b[-1]['c']", "x"),
        ("$['a']['with.dot']", 1),
        ('a["o\'k"]', 2),
        ("é", None),
        ("0", "zero"),
    ],
)
def test_a_path_leads_to_its_value(path: str, found: Any) -> None:
    assert json_path(DATA, path) == found
    assert json_path(json.dumps(DATA), path) == found


@pytest.mark.parametrize("path", ["b", "a.b[2]", "a.b[-3]", "a[0]", "a.b.c", "é.x", "a.b['0']"])
def test_a_path_that_leads_nowhere_is_no_match(path: str) -> None:
    with pytest.raises(NoMatch, match="no match for"):
        json_path(DATA, path)


@pytest.mark.parametrize("path", ["a[", "a[]", "a[x]", "a..b", "a.", "a[0", "$$", "$a", "a]", "a['b"])
def test_a_bad_path_is_a_mistake_and_no_failed_score(path: str) -> None:
    with pytest.raises(ValueError, match="bad path"):
        json_path(DATA, path)


@pytest.mark.parametrize("text", ["", "no", "NaN", "{'a': 1}", "[" * 100_000, "9" * 5000])
def test_a_text_that_is_no_json_is_no_match(text: str) -> None:
    with pytest.raises(NoMatch, match="not JSON"):
        json_path(text, "a")


@given(
    st.dictionaries(st.text("abcé_-1 ", min_size=1), st.lists(st.integers(), min_size=1), min_size=1),
    st.data(),
)
def test_every_place_of_a_value_has_a_path(value: dict[str, list[int]], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(value)))
    place = data.draw(st.integers(-len(value[key]), len(value[key]) - 1))
    assert (
        json_path(value, f"$.{key}[{place}]") == value[key][place] == json_path(value, f"['{key}'][{place}]")
    )


@pytest.mark.parametrize(
    ("pattern", "found"),
    [(r"\d+", "12"), (r"n=(\d+)", "12"), (r"(x)|n=(\d+)", "12"), (r"(?:n)=", "n="), (r"n=(\d+)(z)?", "12")],
)
def test_the_first_group_or_the_whole_match_is_taken(pattern: str, found: str) -> None:
    assert regex_first("so n=12, n=13", pattern) == found


def test_a_pattern_that_takes_for_ever_is_stopped() -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match="takes more than 1 second"):
        regex_first("a" * 5000 + "b", r"(a+)+$")
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("```json\n{}\n```", "{}"),
        ("\n```\na\n\nb\n```\n\n", "a\n\nb"),
        ("~~~~\n```\nx\n```\n~~~~", "```\nx\n```"),
        ("```\n```", ""),
        ("  ```python\n x\n  ```", " x"),
    ],
)
def test_one_fence_around_a_text_is_taken_off(text: str, inner: str) -> None:
    assert strip_fences(text) == inner


@pytest.mark.parametrize(
    "text", ["", "plain\n", "Here: ```a```", "```json\n{}", "so\n```\na\n```", "````\na\n```", "```\na\n~~~"]
)
def test_what_is_not_fenced_stays_as_it_is(text: str) -> None:
    assert strip_fences(text) == text


@given(
    st.text(
        st.characters(
            exclude_characters="`~\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", exclude_categories=["Cs"]
        )
    )
)
def test_fencing_and_stripping_gives_the_text_back(text: str) -> None:
    assert strip_fences(f"```\n{text}\n```") == text


def test_lines_and_words() -> None:
    assert lines("a\r\nb\n\nc\n") == ["a", "b", "", "c"]
    assert words("It's l\u2019été: 3 x_y \u2014 日本!") == ["It's", "l\u2019été", "3", "x_y", "日本"]
