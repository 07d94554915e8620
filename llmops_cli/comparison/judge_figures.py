"""A judge's rate over the answers of a variant, how many readings it rests on, and what people would have said."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmops_cli.comparison.calibrating import accuracy_of, caution
from llmops_cli.domain.calibration import Calibration
from llmops_cli.domain.judge_figures import Calibrated, Estimate
from llmops_cli.domain.outcome import Outcome
from llmops_cli.domain.scoring import Score
from llmops_cli.stats.agreement import Accuracy, rogan_gladen
from llmops_cli.stats.design_effect import independent_readings
from llmops_cli.stats.intervals import clopper_pearson

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Reading:
    """A judge's word on one answer, and whose it is: which call answered, and which calls judged."""

    case: str
    """The case, or the cluster that it belongs to."""
    answer: str
    replies: tuple[str, ...]
    positive: bool


def reading_of(outcome: Outcome, score: Score, case: str, *, positive: bool) -> Reading:
    """Calls are named by their providers. One that always answers alike names none: there the same request
    has the same answer. A score on record does not say which call judged: each answer was judged by itself.
    """
    response = outcome.response
    assert response is not None  # without an answer there is no score
    answer = response.call_id or f"{outcome.fingerprint} {response.text}"
    return Reading(case, answer, tuple(score.details.get("calls", ())), positive)


def units_of(readings: Sequence[Reading]) -> float:
    """How many independent readings these are worth, told by calls and never by equal texts.

    One answer with one and the same reply is one reading, however many trials it stands for. Readings of one
    case are related: a judge that is wrong about one answer to a question is likely wrong about the next, and
    sensitivity and specificity are known of answers at large, not of this case. So are such that share an
    answer or a judge's reply across cases. How far they agree is estimated (`independent_readings`).

    The golden set is fixed, and about its cases alone the readings of the judge would tell more: their spread
    between cases is no noise. But the correction takes the judge's errors from other outputs, and here they
    fall on cases. `benchmarks/judges.py` simulates both (errors by answer or by case; 20 to 200 cases, 3 and 10
    trials): with these units the interval of Lang & Reiczigel holds the true rate 94 to 99 times in 100, with
    every answer counted down to 66 times; with every case counted once it is up to half as wide again.
    """
    distinct = {(one.answer, one.replies): one for one in readings}
    groups: dict[str, list[bool]] = defaultdict(list)
    name = _related(distinct.values())
    for one in distinct.values():
        groups[name[one.case]].append(one.positive)
    return independent_readings((sum(found), len(found)) for found in groups.values())


def _related(readings: Iterable[Reading]) -> dict[str, str]:
    """Cases to the first of those that they share a call with, over any number of steps."""
    leader: dict[str, str] = {}

    def find(case: str) -> str:
        while leader[case] != case:
            leader[case] = case = leader[leader[case]]
        return case

    first: dict[str, str] = {}
    for one in readings:
        leader.setdefault(one.case, one.case)
        for call in (one.answer, *one.replies):
            other = find(first.setdefault(call, one.case))
            leader[find(one.case)] = other
    return {case: find(case) for case in leader}


def rate_of(hits: int, of: int, units: float) -> Estimate | None:
    """The rate with its exact interval; None where there is nothing."""
    if not of:
        return None
    rate = hits / of
    interval = clopper_pearson(rate * units, units, CONFIDENCE)
    return Estimate(rate, interval.low, interval.high)


def calibrated(known: Calibration) -> Calibrated:
    """What a run keeps of a calibration."""
    return Calibrated(
        known.kappa, known.n, known.date, known.labels,
        known.true_pass, known.false_pass, known.true_fail, known.false_fail, caution(known) or "",
    )  # fmt: skip


def corrected(
    known: Calibration, hits: int, of: int, units: float, *, negated: bool = False
) -> tuple[Estimate | None, str]:
    """The rate that people would have given, or why it cannot be told.

    `negated`: an answer passes where the judge fails it, so that its errors change places.
    """
    errors = accuracy_of(known)
    errors = Accuracy(errors.specificity, errors.sensitivity) if negated else errors
    why = _undefined(errors, of, ("fail", "pass") if negated else ("pass", "fail"))
    found = None if why else rogan_gladen(hits / of * units, units, errors, CONFIDENCE)
    if found is None:
        return None, why
    return Estimate(found.estimate, found.interval.low, found.interval.high), ""


def _undefined(errors: Accuracy, of: int, words: tuple[str, str]) -> str:
    """Why there is no correction; empty where there is one. `words` are the labels that count as 1 and as 0."""
    sensitivity, specificity = errors.sensitivity, errors.specificity
    if not of:
        return "it judged no answer"
    if sensitivity is None or specificity is None:
        return f"no label of its calibration says {words[0] if sensitivity is None else words[1]}"
    if sensitivity.value + specificity.value > 1:
        return ""
    both = f"sensitivity {sensitivity.value:.2f} + specificity {specificity.value:.2f}"
    return f"on its labels it was no better than chance ({both})"
