"""Cases that were answered by the same calls are one draw of the model: a call speaks once."""

import numpy as np
import pytest

from llmops_cli.comparison.links import Link, evidence_of, links_of
from llmops_cli.comparison.pairs import pairs_of
from llmops_cli.comparison.rule import Compared, judge
from llmops_cli.domain.comparison import Delta, DeltaKind, Side
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import NamedScore, Score
from llmops_cli.stats.stratified import Counts, Linked


def trial(case: str, call: str | None, *, passed: bool, number: int = 1) -> Outcome:
    score = NamedScore("s", "d", score=Score(1.0 if passed else 0.0, passed))
    response = Response("text", call_id=call)
    return Outcome(case, "default", number, f"request of {call}", Source.CALLED, response, scores=(score,))


def delta(case: str, mine: dict[str | None, bool], theirs: dict[str | None, bool]) -> Delta:
    sides = [
        Side(
            tuple(trial(case, call, passed=ok, number=n) for n, (call, ok) in enumerate(side.items(), 1)),
            None,
        )
        for side in (mine, theirs)
    ]
    return Delta(DeltaKind.UNCHANGED, case, "default", sides[1], sides[0])


def test_calls_of_their_own_make_no_link() -> None:
    assert links_of([delta("a", {"1": True}, {"2": True}), delta("b", {"3": True}, {"4": True})]) == ()


def test_equal_texts_of_unknown_calls_make_no_link() -> None:
    assert links_of([delta(name, {None: True}, {None: True}) for name in "ab"]) == ()


def test_the_same_calls_on_both_sides_change_places_together() -> None:
    found = links_of([
        delta("b", {"2": True, "1": False}, {"3": True}),
        delta("a", {"1": True, "2": False}, {"3": False}),
        delta("c", {"9": True}, {"8": True}),
    ])  # fmt: skip

    assert found == (Link(("a", "b"), Linked(((True, False), (False, True)), ((False, True),))),)


@pytest.mark.parametrize(
    "other",
    [
        delta("b", {"1": True}, {"other": True}),  # the record was asked for each case
        delta("b", {"1": True, "2": True}, {"3": True}),
        delta("b", {"1": True}, {"3": True, None: True}),
    ],
)
def test_where_they_share_some_calls_only_one_case_speaks(other: Delta) -> None:
    found = links_of([delta("a", {"1": True}, {"3": True}), other])

    assert found == (Link(("a", "b")),)
    evidence = evidence_of({"a": Counts(0, 1, 1, 1), "b": Counts(0, 1, 1, 1)}, found)
    assert (len(evidence.alone), evidence.linked) == (1, ())


def test_a_chain_of_shared_calls_is_one_group() -> None:
    found = links_of([
        delta("a", {"1": True}, {"x": True}),
        delta("b", {"1": True}, {"y": True}),
        delta("c", {"2": True}, {"y": True}),
    ])  # fmt: skip

    assert [link.cases for link in found] == [("a", "b", "c")]


def test_eight_cases_of_one_call_are_worth_one() -> None:
    names = tuple(f"c{n}" for n in range(8))
    flipped = {name: Counts(0, 1, 1, 1) for name in names}
    link = Link(names, Linked(((False,) * 8,), ((True,) * 8,)))

    (apart,) = judge([Compared("shop", flipped)])
    (together,) = judge([Compared("shop", flipped, links=[link])])

    assert apart.tests[0].worse
    assert together.tests[0].p == pytest.approx(0.25)  # one flip of two orders, half of it (mid-p)
    assert not together.tests[0].worse
    assert apart.drop is not None
    assert together.drop is not None
    assert together.drop.estimate == apart.drop.estimate == 1.0


@pytest.mark.parametrize(("questions", "each", "trials", "on_record"), [(5, 4, 1, 1), (10, 4, 3, 10)])
def test_an_unchanged_prompt_fails_no_oftener_where_cases_share_requests(
    questions: int, each: int, trials: int, on_record: int
) -> None:
    rng, failed, covered, repetitions = np.random.default_rng(1), 0, 0, 150
    for _ in range(repetitions):
        cases, links = dict[str, Counts](), list[Link]()
        for question, rate in enumerate(rng.beta(2, 1.2, questions)):
            mine, theirs = rng.random(trials) < rate, rng.random(on_record) < rate
            names = tuple(f"{question}.{n}" for n in range(each))
            counts = Counts(int(mine.sum()), trials, int(theirs.sum()), on_record)
            cases |= dict.fromkeys(names, counts)
            calls, base_calls = (tuple((bool(one),) * each for one in side) for side in (mine, theirs))
            links.append(Link(names, Linked(calls, base_calls)))
        (found,) = judge([Compared("shop", cases, links=links)])
        failed += any(test.worse for test in found.tests)
        covered += found.drop is not None and found.drop.at_most >= 0
    assert failed <= 0.08 * repetitions  # 4.1 % are spent; without links it is 15 to 20 %
    assert covered >= 0.9 * repetitions


def test_cases_that_share_calls_vote_together() -> None:
    lost = [delta(f"c{n}", {"1": False}, {"2": True}) for n in range(8)]

    assert pairs_of(lost, "s").losses == 8  # type: ignore[union-attr]
    assert pairs_of(lost, "s", links_of(lost)).losses == 1  # type: ignore[union-attr]
