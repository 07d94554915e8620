"""Taking personal data out of what is written to baselines, runs and reports, and marking where it was."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from llmops_cli.domain.outcome import Outcome
from llmops_cli.domain.personal import personal_spans
from llmops_cli.domain.scoring import Score

_LEAST_PIECE = 4
"""Characters; shorter pieces of a secret are too common to be told from other text."""


def redact_text(text: str, kinds: Sequence[str]) -> str:
    """The text with every finding replaced by `[email]`, `[card]` or `[phone]`."""
    parts, at = [], 0
    for start, end, kind in personal_spans(text, kinds):
        parts += [text[at:start], f"[{kind}]"]
        at = end
    return "".join([*parts, text[at:]])


def redact(value: Any, kinds: Sequence[str]) -> Any:
    """The same through lists and mappings, and for whole numbers; other values stay as they are."""
    if not kinds:
        return value
    if isinstance(value, str):
        return redact_text(value, kinds)
    if isinstance(value, int) and personal_spans(str(value), kinds):  # a card's number as a call's argument
        return redact_text(str(value), kinds)
    if isinstance(value, dict):
        return {key: redact(item, kinds) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(redact(item, kinds) for item in value)
    return value


def redact_outcome(outcome: Outcome, kinds: Sequence[str]) -> Outcome:
    """An outcome whose answer and explanations are redacted; the scores themselves stand."""
    if not kinds:
        return outcome
    response = outcome.response
    secrets = findings(response.text, kinds) if response is not None else []
    if response is not None:
        calls = tuple(replace(call, arguments=redact(call.arguments, kinds)) for call in response.tool_calls)
        response = replace(response, text=redact(response.text, kinds), tool_calls=calls)
    scores = tuple(
        replace(named, failure=redact(named.failure, kinds), score=_redact_score(named.score, kinds, secrets))
        for named in outcome.scores
    )
    return replace(outcome, response=response, scores=scores)


def findings(text: str, kinds: Sequence[str]) -> list[str]:
    """What would be redacted in a text."""
    return [text[start:end] for start, end, _ in personal_spans(text, kinds)]


def _without_pieces(text: str, secrets: Sequence[str]) -> str:
    """Explanations shorten what they quote: half an address is taken out as well as a whole one."""
    for secret in secrets:
        for length in range(min(len(secret), len(text)), _LEAST_PIECE - 1, -1):
            text = text.replace(secret[:length], "[redacted]").replace(secret[-length:], "[redacted]")
    return text


def _redact_score(score: Score | None, kinds: Sequence[str], secrets: Sequence[str]) -> Score | None:
    if score is None:
        return None
    explanation = _without_pieces(redact(score.explanation, kinds), secrets)
    details = redact(dict(score.details), kinds)
    if "calls" in score.details:  # names of calls are no texts: which replies are one must stay
        details["calls"] = score.details["calls"]
    return replace(score, explanation=explanation, details=details)
