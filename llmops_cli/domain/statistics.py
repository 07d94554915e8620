"""What the statistics found beside the tests of a set: parts of it, a proof, what luck does."""

from dataclasses import dataclass

from llmops_cli.domain.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Slice:
    """The cases of one tag: the trial pass rate of both sides, and `drop`, base less candidate.

    `at_most` is the drop's one-sided 95 % bound, `p` one-sided, `adjusted_p` Holm's over all tags behind the
    exit code. For information: a slice decides nothing.
    """

    tag: str
    cases: int
    base: float
    candidate: float
    drop: float
    at_most: float
    p: float
    adjusted_p: float
    notable: bool = False
    """A short report shows it: it dropped significantly, or most where the set got worse."""
    unchanged: int = 0
    """How many of its cases are known to be unchanged: they were not tested, and did not drop."""


@dataclass(frozen=True, slots=True)
class CriticalChance:
    """How often luck alone fails a critical case of an unchanged prompt: at least one of `trials` fails.

    `failures` of `on_record` trials of the base failed, those of this run's confirmation and proof included;
    `low` and `high` carry Wilson's 95 % interval of that rate over to `chance`. All three are shares of 1.
    """

    case_id: str
    failures: int
    on_record: int
    trials: int
    chance: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Drift:
    """The accepted prompt today, in the cases that were asked again: `passes` of its fresh `trials`, where
    `record_passes` of `record_trials` are on record.

    `p` is one-sided, over all cases: those that were not asked again are supposed to have passed as often as on
    the better of their sides. `shown` where it is at most 0.001: then the model changed under its name.
    """

    cases: int
    passes: int
    trials: int
    record_passes: int
    record_trials: int
    p: float
    shown: bool


@dataclass(frozen=True, slots=True)
class Added:
    """Trials of a case beyond those of the run (candidate) and the record (base): to prove that it did not get
    worse, or to confirm that it did. No test counts them but the one they were asked for."""

    base: tuple[Outcome, ...] = ()
    candidate: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the trial pass rate dropped by no more than `margin` (`gate: {prove: 5%}`).

    `standing` is "proven" (the upper bound of the drop is within the margin), "refuted" (its lower bound is
    beyond), or "undecided"; then `why` says what kept it from being settled, if anything did. `drop` is base
    less candidate over all `cases`; `changed` of them were asked something else than the base, the others
    count with a drop of 0.
    """

    standing: str
    margin: float
    cases: int
    changed: int
    looks: tuple[int, ...] = ()
    """Trials a case at each look that was taken; `most` would have been the last one's."""
    most: int = 0
    added: int = 0
    """Trials that were added to the candidate's; `base_added` to the base's."""
    base_added: int = 0
    drop: float | None = None
    at_most: float | None = None
    """The drop's one-sided bounds, each wrong at most `level` of the time at this look (5 % over all looks)."""
    at_least: float | None = None
    level: float | None = None
    calls: int = 0
    """How many of the added trials were asked of a model; `cost` is theirs in USD, None where unknown."""
    cost: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class SetTest:
    """One gated metric over the whole set: `drop` is base less candidate, `at_most` its 95 % upper bound.

    `p` is the one-sided p-value, `adjusted_p` Holm's over all tests behind the exit code; `worse` when that
    is significant and the drop is at least `min_effect`.
    """

    metric: str
    method: str
    drop: float
    at_most: float | None
    p: float
    adjusted_p: float
    worse: bool
    base: float | None = None
    """The mean over cases on the base's side; `candidate` likewise. None in runs of before."""
    candidate: float | None = None
    accepted: bool = False
    """Worse, and the branch's own baseline accepts it: shown, not blocking."""
    wins: int | None = None
    """Cases won, lost and tied against the accepted answers, in a sign test; None in other tests."""
    losses: int | None = None
    ties: int | None = None
    clusters: int | None = None
    """How many independent draws there were, where new cases are asked about; None in other tests."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is known of a comparison beyond its counts, as recomputable numbers.

    `detectable` is the smallest drop of the trial pass rate that these trials would have shown with 80 %
    power; None where none would have been.
    """

    cases: int
    tests: tuple[SetTest, ...]
    detectable: float | None
    chance_of_missing: float | None = None
    """How often (a share of 1) an unchanged prompt would miss `min_pass_rate` by luck; None without it."""
    slices: tuple[Slice, ...] = ()
    """By tag, in alphabetical order; only tags with enough comparable cases."""
    critical: tuple[CriticalChance, ...] = ()
    """Of each critical case with a record, how often luck alone would fail it."""
    drift: Drift | None = None
    """The accepted prompt asked again; None where that was not done."""
    linked: int = 0
    """How many of the cases share calls with others, as they ask the same: each call counts once."""
    unchanged: int = 0
    """How many of the cases are known to be unchanged, as all their answers are the record of the other side:
    they were not tested, and did not drop."""
