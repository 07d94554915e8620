"""A golden set as a value: cases, scorers, variants and the gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.domain.scoring import Scorer, Severity
from llmops_cli.errors import SourceLocation

EVALSETS_DIR = "evalsets"
DEFAULT_VARIANT = "default"


@dataclass(frozen=True, slots=True)
class ScorerSpec:
    """One scorer as an evalset asks for it: the plug-in with its arguments, and how its score counts.

    `scorer` still holds the templates of its `value` argument; they are rendered case by case.
    """

    type: str
    name: str
    scorer: Scorer
    arguments: Mapping[str, Any]
    where: SourceLocation
    of: str | None = None
    negate: bool = False
    weight: float = 1.0
    severity: Severity = "fail"

    @property
    def compares(self) -> bool:
        """It compares with the accepted answer, so that its score says nothing of a trial by itself."""
        return getattr(self.scorer, "compare_to", None) is not None

    @property
    def of_trial(self) -> Severity:
        """What its score means for the trial: one that compares is decided over the cases."""
        return "warn" if self.compares else self.severity


@dataclass(frozen=True, slots=True)
class Case:
    """One golden row. `critical`: one failed trial blocks, whatever the baseline did."""

    id: str
    where: SourceLocation
    vars: Mapping[str, Any] = field(default_factory=dict)
    expected: Any = None
    context: Any = None
    tags: tuple[str, ...] = ()
    critical: bool = False
    trials: int | None = None
    """How often it is asked; None as often as the set says."""
    cluster: str = ""
    """Cases of one cluster come from one source, such as wordings of one question; empty: it stands alone."""
    scorers: tuple[ScorerSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class PassRule:
    """A case passes when `needed` of its trials pass: a share, so that it scales with `--trials`.

    None means: more than half.
    """

    share: tuple[int, int] | None = None

    def needed(self, trials: int) -> int:
        """How many of so many trials must pass (at least one)."""
        if self.share is None:
            return trials // 2 + 1
        passes, of = self.share
        return max(1, -(-passes * trials // of))

    def decide(self, passes: int, trials: int, undecided: int = 0) -> bool | None:
        """True or False where the undecided trials cannot change it, else None."""
        needed = self.needed(trials)
        if passes >= needed:
            return True
        return False if passes + undecided < needed else None


@dataclass(frozen=True, slots=True)
class GateSpec:
    """The user's own bounds. Rates are shares of 1, cost is USD, latency seconds; None means no bound."""

    min_pass_rate: float | None = None
    min_mean_score: float | None = None
    max_cost: float | None = None
    max_cost_increase: float | None = None
    max_tokens_increase: float | None = None
    max_latency_p95: float | None = None
    max_latency_increase: float | None = None
    require_baseline: bool = False
    min_effect: float = 0.02
    """The smallest drop of the pass rate over the whole set that counts as worse."""
    generalise: bool = False
    """Ask whether *new* cases would show the drop, not only whether these do."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Scorers whose scores are gated beside the pass rate, each with the smallest drop of the mean that counts."""
    prove: float | None = None
    """Pass only where the pass rate is shown to have dropped by no more than this share of 1."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One column of the matrix: a prompt and a model (None: the prompt's own)."""

    name: str
    prompt: str
    model: str | None = None


@dataclass(frozen=True)
class Evalset:
    """One golden set; `name` is its path below `evalsets/` without the ending."""

    name: str
    path: str
    where: SourceLocation
    prompts: tuple[str, ...]
    cases: tuple[Case, ...]
    models: tuple[str, ...] = ()
    scorers: tuple[ScorerSpec, ...] = ()
    trials: int = 1
    max_trials: int = 30
    """Answers to one case that a baseline keeps at most; the oldest go first."""
    pass_rule: PassRule = PassRule()
    gate: GateSpec = GateSpec()
    description: str = ""
    sources: tuple[str, ...] = ()
    """Every file it is made of: its own, files of cases, schemas; no part of its meaning."""
    places: Mapping[str, SourceLocation] = field(default_factory=dict, compare=False, repr=False)
    """Where `prompt NAME` and `model NAME` stand; no part of its meaning either."""

    @property
    def baseline_path(self) -> str:
        """Where the accepted answers stand: beside the evalset."""
        return f"{EVALSETS_DIR}/{self.name}.baseline.jsonl"

    @property
    def judged_metrics(self) -> frozenset[str]:
        """Names of scores that a model gives: they may differ although the answer is the same."""
        specs = (*self.scorers, *(spec for case in self.cases for spec in case.scorers))
        return frozenset(spec.name for spec in specs if spec.type == "judge")

    @property
    def pair_metrics(self) -> tuple[str, ...]:
        """Names of gating scorers that compare with the accepted answer."""
        specs = (*self.scorers, *(spec for case in self.cases for spec in case.scorers))
        return tuple(dict.fromkeys(s.name for s in specs if s.compares and s.severity == "fail"))

    @property
    def gated_metrics(self) -> frozenset[str]:
        """Names of scores that are decided over all cases: no trial fails by them, and yet they do more than warn."""
        return frozenset((*self.gate.metrics, *self.pair_metrics))

    def place(self, kind: str, name: str | None) -> SourceLocation:
        """Where one of its prompts or models is named, as far as that is known."""
        return self.places.get(f"{kind} {name}", self.where)

    def variants(self) -> tuple[Variant, ...]:
        """Each prompt with each model, named by whatever there are several of."""
        columns = [(prompt, model) for prompt in self.prompts for model in self.models or (None,)]
        if len(columns) == 1:
            return (Variant(DEFAULT_VARIANT, *columns[0]),)
        return tuple(Variant(self._variant_name(*column), *column) for column in columns)

    def _variant_name(self, prompt: str, model: str | None) -> str:
        if len(self.models) <= 1:
            return prompt
        return model or prompt if len(self.prompts) == 1 else f"{prompt} × {model}"

    def scorers_of(self, case: Case) -> tuple[ScorerSpec, ...]:
        """The set's scorers and the case's own."""
        return self.scorers + case.scorers
