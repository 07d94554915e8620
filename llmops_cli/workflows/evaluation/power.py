"""`llmops power`: what an evalset can see, and what more cases or trials would cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from llmops_cli.comparison.rule import Alpha
from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.evalset import Evalset, GateSpec
from llmops_cli.errors import NothingSelectedError, UserError
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.stats.clustered import Shift, detectable_shift
from llmops_cli.stats.power import (
    POWER,
    case_pass_rates,
    chance_of_missing,
    detectable_drop,
    error_of_drop,
    shrunken_rates,
)
from llmops_cli.workflows.project import Project

TRIALS = (1, 2, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class Cell:
    """So many cases asked so many times: the smallest drop (a share of 1) seen with 80 % power, None if none.

    `cost` is what one such run costs in USD, None where the cost of an answer is not on record.
    """

    cases: int
    trials: int
    drop: float | None
    cost: float | None


@dataclass(frozen=True, slots=True)
class Power:
    """What is on record of one variant, the table, and how often its own bound fails an unchanged prompt.

    `miss` is the chance (a share of 1) that `min_pass_rate` is missed by luck alone with today's trials;
    None without that bound.
    """

    evalset: str
    variant: str
    cases: int
    trials: int
    on_record: int
    rate: float
    min_pass_rate: float | None
    miss: float | None
    table: tuple[Cell, ...]
    min_effect: float = 0.0
    """The smallest drop that counts: less is not seen, however many trials there are."""
    tests: int = 1
    """How many gated tests of this set stand behind one exit code: they share `level`."""
    level: float = Alpha().sets
    """What an unchanged prompt may fail by, over all tests of sets behind one exit code."""
    generalise: bool = False
    """Whether the table is about new cases from the same source."""
    own_trials: bool = False
    """Whether cases have `trials` of their own, which the columns of the table leave aside."""


def power(project: Project, name: str) -> list[Power]:
    """A table for each variant of the baseline. Raises UserError without one."""
    (evalset_name, *more) = project.select_evalsets([name])
    if more:
        raise NothingSelectedError(f"{name!r} names several evalsets", hint="name one of them")
    evalset = project.evalset(evalset_name)
    baseline = read_baseline(project.tree, evalset.baseline_path)
    if baseline is None:
        hint = "run `llmops eval` and `llmops accept` first: what a set can see depends on how its cases do"
        raise UserError(f"{evalset.name} has no baseline", where=evalset.where, hint=hint)
    variants = sorted({variant for _, variant in baseline.lines})
    return [_power(baseline, evalset, variant) for variant in variants]


def _power(baseline: Baseline, evalset: Evalset, variant: str) -> Power:
    gate, today = evalset.gate, {case.id: case for case in evalset.cases}
    record = {
        case_id: (sum(line.count * line.passed for line in lines), sum(line.count for line in lines))
        for (case_id, column), lines in baseline.lines.items()
        if column == variant
    }
    record = {case_id: known for case_id, known in record.items() if case_id in today} or record
    cases = len(record)
    on_record = max(1, round(sum(count for _, count in record.values()) / cases))
    rates = shrunken_rates(list(record.values()))
    own = [
        today[case_id].trials or evalset.trials if case_id in today else evalset.trials for case_id in record
    ]
    # the pass rate and every metric of each variant is a test: as many as a run of this set has
    tests = len(evalset.variants()) * (1 + len(evalset.gated_metrics))
    clusters = len(
        {today[case_id].cluster or ("alone", case_id) if case_id in today else case_id for case_id in record}
    )
    wanted = _Wanted(rates, on_record, Alpha().sets / tests, gate, clusters)
    sizes = tuple(dict.fromkeys(max(1, size) for size in (cases // 2, cases, cases * 2, cases * 5)))
    summary = baseline.summaries.get(variant)
    cost = summary.cost if summary else None
    return Power(
        evalset=evalset.name,
        variant=variant,
        cases=cases,
        trials=evalset.trials,
        on_record=on_record,
        rate=sum(passes for passes, _ in record.values()) / sum(count for _, count in record.values()),
        min_pass_rate=gate.min_pass_rate,
        miss=None if gate.min_pass_rate is None else _miss(evalset, rates, own, gate.min_pass_rate),
        table=tuple(
            Cell(size, trials, wanted.drop(size, trials), None if cost is None else cost * size * trials)
            for size in sizes
            for trials in TRIALS
        ),
        min_effect=gate.min_effect,
        tests=tests,
        generalise=gate.generalise,
        own_trials=any(case.trials is not None for case in evalset.cases),
    )


def _miss(evalset: Evalset, rates: Sequence[float], trials: Sequence[int], bound: float) -> float:
    """How often luck misses the bound, each case asked as often as it is today."""
    passing = [
        case_pass_rates([rate], number, evalset.pass_rule.needed(number))[0]
        for rate, number in zip(rates, trials, strict=True)
    ]
    return chance_of_missing(passing, 1, bound)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the smallest drop seen depends on, but for the numbers of cases and trials."""

    rates: Sequence[float]
    on_record: int
    alpha: float
    gate: GateSpec
    clusters: int

    def drop(self, cases: int, trials: int) -> float | None:
        """The smallest drop that is both seen and large enough for the gate; as the report of a run says it."""
        error = error_of_drop(self.rates, trials, self.on_record, cases)
        if self.gate.generalise:
            clusters = round(self.clusters * cases / len(self.rates))
            if clusters < 2:
                return None
            found: float | None = detectable_shift(Shift(0.0, error, 0.0, 1.0, clusters), self.alpha, POWER)
        else:
            found = detectable_drop(self.rates, trials, self.on_record, self.alpha, cases=cases)
        if found is None or found > 1:
            return None
        effect = self.gate.min_effect
        return max(found, min(1.0, effect + NormalDist().inv_cdf(POWER) * error) if effect else 0.0)
