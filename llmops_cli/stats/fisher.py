"""Fisher's exact test for one case: does the candidate pass less often than the base?"""

from functools import lru_cache

from llmops_cli.stats.stratified import Counts, hypergeometric


@lru_cache(maxsize=65536)
def fisher_worse(counts: Counts) -> float:
    """The one-sided p-value, above 0 and up to 1; 1 where a side has no trials.

    P(A <= passes) for A hypergeometric given all passes (Fisher 1935, *The Design of Experiments*).
    """
    if not counts.comparable:
        return 1.0
    least, chances = hypergeometric(counts.passes + counts.base_passes, counts.trials, counts.base_trials)
    return min(1.0, sum(chances[: counts.passes - least + 1]))
