"""Taking personal data out of what is written to baselines, runs and reports, and marking where it was."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from llmops_cli.domain.outcome import Outcome
from llmops_cli.domain.scoring import Score

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_PHONE = re.compile(r"(?<![\w-])(?:\+|00)?\(?\d{1,4}\)?(?:[ ./-]?\(?\d{2,4}\)?){2,5}(?![\w-])")
_LEAST_PIECE = 4
"""Characters; shorter pieces of a secret are too common to be told from other text."""
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def redact_text(text: str, kinds: Sequence[str]) -> str:
    """The text with every finding replaced by `[email]`, `[card]` or `[phone]`."""
    if "email" in kinds:
        text = _EMAIL.sub("[email]", text)
    if "card" in kinds:
        text = _CARD.sub(lambda m: "[card]" if _luhn(m[0]) else m[0], text)
    if "phone" in kinds:
        text = _PHONE.sub(lambda m: "[phone]" if _is_phone(m[0]) else m[0], text)
    return text


def redact(value: Any, kinds: Sequence[str]) -> Any:
    """The same through lists and mappings; other values stay as they are."""
    if not kinds:
        return value
    if isinstance(value, str):
        return redact_text(value, kinds)
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
    found = _EMAIL.findall(text) if "email" in kinds else []
    found += [m[0] for m in _CARD.finditer(text) if _luhn(m[0])] if "card" in kinds else []
    found += [m[0] for m in _PHONE.finditer(text) if _is_phone(m[0])] if "phone" in kinds else []
    return found


def _without_pieces(text: str, secrets: Sequence[str]) -> str:
    """Explanations shorten what they quote: half an address is taken out as well as a whole one."""
    for secret in secrets:
        for length in range(len(secret), _LEAST_PIECE - 1, -1):
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


def _luhn(number: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B): order numbers are not cards."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _is_phone(found: str) -> bool:
    """7 to 15 digits (ITU-T E.164), written as people write them, and no date."""
    digits = sum(character.isdigit() for character in found)
    written = found.startswith(("+", "00", "0", "(")) or any(mark in found for mark in " ./-")
    return 7 <= digits <= 15 and written and not _ISO_DATE.fullmatch(found)
