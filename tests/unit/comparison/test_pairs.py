"""The sign test over cases, and that it keeps its level."""

import random
from dataclasses import replace

import pytest

from llmops_cli.comparison.pairs import Pairs, pairs_of
from llmops_cli.domain.comparison import Delta, DeltaKind, Side
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import NamedScore, Score


def test_p_is_the_chance_of_as_many_losses_or_more() -> None:
    assert Pairs(1, 4, 7).p == pytest.approx(6 / 32)
    assert Pairs(0, 5, 0).p == pytest.approx(1 / 32)
    assert Pairs(0, 0, 3).p == 1


def test_the_effect_counts_ties_and_the_win_rate_does_not() -> None:
    found = Pairs(wins=1, losses=4, ties=5)

    assert found.drop == pytest.approx(0.3)
    assert found.win_rate == pytest.approx(0.2)
    assert Pairs(0, 0, 2).win_rate == 0.5


def test_luck_alone_is_significant_at_most_as_often_as_the_level_says() -> None:
    rng, alarms = random.Random(7), 0
    for _ in range(2000):
        votes = [rng.choice((-1, 0, 1)) for _ in range(20)]
        alarms += Pairs(votes.count(1), votes.count(-1), votes.count(0)).p <= 0.05

    assert alarms / 2000 <= 0.05


def _side(values: tuple[float, ...], fingerprint: str, source: Source) -> Side:
    return Side(
        tuple(
            Outcome("c", "default", n + 1, fingerprint, source, Response("x"),
                    scores=(NamedScore("better", "d", "warn", score=Score(value, value >= 0.5)),))
            for n, value in enumerate(values)
        ),
        True,
    )  # fmt: skip


def _delta(name: str, *values: float, replayed: int = 0, on_record: int = 3) -> Delta:
    """A case whose candidate has these verdicts; the first answers are the base's own."""
    base = _side((0.5,) * on_record, "old", Source.BASELINE)
    asked = _side(values, "old" if replayed else "new", Source.CALLED).outcomes
    own = tuple(replace(one, source=Source.BASELINE) for one in asked[:replayed])
    return Delta(DeltaKind.UNCHANGED, name, "default", base, Side((*own, *asked[replayed:]), True))


LOST = [_delta(f"lost {n}", 0.0, 0.0, 0.5) for n in range(6)]
WON = [_delta("won", 1.0, 0.0, 1.0)]


def test_the_trials_of_a_case_vote_and_those_beyond_the_record_do_not() -> None:
    beyond = _delta("beyond", 0.5, 0.5, 0.5, 1.0, 1.0)

    assert pairs_of([*LOST, *WON, beyond], "better") == Pairs(1, 6, 1)
    assert pairs_of(LOST, "another") is None


@pytest.mark.parametrize("verdict", [0.0, 0.5, 1.0])
def test_cases_answered_from_the_record_neither_weaken_nor_strengthen_the_test(verdict: float) -> None:
    """Whatever a judge said of an answer beside itself."""
    alone = pairs_of([*LOST, *WON], "better")
    kept = [_delta(f"kept {n}", *[verdict] * 3, replayed=3) for n in range(7)]
    topped_up = _delta("topped up", verdict, verdict, 0.0, replayed=2)

    found = pairs_of([*LOST, *WON, *kept, topped_up], "better")

    assert alone is not None
    assert found is not None
    assert (found.wins, found.losses, found.ties) == (1, 6, 8)
    assert found.p == alone.p
    assert found.win_rate == alone.win_rate
    assert found.drop == pytest.approx(alone.drop * 7 / 15), "the drop is that of the whole set, as elsewhere"


def test_where_all_was_answered_from_the_record_there_is_no_test_to_correct_for() -> None:
    assert pairs_of([_delta("kept", 0.0, replayed=1), _delta("too", 1.0, replayed=1)], "better") is None
