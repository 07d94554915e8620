"""Outcomes and places in files as JSON and back: what run files and comparisons are made of."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from llmops_cli.domain.comparison import Side
from llmops_cli.domain.outcome import Failure, Outcome, Source
from llmops_cli.domain.scoring import NamedScore, Score
from llmops_cli.domain.serial import response_from_dict, response_to_dict
from llmops_cli.errors import SourceLocation

T = TypeVar("T")


def side_to_dict(side: Side) -> dict[str, Any]:
    """One side of a case."""
    return {
        "passed": side.passed,
        "trials": side.trials,
        "passes": side.passes,
        "outcomes": [outcome_to_dict(outcome) for outcome in side.outcomes],
    }


def outcome_to_dict(outcome: Outcome) -> dict[str, Any]:
    """One trial with its answer, or why there is none, and its scores."""
    found: dict[str, Any] = {
        "trial": outcome.trial,
        "fingerprint": outcome.fingerprint,
        "source": outcome.source.value,
    }
    if outcome.response is not None:
        found["response"] = response_to_dict(outcome.response)
    if outcome.failure is not None:
        found["failure"] = drop_empty(dataclasses.asdict(outcome.failure))
    found["scores"] = [_named(named) for named in outcome.scores]
    return found


def _named(named: NamedScore) -> dict[str, Any]:
    found: dict[str, Any] = {"name": named.name, "digest": named.digest}
    if named.severity != "fail":
        found["severity"] = named.severity
    if named.weight != 1.0:
        found["weight"] = named.weight
    if named.score is None:
        return {**found, "failure": named.failure}
    score = named.score
    found |= {"value": score.value, "passed": score.passed}
    return found | drop_empty({"explanation": score.explanation, "details": dict(score.details)})


def side_from_dict(data: Mapping[str, Any] | None, case_id: str, variant: str) -> Side:
    """What `side_to_dict` wrote; a side without outcomes for None."""
    if data is None:
        return Side()
    return Side(
        tuple(outcome_from_dict(found, case_id, variant) for found in data["outcomes"]), data["passed"]
    )


def outcome_from_dict(data: Mapping[str, Any], case_id: str, variant: str) -> Outcome:
    """What `outcome_to_dict` wrote."""
    return Outcome(
        case_id=case_id,
        variant=variant,
        trial=data["trial"],
        fingerprint=data["fingerprint"],
        source=Source(data["source"]),
        response=response_from_dict(data["response"]) if "response" in data else None,
        failure=known_fields(Failure, data["failure"]) if "failure" in data else None,
        scores=tuple(_read_named(named) for named in data["scores"]),
    )


def _read_named(data: Mapping[str, Any]) -> NamedScore:
    score = None
    if "value" in data:
        score = Score(data["value"], data["passed"], data.get("explanation", ""), data.get("details", {}))
    return NamedScore(
        data["name"],
        data["digest"],
        data.get("severity", "fail"),
        data.get("weight", 1.0),
        score,
        data.get("failure"),
    )


def place_to_text(where: SourceLocation | None) -> str | None:
    """`path:line:column`, as far as it is known."""
    return str(where) if where else None


def place_from_text(text: str | None) -> SourceLocation | None:
    """What `place_to_text` wrote."""
    if text is None:
        return None
    path, numbers = text, list[int]()
    while len(numbers) < 2 and path.rpartition(":")[2].isdigit() and ":" in path:
        path, _, number = path.rpartition(":")
        numbers.insert(0, int(number))
    return SourceLocation(path, *numbers)


def drop_empty(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing; a 0 says something."""

    def empty(value: Any) -> bool:
        return value is None or value is False or (isinstance(value, str | list | tuple | dict) and not value)

    return {key: value for key, value in data.items() if not empty(value)}


def known_fields(cls: type[T], data: Mapping[str, Any]) -> T:
    """The dataclass of what is known of it here: a newer llmops may have added keys within one format.

    Raises TypeError where a field without a default is absent.
    """
    names = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return cls(**{name: value for name, value in data.items() if name in names})
