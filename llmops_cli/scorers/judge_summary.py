"""Figures of a judge over a set: how often it passes or prefers an answer.

How sure that is depends on which calls gave answers and replies; scores do not hold that, and
`comparison/judge_figures.py` says it.
"""

from collections.abc import Sequence

from llmops_cli.domain.scoring import Metrics, Score
from llmops_cli.stats.descriptive import mean


def summarise_scores(scores: Sequence[Score], scale: Sequence[float], *, grades: bool) -> Metrics:
    """The pass rate, after the mean grade where there are grades.

    Recorded scores hold no details, so that grades are known by their values where nothing else tells.
    """
    values = [score.value for score in scores]
    low, high = scale
    found: dict[str, float] = {}
    middle = mean(values)
    if middle is not None and (grades or any(0 < value < 1 for value in values)):
        found["mean grade"] = low + middle * (high - low)
    return Metrics({**found, **_rate("pass rate", sum(score.passed for score in scores), len(scores))})


def summarise_pairs(scores: Sequence[Score]) -> Metrics:
    """Wins among the comparisons that one side won; ties are counted beside them."""
    wins = sum(score.value > 0.5 for score in scores)
    losses = sum(score.value < 0.5 for score in scores)
    row = (str(wins), str(len(scores) - wins - losses), str(losses))
    return Metrics(_rate("win rate", wins, wins + losses), ("wins", "ties", "losses"), (row,))


def _rate(name: str, hits: int, of: int) -> dict[str, float]:
    return {name: hits / of} if of else {}
