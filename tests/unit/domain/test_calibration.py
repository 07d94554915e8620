"""A calibration survives its file, belongs to one judge, and is not taken for what it is not."""

from dataclasses import replace
from typing import Any

import pytest

from llmops_cli.domain.calibration import (
    Calibration,
    calibration_from_dict,
    calibration_path,
    calibration_to_dict,
)

KNOWN = Calibration(
    "judges/kind", {"model": "m", "params": {"temperature": 0}}, {"votes": 1, "scale": [1, 5]}, "2026-11-20",
    "verdict", 10, 1, 0.9, 0.78, 6, 1, 3, 0,
)  # fmt: skip


def test_it_survives_its_file() -> None:
    assert calibration_from_dict(calibration_to_dict(KNOWN)) == KNOWN
    assert calibration_path(KNOWN.judge) == "evalsets/judges-kind.calibration.json"


def test_it_fits_one_judge_and_one_way_to_read_it() -> None:
    assert KNOWN.fits({"params": {"temperature": 0}, "model": "m"}, {"scale": (1, 5), "votes": 1})
    assert not KNOWN.fits({"model": "m2", "params": {"temperature": 0}}, KNOWN.reading)
    assert not KNOWN.fits(KNOWN.identity, {"votes": 3, "scale": [1, 5]})


@pytest.mark.parametrize(
    "change",
    [{"llmops_calibration": 2}, {"n": -1}, {"n": "10"}, {"kappa": 2}, {"kappa": "high"}, {"labels": "x"},
     {"identity": []}, {"date": 5}],
)  # fmt: skip
def test_anything_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is no calibration|cannot be"):
        calibration_from_dict({**calibration_to_dict(KNOWN), **change})


def test_a_missing_figure_is_refused_and_an_unknown_one_passed_over() -> None:
    data = calibration_to_dict(KNOWN)
    assert calibration_from_dict({**data, "later": 1}) == KNOWN
    del data["n"]
    with pytest.raises(ValueError, match="lacks a figure"):
        calibration_from_dict(data)
    assert calibration_from_dict(calibration_to_dict(replace(KNOWN, kappa=None))).kappa is None
