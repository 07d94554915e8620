"""The answer itself: a form, a JSON object, a label or prose, within the limits that the prompt names."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from llmops_cli.providers.offline.choosing import best_passage, choose, in_scope
from llmops_cli.providers.offline.forms import Field
from llmops_cli.providers.offline.grading import grade, justify
from llmops_cli.providers.offline.instructions import Task
from llmops_cli.providers.offline.material import Passage
from llmops_cli.providers.offline.text import limit_words, one_line, sentences, terms

_CITED = re.compile(r"\b(?:article|source|citation|passage|section|paragraph|clause|cited)\b")
_SENTENCE = re.compile(r"sentence|summary|reason|why|justif|explanation|explain|rationale|answer|rule")
_COUNT = re.compile(r"\b(?:at most |up to |max\.? )?(\d{1,3}) words?\b")
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
SENTENCE_WORDS = 30
"""A sentence taken from the data is cut here, so that one slot does not swallow a page."""
PHRASE_WORDS = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer: fixed text of the form, a choice among `options`, or free text."""

    text: str
    kind: Literal["fixed", "choice", "free"] = "free"
    options: tuple[str, ...] = ()


Draft = tuple[Piece, ...]


def text_of(draft: Draft) -> str:
    """The answer as one text."""
    return "".join(piece.text for piece in draft).strip()


def write(task: Task) -> Draft:
    """The answer: a refusal where the question is off the subject, else in the shape that is asked for."""
    if not in_scope(task):
        return (Piece(task.refusal or f"That is not about {task.scope}."),)
    if task.form:
        return _within(
            tuple(Piece(part, "fixed") if isinstance(part, str) else _slot(part, task) for part in task.form),
            task,
        )
    if task.keys:
        values = {key.name: _value(key, task) for key in task.keys}
        return (Piece(json.dumps(values, ensure_ascii=False)),)
    if task.labels:
        return (Piece(choose(task.labels, task).option, "choice", task.labels),)
    return _within((Piece(_prose(task)),), task)


def _within(draft: Draft, task: Task) -> Draft:
    """Cut the free text of a draft to the limits; the form itself stays whole."""
    if task.max_words is None and task.max_sentences is None:
        return draft
    fixed = sum(len(piece.text.split()) for piece in draft if piece.kind != "free")
    room = None if task.max_words is None else max(1, task.max_words - fixed)
    kept: list[Piece] = []
    for piece in draft:
        text = piece.text
        if piece.kind == "free":
            if task.max_sentences is not None:
                text = " ".join(sentences(text)[: task.max_sentences])
            if room is not None:
                text = limit_words(text, room)
                room = max(1, room - len(text.split()))
        kept.append(Piece(text, piece.kind, piece.options))
    return tuple(kept)


def _slot(field: Field, task: Task) -> Piece:
    if field.kind == "choice":
        return Piece(choose(field.choices, task).option, "choice", field.choices)
    value = _value(field, task)
    return Piece(one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))


def _value(field: Field, task: Task) -> Any:
    """What goes into a slot or under a key, by the field's kind and then by how it is described."""
    if field.kind == "choice":
        return choose(field.choices, task).option
    if _CITED.search(field.about):
        passage = best_passage(task)[0]
        return passage.label if passage else "none"
    if field.kind == "grade":
        return grade(field, task)
    if field.kind == "number":
        return _number(task)
    if field.kind == "boolean":
        return choose(("true", "false"), task).option == "true"
    if field.kind == "list":
        return _keywords(task)
    return _text(field, task)


def _text(field: Field, task: Task) -> str:
    count = _COUNT.search(field.about)
    if task.labels and re.search(r"label|category|class|topic", field.about):
        return choose(task.labels, task).option
    if task.criteria and _SENTENCE.search(field.about):
        return justify(task)
    most = int(count[1]) if count else SENTENCE_WORDS if _SENTENCE.search(field.about) else PHRASE_WORDS
    sentence = limit_words(_one_sentence(task), max(1, most))
    return sentence if most >= SENTENCE_WORDS else sentence.rstrip(".")


def _one_sentence(task: Task) -> str:
    """The ground of the choice where there is one, the cited passage, or the first sentence of the data."""
    chosen = _decision(task)
    if chosen:
        return chosen
    passage = best_passage(task)[0]
    if passage is not None:
        return _of_passage(passage, task, most=1)
    return _first_sentence(task.data) or "There is nothing to go by."


def _decision(task: Task) -> str:
    options = next(
        (part.choices for part in (*task.form, *task.keys) if isinstance(part, Field) and part.choices), ()
    )
    options = options or task.labels or (("yes", "no") if task.rules else ())
    reason = choose(options, task).reason if options else ""
    return f"{reason[:1].upper()}{reason[1:]}." if reason else ""


def _first_sentence(text: str) -> str:
    """The first sentence of some length, without characters that would look like a form of its own."""
    found = sentences(text)
    picked = next((sentence for sentence in found if len(sentence.split()) > 3), found[0] if found else "")
    return limit_words(picked, SENTENCE_WORDS)


def _of_passage(passage: Passage, task: Task, most: int) -> str:
    """The sentences of a passage that share most with the question, in their order."""
    asked = terms(task.question)
    found = sentences(passage.body)
    ranked = sorted(range(len(found)), key=lambda at: (-len(terms(found[at]) & asked), at))[:most]
    return " ".join(found[at] for at in sorted(ranked))


def _number(task: Task) -> int | float:
    figure = _FIGURE.search(task.data)
    if figure is None:
        return 0
    return float(figure[0]) if "." in figure[0] else int(figure[0][:15])


def _keywords(task: Task) -> list[str]:
    """Up to three of the data's longest words, in their order."""
    seen = dict.fromkeys(re.findall(r"[^\W\d_]{4,40}", task.data))
    longest = set(sorted(seen, key=lambda word: (-len(word), word))[:3])
    return [word for word in seen if word in longest]


def _prose(task: Task) -> str:
    """What a talker says who was given no form: whole sentences, a citation only where one was asked for."""
    passage = best_passage(task)[0]
    if passage is not None:
        said = _of_passage(passage, task, most=3)
        return f"{said.rstrip('.')} ({passage.label})." if task.cite else said
    if task.passages:
        return "The given text does not say."
    if task.criteria:
        grades = ", ".join(f"{criterion.name} {grade(criterion, task)}" for criterion in task.criteria)
        return f"{justify(task)} I would give these grades: {grades}."
    if task.rules:
        return _decision(task) or f"Nothing in it calls for that. {_first_sentence(task.data)}"
    found = sentences(task.data)[: task.max_sentences or 3]
    return " ".join(found) or "There is nothing to go by."
