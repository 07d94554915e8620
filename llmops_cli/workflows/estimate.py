"""`eval --estimate`: what a run would ask and cost at most, without a call."""

from dataclasses import dataclass

from llmops_cli.domain.evalset import Case, Evalset
from llmops_cli.domain.request import Request, ResolvedModel
from llmops_cli.engine.events import Event
from llmops_cli.errors import UserError
from llmops_cli.workflows.answering import Answering
from llmops_cli.workflows.preparing import Prepared
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.wiring import CallOptions, Parts, build, price_estimator

_ANSWER_TOKENS = 1024
"""Assumed length of an answer that a judge has to read, where the request under test sets no limit."""
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Estimate:
    """Answers a run needs, where they would come from, and an upper bound of the price.

    `cost` is in USD; `unpriced` names the models whose price is unknown, which it leaves out.
    """

    answers: int
    on_record: int
    cached: int
    calls: int
    judge_calls: int
    cost: float
    unpriced: tuple[str, ...]


def estimate(project: Project, prepared: Prepared, options: CallOptions) -> Estimate:
    """Count and price what `eval` would do with the same options. Raises UserError."""
    parts = build(project, prepared.models, options, _ignore)
    baselines = {} if options.fresh or options.recording else prepared.baselines
    trials = list(Answering(prepared.plans, baselines, parts, _ignore).trials())
    evalsets = {plan.evalset.name: plan.evalset for plan in prepared.plans}
    models = {model.key: model for model in prepared.models}
    counts = {"on_record": 0, "cached": 0, "calls": 0, "judge_calls": 0}
    bill = _Bill()
    for trial in trials:
        judges = [] if trial.known else _judges(parts, evalsets[trial.group], trial.case, trial.request)
        counts["judge_calls"] += len(judges)
        for request, model in judges:
            bill.add(model, request)
        if trial.known is not None:
            counts["on_record"] += 1
        elif parts.asker.cached(trial.model, trial.request, trial.number) is not None:
            counts["cached"] += 1
        else:
            counts["calls"] += 1
            bill.add(models[trial.model], trial.request)
    if parts.cache is not None:
        parts.cache.close()
    return Estimate(len(trials), **counts, cost=bill.cost, unpriced=tuple(sorted(bill.unpriced)))


class _Bill:
    def __init__(self) -> None:
        self.cost = 0.0
        self.unpriced: set[str] = set()

    def add(self, model: ResolvedModel, request: Request) -> None:
        """Local providers cost nothing; an unknown price is named, not taken for 0."""
        if model.provider != "litellm":
            return
        price = price_estimator(model)(request)
        if price is None:
            self.unpriced.add(model.name)
        else:
            self.cost += price


def _judges(
    parts: Parts, evalset: Evalset, case: Case, request: Request
) -> list[tuple[Request, ResolvedModel]]:
    """The judge requests for one answer, with a text in its place as long as it may become."""
    limit = request.params.get("max_tokens", _ANSWER_TOKENS)
    text = "x" * _CHARACTERS_PER_TOKEN * (limit if isinstance(limit, int) else _ANSWER_TOKENS)
    found = []
    for spec in evalset.scorers_of(case):
        if spec.type != "judge":
            continue
        variables = {"output": text, "input": "", "expected": case.expected, **spec.arguments.get("vars", {})}
        try:
            found.append(parts.judges.request(str(spec.arguments.get("prompt")), variables))
        except UserError:  # it needs what only a real answer brings; the call is counted all the same
            continue
    return found


def _ignore(event: Event) -> None:
    """Nothing happens that anyone could watch."""
