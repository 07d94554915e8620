"""How often luck alone breaks the user's own word: bounds and critical cases, of a prompt that did not change."""

from dataclasses import replace

from llmops_cli.comparison.replayed import known_unchanged
from llmops_cli.domain.comparison import Comparison, Delta
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
    """Of `min_pass_rate`, which counts cases that pass by their rule, and not trials."""
    bound = comparison.gate.min_pass_rate
    counts = [(d.base, d.candidate) for d in comparison.deltas if d.comparable]
    if bound is None or not counts or not comparison.whole:
        return None
    rates = shrunken_rates([(base.passes, base.trials) for base, _ in counts])
    trials = max(1, round(sum(candidate.trials for _, candidate in counts) / len(counts)))
    return chance_of_missing(case_pass_rates(rates, trials, comparison.pass_rule.needed(trials)), 1, bound)


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
