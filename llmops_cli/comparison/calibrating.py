"""A judge's words against people's labels: agreement, errors, and where they part most."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from llmops_cli.domain.calibration import Calibration, LabelKind, Rating
from llmops_cli.errors import SourceLocation
from llmops_cli.stats.agreement import (
    Accuracy,
    Weights,
    accuracy,
    cohen_kappa,
    krippendorff_alpha,
)

FEW_LABELS = 10
"""A calibration with fewer labels than this of one kind (pass or fail) is hardly one."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One output with what its raters said together; `label` None where they were evenly split."""

    ratings: tuple[Rating, ...]
    label: bool | float | None

    @property
    def first(self) -> Rating:
        """The rating that names the output's place."""
        return self.ratings[0]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judge said of a labelled output: whether it passes, and its grade where there is one.

    `votes` are the words of all votes that were valid.
    """

    labelled: Labelled
    passed: bool
    grade: float | None
    rationale: str
    votes: tuple[str, ...] = ()

    @property
    def distance(self) -> float:
        """How far the judge is from the label: grades, or 1 for another verdict."""
        label = self.labelled.label
        if isinstance(label, bool) or label is None or self.grade is None:
            return float(self.passed is not label)
        return abs(self.grade - label)


@dataclass(frozen=True, slots=True)
class Missing:
    """An output that is in no figure, and why."""

    where: SourceLocation
    reason: str


@dataclass(frozen=True)
class Agreement:
    """Everything that was found; `why_undefined` says why there is no kappa, where there is none."""

    calibration: Calibration
    accuracy: Accuracy
    why_undefined: str | None
    matrix: Mapping[tuple[str, str], int]
    """(people's label, judge's word) to how often."""
    disagreements: tuple[Judged, ...]
    """The worst first."""
    failures: tuple[Missing, ...]
    split: tuple[Missing, ...]


def group_ratings(ratings: Sequence[Rating]) -> list[list[Rating]]:
    """The ratings of each output together, in the file's order. An output is all that the judge is shown."""
    grouped: dict[tuple[str, str, str, str], list[Rating]] = {}
    for rating in ratings:
        shown = sorted(rating.vars.items())
        grouped.setdefault((rating.output, rating.input, repr(rating.expected), repr(shown)), []).append(
            rating
        )
    return list(grouped.values())


def agreed(ratings: Sequence[Rating]) -> Labelled:
    """The majority of verdicts, or the median grade."""
    labels = [rating.label for rating in ratings]
    if not isinstance(labels[0], bool):
        return Labelled(tuple(ratings), float(median(labels)))
    passes = sum(label is True for label in labels)
    split = 2 * passes == len(labels)
    return Labelled(tuple(ratings), None if split else 2 * passes > len(labels))


def measure(
    judged: Sequence[Judged],
    everything: Sequence[Labelled],
    failures: Sequence[Missing],
    pass_at: float,
    *,
    judge: str,
    identity: Mapping[str, Any],
    reading: Mapping[str, Any],
    date: str,
) -> Agreement:
    """All figures of at least one judged output. `everything` is what people labelled, judged or not."""
    kind: LabelKind = "verdict" if isinstance(everything[0].first.label, bool) else "grade"
    counted = [one for one in judged if one.labelled.label is not None]
    labels = [one.labelled.label for one in counted if one.labelled.label is not None]
    if kind == "verdict":
        said: list[Any] = [one.passed for one in counted]
        people = [label is True for label in labels]
    else:
        said = [one.grade for one in counted]
        people = [label >= pass_at for label in labels]
    why_undefined = _undefined(labels)
    pairs = list(zip(labels, said, strict=True))
    weights: Weights = "none" if kind == "verdict" else "quadratic"
    verdicts = list(zip(people, (one.passed for one in counted), strict=True))
    cells = Counter(verdicts)
    same = sum(word_of(label) == word_of(word) for label, word in zip(labels, said, strict=True))
    calibration = Calibration(
        judge=judge,
        identity=identity,
        reading=reading,
        date=date,
        labels=kind,
        n=len(counted),
        missing=len(failures),
        agreement=same / len(counted),
        kappa=cohen_kappa(pairs, weights) if why_undefined is None else None,
        true_pass=cells[True, True],
        false_pass=cells[False, True],
        true_fail=cells[False, False],
        false_fail=cells[True, False],
        raters=_raters(everything),
        alpha=_alpha(everything, kind),
        stability=_stability(judged),
    )
    matrix: dict[tuple[str, str], int] = {}
    for label, word in zip(labels, said, strict=True):
        cell = word_of(label), word_of(word)
        matrix[cell] = matrix.get(cell, 0) + 1
    parted = sorted((one for one in counted if one.distance), key=lambda one: -one.distance)
    split = [
        Missing(one.first.where, "its raters are evenly split") for one in everything if one.label is None
    ]
    return Agreement(
        calibration,
        accuracy(verdicts),
        why_undefined,
        matrix,
        tuple(parted),
        tuple(failures),
        tuple(split),
    )


def word_of(label: bool | float) -> str:
    """A label in words; a grade as the nearest whole one."""
    if isinstance(label, bool):
        return "pass" if label else "fail"
    return str(_nearest(label))


def _nearest(grade: float) -> int:
    return math.floor(grade + 0.5)


def accuracy_of(calibration: Calibration) -> Accuracy:
    """A calibration's errors with their intervals."""
    verdicts = [(True, True)] * calibration.true_pass + [(True, False)] * calibration.false_fail
    verdicts += [(False, False)] * calibration.true_fail + [(False, True)] * calibration.false_pass
    return accuracy(verdicts)


def caution(calibration: Calibration) -> str | None:
    """Why it is hardly a calibration: so few labels of one kind that they tell little of the judge's errors.

    Where a judge is right about all of ten, it may still be wrong about three in ten (Clopper-Pearson, 95 %).
    """
    passes = calibration.true_pass + calibration.false_fail
    fails = calibration.true_fail + calibration.false_pass
    least, kind = min((fails, "fail"), (passes, "pass"))
    if least >= FEW_LABELS:
        return None
    return f"only {least} of {calibration.n} labels say {kind}, and fewer than {FEW_LABELS} tell little"


def _undefined(labels: Sequence[bool | float]) -> str | None:
    """Why labels give no kappa. With one class of them Cohen's formula is 0 or 0 / 0, however good the judge."""
    if not labels:
        return "nothing was judged"
    if len(set(labels)) == 1:
        return f"all labels are {word_of(labels[0])!r}"
    return None


def _raters(everything: Sequence[Labelled]) -> int:
    return len({rating.rater for one in everything for rating in one.ratings})


def _alpha(everything: Sequence[Labelled], kind: LabelKind) -> float | None:
    items = [[float(rating.label) for rating in one.ratings] for one in everything]
    return krippendorff_alpha(items, "nominal" if kind == "verdict" else "ordinal")


def _stability(judged: Sequence[Judged]) -> float | None:
    several = [one.votes for one in judged if len(one.votes) > 1]
    return sum(len(set(votes)) == 1 for votes in several) / len(several) if several else None
