"""Reading a mapping strictly: every key that is not asked for is a mistake, and all mistakes are kept."""

import re
from typing import Any

from llmops_cli.errors import Problems, SourceLocation, did_you_mean
from llmops_cli.files.yaml_source import Mapping, Node, Scalar, Sequence, given_as, kind_of, plain

_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h)?\s*")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_SURELY_PERCENT = 5.0
_SHARE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(%)?\s*")


class Fields:
    """One mapping of a file. Asking for a key makes it known; `done` reports the keys nobody asked for.

    The getters return None (or the given default) for a key that is absent, and note a problem for a value
    of the wrong kind.
    """

    def __init__(self, node: Node, problems: Problems, what: str) -> None:
        self.where = node.where
        self.problems = problems
        self.what = what
        self._asked: list[str] = []
        if isinstance(node, Mapping):
            self.mapping = node
        else:
            problems.add(f"{what} must be a mapping, not {kind_of(node)}", node.where)
            self.mapping = Mapping({}, {}, node.where)

    def node(self, key: str) -> Node | None:
        """The value's node; an explicit null counts as absent."""
        self._asked.append(key)
        node = self.mapping.entries.get(key)
        return None if isinstance(node, Scalar) and node.value is None else node

    def has(self, key: str) -> bool:
        """Whether the key is written at all (null included)."""
        self._asked.append(key)
        return key in self.mapping.entries

    def place(self, key: str) -> SourceLocation:
        """Where the value stands, or the mapping where it is absent."""
        node = self.mapping.entries.get(key)
        return node.where if node is not None else self.where

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A string; a number or a boolean is a mistake, so that `id: 007` does not become 7."""
        node = self.node(key)
        if node is None:
            if required:
                self._missing(key)
            return None
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        self._wrong(key, "text", node, "put it in quotes" if isinstance(node, Scalar) else None)
        return None

    def boolean(self, key: str, default: bool = False) -> bool:
        """true or false."""
        node = self.node(key)
        if node is None:
            return default
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self._wrong(key, "true or false", node)
        return default

    def integer(self, key: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
        """A whole number within bounds."""
        node = self.node(key)
        if node is None:
            return default
        if isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool):
            if node.value >= minimum and (maximum is None or node.value <= maximum):
                return node.value
            upper = f" and at most {maximum}" if maximum is not None else ""
            self.problems.add(f"{key!r} must be at least {minimum}{upper}", node.where)
        else:
            self._wrong(key, "a whole number", node)
        return default

    def number(self, key: str, *, minimum: float = 0.0) -> float | None:
        """A number that is not below the minimum."""
        node = self.node(key)
        if node is None:
            return None
        if (
            isinstance(node, Scalar)
            and isinstance(node.value, int | float)
            and not isinstance(node.value, bool)
        ):
            if node.value >= minimum:
                return float(node.value)
            self.problems.add(f"{key!r} must be at least {minimum:g}", node.where)
        else:
            self._wrong(key, "a number", node)
        return None

    def share(self, key: str, *, maximum: float | None = 1.0) -> float | None:
        """A share such as 0.9 or 90%, as a number of 1."""
        node = self.node(key)
        if node is None:
            return None
        value = node.value if isinstance(node, Scalar) and not isinstance(node.value, bool) else None
        match = _SHARE.fullmatch(str(value)) if value is not None else None
        if match is None:
            self._wrong(key, "a share such as 0.9 or 90%", node)
            return None
        share = float(match[1]) / (100 if match[2] else 1)
        if maximum is None and not match[2] and share >= _SURELY_PERCENT:
            self.problems.add(f"{key!r} of {share:g} means {share:.0%}", node.where, f"write {match[1]}%")
            return None
        if maximum is not None and share > maximum:
            self.problems.add(f"{key!r} must lie between 0 and {maximum:.0%}", node.where, f"{match[1]}% ?")
            return None
        return share

    def seconds(self, key: str) -> float | None:
        """A duration such as 60s, 500ms, 2m or a bare number of seconds."""
        node = self.node(key)
        if node is None:
            return None
        value = node.value if isinstance(node, Scalar) and not isinstance(node.value, bool) else None
        match = _DURATION.fullmatch(str(value)) if value is not None else None
        if match is None or float(match[1]) == 0:
            self._wrong(key, "a duration such as 60s or 500ms", node)
            return None
        return float(match[1]) * _SECONDS[match[2]]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; one string alone counts as a list of one."""
        node = self.node(key)
        if node is None:
            return ()
        items = node.items if isinstance(node, Sequence) else [node]
        found = [item.value for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
        if len(found) != len(items):
            self._wrong(key, "text or a list of texts", node)
        return tuple(found)

    def items(self, key: str) -> list[Node]:
        """The nodes of a list; empty where it is absent."""
        node = self.node(key)
        if node is None:
            return []
        if isinstance(node, Sequence):
            return node.items
        self._wrong(key, "a list", node)
        return []

    def entries(self, key: str) -> dict[str, Node]:
        """The nodes of a mapping; empty where it is absent."""
        node = self.node(key)
        if node is None:
            return {}
        if isinstance(node, Mapping):
            return node.entries
        self._wrong(key, "a mapping", node)
        return {}

    def values(self, key: str) -> dict[str, Any]:
        """A mapping as plain values."""
        return {name: plain(node) for name, node in self.entries(key).items()}

    def done(self) -> None:
        """Note every key that nobody asked for."""
        for key, where in self.mapping.keys.items():
            if key not in self._asked:
                message = f"unknown key {key!r} in {self.what}"
                self.problems.add(message, where, did_you_mean(key, list(dict.fromkeys(self._asked))))

    def _missing(self, key: str) -> None:
        self.problems.add(f"{self.what} has no {key!r}", self.where)

    def _wrong(self, key: str, wanted: str, node: Node, hint: str | None = None) -> None:
        self.problems.add(f"{key!r} must be {wanted}, not {given_as(node)}", node.where, hint)
