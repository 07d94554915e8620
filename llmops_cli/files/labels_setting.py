"""Setting a label in the text of `prompts/labels.yaml`: what is not about that label stays letter for letter.

The places come from what ruamel.yaml composes. What is unusual (anchors, tags, block scalars, several documents)
is not done here: then there is no answer, and `labels_file` writes the file anew.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./:-]*(?<!:)|[0-9][0-9a-f]*[a-df][0-9a-f]*")
"""Texts that need no quotes; a hash such as 0127534e6119 would be read as a number."""
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_QUOTES = ("'", '"')


def set_in(text: str, document: Any, name: str, label: str, parts: Mapping[str, str]) -> str | None:
    """The text with a label that has these parts, and no others; None where that takes more than an insertion.

    `document` is the composed root, or None where there is none. A label that is there keeps its style, its order and
    its comments; a new one is written as the label before it, or as the file's first one.
    """
    if document is None:
        return None
    prompt = _value(document, name)
    target = None if prompt is None else _value(prompt, label)
    if document.id != "mapping" or document.flow_style or not document.value:
        return None
    if prompt is None:
        depth = _depth(document)
        label_depth = next((_depth(node) for _, node in document.value if _is_block(node)), depth + 2)
        block = _first_is_block(document)
        lines = [f"{' ' * depth}{_scalar(name)}:\n", *_entry(label, parts, label_depth, block=block)]
        return _with_lines(text, _end(text, document, depth), lines)
    if target is None:
        if not _is_block(prompt):
            return None
        depth = _depth(prompt)
        lines = _entry(label, parts, depth, block=_is_block(prompt.value[-1][1]))
        return _with_lines(text, _end(text, prompt, depth), lines)
    return _changed(text, target, parts)


def _changed(text: str, target: Any, parts: Mapping[str, str]) -> str | None:
    """The text with other parts in a label that is there. Changes are made from the end, so that places hold."""
    if target.id != "mapping" or not target.value or target.anchor:
        return None
    values = {key.value: value for key, value in target.value}
    block = _is_block(target)
    missing = [f"{key}: {_scalar(part)}" for key, part in parts.items() if key not in values]
    if missing:
        end = target.value[-1][1].end_mark.index
        if block:
            line_end = _line_end(text, end)
            added = "".join(f"\n{' ' * _depth(target)}{part}" for part in missing)
        else:
            line_end, added = end, "".join(f", {part}" for part in missing)
        text = text[:line_end] + added + text[line_end:]
    for place, (key, value) in reversed([*enumerate(target.value)]):
        begin, end = value.start_mark.index, value.end_mark.index
        if key.value in parts:
            if value.id != "scalar" or value.style not in (None, *_QUOTES):
                return None
            if value.value != parts[key.value]:
                text = text[:begin] + _scalar(parts[key.value], value.style) + text[end:]
        elif place == 0:
            return (
                None  # `digest` is in every label, so another one stands first only where people put it there
            )
        elif block:
            begin, end = text.rfind("\n", 0, key.start_mark.index), _line_end(text, end)
            text = text[:begin] + text[end:]
        else:
            text = text[: target.value[place - 1][1].end_mark.index] + text[end:]
    return text


def _entry(label: str, parts: Mapping[str, str], depth: int, *, block: bool) -> list[str]:
    """The lines of a new label."""
    begin = f"{' ' * depth}{_scalar(label)}:"
    pairs = [f"{key}: {_scalar(part)}" for key, part in parts.items()]
    if block:
        return [f"{begin}\n", *(f"{' ' * depth}  {pair}\n" for pair in pairs)]
    return [f"{begin} {{{', '.join(pairs)}}}\n"]


def _with_lines(text: str, place: int, lines: list[str]) -> str:
    before = text[:place]
    if before and not before.endswith("\n"):
        before += "\n"
    return before + "".join(lines) + text[place:]


def _end(text: str, mapping: Any, depth: int) -> int:
    """Where the last entry of a block mapping ends, with the comments that are indented deeper than its key."""
    place = _line_end(text, _last(mapping).end_mark.index)
    while place < len(text):
        following = _line_end(text, place + 1)
        line = text[place + 1 : following]
        if not line.lstrip().startswith("#") or len(line) - len(line.lstrip()) <= depth:
            return place + 1
        place = following
    return place


def _last(node: Any) -> Any:
    """The last scalar, or flow mapping, below a node: a block mapping's own end is where the next thing begins."""
    while _is_block(node):
        node = node.value[-1][1]
    return node


def _line_end(text: str, place: int) -> int:
    found = text.find("\n", place)
    return len(text) if found < 0 else found


def _value(mapping: Any, key: str) -> Any:
    if mapping.id != "mapping":
        return None
    return next((value for own, value in mapping.value if own.value == key), None)


def _is_block(node: Any) -> bool:
    return node.id == "mapping" and not node.flow_style and bool(node.value)


def _first_is_block(document: Any) -> bool:
    targets = [target for _, node in document.value if node.id == "mapping" for _, target in node.value]
    return bool(targets) and _is_block(targets[0])


def _depth(mapping: Any) -> int:
    return int(mapping.value[0][0].start_mark.column)


def _scalar(text: str, style: str | None = None) -> str:
    if style == "'" and "'" not in text:
        return f"'{text}'"
    if style is None and _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
