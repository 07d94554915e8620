"""`json_equals`: the answer is the expected JSON value; the differences are listed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from llmops_cli.domain.scoring import Answer, Score, ScoringError, failed, passed
from llmops_cli.scorers.bounds import check_not_negative
from llmops_cli.scorers.json_align import MISSING, Aligner, Place, parse_path
from llmops_cli.scorers.json_text import NotJsonError, json_path, parse_json, plain_json, subject_json
from llmops_cli.scorers.text import show

_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class JsonEquals:
    """The answer is JSON and equals the expected value, whatever the order of keys and the white space.

    1 and 1.0 are equal, 1 and true are not. The explanation lists up to ten differences with their paths.
    """

    main: ClassVar[str] = "value"

    value: Any
    """The expected value; a text that holds a JSON object or array counts as that object or array."""
    ignore_order: bool = False
    """Compare lists without regard to the order of their elements, at every level."""
    ignore_paths: Sequence[str] = ()
    """Places that do not count, such as $.id or items[*].created."""
    tolerance: float | None = None
    """How far apart two numbers may be and still be equal."""
    fenced: bool = False
    """Allow one Markdown fence around the JSON."""

    def __post_init__(self) -> None:
        check_not_negative(tolerance=self.tolerance)
        if isinstance(self.ignore_paths, str):
            raise ValueError("'ignore_paths' must be a list of paths")  # noqa: TRY004
        for path in self.ignore_paths:
            parse_path(path)

    def score(self, answer: Answer) -> Score:
        """Full score for an equal value; an answer that is not JSON fails."""
        expected = self._expected()
        try:
            got = subject_json(answer, fenced=self.fenced)
        except NotJsonError as error:
            return failed(f"not JSON: {error}; got {show(answer.subject)}")
        ignored = tuple(parse_path(path) for path in self.ignore_paths)
        aligned = Aligner(self.ignore_order, self.tolerance, ignored).align(expected, got)
        found = list(_differences(expected, aligned))
        if not found:
            return passed(f"equals {show(expected)}")
        shown = "; ".join(found[:_MOST_SHOWN])
        more = f"; and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
        return failed(shown + more, differences=found[:100])

    def _expected(self) -> Any:
        value = self.value
        try:
            if isinstance(value, str) and value.strip()[:1] in ("{", "["):
                return parse_json(value)
            return plain_json(value)
        except NotJsonError as error:
            if isinstance(value, str):
                return value
            raise ScoringError(f"'value' must be a JSON value: {error}") from error


def _differences(expected: Any, got: Any) -> Iterator[str]:
    """One text a difference, in order of their paths."""
    from deepdiff import DeepDiff

    # zip_ordered_iterables: by position, in time that grows with the length; the default grows with its
    # square. threshold_to_diff_deeper=0: name the keys that differ, not the whole mapping.
    tree = DeepDiff(expected, got, view="tree", zip_ordered_iterables=True, threshold_to_diff_deeper=0)
    found: list[tuple[Place, str]] = []
    for kind, levels in tree.items():
        for level in levels:
            path = tuple(level.path(output_format="list"))
            if kind.endswith("_added"):
                found.append((path, f"not expected, got {show(level.t2)}"))
            elif level.t2 is MISSING:
                found.append((path, f"expected {show(level.t1)}, missing"))
            else:
                found.append((path, f"expected {show(level.t1)}, got {show(level.t2)}"))
    found.sort(key=lambda entry: [(str(k), 0) if isinstance(k, str) else ("", k) for k in entry[0]])
    return (f"{json_path(path)}: {text}" for path, text in found)
