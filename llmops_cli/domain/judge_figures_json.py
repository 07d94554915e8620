"""What a run says of its judges as JSON and back; a part of the run file (`domain/run_json.py`)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from llmops_cli.domain.judge_figures import Calibrated, Estimate, JudgeFigures
from llmops_cli.domain.outcome_json import known_fields


def judge_to_dict(found: JudgeFigures) -> dict[str, Any]:
    """One entry; `calibrated` says in a word what `calibration` holds."""
    return {**asdict(found), "calibrated": found.calibration is not None}


def judges_from_list(entries: Sequence[Mapping[str, Any]]) -> tuple[JudgeFigures, ...]:
    """What `judge_to_dict` wrote. Raises KeyError or TypeError where it is none."""
    return tuple(_read(data) for data in entries)


def _read(data: Mapping[str, Any]) -> JudgeFigures:
    rate, corrected, known = data["rate"], data["corrected"], data["calibration"]
    parts = {
        "rate": known_fields(Estimate, rate) if rate else None,
        "corrected": known_fields(Estimate, corrected) if corrected else None,
        "calibration": known_fields(Calibrated, known) if known else None,
    }
    return known_fields(JudgeFigures, {**data, **parts})
