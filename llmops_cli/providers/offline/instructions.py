"""What the rendered messages ask for: read from their plain words, and from nothing else.

Instructions are taken from the system messages. Only where these give none does the user's message count as
instruction too (a prompt of a single message); so a ticket or a question cannot give orders beside a system
message.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmops_cli.domain.request import Message
from llmops_cli.providers.offline.forms import Field, Form, read_form, read_json_keys, scale, schema_keys
from llmops_cli.providers.offline.material import Passage, Section, read_passages, read_sections, strip_label
from llmops_cli.providers.offline.rules import Rule, read_default, read_labels, read_rules
from llmops_cli.providers.offline.text import clean

CONTEXT = 64_000
"""Characters of one message that are read: its beginning and its end, half each."""
LONGEST_LINE = 2_000
"""Longer lines are data; no instruction is looked for in them, so that no pattern runs long."""

_COUNTS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "ten": 10,
    "twelve": 12,
    "twenty": 20,
}
_LIMIT = re.compile(
    r"\b(at most|no more than|not more than|up to|(?:a )?maximum of|under|fewer than|less than|within|in)\s+"
    rf"(\d{{1,4}}|{'|'.join(_COUNTS)})\s+(words?|sentences?)\b",
    re.IGNORECASE,
)
_SCOPE = re.compile(
    r"\b(?:only answer|answer only|only reply to|reply only to)\s+(?:to\s+)?(?:questions?\s+)?"
    r"(?:that\s+)?(?:about|on|regarding|concerning|concern)\s+([^.;:\n\"“]+)",
    re.IGNORECASE,
)
_SCOPE_END = re.compile(r",?\s+\b(?:from|using|with|based|as|in|given|and nothing)\b.*", re.IGNORECASE)
_REFUSAL = re.compile(
    r"\b(?:otherwise|anything else|everything else|any other|other (?:questions?|topics?|subjects?)|"
    r"off[- ]topic|out of scope)\b"
    r"[^\"“«\n]{0,80}[\"“«]([^\"”»\n]{1,400})[\"”»]",
    re.IGNORECASE,
)
_CITE = re.compile(
    r"\b(?:cite|citing|(?:name|give) the (?:article|passage|source|section|rule))\b",
    re.IGNORECASE,
)
_GRADE = re.compile(
    r"\b(?:grade|rate|score)\b\s+([^\d:]{3,120}?),?\s+(?:each\s+)?(?:from\s+|on a scale of\s+)?"
    r"\d{1,2}\s*(?:to|-)\s*\d",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*[-*•]\s+[`*\"]*([\w-]{2,40})[`*\"]*\s*(?:\([^)]*\))?\s*[:–—-]\s*(.+)$")


@dataclass(frozen=True, slots=True)
class Task:
    """Everything the messages ask for, and the text it is asked about. Limits of None mean none was named."""

    data: str = ""
    sections: tuple[Section, ...] = ()
    passages: tuple[Passage, ...] = ()
    form: Form = ()
    keys: tuple[Field, ...] = ()
    labels: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    default: str | None = None
    criteria: tuple[Field, ...] = ()
    scope: str = ""
    refusal: str = ""
    cite: bool = False
    max_words: int | None = None
    max_sentences: int | None = None

    @property
    def instructed(self) -> bool:
        """Whether any instruction was found."""
        asked = (self.form, self.keys, self.labels, self.rules, self.criteria, self.scope, self.cite)
        return any(asked) or self.max_words is not None or self.max_sentences is not None

    def section(self, *roles: str) -> str | None:
        """The first text under a label that holds one of these words; None without such a label."""
        found = [part.text for part in self.sections if any(role in part.label for role in roles)]
        return next(filter(None, found), "") if found else None

    @property
    def question(self) -> str:
        """What is asked: the part labelled so, else all of the user's text."""
        return self.section("question") or self.data


def read_task(messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Task:
    """Read instructions and data from the messages; `schema` is the request's output schema, if any."""
    system = "\n".join(_text(m) for m in messages if m.get("role") in {"system", "developer"})
    user = next((_text(m) for m in reversed(messages) if m.get("role") == "user"), "")
    passages, _ = read_passages(f"{system}\n{user}".split("\n"))
    task, _ = _instructions(system)
    data, alone = user, not task.instructed
    if alone:
        task, data = _instructions(user)
    data_lines = data.split("\n")
    _, cited = read_passages(data_lines)
    rest = "\n".join(line for number, line in enumerate(data_lines) if number not in cited)
    sections = read_sections(rest)
    # in a single message, what stands before the first label is the prompt's own talk
    about = "\n".join(part.text for part in sections) if alone and sections else strip_label(rest)
    keys = schema_keys(schema) or task.keys
    return replace(task, data=about, sections=sections, passages=passages, keys=keys)


def _text(message: Message) -> str:
    content = message.get("content")
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    text = clean(content) if isinstance(content, str) else ""
    return text if len(text) <= CONTEXT else f"{text[: CONTEXT // 2]}\n{text[-CONTEXT // 2 :]}"


def _instructions(text: str) -> tuple[Task, str]:
    """The instructions of a text, and the lines of it that are none."""
    lines = [line if len(line) <= LONGEST_LINE else "" for line in text.split("\n")]
    _, passages = read_passages(lines)
    lines = ["" if number in passages else line for number, line in enumerate(lines)]
    form, form_lines = read_form(lines)
    criteria, criteria_lines = _read_criteria(lines)
    keys, key_lines = read_json_keys(lines, {field.name.casefold(): field for field in criteria})
    rules, rule_lines = read_rules(lines)
    labels, label_rules, label_lines = read_labels(lines)
    refusal, scope = _first(_REFUSAL, lines), _first(_SCOPE, lines)
    limits = _read_limits(lines, form_lines)
    default = read_default(lines, form_lines)
    cite = _first(_CITE, lines)
    task = Task(
        form=form,
        keys=keys,
        labels=labels,
        rules=rules + label_rules,
        default=default,
        criteria=criteria,
        scope=_SCOPE_END.sub("", scope[0]).strip() if scope else "",
        refusal=refusal[0].strip() if refusal else "",
        cite=cite is not None,
        max_words=limits.get("word"),
        max_sentences=limits.get("sentence"),
    )
    used = form_lines | criteria_lines | key_lines | rule_lines | label_lines
    used |= {found[1] for found in (refusal, scope, cite) if found}
    used |= {number for number, line in enumerate(lines) if _LIMIT.search(line) and len(line) < 200}
    rest = [line for number, line in enumerate(text.split("\n")) if number not in used]
    return task, "\n".join(rest).strip()


def _first(pattern: re.Pattern[str], lines: Sequence[str]) -> tuple[str, int] | None:
    for number, line in enumerate(lines):
        match = pattern.search(line)
        if match is not None:
            return (match[1] if pattern.groups else match[0]), number
    return None


def _read_limits(lines: Sequence[str], skip: set[int]) -> dict[str, int]:
    """The tightest limit by unit. "Under N" and its like mean N - 1."""
    limits: dict[str, int] = {}
    for number, line in enumerate(lines):
        for bound, count, unit in _LIMIT.findall("" if number in skip else line):
            most = _COUNTS[count.casefold()] if count.casefold() in _COUNTS else int(count)
            most -= bound.casefold() in {"under", "fewer than", "less than"}
            name = unit.casefold().removesuffix("s")
            limits[name] = max(1, min(most, limits.get(name, most)))
    return limits


def _read_criteria(lines: Sequence[str]) -> tuple[tuple[Field, ...], set[int]]:
    """The criteria to grade by: bullets below a line that names a scale, or listed in one sentence."""
    for number, line in enumerate(lines):
        span = scale(line)
        if span is None or not re.search(
            r"\b(?:grades?|rate|score|criteria|scale|each)\b", line, re.IGNORECASE
        ):
            continue
        found, used = [], {number}
        for at in range(number + 1, len(lines)):
            bullet = _BULLET.match(lines[at])
            if bullet is None:
                break
            found.append(Field(bullet[1], "grade", span=span, hint=bullet[2]))
            used.add(at)
        if found:
            return tuple(found), used
        listed = _GRADE.search(line)
        names = (
            re.split(r",\s*(?:and\s+)?|\s+and\s+", re.sub(r".*\b(?:for|by)\s+", "", listed[1]))
            if listed
            else []
        )
        if names and all(re.fullmatch(r"[\w-]+", name.strip()) for name in names):
            return tuple(Field(name.strip(), "grade", span=span) for name in names), used
    return (), set()
