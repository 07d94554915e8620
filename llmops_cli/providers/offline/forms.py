"""The shape an answer is asked for: a line with bracketed slots, or JSON with named keys."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Kind = Literal["text", "choice", "number", "grade", "list", "boolean"]

_SLOT = re.compile(r"\[([^\[\]\n]{1,120})\](?!\()")
_LEAD = re.compile(
    r"\b(?:form|format|template|shape|pattern|layout|like this|as follows|line)\b[^:\[\n]{0,60}:",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\b(\d{1,3})\s*(?:to|-|–|\.\.|and|through)\s*(\d{1,3})\b")
_JSON_KEYS = re.compile(r"\bJSON\b.{0,60}?\b(?:keys?|fields?|properties)\b:?\s*(.+)", re.IGNORECASE)
_KEY = re.compile(r"^[`\"'*]*(\w[\w-]{0,60})[`\"'*]*\s*(?:\((.*)\)|(?:as|:|is|=)\s+(.+))?$")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in: a slot of a form, or a key of a JSON object.

    `hint` is how the prompt describes it; `span` holds the ends of a grade's scale.
    """

    name: str
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    span: tuple[int, int] = (1, 5)
    hint: str = ""

    @property
    def about(self) -> str:
        """Name and description in lower case, to look words up in."""
        return f"{self.name} {self.hint}".casefold()


Form = tuple[str | Field, ...]
"""Literal text and slots, in order."""


def scale(text: str) -> tuple[int, int] | None:
    """The ends of a scale such as "1 to 5", if the text names one."""
    match = _RANGE.search(text)
    if match is None or int(match[1]) >= int(match[2]):
        return None
    return int(match[1]), int(match[2])


def field_of(name: str, hint: str = "") -> Field:
    """A field, its kind guessed from how it is named and described."""
    about = f"{name} {hint}".casefold()
    span = scale(about)
    if span is not None and not re.search(r"\b(?:words?|sentences?|items?)\b", about):
        return Field(name, "grade", span=span, hint=hint)
    choices = split_choices(hint)
    if len(choices) > 1:
        return Field(name, "choice", choices, hint=hint)
    for kind, pattern in _KINDS:
        if re.search(pattern, about):
            return Field(name, kind, hint=hint)
    return Field(name, hint=hint)


_KINDS: tuple[tuple[Kind, str], ...] = (
    ("list", r"\b(?:a list|list of|array|lists)\b"),
    ("boolean", r"\b(?:true|boolean|bool)\b"),
    ("number", r"\b(?:numbers?|integer|integers|amount|count|how many)\b"),
)


def split_choices(text: str) -> tuple[str, ...]:
    """The options of "yes/no" or "low | high"; empty when the text is no such list."""
    parts = [part.strip(" \t`\"'“”") for part in re.split(r"\s*[/|]\s*", text)]
    if len(parts) < 2 or any(not part or len(part.split()) > 3 for part in parts):
        return ()
    return tuple(parts)


def _slot(text: str) -> Field:
    choices = split_choices(text)
    return Field(text, "choice", choices) if choices else field_of(text)


def parse_form(line: str) -> Form:
    """A template line as literals and slots; empty when it holds no slot."""
    parts: list[str | Field] = []
    at = 0
    for match in _SLOT.finditer(line):
        if scale(match[1]) is None and not any(letter.isalpha() for letter in match[1]):
            continue  # "[1]" marks a source, not a slot
        if match.start() > at:
            parts.append(line[at : match.start()])
        parts.append(_slot(match[1].strip()))
        at = match.end()
    if not parts:
        return ()
    return (*parts, line[at:]) if at < len(line) else tuple(parts)


def read_form(lines: Sequence[str]) -> tuple[Form, set[int]]:
    """The answer's form and the numbers of the lines that state it.

    A form stands behind "in this form:" on the same line, or on the lines below one that ends so.
    """
    for number, line in enumerate(lines):
        lead = _LEAD.search(line)
        if lead is None:
            continue
        rest = line[lead.end() :].strip().strip('`"“”')
        if rest:
            form = parse_form(rest)
            if form:
                return form, {number}
            continue
        below = _slot_lines(lines, number + 1)
        if below:
            text = "\n".join(lines[at].strip().strip('`"“”') for at in below)
            return parse_form(text), {number, *below}
    return (), set()


def _slot_lines(lines: Sequence[str], start: int) -> list[int]:
    found: list[int] = []
    for number in range(start, len(lines)):
        if parse_form(lines[number]):
            found.append(number)
        elif found or lines[number].strip(" `"):
            break
    return found


def read_json_keys(lines: Sequence[str], graded: Mapping[str, Field]) -> tuple[tuple[Field, ...], set[int]]:
    """The keys of "answer in JSON with the keys …" in order, or of an example object on a line.

    `graded` are criteria that the prompt describes elsewhere; a key of that name is graded on their scale.
    """
    for number, line in enumerate(lines):
        match = _JSON_KEYS.search(line)
        if match is not None:
            keys = _named_keys(match[1])
            return tuple(
                graded.get(key.name.casefold(), key) if key.kind == "text" else key for key in keys
            ), {number}
        if "json" in line.casefold() and "{" in line:
            keys = _example_keys(line[line.index("{") : line.rindex("}") + 1] if "}" in line else "")
            if keys:
                return tuple(graded.get(key.name.casefold(), key) for key in keys), {number}
    return (), set()


def _named_keys(text: str) -> tuple[Field, ...]:
    listed, _, remark = _cut(text)
    found: list[Field] = []
    for item in re.split(r",\s*(?:and\s+)?(?![^()]*\))|\s+and\s+(?![^()]*\))", listed):
        each = re.match(r"^each\b\s*(.*)", item.strip(), re.IGNORECASE)
        if each:
            found = [field_of(key.name, each[1]) if not key.hint else key for key in found]
            continue
        match = _KEY.match(item.strip())
        if match is None:
            continue
        hint = (match[2] or match[3] or "").strip()
        if re.match(r"(?:each|all)\b", hint, re.IGNORECASE):
            found = [key if key.hint else field_of(key.name, hint) for key in found]
        found.append(field_of(match[1], hint))
    return tuple(_with_remark(key, remark) for key in found)


def _cut(text: str) -> tuple[str, str, str]:
    """The list of keys, and what is said of them behind it."""
    match = re.search(r";|\.(?:\s|$)|,?\s+in (?:this|that) order\b", text)
    if match is None:
        return text, "", ""
    return text[: match.start()], match[0], text[match.end() :]


def _with_remark(key: Field, remark: str) -> Field:
    """Take in a later "tags is a list of words" about a key."""
    said = re.search(rf"\b{re.escape(key.name)}\b\s+(?:is|are|as|holds)\s+([^;.,]+)", remark)
    return field_of(key.name, said[1]) if said and not key.hint else key


def _example_keys(text: str) -> tuple[Field, ...]:
    try:
        example = json.loads(text)
    except ValueError:
        return ()
    return (
        tuple(_field_like(str(name), value) for name, value in example.items())
        if isinstance(example, dict)
        else ()
    )


def _field_like(name: str, value: Any) -> Field:
    if isinstance(value, bool):
        return Field(name, "boolean")
    if isinstance(value, int | float):
        return Field(name, "number")
    if isinstance(value, list):
        return Field(name, "list")
    return field_of(name, value if isinstance(value, str) else "")


def schema_keys(schema: Mapping[str, Any] | None) -> tuple[Field, ...]:
    """The keys of a JSON Schema's properties, in order; what is nested deeper is filled in as text."""
    properties = (schema or {}).get("properties")
    if not isinstance(properties, Mapping):
        return ()
    return tuple(_schema_field(str(name), spec) for name, spec in properties.items())


def _schema_field(name: str, spec: Any) -> Field:
    if not isinstance(spec, Mapping):
        return Field(name)
    plain = Field(name, hint=str(spec.get("description", "")))
    options = spec.get("enum")
    if isinstance(options, Sequence) and not isinstance(options, str) and options:
        return replace(plain, kind="choice", choices=tuple(str(option) for option in options))
    low, high = spec.get("minimum"), spec.get("maximum")
    match spec.get("type"):
        case "integer" if isinstance(low, int) and isinstance(high, int) and low < high:
            return replace(plain, kind="grade", span=(low, high))
        case "integer" | "number":
            return replace(plain, kind="number")
        case "boolean":
            return replace(plain, kind="boolean")
        case "array":
            return replace(plain, kind="list")
    return plain
