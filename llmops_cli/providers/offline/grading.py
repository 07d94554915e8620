"""Grades for an answer, from plain signs: shared words, figures that differ, marks of rudeness."""

import re
from dataclasses import dataclass

from llmops_cli.providers.offline.forms import Field
from llmops_cli.providers.offline.instructions import Task
from llmops_cli.providers.offline.text import coverage, haystack, mentions, terms

_RELEVANCE = re.compile(r"relevan|on topic|asked|helpful|complete|address")
_ACCURACY = re.compile(r"accura|correct|fact|faithful|grounded|true|reference")
_TONE = re.compile(r"tone|polite|rude|calm|friendl|respect|manner")
_RUDE = (
    "stupid",
    "idiot",
    "moron",
    "dumb",
    "shut up",
    "fool",
    "pathetic",
    "useless",
    "nonsense",
    "hate you",
    "clueless",
)
_POLITE = (
    "please",
    "thank",
    "thanks",
    "sorry",
    "welcome",
    "glad",
    "gladly",
    "happy to",
    "bitte",
    "danke",
    "merci",
    "gracias",
)
_TURN = ("no wait", "on second thought", "i take that back", "not at all", "scratch that", "correction")
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_STEPS = (0.12, 0.25, 0.4, 0.6)
"""Shares of words from which the second, third, fourth and fifth of five grades is given."""


@dataclass(frozen=True, slots=True)
class Graded:
    """What is graded: the question, the answer, and a reference or given material ("" without any)."""

    question: str
    answer: str
    reference: str


def graded(task: Task) -> Graded:
    """The three parts as the user's message labels them; without labels all of it is the answer."""
    answer = task.section("answer", "response", "reply", "output")
    question = task.section("question", "input", "ticket", "prompt")
    reference = task.section("reference", "expected", "ideal") or "\n".join(p.body for p in task.passages)
    return Graded(question or "", task.data if answer is None else answer, reference)


def grade(criterion: Field, task: Task) -> int:
    """A grade on the criterion's scale; the name decides what is looked at before the description does."""
    parts = graded(task)
    low, high = criterion.span
    grades = {_RELEVANCE: _relevance, _ACCURACY: _accuracy, _TONE: _tone}
    looked = [
        of
        for text in (criterion.name.casefold(), criterion.about)
        for pattern, of in grades.items()
        if pattern.search(text)
    ]
    of_five = looked[0](parts) if looked else round((_relevance(parts) + _accuracy(parts) + _tone(parts)) / 3)
    return low + round((of_five - 1) / 4 * (high - low))


def justify(task: Task) -> str:
    """One sentence on what the grades rest on."""
    parts = graded(task)
    if not parts.answer.strip():
        return "There is no answer to grade."
    asked, said, known = terms(parts.question), terms(parts.answer), terms(parts.reference)
    with_reference = f" and {len(known & said)} of {len(known)} with the reference" if known else ""
    manner = {1: "rude", 2: "harsh", 3: "blunt", 4: "calm", 5: "polite"}[_tone(parts)]
    shared = f"{len(asked & said)} of {len(asked)} words with the question{with_reference}"
    return f"The answer shares {shared}, and its tone is {manner}."


def _step(share: float) -> int:
    return 1 + sum(share >= step for step in _STEPS)


def _relevance(parts: Graded) -> int:
    said = terms(parts.answer)
    if not said:
        return 1
    return _step(coverage(terms(parts.question), said)) if parts.question else 3


def _accuracy(parts: Graded) -> int:
    said = terms(parts.answer)
    if not said:
        return 1
    known = terms(parts.reference)
    mark = _step(coverage(known, said)) if known else min(4, max(2, _relevance(parts)))
    return min(mark, 2) if _contradicts(parts) else mark


def _contradicts(parts: Graded) -> bool:
    """The answer takes itself back, or has figures of its own where the reference has others."""
    prepared = haystack(parts.answer)
    if any(mentions(prepared, turn) for turn in _TURN):
        return True
    given, told = set(_FIGURE.findall(parts.reference)), set(_FIGURE.findall(parts.answer))
    return bool(given and told and not given & told)


def _tone(parts: Graded) -> int:
    prepared = haystack(parts.answer)
    if any(mentions(prepared, word) for word in _RUDE):
        return 1
    letters = [letter for letter in parts.answer if letter.isalpha()]
    shouted = sum(letter.isupper() for letter in letters)
    if (len(letters) > 20 and shouted > len(letters) * 0.6) or "!!" in parts.answer:
        return 2
    if not letters:
        return 3
    return 5 if any(mentions(prepared, word) for word in _POLITE) else 4
