"""Two sides of a set, case by case, and what is decided from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from llmops_cli.domain.baseline import VariantSummary
from llmops_cli.domain.changes import PromptChange
from llmops_cli.domain.evalset import DEFAULT_VARIANT, Case, GateSpec, PassRule
from llmops_cli.domain.outcome import EvalsetRun, Outcome, Run, VariantInfo
from llmops_cli.domain.scoring import Metrics
from llmops_cli.domain.statistics import Added, Proof, Statistics
from llmops_cli.errors import ExitCode, SourceLocation

PASS_RATE = "pass rate"  # noqa: S105
"""The metric that every gate tests."""
FELL_MOST = 10
"""Cases that are shown where a set got worse and no single case is known to have."""


class DeltaKind(StrEnum):
    """What became of a case. INCOMPARABLE and NEW do not count towards the verdict."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    FLAKY = "flaky"
    NEW = "new"
    REMOVED = "removed"
    INCOMPARABLE = "incomparable"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a case: its trials, and whether the case passed by the evalset's rule.

    `passed` None means it could not be decided. A side without outcomes is absent.
    """

    outcomes: tuple[Outcome, ...] = ()
    passed: bool | None = None

    @property
    def passes(self) -> int:
        """Trials that passed."""
        return sum(outcome.passed is True for outcome in self.outcomes)

    @property
    def trials(self) -> int:
        """Trials that could be judged."""
        return sum(outcome.passed is not None for outcome in self.outcomes)

    @property
    def mixed(self) -> bool:
        """Some trials passed and some failed."""
        return 0 < self.passes < self.trials


@dataclass(frozen=True, slots=True)
class Fresh:
    """Fresh trials of a suspicious case: passes and trials of both sides, and what they showed.

    `standing` is "confirmed" (it is broken), "cleared" (not shown to be) or "go on" (it could not be asked to
    the end). `p` is Fisher's one-sided exact p-value of them.
    """

    standing: str
    passes: int = 0
    trials: int = 0
    base_passes: int = 0
    base_trials: int = 0
    p: float | None = None
    planned: int = 0
    """Trials of the candidate that were planned, `base_planned` those of the base (0: its record serves). Once
    confirmed, `p` supposes that all that were not asked any more speak against a break."""
    base_planned: int = 0
    level: float | None = None
    """It is broken where `p` is at most this: the case's own part of alpha."""
    unasked: str = ""
    """Why it was not asked to the end, where it was not; empty in runs of before."""


@dataclass(frozen=True, slots=True)
class Delta:
    """One case in one variant, base against candidate. `case` is None when it was removed."""

    kind: DeltaKind
    case_id: str
    variant: str
    base: Side
    candidate: Side
    case: Case | None = None
    reason: str = ""
    accepted: bool = False
    """A regression that the branch's own baseline accepts: shown, not blocking."""
    fresh: Fresh | None = None
    """What fresh trials said, where the case was suspicious and its answers may vary."""
    accepted_by: str = ""
    """Who accepted it: the commit that wrote the line, its author and day; empty where nobody can tell."""
    added: Added | None = None
    """Trials that a proof took beyond those of the run."""
    asked_again: Added | None = None
    """The answers behind `fresh`. The set's tests do not count them, and no record holds them."""
    p: float | None = None
    """Of the trials that were compared, without the fresh ones: Fisher's one-sided exact p-value of "no worse than
    the base". Not adjusted for the number of cases, so that it is no verdict on one. None where there was nothing to
    test: a side has no trials, the answers are the base's own record, or a provider that always answers alike."""

    @property
    def excused(self) -> bool:
        """Accepted, and that counts: for a critical case that failed it does not (comparison/bounds.py)."""
        critical = self.case is not None and self.case.critical
        return self.accepted and not (critical and self.candidate.passes < self.candidate.trials)

    @property
    def comparable(self) -> bool:
        """Both sides could be judged and may be compared."""
        return self.kind not in (DeltaKind.NEW, DeltaKind.REMOVED, DeltaKind.INCOMPARABLE)

    @property
    def fall(self) -> float:
        """By how much the pass rate of today's trials lies below the record's, -1 to 1; 0 where a side has none."""
        fresh = self.fresh or Fresh("")
        trials = self.candidate.trials + fresh.trials
        if not trials or not self.base.trials:
            return 0.0
        return self.base.passes / self.base.trials - (self.candidate.passes + fresh.passes) / trials


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures of one side over a set. Rates are None where nothing could be judged, cost where unknown."""

    cases: int
    judged: int
    passed: int
    trials: int
    trials_passed: int
    mean_score: float | None = None
    tokens: float | None = None
    cost: float | None = None
    latency_p50: float | None = None
    latency_p95: float | None = None

    @property
    def pass_rate(self) -> float | None:
        """Cases that passed, of those that could be judged."""
        return self.passed / self.judged if self.judged else None

    @property
    def trial_pass_rate(self) -> float | None:
        """Trials that passed, of those that could be judged."""
        return self.trials_passed / self.trials if self.trials else None


@dataclass(frozen=True, slots=True)
class BaseCase:
    """What the base answered to one case; `incomparable` says why it may not be compared, if so."""

    outcomes: tuple[Outcome, ...]
    incomparable: str | None = None


@dataclass(frozen=True)
class BaseSide:
    """The other side of one variant: a baseline's answers, or a reference variant's."""

    label: str
    cases: Mapping[str, BaseCase]
    prompts: tuple[str, ...] = ()
    """Digests of the prompt versions that gave the answers."""
    settings: tuple[Mapping[str, Any], ...] = ()
    """Distinct request settings among the answers."""
    served_models: tuple[str, ...] = ()
    """Models that gave the answers, as their vendor named them."""
    summary: VariantSummary | None = None
    whole: bool = True
    """False where only some cases were selected, so that an absent case is not a removed one."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """One evalset and variant against its other side (a baseline, or a reference variant)."""

    evalset: str
    where: SourceLocation
    variant: VariantInfo
    gate: GateSpec
    against: str | None
    """What the base is called ("baseline", "variant b"); None where there is nothing to compare with."""
    deltas: tuple[Delta, ...]
    candidate: Totals
    base: Totals | None = None
    changes: tuple[str, ...] = ()
    """What differs between the two sides, in words: the prompt, the model, parameters."""
    model_drifted: bool = False
    """The same model was asked for and another one answered: the vendor's change, not the user's."""
    metrics: tuple[tuple[str, Metrics], ...] = ()
    statistics: Statistics | None = None
    """None where there is nothing to compare with. Where answers do not vary (the provider says so) every flip
    is a change, and only graded metrics stand here, if any are gated."""
    proof: Proof | None = None
    """What became of `gate: {prove: …}`; None without it, and where the verdict stood without a proof."""
    notes: tuple[str, ...] = ()
    pass_rule: PassRule = PassRule()
    """When a case passes, by its trials."""
    whole: bool = True
    """False for a part of the set: then bounds that speak of the whole set do not apply."""
    prompt_change: PromptChange | None = None
    """From the base's version of the prompt to the candidate's; None where they are one, or the base's is not
    at hand."""
    pairs: tuple[str, ...] = ()
    """Gating scorers that compare with the accepted answers; decided over the cases, not trial by trial."""

    @property
    def title(self) -> str:
        """How it is called: the evalset, and the variant where there are several."""
        name = self.variant.name
        return self.evalset if name == DEFAULT_VARIANT else f"{self.evalset} · {name}"

    def of_kind(self, kind: DeltaKind) -> tuple[Delta, ...]:
        """The deltas of one kind, in the evalset's order; accepted regressions have a property of their own."""
        return tuple(delta for delta in self.deltas if delta.kind is kind and not delta.accepted)

    def rate_of(self, metric: str) -> str:
        """What a tested metric is called: of several trials a case the pass rate is another one than that of cases."""
        return f"trial {metric}" if metric == PASS_RATE and self.several_trials else metric

    @property
    def several_trials(self) -> bool:
        """Whether a case was tried more than once, on either side."""
        return any(delta.candidate.trials > 1 or delta.base.trials > 1 for delta in self.deltas)

    @property
    def worse(self) -> tuple[Delta, ...]:
        """What got worse, without that for which an acceptance counts."""
        return tuple(d for d in self.deltas if d.kind is DeltaKind.REGRESSED and not d.excused)

    @property
    def accepted(self) -> tuple[Delta, ...]:
        """Regressions that the branch's own baseline accepts."""
        return tuple(delta for delta in self.deltas if delta.accepted)

    @cached_property
    def fell_most(self) -> frozenset[str]:
        """Where the set got worse and no single case is known to have: the cases whose trials of today, those of
        a confirmation included, fall most behind their record."""
        tests = self.statistics.tests if self.statistics else ()
        if self.of_kind(DeltaKind.REGRESSED) or not any(test.worse and not test.accepted for test in tests):
            return frozenset()
        falls = [
            (delta.fall, delta.case_id) for delta in self.deltas if delta.comparable and not delta.accepted
        ]
        fell = sorted((-fall, place) for place, (fall, _) in enumerate(falls) if fall > 0)
        return frozenset(falls[place][1] for _, place in fell[:FELL_MOST])


class Status(StrEnum):
    """The four verdicts."""

    PASS = "PASS"  # noqa: S105
    REGRESSION = "REGRESSION"
    INCONCLUSIVE = "INCONCLUSIVE"
    UNAFFECTED = "UNAFFECTED"

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that carries this verdict."""
        codes = {Status.REGRESSION: ExitCode.REGRESSION, Status.INCONCLUSIVE: ExitCode.INCONCLUSIVE}
        return codes.get(self, ExitCode.PASS)


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground of a verdict; `status` is what this ground alone would decide."""

    status: Status
    text: str
    where: SourceLocation | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, its grounds (those that decided first), and what the reader should know beside it."""

    status: Status
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """What `eval` hands to a reporter: the run, the comparisons and the verdict."""

    run: Run
    comparisons: Sequence[Comparison]
    verdict: Verdict

    @property
    def cases_worse(self) -> int:
        """How many cases got worse: one that did so in several variants is one."""
        return len({(one.evalset, delta.case_id) for one in self.comparisons for delta in one.worse})

    def evalset_run(self, name: str) -> EvalsetRun:
        """The part of the run that a comparison came from."""
        return next(part for part in self.run.evalsets if part.evalset.name == name)
