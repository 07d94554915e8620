"""Do two versions part, where answers vary? Decided by fresh trials of both, asked after the search chose them.

The trials that chose a version say nothing about it: among many that flicker one always fails first. Fresh
trials of the later version are held against those of the earlier one, case by case, with the exact one-sided
test of `stats/stratified.py` (Fisher's for a single case: Fisher 1935, *The Design of Experiments*). There are
up to three looks at growing numbers, so each is at a third of the level (Bonferroni; Dunn 1961, JASA 56:52).
A clean break (5 of 5 against 0 of 5, p = 0.004) is told at the first look; a case that fails every second
time, against one that never does, at the last one in 98 of 100 searches.
"""

from collections.abc import Sequence

from llmops_cli.stats.stratified import Counts, stratified_test

LOOKS = (5, 10, 20)
"""Fresh trials of each side and case after the first look, the second, and the last."""
LEVEL = 0.05 / len(LOOKS)
MOST_CASES = 5
"""Cases that are asked again; a version that broke hundreds is told by a few of them."""


def p_worse(strata: Sequence[Counts]) -> float:
    """The chance of counts like these, or worse for the later version, if both were the same."""
    return stratified_test(strata).p


def parted(strata: Sequence[Counts]) -> bool:
    """Whether the later version is worse, clearly enough to be believed."""
    return p_worse(strata) <= LEVEL


def worth_another_look(strata: Sequence[Counts]) -> bool:
    """Whether more trials could tell: the later version is behind so far, and more are allowed."""
    trials = min((min(one.trials, one.base_trials) for one in strata), default=0)
    return trials < LOOKS[-1] and sum(one.difference for one in strata if one.comparable) < 0
