"""The identity of a ruler: when it changes, recorded answers are scored anew, not compared by old marks."""

from collections.abc import Callable, Mapping
from typing import Any

from llmops_cli.domain.canonical import digest_of
from llmops_cli.domain.evalset import Case, ScorerSpec
from llmops_cli.domain.tree import FileTree
from llmops_cli.files.python_sources import python_digest

DIGEST_LENGTH = 16
"""Hexadecimal digits of a scorer's digest: many of them stand in each baseline line."""


class ScorerIdentities:
    """Digests of name, arguments and code version; for judges and project code of what they use, too."""

    def __init__(self, tree: FileTree, judge_identity: Callable[[str], Mapping[str, Any]]) -> None:
        self._tree = tree
        self._judge_identity = judge_identity
        self._of_spec: dict[int, dict[str, Any]] = {}
        self._digests: dict[tuple[int, str], str] = {}

    def digest(self, spec: ScorerSpec, case: Case, value: Any) -> str:
        """The digest of a scorer for one case; `value` is its rendered `value` argument."""
        # id() is safe as a key: the evalset keeps its specs alive as long as this object lives
        parts = self._of_spec.get(id(spec))
        if parts is None:
            parts = self._of_spec[id(spec)] = self._spec_parts(spec)
        if spec.type in ("judge", "python"):  # they see all of the case
            value = [value, case.expected, dict(case.vars)]
        elif value is None or isinstance(value, str):
            return self._quick(spec, parts, value)
        return digest_of([parts, value])[:DIGEST_LENGTH]

    def _quick(self, spec: ScorerSpec, parts: dict[str, Any], value: str | None) -> str:
        """Most scorers have the same value in every case."""
        key = (id(spec), repr(value))
        if key not in self._digests:
            self._digests[key] = digest_of([parts, value])[:DIGEST_LENGTH]
        return self._digests[key]

    def _spec_parts(self, spec: ScorerSpec) -> dict[str, Any]:
        literal = getattr(spec.scorer, "literal_value", False)
        arguments = {key: value for key, value in spec.arguments.items() if literal or key != "value"}
        parts: dict[str, Any] = {
            "type": spec.type,
            "version": getattr(type(spec.scorer), "version", 1),
            "arguments": arguments,
            "of": spec.of,
            "not": spec.negate,
        }
        if spec.type == "judge":
            parts["judge"] = dict(self._judge_identity(str(spec.arguments.get("prompt"))))
        if spec.type == "python":
            parts["source"] = python_digest(self._tree, str(spec.arguments.get("value")))
        return parts
