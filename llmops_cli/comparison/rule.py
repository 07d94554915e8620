"""The verdict's statistics over everything behind one exit code: values in, findings out.

Alpha is spent once however many evalsets, variants and metrics are compared: a part on tests of whole sets
(Holm over all of them), the rest on single cases (an equal share for each case of all sets). The parts are
unequal because a confirmation needs only a few calls more for a far smaller level, while a test of the set
loses power with every bit of it; `benchmarks/verdict.py` shows what comes of it.
"""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist

from llmops_cli.comparison.confirmation import Plan, Standing, Step, suspicious
from llmops_cli.comparison.drift import drift_of
from llmops_cli.comparison.grading import means, reaches
from llmops_cli.comparison.links import Evidence, Link, evidence_of, speaking
from llmops_cli.comparison.pairs import SIGN_TEST, Pairs
from llmops_cli.comparison.replayed import over_all, share
from llmops_cli.comparison.slices import rates, slices
from llmops_cli.domain.statistics import Drift, SetTest, Slice
from llmops_cli.stats.clustered import Shift, clustered_shift, detectable_shift
from llmops_cli.stats.holm import holm
from llmops_cli.stats.intervals import Drop, drop_of
from llmops_cli.stats.permutation import GradedCase, permutation_test
from llmops_cli.stats.power import POWER, detectable_drop, shrunken_rates
from llmops_cli.stats.stratified import Counts, stratified_test

PASS_RATE = "pass rate"  # noqa: S105
CLUSTERED = "clustered paired t"
"""The test of the pass rate where `generalise` asks about new cases."""
MIN_EFFECT = 0.02
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Alpha:
    """How much error one exit code may make on an unchanged prompt: in tests of sets, and of cases."""

    sets: float = 0.041
    cases: float = 0.009

    def __post_init__(self) -> None:
        if not (0 < self.sets < 1 and 0 < self.cases < 1 and self.sets + self.cases < 1):
            raise ValueError(f"both parts of alpha lie inside 0..1, and so does their sum: {self}")


@dataclass(frozen=True)
class Compared:
    """One evalset and variant: the trials of its comparable cases by case id, candidate against base.

    `graded`: further gated metrics by name, each with scores 0 to 1 a trial. `clusters`: which cases belong
    together (a case that is not named stands alone); used with `generalise` only, which asks whether *new*
    cases from the same source would show the drop. `min_effect`: the smallest drop that counts, 0 to 1.
    """

    title: str
    cases: Mapping[str, Counts]
    graded: Mapping[str, Mapping[str, GradedCase]] = field(default_factory=dict)
    min_effect: float = MIN_EFFECT
    generalise: bool = False
    clusters: Mapping[str, Hashable] = field(default_factory=dict)
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The tags of cases, for slices."""
    effects: Mapping[str, float] = field(default_factory=dict)
    """The smallest drop that counts of those in `graded` that have one of their own."""
    settled: Collection[str] = ()
    """Cases that are not in doubt though they failed on both sides: both were asked the same, or it is
    accepted."""
    unchanged: Collection[str] = ()
    """Cases whose answers are the base's own record: no evidence, and a drop of nought."""
    pairs: Mapping[str, Pairs] = field(default_factory=dict)
    """Gated comparisons with the accepted answers, by the scorer's name."""
    links: Sequence[Link] = ()
    """Cases that were answered by the very same calls: together they are one draw of the model."""

    def __post_init__(self) -> None:
        if not 0 <= self.min_effect <= 1:
            raise ValueError(f"the smallest drop that counts lies between 0 and 1, not {self.min_effect}")

    @property
    def counts(self) -> tuple[Counts, ...]:
        """Of the cases with trials on both sides."""
        return tuple(counts for counts in self.cases.values() if counts.comparable)

    @property
    def tested(self) -> dict[str, Counts]:
        """The cases with trials on both sides that might have changed."""
        return {
            name: one for name, one in self.cases.items() if one.comparable and name not in self.unchanged
        }

    @property
    def evidence(self) -> Evidence:
        """The cases that might have changed, by the calls they share."""
        return evidence_of(self.tested, self.links)

    @property
    def share(self) -> float:
        """The part of its cases that might have changed."""
        return share(len(self.tested), len(self.counts))


@dataclass(frozen=True, slots=True)
class CaseFinding:
    """A suspicious case: its trials in the comparison, its fresh trials, and what they say.

    GO_ON means that it could not be examined to the end. `p` is None where nothing was asked. `flip` is False
    for a case that failed on both sides: it is no finding unless it is confirmed.
    """

    case_id: str
    counts: Counts
    standing: Standing
    p: float | None = None
    fresh: Counts | None = None
    flip: bool = True
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one comparison. `detectable` is the smallest drop of the trial pass rate that these
    trials would have shown with 80 % power (None where none would have been); `cases` had trials on both
    sides, and `unchanged` of them are known to be.
    """

    title: str
    cases: int
    tests: tuple[SetTest, ...]
    drop: Drop | None
    detectable: float | None
    suspects: tuple[CaseFinding, ...]
    shift: Shift | None = None
    slices: tuple[Slice, ...] = ()
    drift: Drift | None = None
    unchanged: int = 0
    linked: int = 0
    """How many of those that might have changed share calls with others."""
    tested: Mapping[str, Counts] = field(default_factory=dict)
    """The trials of the other cases, by case id."""

    @property
    def confirmed(self) -> tuple[CaseFinding, ...]:
        """Cases that are broken."""
        return tuple(one for one in self.suspects if one.standing is Standing.CONFIRMED)

    @property
    def unconfirmed(self) -> tuple[CaseFinding, ...]:
        """Flips that nobody could look into."""
        return tuple(one for one in self.suspects if one.flip and one.standing is Standing.GO_ON)

    @property
    def worse(self) -> bool:
        """A case is broken, or a gated metric of the whole set dropped."""
        return bool(self.confirmed) or any(test.worse for test in self.tests)


@dataclass(frozen=True, slots=True)
class Examined:
    """A suspicious case's fresh trials, and the last step of its examination."""

    fresh: Counts
    step: Step
    plan: Plan | None = None


def judge(
    compared: Sequence[Compared],
    examined: Mapping[tuple[int, str], Examined] | None = None,
    *,
    alpha: Alpha | None = None,
    seed: int = 0,
) -> tuple[Finding, ...]:
    """A finding for each comparison behind one exit code, in their order.

    `examined` holds what `plans` asked for, as far as it could be had. `seed` serves the permutations of
    graded scores. Raises ValueError for scores that are not numbers from 0 to 1.
    """
    spent = alpha or Alpha()
    drops = [drop_of_set(one) for one in compared]
    tests = tests_of_sets(compared, spent, drops, seed)
    level = spent.sets / max(1, sum(map(len, tests)))
    by_tag = slices(
        [(one.cases, one.tags) for one in compared],
        [one.unchanged for one in compared],
        [one.links for one in compared],
        CONFIDENCE,
    )
    found = []
    for place, one in enumerate(compared):
        drop, shift = drops[place], _shift(one)
        suspects = _suspects(place, one, examined or {})
        found.append(
            Finding(
                title=one.title,
                cases=len(one.counts),
                tests=tests[place],
                drop=drop,
                detectable=_detectable(one, drop, shift, level),
                suspects=suspects,
                shift=shift,
                slices=by_tag[place],
                unchanged=len(one.counts) - len(one.tested),
                linked=sum(map(len, one.evidence.together)),
                tested=one.tested,
                drift=drift_of(one.cases, {s.case_id: s.fresh for s in suspects if s.fresh}),
            )
        )
    return tuple(found)


def drop_of_set(one: Compared) -> Drop | None:
    """The drop of the whole set; None where no case might have changed."""
    evidence = one.evidence
    found = drop_of(evidence.single, CONFIDENCE, evidence.together)
    return over_all(found, one.share) if found is not None else None


def tests_of_sets(
    compared: Sequence[Compared], alpha: Alpha, drops: Sequence[Drop | None], seed: int
) -> list[tuple[SetTest, ...]]:
    """The gated metrics of each set, with Holm's correction over all of them."""
    raw = [_tests(one, drop, seed) for one, drop in zip(compared, drops, strict=True)]
    adjusted = iter(holm([test.p for tests in raw for test in tests]))
    return [
        tuple(
            _judged(test, next(adjusted), alpha.sets, one.effects.get(test.metric, one.min_effect))
            for test in tests
        )
        for one, tests in zip(compared, raw, strict=True)
    ]


def _tests(one: Compared, drop: Drop | None, seed: int) -> list[SetTest]:
    """The tests of one set, each as if it stood alone."""
    found = []
    shift = _shift(one)
    base, candidate = rates(one.counts) if one.counts else (0.0, 0.0)
    if shift is not None:
        test = _alone(PASS_RATE, CLUSTERED, shift.drop, shift.p, base, candidate)
        found.append(replace(test, at_most=shift.at_most, clusters=shift.clusters))
    elif drop is not None:
        evidence = one.evidence
        p = stratified_test(evidence.alone, evidence.linked).mid_p
        test = _alone(PASS_RATE, "stratified exact", drop.estimate, p, base, candidate)
        found.append(replace(test, at_most=drop.at_most))
    for metric, cases in one.graded.items():
        asked = any(name not in one.unchanged for name in cases)
        graded = permutation_test(list(speaking(cases, one.links).values()), seed=seed) if asked else None
        if graded is not None:
            base, candidate = means(list(cases.values()))
            found.append(_alone(metric, "permutation", base - candidate, graded.p, base, candidate))
    for metric, pairs in one.pairs.items():
        test = _alone(metric, SIGN_TEST, pairs.drop, pairs.p, 0.5, pairs.win_rate)
        found.append(replace(test, wins=pairs.wins, losses=pairs.losses, ties=pairs.ties))
    return found


def _alone(metric: str, method: str, drop: float, p: float, base: float, candidate: float) -> SetTest:
    return SetTest(metric, method, drop, None, p, p, worse=False, base=base, candidate=candidate)


def _judged(test: SetTest, adjusted: float, alpha: float, min_effect: float) -> SetTest:
    worse = adjusted <= alpha and reaches(test.drop, min_effect)
    return replace(test, adjusted_p=adjusted, worse=worse)


def _detectable(one: Compared, drop: Drop | None, shift: Shift | None, alpha: float) -> float | None:
    """What the test of the pass rate would have shown; never less than what `min_effect` lets through."""
    if one.generalise:
        return detectable_shift(shift, alpha, POWER) if shift is not None else None
    counts = one.tested.values()
    if drop is None:
        return None
    trials = round(sum(c.trials for c in counts) / len(counts))
    base_trials = round(sum(c.base_trials for c in counts) / len(counts))
    rates = shrunken_rates([(c.base_passes, c.base_trials) for c in counts])
    found = detectable_drop(rates, trials, base_trials, alpha, POWER)
    found = min(1.0, found * one.share * _spread(one)) if found is not None else None
    error = (drop.at_most - drop.estimate) / NormalDist().inv_cdf(CONFIDENCE)
    past_effect = min(1.0, one.min_effect + NormalDist().inv_cdf(POWER) * error) if one.min_effect else 0.0
    return max(found, past_effect) if found is not None else None


def _spread(one: Compared) -> float:
    """How much wider the error of the mean is than that of as many cases with calls of their own, at most."""
    evidence = one.evidence
    sizes = [len(group) for group in evidence.together]
    return math.sqrt((len(evidence.single) + sum(n * n for n in sizes)) / max(1, len(one.tested)))


def _shift(one: Compared) -> Shift | None:
    """Over all cases: those that are known to be unchanged are drawn from the same source."""
    if not one.generalise or not one.tested:
        return None
    cases = {case_id: counts for case_id, counts in one.cases.items() if counts.comparable}
    linked = {name: ("linked", place) for place, link in enumerate(one.links) for name in link.cases}
    alone = {case_id: linked.get(case_id, ("alone", case_id)) for case_id in cases}
    names = [one.clusters.get(case_id, alone[case_id]) for case_id in cases]
    drops = [0.0 if name in one.unchanged else -counts.difference for name, counts in cases.items()]
    return clustered_shift(drops, names, CONFIDENCE)


def _suspects(
    place: int, one: Compared, examined: Mapping[tuple[int, str], Examined]
) -> tuple[CaseFinding, ...]:
    found = []
    for case_id, counts in one.tested.items():
        known, flip = examined.get((place, case_id)), suspicious(counts)
        if known is not None:
            step = known.step
            found.append(CaseFinding(case_id, counts, step.standing, step.p, known.fresh, flip, known.plan))
        elif flip:
            found.append(CaseFinding(case_id, counts, Standing.GO_ON))
    return tuple(found)
