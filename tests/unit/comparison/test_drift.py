"""The accepted prompt, asked again, against its own record: told from the luck of those that were chosen."""

import numpy as np

from benchmarks.simulated import World, drifted_pull_request, pull_request
from llmops_cli.comparison.drift import LEVEL, drift_of
from llmops_cli.stats.stratified import Counts, stratified_test


def test_a_prompt_that_no_longer_does_what_its_record_says() -> None:
    cases = {str(n): Counts(0, 1, 3, 3) for n in range(8)}

    drift = drift_of(cases, {name: Counts(0, 5, 0, 3) for name in cases})

    assert drift is not None
    assert (drift.cases, drift.passes, drift.trials) == (8, 0, 24)
    assert (drift.record_passes, drift.record_trials, drift.shown) == (24, 24, True)
    assert drift.p == stratified_test([Counts(0, 3, 3, 3)] * 8).mid_p


def test_one_case_alone_shows_nothing() -> None:
    drift = drift_of({"a": Counts(0, 3, 3, 3), "b": Counts(3, 3, 3, 3)}, {"a": Counts(0, 5, 0, 3)})

    assert drift is not None
    assert not drift.shown


def test_a_base_that_was_not_asked_says_nothing() -> None:
    assert drift_of({"a": Counts(0, 3, 3, 3)}, {}) is None
    assert drift_of({"a": Counts(0, 3, 10, 10)}, {"a": Counts(0, 5, 0, 0)}) is None


def test_cases_that_were_not_asked_again_count_with_their_better_side() -> None:
    cases = {
        "a": Counts(0, 2, 3, 3),
        "b": Counts(0, 2, 1, 3),
        "c": Counts(2, 2, 0, 3),
        "d": Counts(0, 2, 0, 3),
    }

    drift = drift_of(cases, {"a": Counts(0, 5, 1, 4)})

    assert drift is not None
    strata = [Counts(1, 4, 3, 3), Counts(2, 4, 1, 3), Counts(4, 4, 0, 3), Counts(0, 4, 0, 3)]
    assert drift.p == stratified_test(strata).mid_p
    assert (drift.cases, drift.passes, drift.trials, drift.record_passes) == (1, 1, 4, 3)


def test_cases_that_were_chosen_by_luck_fall_back_and_show_nothing() -> None:
    """Half coins, a record of three: the fresh trials alone against it would be far from chance."""
    rng = np.random.default_rng(3)
    naive = shown = 0
    for _ in range(30):
        (finding,) = pull_request(World(100, 3, 3, mix="half coins"), "-10 points", rng).findings
        asked = [(one.counts, one.fresh) for one in finding.suspects if one.fresh and one.fresh.base_trials]
        rows = [
            Counts(new.base_passes, new.base_trials, old.base_passes, old.base_trials) for old, new in asked
        ]
        naive += stratified_test(rows).mid_p <= LEVEL * 10
        shown += finding.drift is not None and finding.drift.shown

    assert naive >= 3
    assert shown == 0


def test_a_model_that_forgot_most_of_what_it_knew_is_seen_and_the_prompt_not_blamed() -> None:
    rng = np.random.default_rng(4)

    found = [drifted_pull_request(World(20, 3, 3), 0.2, rng) for _ in range(20)]

    assert sum(one.drifted for one in found) >= 18
    assert all(one.by_set is not one.drifted for one in found)
