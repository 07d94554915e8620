"""YAML with line and column, read with the core types of YAML 1.2.

`true`/`false`, numbers and null are typed; `no`, `on`, `12:30` and dates are strings, as the core schema of
YAML 1.2.2 (section 10.3) has it and PyYAML's own 1.1 resolver has not. Built from PyYAML's event stream,
without recursion, so that neither deep nesting nor an alias bomb costs more than a look.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from llmops_cli.errors import FileError, SourceLocation

MAX_DEPTH = 100
MAX_NODES = 2_000_000
"""Nodes of one file, each alias counted as all it stands for."""

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_STRING_TAGS = ("!", "tag:yaml.org,2002:str")


@dataclass(slots=True)
class Scalar:
    """A string, number, boolean or null. `text_where` is where its own first character stands."""

    value: Any
    where: SourceLocation
    text_where: SourceLocation
    size: int = 1


@dataclass(slots=True)
class Sequence:
    """A list."""

    items: list["Node"]
    where: SourceLocation
    size: int = 1


@dataclass(slots=True)
class Mapping:
    """A mapping; keys are strings, in the file's order, each with its own place."""

    entries: dict[str, "Node"]
    keys: dict[str, SourceLocation]
    where: SourceLocation
    size: int = 1


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> Any:
    """The value without places: dicts, lists and scalars."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


def kind_of(node: Node) -> str:
    """What a node is, in the words of an error message."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    kinds = {str: "text", bool: "true or false", int: "a number", float: "a number", type(None): "nothing"}
    return kinds[type(node.value)]


def parse_yaml(text: str, path: str) -> Node:
    """The one document of a file. Raises FileError with line and column."""
    import yaml

    loader = yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader
    builder = _Builder(path)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event, type(event).__name__)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = SourceLocation(path, mark.line + 1, mark.column + 1) if mark else SourceLocation(path)
        raise FileError(f"is not valid YAML: {error.problem or error.context}", where=where) from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise FileError(f"is not valid YAML: {error.reason}", where=SourceLocation(path, line)) from error
    if builder.root is None:
        raise FileError("is empty", where=SourceLocation(path))
    return builder.root


class _Builder:
    """Folds the events of one document into nodes, with an explicit stack."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root: Node | None = None
        self._stack: list[Sequence | Mapping] = []
        self._pending_keys: list[str | None] = []
        self._anchors: dict[str, Node] = {}
        self._open_anchors: list[tuple[str, Node]] = []
        self._documents = 0

    def take(self, event: Any, kind: str) -> None:
        if kind == "ScalarEvent":
            self._scalar(event)
        elif kind == "AliasEvent":
            self._alias(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._open(event, kind)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._close()
        elif kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise FileError(
                    "holds several YAML documents", where=self._where(event), hint="keep one a file"
                )

    def _where(self, event: Any) -> SourceLocation:
        return SourceLocation(self.path, event.start_mark.line + 1, event.start_mark.column + 1)

    def _open(self, event: Any, kind: str) -> None:
        where = self._where(event)
        if len(self._stack) >= MAX_DEPTH:
            raise FileError(f"is nested deeper than {MAX_DEPTH} levels", where=where)
        if event.tag is not None and not event.implicit:
            raise FileError(f"the tag {event.tag} is not supported", where=where)
        node: Sequence | Mapping = (
            Mapping({}, {}, where) if kind.startswith("Mapping") else Sequence([], where)
        )
        self._expect_no_key(where)
        self._stack.append(node)
        self._pending_keys.append(None)
        if event.anchor:
            # an alias inside its own anchor would be endless: the name is known only when the node is closed
            self._anchors.pop(event.anchor, None)
            self._open_anchors.append((event.anchor, node))

    def _close(self) -> None:
        node = self._stack.pop()
        self._pending_keys.pop()
        if self._open_anchors and self._open_anchors[-1][1] is node:
            name, _ = self._open_anchors.pop()
            self._anchors[name] = node
        self._place(node, node.where)

    def _alias(self, event: Any) -> None:
        node = self._anchors.get(event.anchor)
        where = self._where(event)
        if node is None:
            raise FileError(f"unknown alias *{event.anchor}", where=where)
        if self._awaits_key():
            raise FileError("an alias cannot be a key", where=where)
        self._place(node, where)

    def _scalar(self, event: Any) -> None:
        where = self._where(event)
        if self._awaits_key():
            self._key(event.value, where)
            return
        node = Scalar(self._value(event, where), where, self._text_where(event, where))
        if event.anchor:
            self._anchors[event.anchor] = node
        self._place(node, where)

    def _value(self, event: Any, where: SourceLocation) -> Any:
        plain_style, _ = event.implicit
        if event.tag is not None and event.tag not in _STRING_TAGS and not plain_style:
            raise FileError(f"the tag {event.tag} is not supported", where=where)
        if not plain_style or event.style in ("'", '"', "|", ">"):
            return event.value
        return _core_type(event.value, where)

    def _text_where(self, event: Any, where: SourceLocation) -> SourceLocation:
        # a block scalar starts at its `|`; its text starts on the next line
        return SourceLocation(self.path, (where.line or 0) + 1) if event.style in ("|", ">") else where

    def _awaits_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1], Mapping) and self._pending_keys[-1] is None

    def _expect_no_key(self, where: SourceLocation) -> None:
        if self._awaits_key():
            raise FileError(
                "a key must be plain text", where=where, hint="quote a value that starts with { or ["
            )

    def _key(self, key: str, where: SourceLocation) -> None:
        mapping = self._stack[-1]
        assert isinstance(mapping, Mapping)
        if key in mapping.keys:
            first = mapping.keys[key]
            raise FileError(
                f"duplicate key {key!r}", where=where, hint=f"the first stands in line {first.line}"
            )
        mapping.keys[key] = where
        self._pending_keys[-1] = key

    def _place(self, node: Node, where: SourceLocation) -> None:
        if not self._stack:
            self.root = node
            return
        parent = self._stack[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        else:
            key = self._pending_keys[-1]
            assert key is not None
            parent.entries[key] = node
            self._pending_keys[-1] = None
        parent.size += node.size
        if parent.size > MAX_NODES:
            raise FileError("its aliases stand for too many values", where=where)


def _core_type(text: str, where: SourceLocation) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if not (first.isdigit() or first in "+-."):
        return text
    if _INTEGER.fullmatch(text):
        if len(text) > 4000:
            raise FileError("the number is too long", where=where)
        return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isfinite(number):
            return number
    if _NOT_FINITE.fullmatch(text) or _FLOAT.fullmatch(text):
        raise FileError(f"{text} is not a finite number", where=where, hint="quote it if it is text")
    return text
