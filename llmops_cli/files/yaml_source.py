"""YAML with line and column, read with the core types of YAML 1.2.

`true`/`false`, numbers and null are typed; `no`, `on`, `12:30` and dates are strings, as the core schema of
YAML 1.2.2 (section 10.3) has it and PyYAML's own 1.1 resolver has not. Built from PyYAML's event stream,
without recursion, so that neither deep nesting nor an alias bomb costs more than a look.
"""

import math
import re
from collections.abc import Callable
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
_INDENT = re.compile(r"[ \t]*")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_STRING_TAGS = ("!", "tag:yaml.org,2002:str")
_BLOCK = ("|", ">")
_QUOTING = ("'", '"', *_BLOCK)
_LONGEST_NUMBER = 30


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


def given_as(node: Node) -> str:
    """What a node is, a number as it stands there: where a number was wanted, its kind would say nothing."""
    if (
        not isinstance(node, Scalar)
        or isinstance(node.value, bool)
        or not isinstance(node.value, int | float)
    ):
        return kind_of(node)
    try:
        text = str(node.value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        return kind_of(node)
    return text if len(text) <= _LONGEST_NUMBER else f"{text[:_LONGEST_NUMBER]}…"


def parse_yaml(text: str, path: str) -> Node:
    """The one document of a file. Raises FileError with line and column."""
    import yaml

    loader = yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader
    builder = _Builder(path)
    try:
        for event in yaml.parse(text, Loader=loader):
            take = _TAKES.get(type(event).__name__)
            if take is not None:
                take(builder, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = SourceLocation(path, mark.line + 1, mark.column + 1) if mark else SourceLocation(path)
        message = f"is not valid YAML: {error.problem or error.context}"
        raise FileError(message, where=where, hint=_hint(error, text, mark)) from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise FileError(f"is not valid YAML: {error.reason}", where=SourceLocation(path, line)) from error
    if builder.root is None:
        raise FileError("is empty", where=SourceLocation(path))
    return builder.root


def _hint(error: Any, text: str, mark: Any) -> str | None:
    """What to try where YAML's own words do not say it."""
    line = text.split("\n")[mark.line : mark.line + 1] if mark else []
    wrong = line[0][mark.column : mark.column + 1] if line else ""
    if line and "\t" in _INDENT.match(line[0])[0]:  # type: ignore[index]  # it matches nothing at least
        return "indent with spaces, not with tabs"
    if wrong == "\t":
        return "put a space in place of the tab"
    if error.problem == "found character that cannot start any token":
        return f"put a text that begins with {wrong} in quotes"
    if error.problem == "mapping values are not allowed in this context":
        return "put a text that holds a colon in quotes"
    if error.context == "while scanning a quoted scalar" and error.context_mark:
        return f"the quote opens in line {error.context_mark.line + 1}"
    return None


class _Builder:
    """Folds the events of one document into nodes, with an explicit stack."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root: Node | None = None
        self._here: Sequence | Mapping | None = None
        self._key: str | None = None
        """The key whose value comes next, where `_here` is a mapping."""
        self._around: list[tuple[Sequence | Mapping | None, str | None]] = []
        self._anchors: dict[str, Node] = {}
        self._open_anchors: list[tuple[str, Node]] = []
        self._documents = 0

    def start(self, event: Any) -> None:
        """The beginning of a document."""
        self._documents += 1
        if self._documents > 1:
            raise FileError("holds several YAML documents", where=self._where(event), hint="keep one a file")

    def _where(self, event: Any) -> SourceLocation:
        mark = event.start_mark
        return SourceLocation(self.path, mark.line + 1, mark.column + 1)

    def open_mapping(self, event: Any) -> None:
        """The beginning of a mapping."""
        self._open(event, Mapping({}, {}, self._where(event)))

    def open_sequence(self, event: Any) -> None:
        """The beginning of a list."""
        self._open(event, Sequence([], self._where(event)))

    def _open(self, event: Any, node: Sequence | Mapping) -> None:
        where = node.where
        if len(self._around) >= MAX_DEPTH:
            raise FileError(f"is nested deeper than {MAX_DEPTH} levels", where=where)
        if event.tag is not None and not event.implicit:
            raise FileError(f"the tag {event.tag} is not supported", where=where)
        if self._awaits_key():
            raise FileError(
                "a key must be plain text", where=where, hint="quote a value that starts with { or ["
            )
        self._around.append((self._here, self._key))
        self._here, self._key = node, None
        if event.anchor:
            # an alias inside its own anchor would be endless: the name is known only when the node is closed
            self._anchors.pop(event.anchor, None)
            self._open_anchors.append((event.anchor, node))

    def close(self, _event: Any) -> None:
        """The end of a mapping or list."""
        node = self._here
        assert node is not None
        self._here, self._key = self._around.pop()
        if self._open_anchors and self._open_anchors[-1][1] is node:
            name, _ = self._open_anchors.pop()
            self._anchors[name] = node
        self._place(node, node.where)

    def alias(self, event: Any) -> None:
        """A node that was named before."""
        node = self._anchors.get(event.anchor)
        where = self._where(event)
        if node is None:
            raise FileError(f"unknown alias *{event.anchor}", where=where)
        if self._awaits_key():
            raise FileError("an alias cannot be a key", where=where)
        self._place(node, where)

    def scalar(self, event: Any) -> None:
        """A key or a value."""
        mark = event.start_mark
        line = mark.line + 1
        where = SourceLocation(self.path, line, mark.column + 1)
        if self._key is None and type(self._here) is Mapping:
            self._take_key(event.value, where)
            return
        value, style = event.value, event.style
        plain_style, _ = event.implicit
        if event.tag is not None and event.tag not in _STRING_TAGS and not plain_style:
            raise FileError(f"the tag {event.tag} is not supported", where=where)
        if plain_style and style not in _QUOTING:
            value = _core_type(value, where)
        # a block scalar starts at its `|`; its text starts on the next line
        node = Scalar(value, where, SourceLocation(self.path, line + 1) if style in _BLOCK else where)
        if event.anchor:
            self._anchors[event.anchor] = node
        self._place(node, where)

    def _awaits_key(self) -> bool:
        return self._key is None and type(self._here) is Mapping

    def _take_key(self, key: str, where: SourceLocation) -> None:
        mapping = self._here
        assert isinstance(mapping, Mapping)
        if key in mapping.keys:
            first = mapping.keys[key]
            raise FileError(
                f"duplicate key {key!r}", where=where, hint=f"the first stands in line {first.line}"
            )
        mapping.keys[key] = where
        self._key = key

    def _place(self, node: Node, where: SourceLocation) -> None:
        parent = self._here
        if parent is None:
            self.root = node
            return
        if type(parent) is Sequence:
            parent.items.append(node)
        else:
            key = self._key
            assert isinstance(parent, Mapping)
            assert key is not None
            parent.entries[key] = node
            self._key = None
        parent.size += node.size
        if parent.size > MAX_NODES:
            raise FileError("its aliases stand for too many values", where=where)


_TAKES: dict[str, Callable[[_Builder, Any], None]] = {
    "ScalarEvent": _Builder.scalar,
    "AliasEvent": _Builder.alias,
    "MappingStartEvent": _Builder.open_mapping,
    "SequenceStartEvent": _Builder.open_sequence,
    "MappingEndEvent": _Builder.close,
    "SequenceEndEvent": _Builder.close,
    "DocumentStartEvent": _Builder.start,
}
"""What takes an event, by the name of its class."""


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
