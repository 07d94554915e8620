"""What became of each case: the base's trials beside the candidate's."""

from collections.abc import Mapping, Sequence

from llmops_cli.comparison.replayed import known_unchanged
from llmops_cli.domain.comparison import BaseCase, BaseSide, Delta, DeltaKind, Side
from llmops_cli.domain.evalset import Case, PassRule
from llmops_cli.domain.outcome import Outcome


def side_of(outcomes: Sequence[Outcome], rule: PassRule) -> Side:
    """One side of a case, with its pass rule applied."""
    passes = sum(outcome.passed is True for outcome in outcomes)
    undecided = sum(outcome.passed is None for outcome in outcomes)
    passed = rule.decide(passes, len(outcomes), undecided) if outcomes else None
    return Side(tuple(outcomes), passed)


def classify(
    variant: str,
    cases: Sequence[Case],
    candidate: Mapping[str, tuple[Outcome, ...]],
    base: BaseSide | None,
    rule: PassRule,
) -> tuple[Delta, ...]:
    """A Delta for every case on either side: the evalset's cases in order, then the removed ones by id."""
    base_cases = base.cases if base is not None else {}
    deltas = [
        _delta(variant, case, side_of(candidate.get(case.id, ()), rule), base_cases.get(case.id), rule)
        for case in cases
        if case.id in candidate
    ]
    if base is not None and base.whole:
        present = {case.id for case in cases}
        gone = sorted(case_id for case_id in base_cases if case_id not in present)
        deltas += [_removed(variant, case_id, base_cases[case_id], rule) for case_id in gone]
    return tuple(deltas)


def _delta(variant: str, case: Case, candidate: Side, base_case: BaseCase | None, rule: PassRule) -> Delta:
    base = side_of(base_case.outcomes, rule) if base_case is not None else Side()
    kind, reason = _kind(candidate, base, base_case)
    return Delta(kind, case.id, variant, base, candidate, case, reason)


def _kind(candidate: Side, base: Side, base_case: BaseCase | None) -> tuple[DeltaKind, str]:
    if base_case is None:
        return DeltaKind.NEW, ""
    if base_case.incomparable:
        return DeltaKind.INCOMPARABLE, base_case.incomparable
    for side, whose in ((candidate, "this run"), (base, "the baseline")):
        if side.passed is None:
            why = next((o.unjudged for o in side.outcomes if o.unjudged), "no answer")
            return DeltaKind.INCOMPARABLE, f"{whose} could not be judged: {why}"
    if known_unchanged(candidate, base):
        return _steady(candidate)
    if base.passed and not candidate.passed:
        return DeltaKind.REGRESSED, ""
    if candidate.passed and not base.passed:
        return DeltaKind.IMPROVED, ""
    return _steady(candidate)


def _steady(candidate: Side) -> tuple[DeltaKind, str]:
    if candidate.mixed:
        return DeltaKind.FLAKY, f"{candidate.passes} of {candidate.trials} trials passed"
    return DeltaKind.UNCHANGED, ""


def _removed(variant: str, case_id: str, base_case: BaseCase, rule: PassRule) -> Delta:
    return Delta(DeltaKind.REMOVED, case_id, variant, side_of(base_case.outcomes, rule), Side())
