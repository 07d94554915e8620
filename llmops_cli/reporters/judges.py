"""What a run says of its judges, in words: for all reports alike, from the figures of the run file."""

from collections.abc import Mapping, Sequence

from llmops_cli.domain.comparison import Comparison, Result
from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.domain.judge_figures import Estimate, JudgeFigures
from llmops_cli.reporters.figures import plural

_OF = {"pass rate": "answer", "win rate": "decided comparison"}


def lines(result: Result) -> list[str]:
    """A line for each judge, calibrated or not, and one for each rate that it measured."""
    asked = [(evalset, one) for evalset, one in _all(result) if one.answers]
    return [*standings(result), *(rate_line(*one) for one in asked)]


def standings(result: Result) -> list[str]:
    """Of each judge: calibrated (kappa, labels, date), or not, and which sets it gates all the same."""
    found = _all(result)
    said: list[str] = []
    for judge in dict.fromkeys(one.judge for _, one in found):
        mine = [(evalset, one) for evalset, one in found if one.judge == judge]
        said += _standing(judge.removeprefix("judges/"), mine)
    return said


def rate_line(evalset: str, judge: JudgeFigures) -> str:
    """One judge over one variant."""
    variant = "" if judge.variant == DEFAULT_VARIANT else f" · {judge.variant}"
    return f"{evalset}{variant} · {judge.scorer}: {rate_words(judge)}"


def rate_words(judge: JudgeFigures) -> str:
    """`pass rate 0.90 (95 % interval 0.68 to 0.99) of 20 answers; corrected …`."""
    grade = "" if judge.mean_grade is None else f"mean grade {judge.mean_grade:.2f}, "
    if judge.rate is None:
        return f"{grade}no {_OF.get(judge.metric, 'answer')} to take a {judge.metric} of"
    whole = plural(judge.judged, _OF.get(judge.metric, "answer"))
    # what lies a little below is an estimate, and the words would promise too much
    worth = f", worth {judge.units:.0f} independent ones" if round(judge.units) < judge.judged else ""
    said = f"{grade}{judge.metric} {_rate(judge.rate, judge.confidence)} of {whole}{worth}"
    if judge.corrected is not None:
        interval = _rate(judge.corrected, judge.confidence)
        return f"{said}; corrected for the judge's errors (Rogan-Gladen) {interval}"
    return f"{said}; not corrected: {judge.why_uncorrected}" if judge.why_uncorrected else said


def told(result: Result, comparison: Comparison) -> set[str]:
    """The scorers of a comparison of which `lines` tells; none in run files of before."""
    name, variant = comparison.evalset, comparison.variant.name
    return {one.scorer for evalset, one in _all(result) if (evalset, one.variant) == (name, variant)}


def metric_words(values: Mapping[str, float]) -> str:
    """Figures of any scorer over a set; `95% from` and `95% to` are the interval of the figure before them."""
    said: list[str] = []
    for name, value in values.items():
        if name == "95% from" and said and "95% to" in values:
            said[-1] += f" (95 % interval {value:.2f} to {values['95% to']:.2f})"
        elif name != "95% to" or "95% from" not in values:
            said.append(f"{name} {value:.2f}")
    return ", ".join(said)


def _rate(rate: Estimate, confidence: float) -> str:
    # one failure among many is not shown as none
    value = rate.value if rate.value in (0, 1) else min(0.99, max(0.01, rate.value))
    return f"{value:.2f} ({confidence * 100:.0f} % interval {rate.low:.2f} to {rate.high:.2f})"


def _all(result: Result) -> list[tuple[str, JudgeFigures]]:
    return [(part.evalset.name, judge) for part in result.run.evalsets for judge in part.judges]


def _standing(name: str, mine: Sequence[tuple[str, JudgeFigures]]) -> list[str]:
    said: list[str] = []
    known = next((one.calibration for _, one in mine if one.calibration), None)
    if known is not None:
        kappa = "kappa undefined" if known.kappa is None else f"kappa {known.kappa:.2f}"
        how, few = ("hardly calibrated", f": {known.caution}") if known.caution else ("calibrated", "")
        said.append(f"judge {name}: {how} ({kappa}, n {known.n}, {known.date}){few}")
    others = [(evalset, one) for evalset, one in mine if one.calibration is None]
    reasons = dict.fromkeys(one.why_uncalibrated for _, one in others)
    for why in reasons:
        same = [(evalset, one) for evalset, one in others if one.why_uncalibrated == why]
        where = sorted({f"{evalset} · {one.scorer}" for evalset, one in same})
        gating = sorted({evalset for evalset, one in same if one.severity == "fail"})
        gates = f", and it gates {', '.join(gating)}" if gating else ""
        as_asked = f" as {', '.join(where)}" if known is not None or len(reasons) > 1 else ""
        said.append(f"judge {name}{as_asked}: not calibrated{f' ({why})' if why else ''}{gates}")
    return said
