"""What a judge grades one by one: names, with a description or a text for each grade."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmops_cli.scorers.judge_reply import RESERVED

Criteria = Sequence[str] | Mapping[str, Any]


def check_criteria(criteria: Criteria, scale: Sequence[float]) -> None:
    """Raises ValueError for names that are no names, and for a rubric that is none."""
    if isinstance(criteria, str) or len(set(criteria)) != len(criteria):
        raise ValueError("'criteria' must be a list of different names, or a mapping of names")
    if taken := [name for name in criteria if not isinstance(name, str) or name in RESERVED or not name]:
        raise ValueError(f"'criteria' may not hold {taken[0]!r}")
    for name, about in criteria.items() if isinstance(criteria, Mapping) else ():
        if isinstance(about, Mapping):
            _check_rubric(name, about, scale)
        elif not isinstance(about, str):
            # ValueError as for every other argument that cannot be used
            raise ValueError(  # noqa: TRY004
                f"the criterion {name!r} needs a description, or a text for each grade"
            )


def _check_rubric(name: str, rubric: Mapping[Any, Any], scale: Sequence[float]) -> None:
    low, high = scale
    if not rubric:
        raise ValueError(f"the criterion {name!r} has no grades")
    for grade, text in rubric.items():
        if not isinstance(text, str) or not text:
            raise ValueError(f"grade {grade} of the criterion {name!r} needs a text")
        if _number(grade) is None or not low <= float(grade) <= high:
            raise ValueError(f"{name!r} describes a grade {grade!r} on a scale of {low:g} to {high:g}")


def _number(grade: Any) -> float | None:
    """A key of YAML or JSON is a text, whatever stands in the file."""
    try:
        return float(grade)
    except (TypeError, ValueError):
        return None


def criteria_for_prompt(criteria: Criteria) -> list[dict[str, str]]:
    """The criteria as the judge's prompt gets them: `name` and `description`, a rubric one line a grade."""
    if not isinstance(criteria, Mapping):
        return [{"name": name, "description": ""} for name in criteria]
    return [{"name": name, "description": _described(about)} for name, about in criteria.items()]


def _described(about: Any) -> str:
    if isinstance(about, str):
        return about
    return "\n".join(f"{grade}: {about[grade]}" for grade in sorted(about, key=float))
