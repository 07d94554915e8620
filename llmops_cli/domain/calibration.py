"""How far a judge agrees with people: what was labelled, and the record that is bound to the judge."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from llmops_cli.domain.canonical import canonical_json
from llmops_cli.domain.evalset import EVALSETS_DIR
from llmops_cli.errors import SourceLocation

CALIBRATION_FORMAT = 1
CALIBRATION_ENDING = ".calibration.json"
LabelKind = Literal["verdict", "grade"]


@dataclass(frozen=True, slots=True)
class Rating:
    """What one person said of one output: True or False for pass or fail, a number for a grade."""

    output: str
    label: bool | float
    where: SourceLocation
    input: str = ""
    expected: Any = None
    vars: Mapping[str, Any] = field(default_factory=dict)
    rater: str | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """A judge measured against people's labels. It holds for one identity and one way of reading replies.

    The four counts are those of verdicts: `false_pass` is passed by the judge and failed by people. For
    grades they are taken at the grade from which an answer passes. `kappa` is None where it is undefined.
    """

    judge: str
    identity: Mapping[str, Any]
    """Prompt version, model and params, as in each Score."""
    reading: Mapping[str, Any]
    """Scale, pass_at, criteria, votes and variables: what of the scorer decides how a reply counts."""
    date: str
    labels: LabelKind
    n: int
    """Outputs on which the judge and people both had a verdict."""
    missing: int
    """Outputs on which the judge gave none."""
    agreement: float
    kappa: float | None
    true_pass: int
    false_pass: int
    true_fail: int
    false_fail: int
    raters: int = 1
    alpha: float | None = None
    """Krippendorff's alpha of the people among themselves; None for one rater."""
    stability: float | None = None
    """The share of outputs on which all votes agreed; None for a single vote."""

    def fits(self, identity: Mapping[str, Any], reading: Mapping[str, Any]) -> bool:
        """Whether it was measured on this very judge."""
        mine, theirs = ([dict(a), dict(b)] for a, b in ((self.identity, self.reading), (identity, reading)))
        return canonical_json(mine) == canonical_json(theirs)


def calibration_path(judge: str) -> str:
    """Where a judge's calibration stands: beside the evalsets."""
    return f"{EVALSETS_DIR}/{judge.replace('/', '-')}{CALIBRATION_ENDING}"


def calibration_to_dict(calibration: Calibration) -> dict[str, Any]:
    """The calibration file as JSON values."""
    return {"llmops_calibration": CALIBRATION_FORMAT, **asdict(calibration)}


def calibration_from_dict(data: Mapping[str, Any]) -> Calibration:
    """What `calibration_to_dict` wrote. Raises ValueError for anything else."""
    if data.get("llmops_calibration") != CALIBRATION_FORMAT:
        raise ValueError("is no calibration of this format")
    known = {one.name for one in fields(Calibration)}
    try:
        found = Calibration(**{name: value for name, value in data.items() if name in known})
    except TypeError as error:
        raise ValueError("lacks a figure") from error
    wrong = next((name for name, fits in _checks(found) if not fits), None)
    if wrong is not None:
        raise ValueError(f"holds a figure that cannot be: {wrong}")
    return found


def _checks(found: Calibration) -> Iterator[tuple[str, bool]]:
    for name in ("judge", "date"):
        yield name, isinstance(getattr(found, name), str)
    for name in ("identity", "reading"):
        yield name, isinstance(getattr(found, name), Mapping)
    yield "labels", found.labels in ("verdict", "grade")
    cells = ("true_pass", "false_pass", "true_fail", "false_fail")
    for name in (*cells, "missing", "n", "raters"):
        value = getattr(found, name)
        yield name, isinstance(value, int) and not isinstance(value, bool) and value >= (name == "raters")
    yield "n is not the sum of the four counts", found.n == sum(getattr(found, name) for name in cells) > 0
    yield "agreement", _within(found.agreement, 0)
    for name, least in (("kappa", -1), ("alpha", -math.inf), ("stability", 0)):
        value = getattr(found, name)
        yield name, value is None or _within(value, least)


def _within(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= 1
