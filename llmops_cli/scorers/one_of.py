"""`one_of`: the answer is one of a few labels, and the right one; precision, recall and F1 over a set."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from llmops_cli.domain.scoring import Answer, Metrics, Score, ScoringError, failed, passed
from llmops_cli.scorers.text import argument_text, fold, shorten, show, subject_text

Pairs = Counter[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The answer is one of the labels and, where `value` gives the expected one, equals it."""

    main: ClassVar[str] = "labels"

    labels: Sequence[str]
    """The labels that are allowed."""
    value: Any = None
    """The expected label; without it any of the labels will do."""
    ignore_case: bool = True
    """Take upper and lower case for the same."""
    strip: bool = True
    """Leave out white space at the start and the end."""

    def __post_init__(self) -> None:
        if isinstance(self.labels, str) or not all(isinstance(label, str) for label in self.labels):
            raise ValueError("'labels' must be a list of texts")
        if not self.labels:
            raise ValueError("'labels' must name at least one label")
        twice = [label for label, n in Counter(map(self._key, self.labels)).items() if n > 1]
        if twice:
            raise ValueError(f"'labels' holds {show(twice[0])} twice")

    def score(self, answer: Answer) -> Score:
        """Full score for the right label. Raises ScoringError where the expected one is no label."""
        expected = self._expected()
        text = subject_text(answer)
        got = self._label(text)
        details = {"expected": expected, "got": got}
        if got is None:
            listed = shorten(", ".join(show(label, 30) for label in self.labels), 100)
            wanted = f"{show(expected)}" if expected is not None else f"one of {listed}"
            return failed(f"expected {wanted}, got {show(text)}, which is no label", **details)
        if expected is not None and got != expected:
            return failed(f"expected {show(expected)}, got {show(got)}", **details)
        return passed(f"got {show(got)}", **details)

    def summarise(self, scores: Sequence[Score]) -> Metrics:
        """Accuracy, macro precision, recall and F1, and the confusion matrix, over the labelled answers.

        The definitions are scikit-learn's `precision_recall_fscore_support` with these labels,
        `average="macro"` and `zero_division=nan`: a figure whose denominator is 0 (the precision of a label
        that was never given) is undefined, stands as "-" in its row, and is left out of the mean. An answer
        that is no label counts against the recall of the expected one. Without any expected label: how
        many answers are a label at all.
        """
        pairs = Counter((s.details["expected"], s.details["got"]) for s in scores if "got" in s.details)
        labelled: Pairs = Counter({pair: n for pair, n in pairs.items() if pair[0] is not None})
        if labelled:
            return _confusion(tuple(self.labels), labelled)
        given = Counter({got: n for (_, got), n in pairs.items()})
        rows = [(label, str(given[label])) for label in self.labels] + [("no label", str(given[None]))]
        valid = {"valid": 1 - given[None] / given.total()} if given else {}
        return Metrics(valid, ("label", "answers"), tuple(rows))

    def _key(self, text: str) -> str:
        return fold(text.strip() if self.strip else text, self.ignore_case)

    def _label(self, text: str) -> str | None:
        key = self._key(text)
        return next((label for label in self.labels if self._key(label) == key), None)

    def _expected(self) -> str | None:
        if self.value is None:
            return None
        text = argument_text(self.value)
        label = self._label(text)
        if label is None:
            raise ScoringError(f"'value' must be one of the labels, got {show(text)}")
        return label


def _confusion(labels: tuple[str, ...], pairs: Pairs) -> Metrics:
    figures: dict[str, list[float]] = {"precision": [], "recall": [], "f1": []}
    rows = []
    for label in labels:
        right = pairs[label, label]
        expected = sum(n for (wanted, _), n in pairs.items() if wanted == label)
        given = sum(n for (_, got), n in pairs.items() if got == label)
        of_label = {
            "precision": _ratio(right, given),
            "recall": _ratio(right, expected),
            "f1": _ratio(2 * right, given + expected),
        }
        for name, figure in of_label.items():
            figures[name] += [] if figure is None else [figure]
        shown = ["-" if figure is None else f"{figure:.3f}" for figure in of_label.values()]
        row = [str(pairs[label, got]) for got in (*labels, None)]
        rows.append((label, *shown, str(expected), *row))
    accuracy = sum(pairs[label, label] for label in labels) / pairs.total()
    means = {name: sum(found) / len(found) for name, found in figures.items() if found}
    header = (
        "expected",
        "precision",
        "recall",
        "f1",
        "cases",
        *(f"got {label}" for label in labels),
        "no label",
    )
    return Metrics({"accuracy": accuracy, **means}, header, tuple(rows))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
