"""One trial against one record: how many breaks any confirmation could find for so many calls.

An exact dynamic programme over passes and trials of both sides finds, for a price of a call, the rule with the
highest power less the cost of its calls: whom to ask next, when to give up, whether to look into a case that failed
on both sides. For every price this bounds what a rule can reach within a budget (Lagrange): power <= gain(price) +
price * budget. It holds for rules that look at each case by itself, where the candidate failed, and confirm by
Fisher's test of at most so many fresh trials a side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from benchmarks.harness import show
from benchmarks.simulated import BROKEN, Rates
from llmops_cli.comparison.rule import Alpha
from llmops_cli.stats.fisher import fisher_worse
from llmops_cli.stats.stratified import Counts

N, MOST = 50, 16
BUDGETS = (0.15, 0.2, 0.25, 0.3, 0.36)
PRICES = (0.05, 0.1, 0.15, 0.18, 0.2, 0.21, 0.22, 0.225, 0.23, 0.24, 0.26, 0.3, 0.5, 1.0)
"""Power a call is worth, where calls are counted by the candidate's own."""
_GRID = (np.arange(2000) + 0.5) / 2000
State = tuple[int, int, int, int]
"""Passes and trials of the candidate, passes and trials of the base, all fresh."""


def main() -> None:
    """Print the most that can be found within some budgets."""
    gains = {price: Search(price, flip=True).gain + Search(price, flip=False).gain for price in PRICES}
    alone = {price: Search(price, flip=True).gain for price in PRICES}
    rows = [
        [f"{100 * budget:.0f} %", *(f"{100 * _bound(found, budget):.1f} %" for found in (alone, gains))]
        for budget in BUDGETS
    ]
    header = ("extra calls at most", "flips only: breaks found at most", "both-failed cases too")
    show(f"What no confirmation can exceed: n = {N}, one trial against one record", header, rows)


def _bound(gains: dict[float, float], budget: float) -> float:
    return min(gain + price * budget for price, gain in gains.items())


def _beta(a: float, b: float) -> Rates:
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    density: Rates = np.exp(scale + (a - 1) * np.log(_GRID) + (b - 1) * np.log1p(-_GRID))
    return density / len(_GRID)


def _mixed() -> Rates:
    found: Rates = 0.7 * _beta(30, 1) + 0.3 * _beta(2, 1.2)
    return found


def _weighed(rates: Rates, *, passing: bool) -> Rates:
    """By the chance that the base's trial ended so."""
    found: Rates = rates * (_GRID if passing else 1 - _GRID)
    return found


@dataclass
class Search:
    """The best rule for cases in which the candidate failed its trial, and the base passed (`flip`) or failed."""

    price: float
    flip: bool
    _known: dict[State, float] = field(default_factory=dict)

    @cached_property
    def gain(self) -> float:
        """Breaks found, less the price of the calls that an unchanged prompt takes."""
        return self._gain((0, 0, 0, 0))

    @cached_property
    def _sound(self) -> Rates:
        """The chance of an unchanged case to be here, by its pass rate."""
        return _weighed(_mixed() * (1 - _GRID), passing=self.flip)

    @cached_property
    def _broken(self) -> Rates:
        good = np.where(_GRID >= 0.9, _mixed(), 0.0)
        return _weighed(good / good.sum() * (1 - BROKEN), passing=self.flip)

    def _gain(self, state: State) -> float:
        if state not in self._known:
            self._known[state] = self._best(state)
        return self._known[state]

    def _best(self, state: State) -> float:
        a, m, b, k = state
        level = Alpha().cases / N
        if fisher_worse(Counts(a + MOST - m, MOST, b, MOST)) <= level:
            there = BROKEN**a * (1 - BROKEN) ** (m - a)
            return there * float((self._broken * _GRID**b * (1 - _GRID) ** (k - b)).sum())
        if fisher_worse(Counts(a, MOST, b + MOST - k, MOST)) > level:
            return 0.0
        passes, trials = a + b, m + k
        cost = self.price * float((self._sound * _GRID**passes * (1 - _GRID) ** (trials - passes)).sum())
        onward: Sequence[tuple[State, State]] = (
            *([((a + 1, m + 1, b, k), (a, m + 1, b, k))] if m < MOST else ()),
            *([((a, m, b + 1, k + 1), (a, m, b, k + 1))] if k < MOST else ()),
        )
        return max(0.0, *(self._gain(one) + self._gain(other) - cost for one, other in onward))


if __name__ == "__main__":
    main()
