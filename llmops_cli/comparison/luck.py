"""How often luck alone breaks the user's own word: bounds and critical cases, of a prompt that did not change."""

from dataclasses import replace
from functools import lru_cache

from llmops_cli.comparison.replayed import asked, known_unchanged
from llmops_cli.domain.comparison import Comparison, Delta, Side
from llmops_cli.domain.evalset import PassRule
from llmops_cli.domain.statistics import CriticalChance
from llmops_cli.stats.intervals import wilson
from llmops_cli.stats.power import case_pass_rates, chance_of_missing, shrunken_rates


def with_luck(comparison: Comparison) -> Comparison:
    """The comparison with both chances; as it is where answers do not vary."""
    statistics = comparison.statistics
    if statistics is None or comparison.variant.deterministic:
        return comparison
    critical = [_critical(delta) for delta in comparison.deltas]
    found = replace(
        statistics,
        chance_of_missing=_chance_of_missing(comparison),
        critical=tuple(one for one in critical if one is not None),
    )
    return replace(comparison, statistics=found)


def _chance_of_missing(comparison: Comparison) -> float | None:
    """Of `min_pass_rate`, which counts cases that pass by their rule, and not trials.

    Answers from the record stand as they are; None where there are no others, which luck could change.
    """
    bound = comparison.gate.min_pass_rate
    deltas = [delta for delta in comparison.deltas if delta.comparable]
    if bound is None or not comparison.whole:
        return None
    if all(known_unchanged(delta.candidate, delta.base) for delta in deltas):
        return None
    rates = shrunken_rates([(delta.base.passes, delta.base.trials) for delta in deltas])
    rule = comparison.pass_rule
    passing = [_passes(delta, rate, rule) for delta, rate in zip(deltas, rates, strict=True)]
    return chance_of_missing(passing, 1, bound)


def _passes(delta: Delta, rate: float, rule: PassRule) -> float:
    """How likely the case is to pass, if each trial that was asked passes at this rate."""
    candidate, new = delta.candidate, Side(asked(delta.candidate, delta.base))
    if not new.trials:
        return float(candidate.passed is True)
    on_record = candidate.passes - new.passes
    return _enough(rate, new.trials, rule.needed(candidate.trials) - on_record)


@lru_cache(maxsize=4096)
def _enough(rate: float, trials: int, needed: int) -> float:
    """How likely at least so many of the trials are to pass."""
    if not 1 <= needed <= trials:
        return float(needed < 1)
    return case_pass_rates([rate], trials, needed)[0]


def _critical(delta: Delta) -> CriticalChance | None:
    """From everything that the base is known to have answered: its record and its fresh trials.

    None where the candidate's answers are that record, which luck does not touch.
    """
    trials = delta.candidate.trials
    if known_unchanged(delta.candidate, delta.base):
        return None
    if delta.case is None or not delta.case.critical or not delta.comparable or not trials:
        return None
    passes, on_record = delta.base.passes, delta.base.trials
    if delta.added is not None and delta.added.base:  # the cache gives a confirmation's answers again
        passes += sum(outcome.passed is True for outcome in delta.added.base)
        on_record += len(delta.added.base)
    elif delta.fresh is not None:
        passes, on_record = passes + delta.fresh.base_passes, on_record + delta.fresh.base_trials
    failures = on_record - passes
    rate = wilson(failures, on_record)
    chances = [1 - (1 - one) ** trials for one in (failures / on_record, rate.low, rate.high)]
    return CriticalChance(delta.case_id, failures, on_record, trials, *chances)
