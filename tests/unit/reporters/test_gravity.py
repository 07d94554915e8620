"""The gravest first in every report, what a red verdict rests on, and what is known of it in numbers."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Fresh, Reason, Result, Status
from llmops_cli.domain.statistics import Proof, SetTest, Statistics
from llmops_cli.errors import SourceLocation
from llmops_cli.reporters import summary
from llmops_cli.reporters.cases import heading, shown_whole, view_of
from llmops_cli.reporters.github import format_github
from llmops_cli.reporters.markdown import format_markdown
from llmops_cli.reporters.standing import why_not
from llmops_cli.reporters.terminal import format_terminal
from tests.support import results

WHERE = SourceLocation("evalsets/support/triage.yaml", 1)
FELL = SetTest("pass rate", "exact", 0.4, 0.45, 0.01, 0.01, worse=True)


def _delta(
    kind: DeltaKind, name: str, before: Sequence[bool], after: Sequence[bool], **more: object
) -> Delta:
    return results.delta(kind, name, 10, list(before), list(after), **more)


def _regressed(name: str, standing: str = "confirmed", **more: object) -> Delta:
    return _delta(
        DeltaKind.REGRESSED, name, [True], [False], fresh=Fresh(standing, 0, 5, 5, 5, 0.004), **more
    )


def _red(deltas: Sequence[Delta], *reasons: str, **more: object) -> Result:
    found = [Reason(Status.REGRESSION, text, WHERE) for text in reasons]
    return results.result(deltas, Status.REGRESSION, found, **more)  # type: ignore[arg-type]


def _ungated(result: Result) -> Result:
    """Without a bound of its own."""
    gates = (replace(c, gate=replace(c.gate, min_pass_rate=None)) for c in result.comparisons)
    return replace(result, comparisons=tuple(gates))


def test_new_failures_hide_no_regression() -> None:
    """120 new cases that fail and do not block, in a set before the one with two regressions."""
    new = _red([_delta(DeltaKind.NEW, f"new{n}", [], [False]) for n in range(120)], name="aaa")
    old = _red([_regressed("unsure", "go on"), _regressed("sure"),
                _delta(DeltaKind.UNCHANGED, "never", [False], [False], fields={"critical": True})])  # fmt: skip
    result = replace(new, comparisons=(*new.comparisons, *old.comparisons))
    texts = (format_markdown(result), format_terminal(result, 120, color=False), format_github(result))

    assert [delta.case_id for _, delta in shown_whole(result.comparisons)][:4] == [
        "never",
        "sure",
        "unsure",
        "new0",
    ]
    for text in texts:
        places = [text.index(name) for name in ("never", "sure", "new0")]
        assert places == sorted(places)
    assert "new119" not in texts[1]


def test_of_a_set_that_fell_the_cases_that_fell_most_come_first_and_before_new_failures() -> None:
    deltas = [
        _delta(DeltaKind.NEW, "new", [], [False]),
        _delta(DeltaKind.FLAKY, "little", [True] * 5, [True] * 4 + [False]),
        _delta(DeltaKind.FLAKY, "much", [True] * 5, [False] * 4 + [True]),
    ]
    result = _red(deltas, statistics=Statistics(2, (FELL,), None))

    assert [delta.case_id for _, delta in shown_whole(result.comparisons)] == ["much", "little", "new"]


def test_a_critical_case_that_failed_is_not_accepted() -> None:
    vital = _delta(DeltaKind.REGRESSED, "vital", [True], [False], accepted=True, accepted_by="4f9c2ab Ann Lee",
                   fields={"critical": True})  # fmt: skip
    other = _delta(DeltaKind.REGRESSED, "other", [True], [False], accepted=True)
    result = _red([other, vital], "support/triage: critical case vital failed its trial")
    comment, terminal = format_markdown(result), format_terminal(result, 120, color=False)

    broke, accepted = comment[comment.index("### What broke") :].split("<details>", 1)
    assert "**`vital`** (regressed, critical)" in broke
    assert "accepted by `4f9c2ab` Ann Lee, which does not count: the case is critical" in broke
    assert "1 case worse, and accepted" in accepted
    assert "vital" not in accepted.split("</details>")[0]
    assert "REGRESSED  vital (critical)" in terminal
    assert "by 4f9c2ab Ann Lee, which does not count: the case is critical" in terminal
    assert "ACCEPTED  other" in terminal


@pytest.mark.parametrize(
    ("deltas", "more", "said"),
    [
        ([_regressed("a"), _regressed("b")], {}, "2 cases got worse"),
        ([], {"statistics": Statistics(2, (FELL,), None)}, "the set as a whole got worse"),
        ([_regressed("a")], {"statistics": Statistics(2, (FELL,), None)}, "1 case and the set as a whole got worse"),
        ([_delta(DeltaKind.NEW, "a", [], [False], fields={"critical": True})], {}, "a critical case failed"),
        ([_regressed("a", "go on")], {}, "1 case may have got worse"),
    ],
)  # fmt: skip
def test_the_headline_names_the_grounds_and_no_others(
    deltas: list[Delta], more: dict[str, object], said: str
) -> None:
    result = _ungated(_red(deltas, **more))

    assert summary.headline(result) == f"{said}:"
    assert f"REGRESSION: {said}" in format_markdown(result).splitlines()[0]
    assert f"REGRESSION  {said}:" in format_terminal(result, 200, color=False)


def test_a_missed_bound_is_a_ground_of_its_own() -> None:
    result = _red([_delta(DeltaKind.UNCHANGED, "a", [False], [False])])

    assert summary.headline(result) == "a bound is missed:"
    assert summary.headline(_red([_regressed("a")])) == "1 case got worse, a bound is missed:"


def test_a_case_that_got_worse_with_two_models_is_one_case() -> None:
    sides = [_ungated(_red([_regressed("a"), _regressed("b")], variant=name)) for name in ("fast", "strong")]
    result = replace(sides[0], comparisons=tuple(c for side in sides for c in side.comparisons))

    assert result.cases_worse == 2
    assert summary.headline(result) == "2 cases (4 of case × variant) got worse:"
    assert "since this changed, 2 cases got worse: a, b" in format_github(result)


def test_the_two_pass_rates_have_names() -> None:
    """5 of 5 before, 3 of 5 now: no case failed, and two trials of five did."""
    delta = _delta(DeltaKind.FLAKY, "a", [True] * 5, [True] * 3 + [False] * 2)
    test = replace(FELL, base=1.0, candidate=0.6)
    result = _ungated(_red([delta], statistics=Statistics(1, (test,), None)))
    comment, terminal = format_markdown(result), format_terminal(result, 200, color=False)

    assert "trial pass rate −40 pts" in comment.splitlines()[0]
    assert "| evalset | cases | trials | $/1k |" in comment
    assert "| `support/triage` | 100% → 100% | 100% → 60% |" in comment
    assert "support/triage: trial pass rate −40 pts" in terminal
    assert not re.search(r"(?<!trial )pass rate −", comment + terminal)


def test_asked_again_says_what_was_asked_and_what_was_planned() -> None:
    def said(fresh: Fresh) -> tuple[str, str | None]:
        view = view_of(_delta(DeltaKind.REGRESSED, "a", [True], [False], fresh=fresh))
        return view.asked_again, view.fresh

    outage = Fresh("go on", 0, 11, p=1.3e-5, planned=15, level=7.5e-4, unasked="the model is down")
    assert said(outage) == (
        "asked again",
        "0 of 11 fresh trials passed (p = 1.3e-05); not to the end, of 15 planned at level 0.00075: the model is down",
    )
    assert said(Fresh("cleared", base_passes=0, base_trials=1)) == (
        "asked again",
        "of the base's fresh trials 0 of 1 passed",
    )
    unasked = Fresh("go on", unasked="the whole set is worse")
    assert said(unasked) == ("not asked again", "the whole set is worse")


def test_a_case_of_a_set_that_is_worse_as_a_whole_just_says_so() -> None:
    delta = replace(_regressed("a", "go on"), fresh=Fresh("go on", unasked="the whole set is worse"))
    result = _red([delta], statistics=Statistics(2, (FELL,), None))

    assert "- not asked again: the whole set is worse" in format_markdown(result)
    assert "not asked again  the whole set is worse" in format_terminal(result, 120, color=False)


@pytest.mark.parametrize(
    ("trials", "against", "said"),
    [
        (1, "the baseline", "failing, and the accepted prompt's one fresh trial failed as well"),
        (1, "variant fast", "failing, and the reference's one fresh trial failed as well"),
        (3, "the baseline", "failing, as the accepted prompt does today"),
        (3, "variant fast", "failing, as the reference does today"),
    ],
)
def test_of_the_other_side_no_more_is_said_than_is_known(trials: int, against: str, said: str) -> None:
    fresh = Fresh("cleared", 0, 3, 0, trials)
    delta = _delta(DeltaKind.FLAKY, "a", [True], [False], fresh=fresh, reason="so")
    comparison: Comparison = replace(_red([delta]).comparisons[0], against=against)

    assert (
        heading("failing alike", "failing, as the accepted prompt does today", [(comparison, delta)]) == said
    )
    assert said in format_terminal(replace(_red([delta]), comparisons=(comparison,)), 200, color=False)
    assert why_not(delta, None) == "fails, and is not shown to be worse: so"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        (
            (3,),
            "prove 5%: undecided, at most 56.3 pts worse after 3 of 30 trials a case, at the level spent so far",
        ),
        ((3, 30), "prove 5%: undecided, at most 56.3 pts worse after 30 trials a case (95 % over all looks)"),
    ],
)
def test_a_bound_before_the_last_look_says_that_it_is_not_of_the_whole_error(
    looks: tuple[int, ...], said: str
) -> None:
    proof = Proof("undecided", 0.05, 2, 2, looks, 30, at_most=0.563)
    result = _red([_regressed("a")])
    comparison = replace(result.comparisons[0], proof=proof)

    assert summary.statistics(comparison)[0].startswith(said)


@pytest.mark.parametrize("kind", [DeltaKind.FLAKY, DeltaKind.IMPROVED, DeltaKind.NEW])
def test_every_list_of_names_stops_at_the_same_number(kind: DeltaKind) -> None:
    deltas = [_delta(kind, f"c{n}.", [], [True]) for n in range(25)]
    result = results.result(deltas, Status.PASS)

    assert "c19. and 5 more" in format_terminal(result, 400, color=False)


def test_at_the_terminal_the_first_command_is_of_the_gravest_case_and_the_table_counts_as_the_headline() -> (
    None
):
    vital = _delta(DeltaKind.REGRESSED, "vital", [True], [False], accepted=True, fields={"critical": True})
    text = format_terminal(_ungated(_red([_regressed("a"), vital])), 200, color=False)

    assert "--case vital" in text
    assert "  2 regressed, −100 pts" in text
    assert "2 cases got worse, a critical case failed:" in text
