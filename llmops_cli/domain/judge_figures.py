"""What a run says of a judge: its rate over the answers, how far it is calibrated, and the rate without its errors."""

from dataclasses import dataclass

from llmops_cli.domain.calibration import LabelKind
from llmops_cli.domain.scoring import Severity


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate with its interval, all within 0..1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The calibration that holds for a judge: agreement, and the four counts that its errors follow from.

    Sensitivity is true_pass / (true_pass + false_fail), specificity true_fail / (true_fail + false_pass).
    """

    kappa: float | None
    """Cohen's; None where it is undefined."""
    n: int
    """Outputs that both people and the judge had a word on."""
    date: str
    labels: LabelKind
    """Whether people gave verdicts, or grades that were held against the grade from which an answer passes."""
    true_pass: int
    false_pass: int
    """Passed by the judge and failed by people."""
    true_fail: int
    false_fail: int
    caution: str = ""
    """Why it is hardly a calibration; empty where it is one."""


@dataclass(frozen=True, slots=True)
class JudgeFigures:
    """One judge over the answers of one variant.

    `corrected` is the rate that people would have given; without it, `why_uncorrected` says why.
    """

    scorer: str
    variant: str
    judge: str
    """The judge's prompt."""
    identity: str
    """A digest of the judge's prompt version, model and params, and of how its replies are read."""
    severity: Severity
    metric: str
    """What `rate` is: "pass rate", or "win rate" against the accepted answers."""
    answers: int
    """Answers that it was to judge."""
    judged: int
    """Those it had a word on; for a win rate, those that one side won."""
    passed: int
    """Those that passed, or won."""
    units: float
    """How many independent readings they are worth: what the intervals count."""
    confidence: float
    negated: bool = False
    """`not: true`: an answer passes where the judge fails it."""
    mean_grade: float | None = None
    why_uncalibrated: str = ""
    """What is wrong with the calibration on record, if there is one."""
    why_uncorrected: str = ""
    rate: Estimate | None = None
    """None where nothing was judged."""
    calibration: Calibrated | None = None
    """None where none holds for this judge, read in this way."""
    corrected: Estimate | None = None
