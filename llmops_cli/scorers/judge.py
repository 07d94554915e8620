"""`judge`: a model grades the answer by a prompt; what it replies is read strictly."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from llmops_cli.domain.request import Message
from llmops_cli.domain.scoring import Answer, JudgeReply, Score, ScoringError
from llmops_cli.scorers.fence import fence
from llmops_cli.scorers.json_text import NotJsonError, parse_json
from llmops_cli.scorers.text import kind_of, one_line, show, subject_text

_RATIONALES = ("rationale", "justification")
_RESERVED = (*_RATIONALES, "verdict", "score")
_GIVEN = ("output", "input", "expected")


@dataclass(frozen=True, slots=True)
class Judge:
    """A model grades the answer by a prompt of the project.

    The prompt gets `output` (the answer, fenced as data), `input` (the user's messages), `expected` and the
    extra `vars`. The reply must be one JSON object: first `rationale` (or `justification`), then either
    `verdict` ("pass" or "fail"), or `score`, or one grade for each of `criteria`, whose mean counts. Any
    other reply is a failure to score, never a grade.
    """

    main: ClassVar[str] = "prompt"

    prompt: str
    """The name of the judge's prompt."""
    pass_at: float | None = None
    """The grade from which an answer passes; without it the middle of the scale, rounded up (3 of 1 to 5)."""
    scale: Sequence[int] = (1, 5)
    """The lowest and the highest grade."""
    criteria: Sequence[str] = ()
    """What is graded one by one; each is a key of the reply."""
    vars: Mapping[str, Any] = field(default_factory=dict)
    """More variables for the judge's prompt."""

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, str) or not self.prompt:
            raise ValueError("'prompt' must name the judge's prompt")
        if len(self.scale) != 2 or not self.scale[0] < self.scale[1]:
            raise ValueError("'scale' must be two numbers, the lowest and the highest grade")
        if self.pass_at is not None and not self.scale[0] <= self.pass_at <= self.scale[1]:
            raise ValueError(f"'pass_at' must lie on the scale of {self._range()}, got {self.pass_at:g}")
        if isinstance(self.criteria, str) or len(set(self.criteria)) != len(self.criteria):
            raise ValueError("'criteria' must be a list of different names")
        if taken := [name for name in self.criteria if name in _RESERVED or not name]:
            raise ValueError(f"'criteria' may not hold {taken[0]!r}")
        if taken := [name for name in _GIVEN if name in self.vars]:
            raise ValueError(f"'vars' may not hold {taken[0]!r}: the prompt gets that anyway")

    async def score(self, answer: Answer) -> Score:
        """The judge's grade, brought to 0..1. Raises ScoringError for a reply that is no verdict."""
        if answer.tools is None:
            raise ScoringError("a judge cannot be asked here")
        variables = {
            "output": fence(subject_text(answer)),
            "input": user_text(answer.messages),
            "expected": answer.expected,
            **self.vars,
        }
        reply = await answer.tools.ask_judge(self.prompt, variables)
        try:
            return self._read(reply)
        except ScoringError as error:
            said = one_line(reply.response.text, 120)
            raise ScoringError(f"the judge {error}; it replied: {said or 'nothing'}") from error

    def _read(self, reply: JudgeReply) -> Score:
        graded = _object(reply.response.text)
        rationale, verdict_keys = _rationale(graded)
        details: dict[str, Any] = {"rationale": rationale, "judge": dict(reply.identity)}
        if self.criteria:
            grades = self._grades(graded, verdict_keys, self.criteria)
            return self._graded(grades, rationale, details)
        if len(verdict_keys) != 1 or verdict_keys[0] not in ("verdict", "score"):
            raise ScoringError(_wrong_keys(verdict_keys, "'verdict' or 'score'"))
        if verdict_keys == ["score"]:
            return self._graded(self._grades(graded, verdict_keys, ["score"]), rationale, details)
        if graded["verdict"] not in ("pass", "fail"):
            raise ScoringError(f"gave the verdict {show(graded['verdict'], 40)}; expected 'pass' or 'fail'")
        passed = graded["verdict"] == "pass"
        details["grades"] = {}
        return Score(float(passed), passed, f"{graded['verdict']}: {one_line(rationale, 150)}", details)

    def _grades(
        self, graded: Mapping[str, Any], keys: Sequence[str], wanted: Sequence[str]
    ) -> dict[str, float]:
        if set(keys) != set(wanted):
            raise ScoringError(_wrong_keys(keys, ", ".join(f"'{name}'" for name in wanted)))
        for name in wanted:
            grade = graded[name]
            if isinstance(grade, bool) or not isinstance(grade, int | float):
                raise ScoringError(f"gave {kind_of(grade)} as {show(name, 40)}; expected a number")
            if not self.scale[0] <= grade <= self.scale[1]:
                raise ScoringError(
                    f"gave {show(grade, 20)} as {show(name, 40)} on a scale of {self._range()}"
                )
        return {name: graded[name] for name in wanted}

    def _graded(self, grades: Mapping[str, float], rationale: str, details: Mapping[str, Any]) -> Score:
        low, high = self.scale
        grade = sum(grades.values()) / len(grades)
        pass_at = math.ceil((low + high) / 2) if self.pass_at is None else self.pass_at
        parts = ", ".join(f"{name} {value:g}" for name, value in grades.items())
        named = f"grade {grade:.3g}" + (f" ({one_line(parts, 80)})" if self.criteria else "")
        explanation = f"{named} of {self._range()}, passes at {pass_at:g}: {one_line(rationale, 120)}"
        value = min(1.0, max(0.0, (grade - low) / (high - low)))
        return Score(value, grade >= pass_at, explanation, {**details, "grades": dict(grades)})

    def _range(self) -> str:
        return f"{self.scale[0]:g} to {self.scale[1]:g}"


def user_text(messages: Sequence[Message]) -> str:
    """The texts of the user's messages, one blank line between them."""
    texts = []
    for message in messages:
        if message.get("role") != "user":
            continue
        content = message.get("content")
        parts = [{"text": content}] if isinstance(content, str) else content or ()
        texts += [part["text"] for part in parts if isinstance(part.get("text"), str)]
    return "\n\n".join(texts)


def _object(text: str) -> dict[str, Any]:
    try:
        graded = parse_json(text, fenced=True)
    except NotJsonError as error:
        raise ScoringError(f"did not reply with one JSON object ({error})") from error
    if not isinstance(graded, dict):
        raise ScoringError(f"replied with {kind_of(graded)}, not with one JSON object")
    return graded


def _rationale(graded: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The reasoning, and the keys that are left."""
    named = [key for key in graded if key in _RATIONALES]
    if len(named) != 1:
        raise ScoringError(
            "gave no 'rationale'" if not named else "gave both 'rationale' and 'justification'"
        )
    if next(iter(graded)) != named[0]:
        # a verdict written first was not reasoned out: the rationale only defends it
        raise ScoringError(f"gave its verdict before its '{named[0]}'")
    if not isinstance(graded[named[0]], str):
        raise ScoringError(f"gave {kind_of(graded[named[0]])} as '{named[0]}'; expected a text")
    return graded[named[0]], [key for key in graded if key != named[0]]


def _wrong_keys(keys: Sequence[str], wanted: str) -> str:
    found = ", ".join(show(key, 40) for key in keys[:5]) or "no verdict"
    return f"gave {found} beside its rationale; expected {wanted}"
