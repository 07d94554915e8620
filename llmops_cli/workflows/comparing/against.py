"""`eval --against REV`: which baseline is the base, and which regressions the branch accepts itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from llmops_cli.comparison.findings import weighed
from llmops_cli.comparison.rule import judge
from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Side
from llmops_cli.domain.evalset import Evalset
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.errors import UserError
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.workflows.comparing.confirming import compared_of
from llmops_cli.workflows.trials.base_side import adopted, response_of
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan
from llmops_cli.workflows.trials.scoring import CaseScoring
from llmops_cli.workflows.versions.revisions import Revisions


@dataclass(frozen=True)
class Against:
    """The base revision of a comparison, with the baselines as they stood there."""

    commit: str
    label: str
    baselines: Mapping[str, Baseline | None]
    handed_on: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Evalset to cases that its baseline still holds and that another evalset asks now: these were not removed."""


def read_against(
    revisions: Revisions, revision: str, plans: Sequence[EvalsetPlan], moved: Mapping[str, str]
) -> Against:
    """The baselines at a revision; `moved` names the evalsets that were called otherwise there.

    Raises UserError; a baseline that is broken there is a mistake, too.
    """
    commit = revisions.find_commit(revision)
    tree = revisions.repository.tree(commit)
    try:
        baselines = {}
        for plan in plans:
            evalset = plan.evalset
            there = replace(evalset, name=moved.get(evalset.name, evalset.name))
            baselines[evalset.name] = adopted(read_baseline(tree, there.baseline_path), plan.variants)
    except UserError as error:
        message = f"the baseline at {commit[:10]} cannot be read: {error.problems[0]}"
        raise UserError(message, hint="mend it there, or compare with another revision") from error
    return Against(commit, f"the baseline at {revision} ({commit[:10]})", baselines)


async def mark_accepted(
    comparison: Comparison,
    evalset: Evalset,
    plan: VariantPlan,
    own: Baseline | None,
    scoring: CaseScoring,
) -> Comparison:
    """Mark regressions that the branch's own baseline holds for exactly this request, if they are no worse.

    The reviewer sees that line in the diff: it is the acceptance.
    """
    if own is None:
        return comparison
    deltas = [
        replace(delta, accepted=True) if await _accepted(delta, evalset, plan, own, scoring) else delta
        for delta in comparison.deltas
    ]
    return replace(comparison, deltas=tuple(deltas))


async def accept_tests(
    comparison: Comparison,
    evalset: Evalset,
    plan: VariantPlan,
    own: Baseline | None,
    scoring: CaseScoring,
) -> Comparison:
    """Mark falls of the whole set that the branch's own baseline accepts: it holds answers to exactly these
    requests for all cases, and the same tests do not find the candidate worse than those."""
    statistics = comparison.statistics
    if own is None or statistics is None or not any(test.worse for test in statistics.tests):
        return comparison
    deltas: list[Delta] = []
    for delta in comparison.deltas:
        if not delta.comparable or delta.accepted:
            continue
        outcomes = await _own_outcomes(delta, evalset, plan, own, scoring)
        if not outcomes:
            return comparison
        deltas.append(replace(delta, kind=DeltaKind.UNCHANGED, base=Side(outcomes)))
    against_own = replace(comparison, deltas=tuple(deltas))
    judged = evalset.judged_metrics
    (finding,) = judge([compared_of(against_own, judged)])
    found = weighed(against_own, finding, judged).statistics
    worse = {test.metric for test in found.tests if test.worse} if found else set()
    # answers that lost to the base's are not the base of the branch's own: it holds them, and a reviewer saw them
    worse -= set(comparison.pairs)
    tests = (replace(test, accepted=test.worse and test.metric not in worse) for test in statistics.tests)
    return replace(comparison, statistics=replace(statistics, tests=tuple(tests)))


async def _own_outcomes(
    delta: Delta, evalset: Evalset, plan: VariantPlan, own: Baseline, scoring: CaseScoring
) -> tuple[Outcome, ...]:
    """The branch's own recorded answers to the candidate's request, under today's scorers."""
    if delta.case is None:
        return ()
    request = plan.requests[delta.case_id]
    found: list[Outcome] = []
    for line in own.lines.get((delta.case_id, plan.variant.name), ()):
        if line.request != request.fingerprint:
            continue
        specs = evalset.scorers_of(delta.case)
        for n in range(line.count):
            response, number = response_of(line, n), len(found) + 1
            scores = await scoring.score(
                specs, delta.case, request, response, line.scores, accepted=_first_text(delta), trial=number
            )
            found.append(
                Outcome(delta.case_id, line.variant, number, line.request, Source.BASELINE, response,
                        scores=scores)
            )  # fmt: skip
    return tuple(found)


async def _accepted(
    delta: Delta, evalset: Evalset, plan: VariantPlan, own: Baseline, scoring: CaseScoring
) -> bool:
    if delta.kind is not DeltaKind.REGRESSED or delta.case is None:
        return False
    outcomes = await _own_outcomes(delta, evalset, plan, own, scoring)
    trials, passes = len(outcomes), sum(outcome.passed is True for outcome in outcomes)
    if not trials or not delta.candidate.trials:
        return False
    return delta.candidate.passes * trials >= passes * delta.candidate.trials


def _first_text(delta: Delta) -> str | None:
    return next((o.response.text for o in delta.base.outcomes if o.response is not None), None)
