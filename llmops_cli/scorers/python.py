"""`python`: a function of the project judges the answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, ClassVar

from llmops_cli.domain.scoring import Answer, Score, ScoringError
from llmops_cli.scorers.text import kind_of, one_line, show

_REFERENCE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_GIVEN = ("output", "vars", "expected", "messages", "case_id")
_PASSES_AT = 0.5
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Python:
    """A Python function of the project judges the answer (where llmops.yaml allows it).

    It is called with output, vars, expected, messages, case_id and the extra `arguments`, and returns true
    or false, a number from 0 to 1 (0.5 and more passes), or a mapping with `score` (or `value`), `passed`
    and `explanation`. Anything else is a failure to score.
    """

    main: ClassVar[str] = "value"
    literal_value: ClassVar[bool] = True

    value: str
    """The function, as module:function; never a template."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """More keyword arguments for the function."""

    def __post_init__(self) -> None:
        if not isinstance(self.value, str) or not _REFERENCE.fullmatch(self.value):
            raise ValueError(f"'value' must be written module:function, got {show(self.value)}")
        if taken := [name for name in _GIVEN if name in self.arguments]:
            raise ValueError(f"'arguments' may not hold {taken[0]!r}: the function gets that anyway")

    async def score(self, answer: Answer) -> Score:
        """What the function says. Raises ScoringError where it may not be called, or says nothing usable."""
        if answer.tools is None:
            raise ScoringError("python scorers cannot be called here")
        given = {
            "output": answer.subject,
            "vars": dict(answer.variables),
            "expected": answer.expected,
            "messages": list(answer.messages),
            "case_id": answer.case_id,
        }
        result = await answer.tools.call_python(self.value, {**given, **self.arguments})
        try:
            return _as_score(result)
        except ScoringError as error:
            raise ScoringError(f"{self.value} {error}") from error


def _as_score(result: Any) -> Score:
    if isinstance(result, Score):
        value = float(result.value)  # a Fraction is one, too
        return replace(result, value=value, explanation=_explained(str(result.explanation), value))
    if isinstance(result, Mapping):
        return _from_mapping(result)
    if isinstance(result, bool):
        return Score(float(result), result, "returned true" if result else "returned false")
    value = _share(result, "returned")
    return Score(value, value >= _PASSES_AT, f"returned {value:g}, passes at {_PASSES_AT:g}")


def _from_mapping(result: Mapping[Any, Any]) -> Score:
    unknown = [key for key in result if key not in ("score", "value", "passed", "explanation")]
    if unknown:
        raise ScoringError(f"returned the unknown key {show(unknown[0])}; known: score, passed, explanation")
    if "score" in result and "value" in result:
        raise ScoringError("returned both 'score' and 'value'; give one")
    passed, explanation = result.get("passed"), result.get("explanation", "")
    if passed is not None and not isinstance(passed, bool):
        raise ScoringError(f"returned {kind_of(passed)} as 'passed', which must be true or false")
    if not isinstance(explanation, str):
        raise ScoringError(f"returned {kind_of(explanation)} as 'explanation', which must be a text")
    given = next((name for name in ("score", "value") if name in result), None)
    if given is not None:
        value = _share(result[given], f"returned as '{given}'")
    elif passed is not None:
        value = float(passed)
    else:
        raise ScoringError("returned a mapping without 'score' and 'passed'")
    decided = value >= _PASSES_AT if passed is None else passed
    return Score(value, decided, _explained(explanation, value))


def _explained(explanation: str, value: float) -> str:
    return one_line(explanation, _LONGEST) or f"returned {value:g}"


def _share(value: Any, what: str) -> float:
    # Real, so that numbers of numpy count; a bool stands for itself and is no number here
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ScoringError(f"{what} {kind_of(value)}; expected true, false, or a number from 0 to 1")
    try:
        share = float(value)
    except OverflowError:  # a whole number beyond any float
        raise ScoringError(f"{what} a number of over 300 digits; a score lies between 0 and 1") from None
    if not 0.0 <= share <= 1.0:
        raise ScoringError(f"{what} {share:g}; a score lies between 0 and 1")
    return share
