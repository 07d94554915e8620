"""Commands in a comment: there for every verdict that asks for something, and a name in them is one word."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.comparison import DeltaKind, Reason, Result, Status
from llmops_cli.errors import SourceLocation
from llmops_cli.reporters.commands import commands
from llmops_cli.reporters.markdown import format_markdown
from tests.support import results
from tests.support.github_html import render

WHERE = SourceLocation("evalsets/support/triage.yaml", 1)


def _found(
    case_id: str = "ada",
    status: Status = Status.REGRESSION,
    kind: DeltaKind = DeltaKind.REGRESSED,
    folder: str = "",
    *,
    name: str = "support/triage",
    against: str = "the baseline",
) -> Result:
    after = [kind is not DeltaKind.REGRESSED]
    result = results.result(
        [results.delta(kind, case_id, 10, [True], after)],
        status,
        [Reason(status, "so", WHERE)],
        name=name,
        against=against,
    )
    provenance = replace(result.run.provenance, folder=folder)
    return replace(result, run=replace(result.run, provenance=provenance))


def _words(lines: list[str]) -> list[list[str]]:
    return [shlex.split(line) for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(
    "case_id", ["What is it?", "it's (here)", "$(rm -rf x)", "a;b", "`id`", "!!", "日本", "-x y"]
)
def test_a_name_of_any_letters_is_one_word_to_a_shell(case_id: str) -> None:
    found = _words(commands(_found(case_id)))

    rendering = ["llmops", "render", "support/triage", "--evalset", "support/triage", "--case", case_id]
    assert found == [rendering] * (case_id[0] != "-") + [
        ["llmops", "eval", "support/triage"], ["llmops", "accept", "support/triage"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "case_id", ["a\nb", "a\x1b[31m", "a\u202eb", "a\tb", "-x", "", "a\u2028b", "x" * 201, "\ud800"]
)
def test_a_name_that_quotes_cannot_hold_takes_only_its_own_command_with_it(case_id: str) -> None:
    assert _words(commands(_found(case_id))) == [
        ["llmops", "eval", "support/triage"], ["llmops", "accept", "support/triage"],
    ]  # fmt: skip


@given(name=st.text(st.characters(), max_size=30) | st.text("`'\"$\\!(){}|&;<>*?~# \n\r-=a", max_size=30))
def test_no_name_makes_a_command_of_its_own(name: str) -> None:
    """Each line is one of ours, whatever the set, the case and the folder are called."""
    lines = commands(_found(name, name=name, folder=name))
    page = render(format_markdown(_found(name, name=name)))

    for words in _words(lines):
        assert words[0] == "cd" or words[:2] in (
            ["llmops", "render"],
            ["llmops", "eval"],
            ["llmops", "accept"],
        )
        assert all(word in (name, "support/triage", "--evalset", "--case") for word in words[2:])
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert "script" not in page.tags


@pytest.mark.parametrize("status", [Status.REGRESSION, Status.INCONCLUSIVE])
def test_without_a_case_that_got_worse_the_set_is_named_all_the_same(status: Status) -> None:
    assert _words(commands(_found(status=status, kind=DeltaKind.UNCHANGED))) == [
        ["llmops", "eval", "support/triage"], ["llmops", "accept", "support/triage"],
    ]  # fmt: skip


def test_a_verdict_that_asks_for_nothing_has_no_commands() -> None:
    assert commands(results.passing()) == commands(results.unaffected()) == []


def test_in_a_monorepo_one_goes_to_the_project_first() -> None:
    assert commands(_found(folder="apps/Kunden dienst"))[0] == "cd 'apps/Kunden dienst'"
    assert commands(_found(folder="apps/\x1b")) == [], "elsewhere they would find nothing"


def test_only_sets_with_a_ground_of_the_verdict_are_named_and_a_reference_is_not_accepted() -> None:
    red, green = (
        _found(),
        results.result([results.delta(DeltaKind.UNCHANGED, "x", 1, [True], [True])], Status.PASS),
    )
    other = replace(green.comparisons[0], evalset="other", where=SourceLocation("evalsets/other.yaml", 1))
    elsewhere = tuple(replace(d, case=replace(d.case, where=other.where)) for d in other.deltas if d.case)
    both = replace(red, comparisons=(replace(other, deltas=elsewhere), *red.comparisons))

    assert ["llmops", "eval", "support/triage"] in _words(commands(both))
    assert "accept" not in " ".join(commands(_found(against="variant fast")))


def test_of_what_no_acceptance_mends_it_is_said_there() -> None:
    assert "(bounds stay as they are)" in commands(_found())[-2]
    vital = results.delta(DeltaKind.REGRESSED, "x", 1, [True], [False], fields={"critical": True})
    result = results.result([vital], Status.REGRESSION)

    assert "(critical cases and bounds stay as they are)" in commands(result)[-2]
