"""The baseline file is written and read back, whatever the answers hold."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.baseline import BaselineLine, RecordedScore, VariantSummary
from llmops_cli.domain.request import ToolCall, Usage
from llmops_cli.errors import SourceLocation
from llmops_cli.files.baseline_file import format_baseline, read_baseline
from tests.unit.files.memory_tree import MemoryTree

_text = st.text(st.characters(), max_size=20)
_name = st.text("abc é東", min_size=1, max_size=6)
_amount = st.none() | st.floats(0, 1e6, allow_nan=False).map(lambda x: round(x, 6))
_lines = st.builds(
    BaselineLine,
    case_id=_name,
    variant=st.sampled_from(["default", "b"]),
    request=_name,
    prompt=_name,
    prompt_name=_name,
    settings=st.fixed_dictionaries({"provider": _name, "model": _name}),
    output=_text,
    count=st.integers(1, 9),
    tool_calls=st.lists(
        st.builds(ToolCall, _name, st.none() | st.dictionaries(_name, _text)), max_size=2
    ).map(tuple),
    usage=st.none() | st.builds(Usage, st.integers(0, 999), st.integers(0, 999)),
    served_model=st.none() | _text,
    finish_reason=st.none() | _name,
    inputs=st.dictionaries(_name, st.none() | _name, max_size=2),
    scores=st.dictionaries(
        _name,
        st.builds(
            RecordedScore, scorer=_name, value=st.floats(0, 1), passed=st.booleans(), explanation=_text
        ),
    ),
    redacted=st.booleans(),
)
_summaries = st.dictionaries(_name, st.tuples(_amount, _amount, _amount, _amount), max_size=2)


@given(st.lists(_lines, max_size=5), _summaries)
def test_what_is_written_is_read_back(
    lines: list[BaselineLine], summaries: dict[str, tuple[float | None, ...]]
) -> None:
    known = [VariantSummary(name, *numbers) for name, numbers in summaries.items()]
    text = format_baseline("e", known, lines)

    text.encode("utf-8")
    assert len(text.splitlines()) == 1 + len(known) + len(lines)
    baseline = read_baseline(MemoryTree({"b": text}), "b")

    assert baseline is not None
    assert baseline.summaries == {summary.variant: summary for summary in known}
    found = [replace(line, where=SourceLocation("")) for group in baseline.lines.values() for line in group]
    assert sorted(map(repr, found)) == sorted(
        map(repr, (replace(line, raw=one.raw) for line, one in _paired(lines, found)))
    )
    again = format_baseline("e", known, [line for group in baseline.lines.values() for line in group])
    assert sorted(again.splitlines()) == sorted(text.splitlines())


def _paired(lines: list[BaselineLine], found: list[BaselineLine]) -> list[tuple[BaselineLine, BaselineLine]]:
    """Each written line with the one that was read from it; `raw` is no part of equality."""
    rest = list(found)
    pairs = []
    for line in lines:
        match = next(one for one in rest if one == line)
        rest.remove(match)
        pairs.append((line, match))
    return pairs


def test_lines_stand_in_order_of_case_and_variant() -> None:
    def line(case: str, variant: str) -> BaselineLine:
        return BaselineLine(case, variant, "r", "p", "n", {"provider": "p", "model": "m"}, "x")

    text = format_baseline("e", [], [line("b", "x"), line("a", "y"), line("a", "x")])

    rows = [json.loads(row) for row in text.splitlines()[1:]]
    assert [(row["id"], row["variant"]) for row in rows] == [("a", "x"), ("a", "y"), ("b", "x")]


def test_separators_that_break_lines_in_editors_are_escaped_and_letters_are_not() -> None:
    line = BaselineLine("a", "x", "r", "p", "n", {"provider": "p", "model": "m"}, "é\u2028\u2029\x85\ud800日")

    text = format_baseline("e", [], [line])

    assert '"é\\u2028\\u2029\\u0085\\ud800日"' in text
