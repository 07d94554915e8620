"""Nothing that is printed commands a runner; what is meant as a command says what was meant."""

import json
import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.reporters.workflow_commands import Neutraliser, command, neutral

WORDS = [
    "::", ":", "##[", "##", "#", "[", "error", "add-mask", " ", "\n", "\r", "\r\n", "\t", "\u2028", "\x85", "\ufeff",
    "\u00ad", "\u200b", "x", "]", "##vso[", "teamcity", "é",
]  # fmt: skip
hostile = st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=30).map("".join)


def obeyed(text: str) -> list[str]:
    """The lines that a runner would take for commands: TryParseV2 and TryParse of its ActionCommand.cs, but for
    the names, with what .NET ignores left out first."""
    found = []
    for line in re.split(r"\r\n|\n|\r", text):
        seen = re.sub(r"[\x00-\x08\x0e-\x1b\xad\u200b-\u200f\u2060-\u206f\ufeff]", "", line)
        second = re.search(r"##(\w*)\[", line)
        if seen.lstrip().startswith("::") or second:
            found.append(line)
    return found


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner reads it (TryParseV2)."""
    text = line.lstrip()
    assert text.startswith("::")
    end = text.index("::", 2)
    name, _, given_properties = text[2:end].partition(" ")
    properties = dict(pair.split("=", 1) for pair in given_properties.split(",") if "=" in pair)
    unescape = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]
    for old, new in unescape:
        properties = {key: value.replace(old, new) for key, value in properties.items()}
    data = text[end + 2 :]
    for old, new in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        data = data.replace(old, new)
    return name, properties, data


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("::error::x", ":\\u003aerror::x"),
        ("  \t::error::x", "  \t:\\u003aerror::x"),
        ("a ::error::x", "a ::error::x"),
        ("a\n::stop-commands::t\nb", "a\n:\\u003astop-commands::t\nb"),
        ("a\r::error::x", "a\r:\\u003aerror::x"),
        ("say ##[error]x and ##[group]y", "say ##\\u005berror]x and ##\\u005bgroup]y"),
        ("##vso[task.setvariable]x ##teamcity[a]", "##vso\\u005btask.setvariable]x ##teamcity\\u005ba]"),
        ("\u00ad:\u200b:error::x", "\u00ad:\u200b\\u003aerror::x"),
        ("# a heading\n## [link]\nC++ a::b\n:\n:", "# a heading\n## [link]\nC++ a::b\n:\n:"),
    ],
)
def test_what_a_runner_would_obey_is_made_visible(text: str, safe: str) -> None:
    assert neutral(text) == safe


@given(hostile)
def test_no_text_commands(text: str) -> None:
    assert obeyed(neutral(text)) == []
    assert neutral(neutral(text)) == neutral(text)


@given(hostile, st.lists(st.integers(0, 60), max_size=8))
def test_it_does_not_matter_how_a_text_is_cut(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    guard = Neutraliser()

    assert "".join(guard(text[a:b]) for a, b in pairwise(places)) == neutral(text)


@given(st.dictionaries(hostile, hostile, max_size=3))
def test_a_json_text_keeps_its_value(value: dict[str, str]) -> None:
    for indent in (None, 2):
        assert json.loads(neutral(json.dumps(value, ensure_ascii=False, indent=indent))) == value


def test_long_texts_take_no_longer_than_they_are() -> None:
    began = time.process_time()
    for text in ("\n" * 2_000_000, " " * 2_000_000, "#" * 2_000_000, ":" * 2_000_000, "\u200b" * 2_000_000):
        neutral(text)

    assert time.process_time() - began < 10


@given(hostile, hostile, hostile)
def test_a_command_is_one_line_and_says_what_was_meant(title: str, path: str, message: str) -> None:
    line = command("error", message, {"file": path, "line": 7, "title": title})

    assert line.endswith("\n")
    assert not re.search(r"[\r\n]", line[:-1])
    name, properties, data = parsed(line[:-1])
    assert (name, data) == ("error", message)
    meant = {"file": path, "line": "7", "title": title}
    assert properties == {key: value for key, value in meant.items() if value}


def test_properties_without_a_value_are_left_out() -> None:
    assert command("notice", "PASS", {"file": None, "title": ""}) == "::notice::PASS\n"
