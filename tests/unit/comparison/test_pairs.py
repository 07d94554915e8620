"""The sign test over cases, and that it keeps its level."""

import random

import pytest

from llmops_cli.comparison.pairs import Pairs


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
