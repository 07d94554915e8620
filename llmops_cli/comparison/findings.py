"""What the statistics found, laid beside the counts: classes of cases, and the numbers of the set."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from llmops_cli.comparison.confirmation import Standing
from llmops_cli.comparison.grading import exact_test, graded
from llmops_cli.comparison.luck import with_luck
from llmops_cli.comparison.replayed import counts_of, known_unchanged
from llmops_cli.comparison.rule import CaseFinding, Finding
from llmops_cli.comparison.slices import with_notable
from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Fresh, Side
from llmops_cli.domain.comparison_json import reference_of
from llmops_cli.domain.statistics import Statistics
from llmops_cli.stats.fisher import fisher_worse


def weighed(comparison: Comparison, finding: Finding | None, judged: Collection[str]) -> Comparison:
    """The comparison with everything that tests say of it.

    Where answers do not vary a gated metric is compared as it is, unless a model judges it (`judged`).
    """
    if comparison.against is None:
        return comparison
    if finding is not None and not comparison.variant.deterministic:
        return annotate(comparison, finding)
    gate = comparison.gate
    exact = [
        exact_test(name, graded(comparison.deltas, name), effect)
        for name, effect in gate.metrics.items()
        if name not in judged
    ]
    tests = [*(test for test in exact if test), *(finding.tests if finding else ())]
    return replace(comparison, statistics=Statistics(0, tuple(tests), None)) if tests else comparison


def annotate(comparison: Comparison, finding: Finding) -> Comparison:
    """The comparison with its statistics; a flip that is not shown to be a break is named flaky."""
    suspects = {one.case_id: one for one in finding.suspects}
    base = "the reference" if reference_of(comparison.against) else "the accepted prompt"
    slices = with_notable(finding.slices, finding.cases, comparison.gate.min_effect, got_worse=finding.worse)
    found = replace(
        comparison,
        deltas=tuple(_with_p(_delta(delta, suspects, base), finding) for delta in comparison.deltas),
        statistics=Statistics(
            finding.cases,
            finding.tests,
            finding.detectable,
            slices=slices,
            drift=None if reference_of(comparison.against) else finding.drift,
            unchanged=finding.unchanged,
            linked=finding.linked,
        ),
    )
    return with_luck(found)


def _with_p(delta: Delta, finding: Finding) -> Delta:
    """The case with its own p, where something was asked that could have come out otherwise than the record."""
    counts = finding.tested.get(delta.case_id)
    if delta.accepted and delta.comparable and not known_unchanged(delta.candidate, delta.base):
        counts = counts_of(delta)  # no test of the set has it
    return replace(delta, p=fisher_worse(counts)) if counts and counts.comparable else delta


def _delta(delta: Delta, suspects: Mapping[str, CaseFinding], base: str) -> Delta:
    found = suspects.get(delta.case_id)
    if found is None or delta.accepted:
        if delta.kind is DeltaKind.REGRESSED and not delta.accepted:
            return replace(delta, kind=DeltaKind.FLAKY, reason=f"{_both(delta)}: within what chance does")
        return delta
    fresh = _fresh(found)
    if found.standing is Standing.CONFIRMED:
        return replace(delta, kind=DeltaKind.REGRESSED, fresh=fresh)
    if found.flip and found.standing is Standing.GO_ON:
        return replace(delta, kind=DeltaKind.REGRESSED, fresh=fresh)
    if not found.flip and delta.kind is not DeltaKind.REGRESSED:
        return replace(delta, fresh=fresh)
    return replace(delta, kind=DeltaKind.FLAKY, fresh=fresh, reason=_both(delta) + _asked(fresh, base))


def _asked(fresh: Fresh, base: str) -> str:
    """What fresh trials of both sides showed, where there were any; `base` is what the other side is called."""
    if not fresh.trials and not fresh.base_trials:
        return ": within what chance does"
    found = [f"{fresh.passes} of {fresh.trials} passed"] if fresh.trials else []
    if fresh.base_trials == 1:
        found.append(f"{base}'s one fresh trial {'passed' if fresh.base_passes else 'failed as well'}")
    elif fresh.base_trials:
        found.append(f"of {base} {fresh.base_passes} of {fresh.base_trials}")
    return f"; asked again, {', '.join(found)}"


def _fresh(found: CaseFinding) -> Fresh:
    counts = found.fresh
    if counts is None:
        return Fresh(found.standing.value, p=found.p)
    fresh = Fresh(
        found.standing.value, counts.passes, counts.trials, counts.base_passes, counts.base_trials, found.p
    )
    plan = found.plan
    if plan is None:
        return fresh
    return replace(fresh, planned=plan.fresh, base_planned=plan.base_fresh, level=plan.level)


def _both(delta: Delta) -> str:
    return f"passed {_of(delta.candidate)}, before {_of(delta.base)}"


def _of(side: Side) -> str:
    return f"{side.passes} of {side.trials}"
