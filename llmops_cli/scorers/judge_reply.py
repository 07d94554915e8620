"""What a judge replied, read strictly: whatever is no verdict in the form asked for is no vote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from llmops_cli.domain.scoring import ScoringError
from llmops_cli.scorers.json_text import NotJsonError, parse_json
from llmops_cli.scorers.text import kind_of, show

RATIONALES = ("rationale", "justification")
RESERVED = (*RATIONALES, "verdict", "score", "winner")
WINNERS = ("first", "second", "tie")
_VERDICTS = ("pass", "fail")


@dataclass(frozen=True, slots=True)
class Vote:
    """One reply: a rationale with either a verdict or grades by name (`score`, or each criterion)."""

    rationale: str
    verdict: str | None = None
    grades: Mapping[str, float] = field(default_factory=dict)

    @property
    def grade(self) -> float:
        """The mean grade; only of a vote that has grades."""
        return sum(self.grades.values()) / len(self.grades)

    @property
    def word(self) -> str:
        """The verdict or the grade, for a person."""
        return self.verdict or f"{self.grade:.3g}"

    def details(self) -> dict[str, Any]:
        """The vote as a Score keeps it."""
        said = {"verdict": self.verdict} if self.verdict else {"grades": dict(self.grades)}
        return {"rationale": self.rationale, **said}


def read_vote(text: str, scale: Sequence[float], criteria: Sequence[str]) -> Vote:
    """The vote in a reply. Raises ScoringError, worded to follow "the judge"."""
    reply, rationale, keys = _parts(text)
    if criteria:
        return Vote(rationale, grades=_grades(reply, keys, criteria, scale))
    if len(keys) != 1 or keys[0] not in ("verdict", "score"):
        raise ScoringError(_wrong_keys(keys, "'verdict' or 'score'"))
    if keys == ["score"]:
        return Vote(rationale, grades=_grades(reply, keys, keys, scale))
    return Vote(rationale, _one_of(reply["verdict"], "the verdict", _VERDICTS))


def read_winner(text: str) -> Vote:
    """A comparison's reply, its `verdict` one of WINNERS. Raises ScoringError as `read_vote` does."""
    reply, rationale, keys = _parts(text)
    if keys != ["winner"]:
        raise ScoringError(_wrong_keys(keys, "'winner'"))
    return Vote(rationale, _one_of(reply["winner"], "the winner", WINNERS))


def median_grades(votes: Sequence[Vote]) -> dict[str, float]:
    """The median of each grade by itself."""
    return {name: median(vote.grades[name] for vote in votes) for name in votes[0].grades}


def _one_of(value: Any, what: str, known: Sequence[str]) -> str:
    if value not in known:
        *others, last = [f"'{word}'" for word in known]
        raise ScoringError(f"gave {what} {show(value, 40)}; expected {', '.join(others)} or {last}")
    return str(value)


def _grades(
    reply: Mapping[str, Any], keys: Sequence[str], wanted: Sequence[str], scale: Sequence[float]
) -> dict[str, float]:
    low, high = scale
    if set(keys) != set(wanted):
        raise ScoringError(_wrong_keys(keys, ", ".join(f"'{name}'" for name in wanted)))
    for name in wanted:
        grade = reply[name]
        if isinstance(grade, bool) or not isinstance(grade, int | float):
            raise ScoringError(f"gave {kind_of(grade)} as {show(name, 40)}; expected a number")
        if not low <= grade <= high:
            on = f"on a scale of {low:g} to {high:g}"
            raise ScoringError(f"gave {show(grade, 20)} as {show(name, 40)} {on}")
    return {name: reply[name] for name in wanted}


def _parts(text: str) -> tuple[dict[str, Any], str, list[str]]:
    """The reply, its reasoning, and the keys that are left."""
    try:
        reply = parse_json(text, fenced=True)
    except NotJsonError as error:
        raise ScoringError(f"did not reply with one JSON object ({error})") from error
    if not isinstance(reply, dict):
        raise ScoringError(f"replied with {kind_of(reply)}, not with one JSON object")
    named = [key for key in reply if key in RATIONALES]
    if len(named) != 1:
        raise ScoringError(
            "gave no 'rationale'" if not named else "gave both 'rationale' and 'justification'"
        )
    if next(iter(reply)) != named[0]:
        # a verdict written first was not reasoned out: the rationale only defends it
        raise ScoringError(f"gave its verdict before its '{named[0]}'")
    rationale = reply[named[0]]
    if not isinstance(rationale, str):
        raise ScoringError(f"gave {kind_of(rationale)} as '{named[0]}'; expected a text")
    return reply, rationale, [key for key in reply if key != named[0]]


def _wrong_keys(keys: Sequence[str], wanted: str) -> str:
    found = ", ".join(show(key, 40) for key in keys[:5]) or "no verdict"
    return f"gave {found} beside its rationale; expected {wanted}"
