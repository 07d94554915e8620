"""What a red verdict rests on, in words: the same ones in every report."""

from llmops_cli.comparison.bounds import bounds, critical
from llmops_cli.domain.comparison import Comparison, Result, Status
from llmops_cli.reporters import figures
from llmops_cli.reporters.cases import CONFIRMED

_REFUTED = "refuted"


def grounds(result: Result) -> str:
    """`2 cases got worse, a bound is missed`: what decided, that of single cases first."""
    found = []
    fell = any(_set_fell(comparison) for comparison in result.comparisons)
    if result.cases_worse or fell:
        found.append(_worse(result, fell=fell))
    if any(one.proof is not None and one.proof.standing == _REFUTED for one in result.comparisons):
        found.append("the drop is beyond the margin")
    failed = critical_failures(result)
    if failed:
        found.append("a critical case failed" if failed == 1 else f"{failed} critical cases failed")
    if missed(result):
        found.append("a bound is missed")
    return ", ".join(found) or "a bound is missed"


def worse_cases(result: Result) -> str:
    """`2 cases`, and how often they got worse where a case is asked of several variants."""
    pairs = sum(len(comparison.worse) for comparison in result.comparisons)
    several = f" ({pairs} of case × variant)" if pairs > result.cases_worse else ""
    return f"{figures.plural(result.cases_worse, 'case')}{several}"


def _worse(result: Result, *, fell: bool) -> str:
    """Flips that nothing confirms look worse, and are the ground of nothing."""
    what = [worse_cases(result)] if result.cases_worse else []
    what += ["the set as a whole"] if fell else []
    worse = [delta for comparison in result.comparisons for delta in comparison.worse]
    known = fell or any(delta.fresh is None or delta.fresh.standing == CONFIRMED for delta in worse)
    return f"{' and '.join(what)} {'got' if known else 'may have got'} worse"


def _set_fell(comparison: Comparison) -> bool:
    tests = comparison.statistics.tests if comparison.statistics else ()
    return any(test.worse and not test.accepted for test in tests)


def missed(result: Result) -> bool:
    """Whether a bound of a gate is missed."""
    found = (reason for comparison in result.comparisons for reason in bounds(comparison))
    return any(reason.status is Status.REGRESSION for reason in found)


def critical_failures(result: Result) -> int:
    """How many critical cases are a ground: one that failed in several variants is one."""
    asked = {part.evalset.name: part.asked for part in result.run.evalsets}
    return len(
        {
            (comparison.evalset, str(reason.where))
            for comparison in result.comparisons
            for reason in critical(comparison, asked.get(comparison.evalset, {}))
        }
    )
