"""Does the accepted prompt still do what its record says? If not, the model changed, and not the prompt.

A confirmation asks the accepted prompt, too, where its record is short. Vendors change models under one name;
then the accepted prompt fails today as well, and a test against its record blames whoever comes next.

*Who is compared.* Not the cases that were asked again alone: they were chosen because their record was good and
the candidate's trials were bad, so that they fall back from it though nothing changed. In sets of coin-like
cases that alone would be "significant" in up to every second run. So all cases count: those that were not asked
again as if they had been, and passed as often as on the better of their two sides, the record and the
candidate's trials of today. The lucky records, which chance makes up for elsewhere, are balanced by those
that were unlucky. The exact test of the whole set (`stats/stratified.py`) does the rest, at a level that no mix of
cases was seen to reach by chance; `benchmarks/verdict.py` prints how often.
"""

from collections.abc import Mapping

from llmops_cli.domain.statistics import Drift
from llmops_cli.stats.stratified import Counts, stratified_test

LEVEL = 0.001


def drift_of(cases: Mapping[str, Counts], fresh: Mapping[str, Counts]) -> Drift | None:
    """What the accepted prompt does today; None where it was not asked again.

    `cases` are the trials that were compared, `fresh` those of a confirmation, both by case.
    """
    asked = {name: one for name, one in fresh.items() if one.base_trials}
    if not asked:
        return None
    trials = sum(one.base_trials for one in asked.values())
    each = -(-trials // len(asked))
    strata = [
        _stratum(compared, asked.get(name), each) for name, compared in cases.items() if compared.comparable
    ]
    p = stratified_test(strata).mid_p
    return Drift(
        cases=len(asked),
        passes=sum(one.base_passes for one in asked.values()),
        trials=trials,
        record_passes=sum(cases[name].base_passes for name in asked),
        record_trials=sum(cases[name].base_trials for name in asked),
        p=p,
        shown=p <= LEVEL,
    )


def _stratum(compared: Counts, fresh: Counts | None, each: int) -> Counts:
    """A case's trials of the accepted prompt today, as they were or as they are supposed, and on record."""
    record = compared.base_passes, compared.base_trials
    if fresh is not None:
        return Counts(fresh.base_passes, fresh.base_trials, *record)
    supposed = max(
        -(-each * compared.base_passes // compared.base_trials), -(-each * compared.passes // compared.trials)
    )
    return Counts(supposed, each, *record)
