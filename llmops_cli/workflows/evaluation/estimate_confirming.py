"""`eval --estimate`: what one case may take that looks broken and is asked again.

How many will look broken nobody knows beforehand. What each of them takes at most can be told: the level of a
confirmation depends on the number of cases that might have changed, and its trials on what is on record.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from llmops_cli.comparison.confirmation import ENOUGH_ON_RECORD, Plan, plan_of
from llmops_cli.comparison.rule import Alpha
from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.evalset import Case
from llmops_cli.stats.stratified import Counts
from llmops_cli.workflows.comparing.rerun import BaselineRerun
from llmops_cli.workflows.evaluation.estimate_base import Question, question_of
from llmops_cli.workflows.evaluation.judge_requests import judge_requests
from llmops_cli.workflows.trials.base_side import known_answers
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan
from llmops_cli.workflows.trials.preparing import Prepared
from llmops_cli.workflows.wiring import Parts, price_estimator

_UNSURE = ("judge", "python")
"""Scorers that may fail to judge an answer on record once they have changed."""


@dataclass(frozen=True, slots=True)
class PerCase:
    """What one case takes at most, of `cases` that may be asked again; all together no more than `limit` calls.

    `cost` is in USD, judges included; None where a price is unknown.
    """

    cases: int
    calls: int
    judge_calls: int
    cost: float | None
    limit: int | None


@dataclass(frozen=True)
class Asked:
    """What the run is about. `reused` are the baselines whose answers stand for the candidate's, by evalset."""

    prepared: Prepared
    reused: Mapping[str, Baseline | None]
    parts: Parts
    base: BaselineRerun
    reference: str | None
    rerun: bool
    limit: int | None
    """`--confirm N`."""


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A case that may come to look broken, and how many trials its base may have by then."""

    plan: EvalsetPlan
    variant: VariantPlan
    case: Case
    base_trials: frozenset[int]


def confirming(asked: Asked) -> PerCase:
    """The most that a case may take, of all that may be asked again."""
    suspects = list(_suspects(asked))
    # the run's own level is this, or larger where fewer can be compared: then it takes fewer calls
    level = Alpha().cases / max(1, len(suspects))
    plans: dict[int, Plan] = {}
    found = PerCase(len(suspects), 0, 0, 0.0, asked.limit)
    for one in suspects:
        for count in one.base_trials - plans.keys():
            plans[count] = plan_of(Counts(0, 1, count, count), level)
        for plan in {plans[count] for count in one.base_trials}:
            if plan.reachable:
                found = _more(found, _bill(asked, one, plan))
    return found


def _bill(asked: Asked, one: _Suspect, plan: Plan) -> tuple[int, int, float | None]:
    """Calls, judge calls and their price where this plan is carried out, as far as `--confirm N` lets it."""
    own = one.variant.requests[one.case.id], one.variant.model
    base = _base_question(asked, one) if plan.base_fresh else None
    judges = judge_requests(asked.parts, one.plan.evalset, one.case, own[0])
    trials = [(own, plan.fresh), *([(base, plan.base_fresh)] if base else [])]
    prices = [(_price([question, *judges]), number) for question, number in trials]
    calls = sum(number for _, number in trials)
    known = [(price, number) for price, number in prices if price is not None]
    cost = sum(price * number for price, number in known) if len(known) == len(prices) else None
    if asked.limit is not None and asked.limit < calls:
        calls = asked.limit
        cost = None if cost is None else min(cost, calls * max(price for price, _ in known))
    return calls, calls * len(judges), cost


def _more(found: PerCase, bill: tuple[int, int, float | None]) -> PerCase:
    calls, judge_calls, cost = bill
    dearest = None if cost is None or found.cost is None else max(found.cost, cost)
    return replace(
        found, calls=max(found.calls, calls), judge_calls=max(found.judge_calls, judge_calls), cost=dearest
    )


def _price(questions: list[Question]) -> float | None:
    """The price of asking all of them; None where one is unknown."""
    total = 0.0
    for request, model in questions:
        price = price_estimator(model)(request)
        if price is None:
            return None
        total += price
    return total


def _suspects(asked: Asked) -> Iterator[_Suspect]:
    """Cases that are asked something that is not on record, where answers vary and there is another side."""
    for plan in asked.prepared.plans:
        baseline = asked.prepared.baselines[plan.evalset.name]
        reused = asked.reused.get(plan.evalset.name)
        for variant in plan.variants:
            if asked.parts.deterministic(variant.model, variant.prompt):
                continue
            recorded = baseline is not None and any(
                name == variant.variant.name for _, name in baseline.lines
            )
            for case in plan.cases:
                if asked.reference is not None:
                    if variant.variant.name != asked.reference:
                        other = _named(plan, asked.reference)
                        on_record = len(known_answers(reused, other, case.id))
                        yield _Suspect(plan, variant, case, _or_fewer(on_record or plan.trials_of(case)))
                elif recorded and not known_answers(reused, variant, case.id):
                    trials = _base_trials(asked, plan, variant, case, baseline)
                    if trials:
                        yield _Suspect(plan, variant, case, trials)


def _base_trials(
    asked: Asked, plan: EvalsetPlan, variant: VariantPlan, case: Case, baseline: Baseline | None
) -> frozenset[int]:
    lines = baseline.lines.get((case.id, variant.variant.name), ()) if baseline else ()
    on_record = sum(line.count for line in lines)
    if not on_record:
        return _or_fewer(plan.trials_of(case)) if asked.rerun else frozenset()
    unsure = any(spec.type in _UNSURE and spec.severity == "fail" for spec in plan.evalset.scorers_of(case))
    found = _or_fewer(on_record) if unsure else frozenset((on_record,))
    return found | _or_fewer(plan.trials_of(case)) if asked.rerun else found


def _or_fewer(trials: int) -> frozenset[int]:
    """So many, of which some may turn out to have no answer or no judgement: then they may be too few."""
    return frozenset(range(min(trials, ENOUGH_ON_RECORD - 1), trials + 1))


def _named(plan: EvalsetPlan, variant: str) -> VariantPlan:
    return next(one for one in plan.variants if one.variant.name == variant)


def _base_question(asked: Asked, one: _Suspect) -> Question | None:
    """What the other side is asked; None where it cannot be."""
    if asked.reference is not None:
        other = _named(one.plan, asked.reference)
        return other.requests[one.case.id], other.model
    baseline = asked.prepared.baselines[one.plan.evalset.name]
    return question_of(asked.base, baseline, one.variant.variant.name, one.case)
