"""A claim, its looks, and that looking often proves nothing false."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.comparison.proving import (
    Claim,
    claim_of,
    look,
    looks,
    needed,
    proof_of,
    trivial,
    unchanged,
    without_trials,
)
from llmops_cli.domain.comparison import Delta, DeltaKind, Side
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.request import Response
from llmops_cli.stats.intervals import drop_of
from llmops_cli.stats.sequential import Proof, spent
from llmops_cli.stats.stratified import Counts


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_looks_double_from_the_runs_own_trials_to_the_most(trials: int, most: int) -> None:
    found = looks(trials, most)

    assert found[0] == trials or trials >= most
    assert found[-1] == max(trials, most)
    assert all(later == 2 * before for before, later in pairwise(found[:-1]))
    assert list(found) == sorted(set(found))


def test_a_look_without_a_trial_is_refused() -> None:
    with pytest.raises(ValueError, match="a trial of each case"):
        looks(0, 9)


def test_the_base_is_asked_for_what_its_record_lacks() -> None:
    assert needed(Counts(3, 3, 10, 10), 6) == (3, 0)
    assert needed(Counts(3, 3, 1, 1), 6) == (3, 5)
    assert needed(Counts(9, 9, 9, 9), 6) == (0, 0)


def _delta(case_id: str, fingerprint: str, source: Source) -> Delta:
    def side(print_: str, how: Source) -> Side:
        return Side((Outcome(case_id, "default", 1, print_, how, Response("x")),), True)

    return Delta(
        DeltaKind.UNCHANGED, case_id, "default", side("base", Source.BASELINE), side(fingerprint, source)
    )


def test_only_cases_that_are_asked_something_else_are_asked() -> None:
    deltas = [
        _delta("same", "base", Source.BASELINE),
        _delta("other", "changed", Source.CALLED),
        _delta("fresh", "base", Source.CALLED),  # --fresh: does the model still answer alike?
    ]
    counts = {delta.case_id: Counts(1, 1, 1, 1) for delta in deltas}

    claim = claim_of(0.05, deltas, counts, 30)

    assert [unchanged(delta) for delta in deltas] == [True, False, False]
    assert (claim.cases, list(claim.changed)) == (3, ["other", "fresh"])
    assert claim.margin_of_changed == pytest.approx(0.075)


def test_what_cannot_reach_the_margin_needs_no_trial() -> None:
    one_of_many = Claim(0.05, 30, {"a": Counts(0, 1, 1, 1)}, (1, 30))
    none = Claim(0.05, 30, {}, (30,))

    assert trivial(one_of_many)
    assert without_trials(one_of_many).at_most == pytest.approx(1 / 30)
    assert trivial(none)
    assert without_trials(none).at_most == 0
    assert not trivial(Claim(0.05, 30, {n: Counts(1, 1, 1, 1) for n in "ab"}, (1, 30)))


def test_the_drop_is_that_of_all_cases() -> None:
    changed = {str(n): Counts(20, 20, 20, 20) for n in range(50)}
    claim = Claim(0.05, 100, changed, (20,))

    found = look(claim, changed, 0)
    proof = proof_of(claim, found, 0, (0, 0))

    whole = drop_of(changed.values(), 1 - spent(1.0))
    assert whole is not None
    assert proof.standing == "proven"
    assert proof.level == spent(1.0)
    assert proof.at_most == pytest.approx(whole.at_most / 2)


def _ends(margin: float, true_drop: float, rng: np.random.Generator) -> Proof:
    rates = np.clip(np.concatenate((rng.beta(30, 1, 14), rng.beta(2, 1.2, 6))), true_drop, 1)
    a, b = rng.binomial(3, rates - true_drop), rng.binomial(10, rates)
    counts = {str(n): Counts(int(a[n]), 3, int(b[n]), 10) for n in range(20)}
    claim = Claim(margin, 20, counts, looks(3, 30))
    for number, target in enumerate(claim.looks):
        for name, one in counts.items():
            more, base = needed(one, target)
            rate = rates[int(name)]
            counts[name] = Counts(
                one.passes + int(rng.binomial(more, rate - true_drop)), one.trials + more,
                one.base_passes + int(rng.binomial(base, rate)), one.base_trials + base,
            )  # fmt: skip
        found = look(claim, counts, number)
        if found.proof is not Proof.GO_ON:
            break
    return found.proof


def test_a_drop_of_the_margin_is_seldom_proven_or_refuted_however_often_it_is_looked() -> None:
    rng = np.random.default_rng(11)
    ends = [_ends(0.08, 0.08, rng) for _ in range(300)]

    # each is wrong at most 5 % of the time; 300 of them, so up to 8.5 %
    assert ends.count(Proof.PROVEN) <= 0.085 * 300
    assert ends.count(Proof.REFUTED) <= 0.085 * 300
