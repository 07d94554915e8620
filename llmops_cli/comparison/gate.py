"""From comparisons to the verdict: every ground is named, the gravest decides.

What the statistics found (comparison/rule.py) arrives with the comparisons; here it meets the user's own
bounds and critical cases, which are not softened.
"""

from collections.abc import Sequence

from llmops_cli.comparison.bounds import bounds, critical, luck_notes
from llmops_cli.comparison.grading import EXACT, Ungraded, ungraded
from llmops_cli.comparison.proving import PROVEN, REFUTED, wants_proof
from llmops_cli.comparison.rule import PASS_RATE
from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Reason, Status, Verdict
from llmops_cli.domain.comparison_json import reference_of
from llmops_cli.domain.outcome import EvalsetRun
from llmops_cli.domain.statistics import Drift, SetTest, Statistics
from llmops_cli.errors import SourceLocation

MIN_COMPARABLE_SHARE = 0.5
CONFIRMED = "confirmed"
_MAX_CAUSES = 5
_TOO_FEW_CLUSTERS = (
    "all cases that changed are of one cluster, so that nothing says what new cases would do: "
    "it was asked of these cases only"
)
_GRAVITY = (Status.REGRESSION, Status.INCONCLUSIVE, Status.PASS)


def decide(
    comparisons: Sequence[Comparison],
    runs: Sequence[EvalsetRun],
    *,
    interrupted: bool = False,
    also: Sequence[Reason] = (),
) -> Verdict:
    """The verdict over everything that stands behind one exit code.

    A regression that is known stays one whatever else could not be judged; what could not be judged is
    never a pass. `also` are grounds that no answer speaks to.
    """
    reasons = list(also)
    asked = {run.evalset.name: run.asked for run in runs}
    for comparison in comparisons:
        for rule in (_regressions, _proof, bounds, _unanswered, _ungraded, _comparable):
            reasons += rule(comparison)
        reasons += critical(comparison, asked.get(comparison.evalset, {}))
    if interrupted:
        reasons.append(Reason(Status.INCONCLUSIVE, "the run was interrupted before its end"))
    if not any(comparison.deltas for comparison in comparisons):
        reasons.append(Reason(Status.INCONCLUSIVE, "nothing was answered"))
    if all(reason.status is Status.PASS for reason in reasons):
        reasons += [_not_tried(c) for c in comparisons if wants_proof(c) and c.proof is None]
    reasons.sort(key=lambda reason: _GRAVITY.index(reason.status))
    status = reasons[0].status if reasons else Status.PASS
    return Verdict(status, tuple(reasons), tuple(_notes(comparisons, runs)))


def _regressions(comparison: Comparison) -> list[Reason]:
    """What got worse. Where answers vary, a flip alone proves nothing: it is confirmed, or the set dropped."""
    regressed = comparison.of_kind(DeltaKind.REGRESSED)
    statistics = comparison.statistics
    if statistics is None:
        return _worse(comparison, regressed, "now")
    if comparison.variant.deterministic:
        return [*_worse(comparison, regressed, "now"), *_dropped(comparison, statistics)]
    confirmed = [d for d in regressed if d.fresh and d.fresh.standing == CONFIRMED]
    unclear = [d for d in regressed if d not in confirmed]
    reasons = _worse(comparison, confirmed, "now, confirmed by fresh trials")
    reasons += _dropped(comparison, statistics)
    if unclear:
        by_set = any(test.worse and not test.accepted for test in statistics.tests)
        how = "not confirmed one by one" if by_set else "which could not be confirmed"
        text = f"{comparison.title}: {_count(unclear)} now ({_names(unclear)}), {how}"
        where = unclear[0].case.where if unclear[0].case else comparison.where
        reasons.append(Reason(Status.INCONCLUSIVE, text, where))
    return reasons


def _dropped(comparison: Comparison, statistics: Statistics) -> list[Reason]:
    """The pass rate, and each metric that `gate:` names, over the whole set."""
    reasons = []
    for test in statistics.tests:
        if test.worse and not test.accepted:
            text = f"{comparison.title}: {_fall(comparison, test)}{_attribution(comparison)}"
            reasons.append(_of_the_set(comparison, text))
    return reasons


def _fall(comparison: Comparison, test: SetTest) -> str:
    if test.losses is not None:
        won = f"lost in {test.losses} cases, won in {test.wins}, tied in {test.ties}"
        return f"{test.metric}: against the accepted answers it {won} (p = {test.adjusted_p:.2g})"
    if test.metric in comparison.gate.metrics and test.base is not None and test.candidate is not None:
        p = "" if test.method == EXACT else f", p = {test.adjusted_p:.2g}"
        return f"{test.metric} fell by {test.drop:.2f} ({test.base:.2f} → {test.candidate:.2f}){p}"
    bound = "" if test.at_most is None else _upper_bound(test.drop, test.at_most)
    name = comparison.rate_of(test.metric)
    return f"{name} dropped by {_points(test.drop)}{bound} (p = {test.adjusted_p:.2g})"


def _points(drop: float) -> str:
    """A difference of two rates, which is no share of anything."""
    return f"{drop * 100:.1f} points"


def _upper_bound(drop: float, at_most: float) -> str:
    """The bound of a drop, where it says more than the drop itself."""
    return f", at most {at_most * 100:.1f}" if round(at_most * 100, 1) > round(drop * 100, 1) else ""


def _of_the_set(comparison: Comparison, text: str) -> Reason:
    """A fall against the record; no regression where the accepted prompt itself falls short of it today."""
    drift = comparison.statistics.drift if comparison.statistics else None
    if drift is None or not _has_drifted(comparison):
        return _blamed(comparison, text, comparison.where)
    return Reason(Status.INCONCLUSIVE, f"{text}; {_drifted(drift)}", comparison.where)


def _has_drifted(comparison: Comparison) -> bool:
    """The accepted prompt no longer does what its record says. Where another model answers it is no wonder, and
    said already."""
    drift = comparison.statistics.drift if comparison.statistics else None
    return drift is not None and drift.shown and not comparison.model_drifted


def _drifted(drift: Drift) -> str:
    """What the accepted prompt does today, in words."""
    today = f"the accepted prompt itself passes only {drift.passes} of {drift.trials} trials today"
    record = f"({drift.record_passes} of {drift.record_trials} on record)"
    return f"{today} {record}: the model changed, not the prompt"


def _to_record(statistics: Statistics) -> str:
    """What is to be done about a record of what the model no longer does, and why if no reason says so."""
    said = any(test.worse and not test.accepted for test in statistics.tests)
    why = "" if said or statistics.drift is None else f"{_drifted(statistics.drift)}; "
    return f"{why}to record what it does today: `llmops eval --fresh` and `llmops accept`, with the accepted prompt"


def _proof(comparison: Comparison) -> list[Reason]:
    """`prove`: who cannot show it does not pass, and only what is shown to be worse is a regression."""
    margin, proof, title = comparison.gate.prove, comparison.proof, comparison.title
    if margin is None:
        return []
    if comparison.against is None:
        text = f"{title}: nothing to prove it against (gate: prove): there is no baseline; `llmops accept` writes one"
        return [Reason(Status.INCONCLUSIVE, text, comparison.where)]
    if proof is None or proof.standing == PROVEN:
        return []
    if proof.standing == REFUTED and proof.drop is not None and proof.at_least is not None:
        text = (
            f"{title}: trial pass rate dropped by {_points(proof.drop)}, by {proof.at_least * 100:.1f} at least, "
            f"where the gate wants proof of no more than {margin:.0%}"
        )
        return [_of_the_set(comparison, text + _attribution(comparison))]
    trials = "1 trial" if proof.looks[-1:] == (1,) else f"{proof.looks[-1]} trials" if proof.looks else ""
    after = f" after {trials} a case" if trials else ""
    bound = (
        f"it may have dropped by up to {_points(proof.at_most)}{after}" if proof.at_most is not None else ""
    )
    mend = proof.why or "more cases, or a larger max_trials, would tell"
    text = (
        f"{title}: not shown that the trial pass rate dropped by no more than {margin:.0%}: {bound}; {mend}"
    )
    return [Reason(Status.INCONCLUSIVE, text, comparison.where)]


def _not_generalised(comparison: Comparison) -> bool:
    """Whether new cases would show it was asked for, and nothing could say so."""
    tests = comparison.statistics.tests if comparison.statistics else ()
    return comparison.gate.generalise and any(t.metric == PASS_RATE and t.clusters is None for t in tests)


def _not_tried(comparison: Comparison) -> Reason:
    text = f"{comparison.title}: what the gate wants proven was not tried"
    return Reason(Status.INCONCLUSIVE, text, comparison.where)


def _ungraded(comparison: Comparison) -> list[Reason]:
    """A gated metric without scores decides nothing; with too few on the other side neither."""
    reasons = []
    for one in _missing_scores(comparison):
        if _too_few(one):
            text = f"{comparison.title}: {_no_score(one)}"
            reasons.append(Reason(Status.INCONCLUSIVE, text, comparison.where))
    return reasons


def _too_few(one: Ungraded) -> bool:
    return one.whose == "this run" or len(one.cases) > (1 - MIN_COMPARABLE_SHARE) * one.of


def _missing_scores(comparison: Comparison) -> list[Ungraded]:
    return [one for name in comparison.gate.metrics for one in ungraded(comparison.deltas, name)]


def _no_score(one: Ungraded) -> str:
    names = ", ".join(one.cases[:5]) + (f" and {len(one.cases) - 5} more" if len(one.cases) > 5 else "")
    return f"{one.whose} has no {one.metric} for {len(one.cases)} of {one.of} cases ({names}): {one.why}"


def _worse(comparison: Comparison, deltas: Sequence[Delta], when: str) -> list[Reason]:
    if not deltas:
        return []
    text = f"{comparison.title}: {_count(deltas)} {when} ({_names(deltas)}){_attribution(comparison)}"
    return [_blamed(comparison, text, deltas[0].case.where if deltas[0].case else comparison.where)]


def _blamed(comparison: Comparison, text: str, where: SourceLocation) -> Reason:
    """A regression, unless the base was answered by a model that cannot be asked any more."""
    if comparison.model_drifted:
        hint = "; --rerun-baseline asks the base prompt of today's model"
        return Reason(Status.INCONCLUSIVE, f"the model changed under the baseline: {text}{hint}", where)
    return Reason(Status.REGRESSION, text, where)


def _count(deltas: Sequence[Delta]) -> str:
    return "1 case that passed fails" if len(deltas) == 1 else f"{len(deltas)} cases that passed fail"


def _names(deltas: Sequence[Delta]) -> str:
    return ", ".join(d.case_id for d in deltas[:5]) + (
        f" and {len(deltas) - 5} more" if len(deltas) > 5 else ""
    )


def _attribution(comparison: Comparison) -> str:
    """Says it when the prompt is the same and the model is not: then it is no fault of the prompt."""
    if not comparison.changes or any(change.startswith("prompt ") for change in comparison.changes):
        return ""
    return f"; the prompt is the same, what changed is {'; '.join(comparison.changes)}"


def _unanswered(comparison: Comparison) -> list[Reason]:
    """One reason for each cause, not one for each case."""
    causes: dict[str, list[str]] = {}
    for delta in comparison.deltas:
        if delta.kind is DeltaKind.REMOVED or delta.candidate.passed is not None:
            continue
        outcome = next((o for o in delta.candidate.outcomes if o.passed is None), None)
        hint = f"; {outcome.failure.hint}" if outcome and outcome.failure and outcome.failure.hint else ""
        why = (outcome.unjudged if outcome else None) or "no answer"
        causes.setdefault(why + hint, []).append(delta.case_id)
    reasons = []
    shown = list(causes.items())[:_MAX_CAUSES]
    if len(causes) > _MAX_CAUSES:
        others = [case_id for ids in list(causes.values())[_MAX_CAUSES:] for case_id in ids]
        shown.append((f"{len(causes) - _MAX_CAUSES} other causes; `--format json` holds them all", others))
    for cause, ids in shown:
        names = ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
        cases = "1 case" if len(ids) == 1 else f"{len(ids)} cases"
        text = f"{comparison.title}: {cases} could not be judged ({names}): {cause}"
        reasons.append(Reason(Status.INCONCLUSIVE, text, comparison.where))
    return reasons


def _comparable(comparison: Comparison) -> list[Reason]:
    if comparison.against is None:
        if not comparison.gate.require_baseline:
            return []
        text = f"{comparison.title}: a baseline is required and there is none; `llmops accept` writes one"
        return [Reason(Status.INCONCLUSIVE, text, comparison.where)]
    # what could not be judged has its own reason, and no comparison would mend it
    here = [d for d in comparison.deltas if d.candidate.passed is not None]
    candidates = [d for d in here if d.base.outcomes]
    comparable = [d for d in candidates if d.kind is not DeltaKind.INCOMPARABLE]
    if (here and len(comparable) < MIN_COMPARABLE_SHARE * len(candidates)) or (here and not candidates):
        text = (
            f"{comparison.title}: only {len(comparable)} of {len(here)} cases can be compared with "
            f"{comparison.against}; look at them, then `llmops accept`"
        )
        return [Reason(Status.INCONCLUSIVE, text, comparison.where)]
    return []


def _fail_alike(comparison: Comparison) -> list[str]:
    """Cases that fell and were not blamed on the change, as the accepted prompt fails them today as well."""
    if _has_drifted(comparison) or reference_of(comparison.against):
        return []
    alike = [
        (delta, delta.fresh)
        for delta in comparison.deltas
        if delta.kind is DeltaKind.FLAKY and delta.base.passed and not delta.candidate.passed
        if delta.fresh is not None and 3 * delta.fresh.base_passes <= delta.fresh.base_trials > 0
    ]
    if not alike:
        return []
    passes, trials = sum(f.base_passes for _, f in alike), sum(f.base_trials for _, f in alike)
    fell = [delta for delta, _ in alike]
    own = f"of the accepted prompt's own fresh trials {passes} of {trials} passed"
    if trials == 1:
        own = "the accepted prompt's one fresh trial failed as well"
    return [f"{_count(fell)} today ({_names(fell)}); {own}"]


def _acceptable(runs: Sequence[EvalsetRun]) -> bool:
    """Whether `accept` would take it: whole sets, and every answer judged."""
    return all(run.complete and all(o.passed is not None for o in run.outcomes) for run in runs)


def _excused(comparison: Comparison) -> list[str]:
    """What the branch accepts, and who did; critical cases that failed are reasons, and no exceptions."""
    found = [delta for delta in comparison.accepted if delta.excused]
    if not found:
        return []
    names = dict.fromkeys(delta.accepted_by for delta in found if delta.accepted_by)
    by = f" (by {'; '.join(names)})" if names else ""
    cases = ", ".join(delta.case_id for delta in found)
    return [f"{comparison.title}: accepted in this branch's baseline: {cases}{by}"]


def _notes(comparisons: Sequence[Comparison], runs: Sequence[EvalsetRun]) -> list[str]:
    notes: list[str] = []
    notes += [note for comparison in comparisons for note in luck_notes(comparison)]
    without = [comparison.title for comparison in comparisons if comparison.against is None]
    if without:
        notes.append(
            f"no baseline for {', '.join(without)}: only bounds and critical cases decided"
            + ("; `llmops accept` makes this run the baseline" if _acceptable(runs) else "")
        )
    notes += [f"{c.title}: {note}" for c in comparisons for note in c.notes]
    notes += [f"{c.title}: {_TOO_FEW_CLUSTERS}" for c in comparisons if _not_generalised(c)]
    notes += [
        f"{c.title}: {_to_record(c.statistics)}" for c in comparisons if c.statistics and _has_drifted(c)
    ]
    notes += [f"{c.title}: {note}" for c in comparisons for note in _fail_alike(c)]
    notes += [
        f"{c.title}: {_no_score(one)}" for c in comparisons for one in _missing_scores(c) if not _too_few(one)
    ]
    notes += [note for comparison in comparisons for note in _excused(comparison)]
    notes += [
        f"{c.title}: accepted in this branch's baseline: {_fall(c, test)}"
        for c in comparisons
        for test in (c.statistics.tests if c.statistics else ())
        if test.accepted
    ]
    partial = [run.evalset.name for run in runs if not run.complete]
    if partial:
        notes.append(
            f"a partial run of {', '.join(partial)}: it cannot be accepted as a whole, "
            "and bounds on the whole set were not applied"
        )
    return notes
