"""A judge that compares with the accepted answer: how often the sign test over the cases says REGRESSION.

`python -m benchmarks.pairs`. Not simulated: every way that the cases may end is judged by the product's own rule
and counted with its chance.
"""

from collections.abc import Sequence
from math import comb

from benchmarks.harness import show
from llmops_cli.comparison.pairs import Pairs
from llmops_cli.comparison.rule import Compared, judge
from llmops_cli.stats.stratified import Counts

SIZES = (20, 50, 100)
WIN_RATES = (0.5, 0.4, 0.3, 0.2)
"""Of the cases that are decided; one half where the new answers are as good as the accepted ones."""
TIES = (0.0, 0.4)
_SOUND = Counts(3, 3, 3, 3)
_NEVER = 1e-9
"""What is less likely than this shows in no table."""


def main(_: Sequence[str] = ()) -> None:
    """Print the table."""
    rows = []
    for n in SIZES:
        for ties in TIES:
            said = (f"{100 * share:.1f} %" for share in regressions(n, ties, WIN_RATES))
            rows.append([str(n), f"{100 * ties:.0f} %", *said])
    rates = (f"{100 * rate:.0f} % won" for rate in WIN_RATES)
    show("Compared with the accepted answers: how often REGRESSION", ("cases", "ties", *rates), rows)


def regressions(n: int, ties: float, win_rates: Sequence[float]) -> list[float]:
    """The share of REGRESSION for each rate of wins among the cases that are decided."""
    shares = [0.0] * len(win_rates)
    for decided in range(n + 1):
        chance = _binomial(decided, n, 1 - ties)
        if chance < _NEVER:
            continue
        for losses in range(decided + 1):
            found = [chance * _binomial(losses, decided, 1 - rate) for rate in win_rates]
            if max(found) >= _NEVER and _worse(Pairs(decided - losses, losses, n - decided)):
                shares = [share + one for share, one in zip(shares, found, strict=True)]
    return shares


def _worse(pairs: Pairs) -> bool:
    """The pass rate is tested beside, as always, and did not change."""
    cases = {str(place): _SOUND for place in range(pairs.wins + pairs.losses + pairs.ties)}
    (found,) = judge([Compared("pairs", cases, pairs={"better": pairs})])
    return found.worse


def _binomial(hits: int, of: int, rate: float) -> float:
    return float(comb(of, hits) * rate**hits * (1 - rate) ** (of - hits))


if __name__ == "__main__":
    main()
