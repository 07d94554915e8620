"""The text that a task is about: its labelled sections, and numbered passages that may be cited."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_PASSAGE = re.compile(
    r"^\s*(?:[-*•]\s+)?(?P<label>(?P<kind>[^\W\d_]{1,12}\.?|§+)\s?\d{1,4}(?:[.\-]\d{1,3})*[a-z]?|\[\w{1,6}\]|\d{1,3}(?=[.)]\s))"
    r"\s*[.:)–—-]?\s+(?P<text>\S.*)$"
)
_LABEL = re.compile(
    r"^\s*(?:#+\s*|\*\*|<)?([^\W\d_][^\W_]*(?:[ _-][^\W_]+){0,3})(?:\*\*)?\s*(?::(?:\*\*)?|>)[ \t]*(.*)$"
)
_ROLES = (
    "question",
    "answer",
    "response",
    "reply",
    "reference",
    "expected",
    "ideal",
    "input",
    "output",
    "ticket",
    "prompt",
    "text",
)
MOST_SECTIONS = 20
_TOKEN = re.compile(r"[^\W_]{4,}")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of given material with the label it is cited by, as written ("Art. 5", "§ 3", "[2]")."""

    label: str
    heading: str
    body: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a message under a label, the label in lower case."""

    label: str
    text: str


def read_passages(lines: Sequence[str]) -> tuple[tuple[Passage, ...], set[int]]:
    """Numbered passages, a line each, and their line numbers. One such line alone is no list."""
    matches = [(number, match) for number, line in enumerate(lines) if (match := _PASSAGE.match(line[:4000]))]
    kinds = Counter(_kind(match) for _, match in matches)
    kept = [(number, match) for number, match in matches if kinds[_kind(match)] > 1]
    return tuple(_passage(match) for _, match in kept), {number for number, _ in kept}


def _kind(match: re.Match[str]) -> str:
    return match["kind"] or ("[]" if match["label"].startswith("[") else "1.")


def _passage(match: re.Match[str]) -> Passage:
    heading, colon, body = match["text"].partition(":")
    if not colon or len(heading) > 160:
        heading, body = "", match["text"]
    return Passage(match["label"], heading.strip(), body.strip())


def strip_label(text: str) -> str:
    """A text without the label that introduces it ("Ticket:")."""
    text = text.strip()
    first, _, rest = text.partition("\n")
    match = _LABEL.match(first[:200])
    if match is None or (match[2] and not _is_role(match[1])):
        return text
    return f"{first[match.start(2) :]}\n{rest}".strip()


def read_sections(text: str) -> tuple[Section, ...]:
    """The parts of a text under labels such as "Question:" or "Answer to grade:".

    What stands between two delimiter lines belongs to its section whatever it looks like, so a fenced answer
    cannot open a section of its own.
    """
    lines = text.split("\n")
    found: list[tuple[str, list[str]]] = []
    number, fresh = 0, False
    while number < len(lines):
        line = lines[number]
        end = _fence_end(lines, number) if fresh else None
        match = _LABEL.match(line[:200])
        if end is not None:
            found[-1][1].extend(lines[number + 1 : end])
            number, fresh = end, False
        elif match is not None and _is_role(match[1]) and len(found) < MOST_SECTIONS:
            found.append((match[1].casefold(), [line[match.start(2) :]]))
            fresh = not match[2].strip()
        elif found:
            found[-1][1].append(line)
            fresh = fresh and not line.strip()
        number += 1
    return tuple(Section(label, "\n".join(body).strip()) for label, body in found)


def _is_role(label: str) -> bool:
    return any(role in label.casefold() for role in _ROLES)


def _fence_end(lines: Sequence[str], start: int) -> int | None:
    """The next line that bears the random token of the fence opened at `start`, or its counterpart."""
    opening = lines[start].strip()
    if not 3 <= len(opening) <= 120 or (opening[0].isalnum() and not opening.startswith(("BEGIN", "START"))):
        return None
    tokens = [token for token in _TOKEN.findall(opening) if any(letter.isdigit() for letter in token)]
    if tokens:
        key = max(tokens, key=len)
    elif opening.startswith("<"):
        key = f"</{opening[1:].split()[0].rstrip('>')}"
    else:
        key = opening.replace("BEGIN", "END").replace("START", "END")
    return next(
        (at for at in range(start + 1, len(lines)) if len(lines[at]) <= 120 and key in lines[at]), None
    )
