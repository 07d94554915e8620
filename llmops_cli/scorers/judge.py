"""`judge`: a model grades the answer by a prompt; what it replies is read strictly."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, ClassVar, Literal

from llmops_cli.domain.request import Message
from llmops_cli.domain.scoring import (
    Answer,
    JudgeReply,
    Metrics,
    Score,
    ScoringError,
    ScoringTools,
    Severity,
    TrialKey,
)
from llmops_cli.scorers.criteria import check_criteria, criteria_for_prompt
from llmops_cli.scorers.fence import fence
from llmops_cli.scorers.judge_reply import Vote, median_grades, read_vote, read_winner
from llmops_cli.scorers.judge_summary import summarise_pairs, summarise_scores
from llmops_cli.scorers.text import one_line, subject_text

_MAX_VOTES = 99
GIVEN = ("output", "first", "second", "input", "expected", "criteria")
"""What a judge's prompt may get without `vars`."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """What the votes said, in order; None for one without a verdict, whose reason stands in `missing`."""

    votes: tuple[Vote | None, ...]
    missing: tuple[str, ...]
    identity: Mapping[str, Any]
    calls: tuple[str, ...] = ()
    """The calls behind the votes that were valid."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A model grades the answer by a prompt of the project.

    The prompt gets `output` (the answer, fenced as data), `input` (the user's messages), `expected`,
    `criteria` and the extra `vars`. The reply must be one JSON object: first `rationale` (or
    `justification`), then either `verdict` ("pass" or "fail"), or `score`, or one grade for each of
    `criteria`, whose mean counts. Any other reply is a failure to score, never a grade.
    """

    main: ClassVar[str] = "prompt"
    version: ClassVar[int] = 2
    default_severity: ClassVar[Severity] = "warn"

    prompt: str
    """The name of the judge's prompt."""
    pass_at: float | None = None
    """The grade from which an answer passes; without it the middle of the scale, rounded up (3 of 1 to 5)."""
    scale: Sequence[int] = (1, 5)
    """The lowest and the highest grade."""
    criteria: Sequence[str] | Mapping[str, Any] = ()
    """What is graded one by one, each a key of the reply: names, with descriptions or a text a grade."""
    votes: int = 1
    """How often it is asked (an odd number): the majority of verdicts counts, or the median of each grade."""
    compare_to: Literal["baseline"] | None = None
    """`baseline`: which is better, this answer or the accepted one? Asked in both orders, as `first` and
    `second`; the reply names the `winner` ("first", "second" or "tie"). No trial fails by it:
    with `severity: fail` the cases lost and won are put to a sign test. Without a baseline it asks nothing."""
    vars: Mapping[str, Any] = field(default_factory=dict)
    """More variables for the judge's prompt."""

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, str) or not self.prompt:
            raise ValueError("'prompt' must name the judge's prompt")
        if len(self.scale) != 2 or not self.scale[0] < self.scale[1]:
            raise ValueError("'scale' must be two numbers, the lowest and the highest grade")
        if self.pass_at is not None and not self.scale[0] <= self.pass_at <= self.scale[1]:
            raise ValueError(f"'pass_at' must lie on the scale of {self._range()}, got {self.pass_at:g}")
        check_criteria(self.criteria, self.scale)
        if not 1 <= self.votes <= _MAX_VOTES or self.votes % 2 == 0:
            raise ValueError(f"'votes' must be an odd number from 1 to {_MAX_VOTES}, got {self.votes}")
        if self.compare_to is not None and (self.criteria or self.pass_at is not None):
            raise ValueError("'compare_to' asks for a winner: leave out 'criteria' and 'pass_at'")
        if taken := [name for name in self._given() if name in self.vars]:
            raise ValueError(f"'vars' may not hold {taken[0]!r}: the prompt gets that anyway")

    @property
    def requests_per_answer(self) -> int:
        """How many requests judge one answer."""
        return self.votes * (1 if self.compare_to is None else 2)

    @property
    def recorded_stands(self) -> bool:
        """Not in comparisons: the answer that it was compared with may be another one by now."""
        return self.compare_to is None

    async def score(self, answer: Answer) -> Score:
        """The judge's grade, brought to 0..1. Raises ScoringError for a reply that is no verdict."""
        if answer.tools is None:
            raise ScoringError("a judge cannot be asked here")
        numbers = range(1, self.votes + 1)
        if self.compare_to is None:
            return self.counted(await self.ballot(answer, answer.tools, numbers))
        accepted = answer.accepted
        if accepted is None:
            raise ScoringError("no baseline answer to compare with")
        text = subject_text(answer)
        if text == accepted:
            return Score(0.5, True, "the same text as the accepted answer", {"winner": "tie"})
        asked = [self._compared(answer, answer.tools, text, accepted, number) for number in numbers]
        return self._won(_ballot(await asyncio.gather(*asked, return_exceptions=True)))

    def variables(self, answer: Answer) -> dict[str, Any]:
        """What the judge's prompt gets for an answer. Raises ScoringError."""
        return {"output": fence(subject_text(answer)), **self._around(answer)}

    async def ballot(self, answer: Answer, tools: ScoringTools, numbers: Sequence[int]) -> Ballot:
        """Ask for the votes of these numbers. Raises ScoringError only where the answer cannot be shown."""
        variables = self.variables(answer)
        asked = [self._vote(tools, variables, number, answer.key) for number in numbers]
        return _ballot(await asyncio.gather(*asked, return_exceptions=True))

    def counted(self, ballot: Ballot) -> Score:
        """The score that the votes make together. Raises ScoringError where too few are valid."""
        votes = _alike([vote for vote in ballot.votes if vote is not None])
        _require_majority(votes, ballot)
        if votes[0].verdict is None:
            return self._graded(votes, ballot)
        passes = sum(vote.verdict == "pass" for vote in votes)
        if 2 * passes == len(votes):
            raise ScoringError(f"the judge's votes are split, {passes} to {passes}")
        verdict = "pass" if 2 * passes > len(votes) else "fail"
        winner = next(vote for vote in votes if vote.verdict == verdict)
        count = f" ({max(passes, len(votes) - passes)} of {len(votes)} votes)" if self.votes > 1 else ""
        explanation = f"{verdict}{count}: {one_line(winner.rationale, 150)}"
        details = {**_details(winner, ballot), "grades": {}, "verdict": verdict}
        return Score(float(verdict == "pass"), verdict == "pass", explanation, details)

    def summarise(self, scores: Sequence[Score]) -> Metrics:
        """The rate of passes, or of wins; for grades their mean, too."""
        if self.compare_to is not None:
            return summarise_pairs(scores)
        return summarise_scores(scores, self.scale, grades=bool(self.criteria) or self.pass_at is not None)

    def reading(self) -> dict[str, Any]:
        """What decides how its replies count, beside the prompt and the model, as JSON values."""
        criteria = dict(self.criteria) if isinstance(self.criteria, Mapping) else list(self.criteria)
        return {
            "scale": list(self.scale),
            "pass_at": self.pass_at,
            "criteria": criteria,
            "votes": self.votes,
            "vars": dict(self.vars),
        }

    def passes_from(self) -> float:
        """The grade from which an answer passes."""
        return math.ceil(sum(self.scale) / 2) if self.pass_at is None else self.pass_at

    def _given(self) -> tuple[str, ...]:
        judged = ("output",) if self.compare_to is None else ("first", "second")
        return (*judged, "input", "expected", *(("criteria",) if self.criteria else ()))

    def _around(self, answer: Answer) -> dict[str, Any]:
        criteria = {"criteria": criteria_for_prompt(self.criteria)} if self.criteria else {}
        return {
            "input": user_text(answer.messages),
            "expected": answer.expected,
            **criteria,
            **self.vars,
        }

    async def _vote(
        self, tools: ScoringTools, variables: Mapping[str, Any], number: int, of: TrialKey
    ) -> tuple[Vote, JudgeReply]:
        reply = await tools.ask_judge(self.prompt, variables, number, of)
        try:
            return self._read(reply.response.text), reply
        except ScoringError as error:
            raise _unusable(error, reply) from error

    def _read(self, text: str) -> Vote:
        vote = read_vote(text, self.scale, tuple(self.criteria))
        if vote.verdict is not None and self.pass_at is not None:
            raise ScoringError(f"gave a 'verdict', but 'pass_at: {self.pass_at:g}' needs a grade")
        return vote

    async def _compared(
        self, answer: Answer, tools: ScoringTools, text: str, accepted: str, number: int
    ) -> tuple[Vote, JudgeReply]:
        """One vote: both orders, and a tie where they disagree (position bias: arXiv:2306.05685)."""
        ours, theirs = fence(text, accepted), fence(accepted, text)
        said = []
        for first, second in ((ours, theirs), (theirs, ours)):
            variables = {"first": first, "second": second, **self._around(answer)}
            reply = await tools.ask_judge(self.prompt, variables, number, answer.key)
            try:
                said.append(read_winner(reply.response.text))
            except ScoringError as error:
                raise _unusable(error, reply) from error
        found = {"first": ("win", "loss"), "second": ("loss", "win"), "tie": ("tie", "tie")}
        results = [found[vote.verdict or ""][place] for place, vote in enumerate(said)]
        result = results[0] if results[0] == results[1] else "tie"
        agreed = "" if results[0] == results[1] else "the two orders disagree: "
        return Vote(f"{agreed}{said[0].rationale}", result), reply

    def _won(self, ballot: Ballot) -> Score:
        votes = [vote for vote in ballot.votes if vote is not None]
        _require_majority(votes, ballot)
        worth = {"loss": 0.0, "tie": 0.5, "win": 1.0}
        middle = median(worth[vote.verdict or ""] for vote in votes)
        value = middle if middle in worth.values() else 0.5  # between two of them nothing is decided
        result = next(name for name, points in worth.items() if points == value)
        spoken = next((vote for vote in votes if vote.verdict == result), votes[0])
        words = {"loss": "worse than", "tie": "as good as", "win": "better than"}
        explanation = f"{words[result]} the accepted answer: {one_line(spoken.rationale, 150)}"
        return Score(value, value > 0, explanation, {**_details(spoken, ballot), "winner": result})

    def _graded(self, votes: Sequence[Vote], ballot: Ballot) -> Score:
        low, high = self.scale
        grades = median_grades(votes)
        grade = sum(grades.values()) / len(grades)
        spoken = min(votes, key=lambda vote: abs(vote.grade - grade))
        pass_at = self.passes_from()
        parts = ", ".join(f"{name} {value:g}" for name, value in grades.items())
        named = f"grade {grade:.3g}" + (f" ({one_line(parts, 80)})" if self.criteria else "")
        count = f", median of {len(votes)} votes" if self.votes > 1 else ""
        scale = f"{self._range()}, passes at {pass_at:g}{count}"
        explanation = f"{named} of {scale}: {one_line(spoken.rationale, 120)}"
        value = min(1.0, max(0.0, (grade - low) / (high - low)))
        details = {**_details(spoken, ballot), "grades": grades}
        return Score(value, grade >= pass_at, explanation, details)

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


def _unusable(error: ScoringError, reply: JudgeReply) -> ScoringError:
    said = one_line(reply.response.text, 120)
    return ScoringError(f"the judge {error}; it replied: {said or 'nothing'}")


def _ballot(found: Sequence[tuple[Vote, JudgeReply] | BaseException]) -> Ballot:
    votes: list[Vote | None] = []
    missing: list[str] = []
    identity: Mapping[str, Any] = {}
    calls: list[str] = []
    for one in found:
        if isinstance(one, ScoringError):
            votes.append(None)
            missing.append(str(one))
        elif isinstance(one, BaseException):
            raise one
        else:
            votes.append(one[0])
            identity = one[1].identity
            calls += [one[1].call] if one[1].call else []
    return Ballot(tuple(votes), tuple(missing), identity, tuple(calls))


def _alike(votes: list[Vote]) -> list[Vote]:
    """Verdicts and grades cannot be counted together: those of the more frequent kind."""
    verdicts = [vote for vote in votes if vote.verdict is not None]
    grades = [vote for vote in votes if vote.verdict is None]
    return verdicts if len(verdicts) > len(grades) else grades


def _require_majority(votes: Sequence[Vote], ballot: Ballot) -> None:
    asked = len(ballot.votes)
    if 2 * len(votes) > asked:
        return
    reason = (
        ballot.missing[0] if ballot.missing else "the judge gave verdicts in some votes, grades in others"
    )
    if asked == 1:
        raise ScoringError(reason)
    raise ScoringError(f"only {len(votes)} of {asked} votes can be counted; {reason}")


def _details(spoken: Vote, ballot: Ballot) -> dict[str, Any]:
    details: dict[str, Any] = {"rationale": spoken.rationale, "judge": dict(ballot.identity)}
    if ballot.calls:
        details["calls"] = list(ballot.calls)
    if len(ballot.votes) > 1:
        reasons = iter(ballot.missing)
        details["votes"] = [vote.details() if vote else {"missing": next(reasons)} for vote in ballot.votes]
    return details
