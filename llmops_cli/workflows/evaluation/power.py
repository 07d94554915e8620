"""`llmops power`: what an evalset can see, and what more cases or trials would cost."""

from dataclasses import dataclass

from llmops_cli.comparison.rule import Alpha
from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.evalset import Evalset
from llmops_cli.errors import NothingSelectedError, UserError
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.stats.power import case_pass_rates, chance_of_missing, power_table, shrunken_rates
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


def _counted(drop: float | None, effect: float) -> float | None:
    """The smallest drop that is both seen and large enough for the gate."""
    return None if drop is None else max(drop, effect)


def _power(baseline: Baseline, evalset: Evalset, variant: str) -> Power:
    trials, bound, effect = evalset.trials, evalset.gate.min_pass_rate, evalset.gate.min_effect
    record = [
        (sum(line.count * line.passed for line in lines), sum(line.count for line in lines))
        for (_, column), lines in baseline.lines.items()
        if column == variant
    ]
    cases = len(record)
    on_record = max(1, round(sum(count for _, count in record) / cases))
    rates = shrunken_rates(record)
    passing = case_pass_rates(rates, trials, evalset.pass_rule.needed(trials))
    sizes = tuple(dict.fromkeys(max(1, size) for size in (cases // 2, cases, cases * 2, cases * 5)))
    cells = power_table(rates, sizes, TRIALS, on_record, Alpha().sets)
    summary = baseline.summaries.get(variant)
    cost = summary.cost if summary else None
    return Power(
        evalset=evalset.name,
        variant=variant,
        cases=cases,
        trials=trials,
        on_record=on_record,
        rate=sum(passes for passes, _ in record) / sum(count for _, count in record),
        min_pass_rate=bound,
        miss=None if bound is None else chance_of_missing(passing, 1, bound),
        table=tuple(
            Cell(
                c.cases,
                c.trials,
                _counted(c.drop, effect),
                None if cost is None else cost * c.cases * c.trials,
            )
            for c in cells
        ),
        min_effect=effect,
    )
