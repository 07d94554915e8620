"""How often luck alone breaks a bound or a critical case."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from llmops_cli.comparison.bounds import luck_notes
from llmops_cli.comparison.luck import with_luck
from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Fresh, Side, Totals
from llmops_cli.domain.evalset import Case, GateSpec, PassRule
from llmops_cli.domain.outcome import Outcome, Source, VariantInfo
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import NamedScore, Score
from llmops_cli.domain.statistics import Added, Statistics
from llmops_cli.errors import SourceLocation
from llmops_cli.stats.power import case_pass_rates, chance_of_missing, shrunken_rates

WHERE = SourceLocation("evalsets/e.yaml", 1)


def _outcomes(passes: int, trials: int) -> tuple[Outcome, ...]:
    return tuple(
        Outcome("c", "default", n + 1, "f", Source.CALLED, Response("x"),
                scores=(NamedScore("s", "d", score=Score(float(n < passes), n < passes)),))
        for n in range(trials)
    )  # fmt: skip


def _case(name: str, base: tuple[int, int], trials: int = 3, *, critical: bool = True) -> Delta:
    case = Case(name, WHERE, critical=critical)
    sides = Side(_outcomes(*base), True), Side(_outcomes(trials, trials), True)
    return Delta(DeltaKind.UNCHANGED, name, "default", *sides, case)


def _comparison(*deltas: Delta, gate: GateSpec | None = None, rule: PassRule | None = None) -> Comparison:
    return Comparison(
        "e", WHERE, VariantInfo("default", "p", "p1:x", {}), gate or GateSpec(), "the baseline", deltas,
        Totals(0, 0, 0, 0, 0), statistics=Statistics(len(deltas), (), None), pass_rule=rule or PassRule(),
    )  # fmt: skip


def test_a_critical_case_that_failed_one_of_ten_fails_an_unchanged_prompt_in_27_of_100_runs() -> None:
    comparison = with_luck(_comparison(_case("refund", (9, 10)), _case("rest", (5, 10), critical=False)))

    assert comparison.statistics is not None
    (found,) = comparison.statistics.critical
    assert (found.failures, found.on_record, found.trials) == (1, 10, 3)
    assert found.chance == pytest.approx(0.271)
    low, high = stats.binomtest(1, 10).proportion_ci(method="wilson")
    assert found.low == pytest.approx(1 - (1 - low) ** 3)
    assert found.high == pytest.approx(1 - (1 - high) ** 3)
    (note,) = luck_notes(comparison)
    assert note.startswith("e: critical case refund failed 1 of 10 on record: fails an unchanged prompt ")
    assert note.endswith("about 27% of the time with 3 trials (5% to 79%)")


def test_fresh_answers_of_the_base_are_part_of_its_record() -> None:
    case = _case("refund", (4, 4))
    asked = replace(case, fresh=Fresh("cleared", 3, 3, 4, 6))
    proven = replace(asked, added=Added(_outcomes(7, 16), ()))

    pooled = [with_luck(_comparison(one)).statistics for one in (case, asked, proven)]

    found = [one.critical[0] for one in pooled if one is not None]
    assert [(one.failures, one.on_record) for one in found] == [(0, 4), (2, 10), (9, 20)]


def test_several_critical_cases_add_up_and_a_clean_record_is_not_named() -> None:
    comparison = with_luck(
        _comparison(*(_case(f"c{n}", (9, 10), 1) for n in range(5)), _case("ok", (10, 10)))
    )

    notes = luck_notes(comparison)

    assert len(notes) == 4
    assert not any("ok" in note for note in notes)
    assert notes[-1] == "e: its 5 critical cases that failed on record do so together about 41% of the time"


def test_where_answers_do_not_vary_luck_has_no_part() -> None:
    comparison = _comparison(_case("refund", (9, 10)))
    fixed = replace(comparison, variant=replace(comparison.variant, deterministic=True))

    assert with_luck(fixed) == fixed
    assert luck_notes(with_luck(fixed)) == []


def test_a_bound_on_the_pass_rate_counts_cases_by_their_rule() -> None:
    deltas = [_case(f"c{n}", (8, 10)) for n in range(10)]
    gate = GateSpec(min_pass_rate=0.9)
    rates = shrunken_rates([(8, 10)] * 10)

    majority = with_luck(_comparison(*deltas, gate=gate)).statistics
    every = with_luck(_comparison(*deltas, gate=gate, rule=PassRule((3, 3)))).statistics

    assert majority is not None
    assert every is not None
    two_of_three = stats.binom.sf(1, 3, rates[0])
    assert majority.chance_of_missing == pytest.approx(stats.binom.cdf(8, 10, two_of_three))
    assert every.chance_of_missing == pytest.approx(stats.binom.cdf(8, 10, rates[0] ** 3))


def _partly(name: str, base: tuple[int, int], replayed: int, new: int) -> Delta:
    """A case that has its first answers from the record, and some that were asked for beside them."""
    delta = _case(name, base)
    first = (replace(one, source=Source.BASELINE) for one in delta.base.outcomes[:replayed])
    more = (replace(one, trial=replayed + one.trial, fingerprint="f") for one in _outcomes(new, new))
    return replace(delta, candidate=Side((*first, *more), True))


def _by_enumeration(deltas: list[Delta], rates: tuple[float, ...], rule: PassRule, bound: float) -> float:
    """Every way that the asked trials may end, one after the other."""
    asked = [
        (n, place)
        for n, delta in enumerate(deltas)
        for place, one in enumerate(delta.candidate.outcomes)
        if one.source is not Source.BASELINE
    ]
    missed = 0.0
    for ends in product((True, False), repeat=len(asked)):
        marks = [[one.passed is True for one in delta.candidate.outcomes] for delta in deltas]
        chance = 1.0
        for (n, place), end in zip(asked, ends, strict=True):
            marks[n][place] = end
            chance *= rates[n] if end else 1 - rates[n]
        passed = sum(sum(row) >= rule.needed(len(row)) for row in marks)
        missed += chance * (passed < bound * len(deltas))
    return missed


@pytest.mark.parametrize("rule", [PassRule(), PassRule((2, 3)), PassRule((1, 1))])
@pytest.mark.parametrize("bound", [0.5, 0.7, 0.8, 1.0])
def test_answers_from_the_record_stand_and_each_case_counts_its_own_trials(
    rule: PassRule, bound: float
) -> None:
    deltas = [
        _partly("kept", (8, 9), 9, 0),
        _partly("kept, failing", (2, 9), 9, 0),
        _partly("topped up", (1, 2), 2, 3),
        _case("asked three times", (7, 9)),
        _case("asked once", (3, 9), 1),
        _case("asked five times", (9, 9), 5),
    ]
    failing = replace(deltas[1].candidate, passed=False)
    deltas[0] = replace(deltas[0], candidate=replace(deltas[0].candidate, passed=rule.decide(8, 9)))
    deltas[1] = replace(deltas[1], candidate=failing)
    rates = shrunken_rates([(d.base.passes, d.base.trials) for d in deltas])

    found = with_luck(_comparison(*deltas, gate=GateSpec(min_pass_rate=bound), rule=rule)).statistics

    assert found is not None
    assert found.chance_of_missing == pytest.approx(_by_enumeration(deltas, rates, rule, bound), abs=1e-12)


def test_where_nothing_was_asked_luck_cannot_miss_the_bound() -> None:
    deltas = [_partly(f"c{n}", (n, 9), 9, 0) for n in range(9)]

    found = with_luck(_comparison(*deltas, gate=GateSpec(min_pass_rate=0.9))).statistics

    assert found is not None
    assert found.chance_of_missing is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.integers(1, 7), st.data())
def test_a_case_passes_as_often_as_a_binomial_does(
    rates: list[float], trials: int, data: st.DataObject
) -> None:
    needed = data.draw(st.integers(1, trials))

    found = case_pass_rates(rates, trials, needed)

    assert found == pytest.approx(stats.binom.sf(needed - 1, trials, rates))
    assert 0 <= chance_of_missing(found, 1, 0.5) <= 1


@pytest.mark.parametrize("needed", [0, 4])
def test_a_need_out_of_range_is_refused(needed: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 3"):
        case_pass_rates([0.5], 3, needed)
