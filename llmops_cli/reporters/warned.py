"""Scorers that only warn: what fell in their eyes decides nothing, and should be known all the same."""

from collections.abc import Iterator, Mapping

from llmops_cli.domain.comparison import Comparison, Side
from llmops_cli.reporters.inert import inert

NOTABLE = 0.1
"""A mean score that fell by so much is worth a line; smaller falls come and go with the answers."""


def warnings(comparison: Comparison) -> list[str]:
    """`warnings: scorer tone 1.00 → 0.00 (does not gate)`, in one line for all scorers; none where none fell."""
    fell = [
        f"scorer {inert(name)} {before:.2f} → {now:.2f}"
        for name, (before, now) in sorted(_means(comparison).items())
        if before - now >= NOTABLE
    ]
    return [f"warnings: {', '.join(fell)} ({'does' if len(fell) == 1 else 'do'} not gate)"] if fell else []


def _means(comparison: Comparison) -> Mapping[str, tuple[float, float]]:
    """Of each scorer that warns the mean over the cases that it scored on both sides, before and now."""
    found: dict[str, list[tuple[float, float]]] = {}
    for delta in comparison.deltas:
        if delta.comparable:
            before = dict(_scores(delta.base, warns=False))
            for key, now in _scores(delta.candidate, warns=True):
                if key in before:
                    found.setdefault(key[0], []).append((before[key], now))
    return {
        name: (sum(before for before, _ in pairs) / len(pairs), sum(now for _, now in pairs) / len(pairs))
        for name, pairs in found.items()
    }


def _scores(side: Side, *, warns: bool) -> Iterator[tuple[tuple[str, str], float]]:
    """Of each scorer (name and digest: another ruler measures something else) the mean over the trials."""
    found: dict[tuple[str, str], list[float]] = {}
    for outcome in side.outcomes:
        for named in outcome.scores:
            if named.score is not None and (not warns or named.severity == "warn"):
                found.setdefault((named.name, named.digest), []).append(named.score.value)
    for key, values in found.items():
        yield key, sum(values) / len(values)
