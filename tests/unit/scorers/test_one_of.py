"""one_of, and its figures over a set."""

from typing import Any

import pytest

from llmops_cli.domain.scoring import Score, ScoringError
from llmops_cli.scorers.one_of import OneOf
from tests.unit.scorers.answers import judge

LABELS = ["yes", "no", "unsure"]


@pytest.mark.parametrize(
    ("value", "subject", "right", "got"),
    [
        (None, " YES\n", True, "yes"),
        (None, "maybe", False, None),
        ("No", "no", True, "no"),
        ("no", "yes", False, "yes"),
        ("no", "well, no", False, None),
    ],
)
def test_one_of(value: Any, subject: str, right: bool, got: str | None) -> None:
    score = judge(OneOf(LABELS, value), subject)
    assert score.passed is right
    assert score.details == {"expected": value and value.lower(), "got": got}


def test_one_of_can_heed_case_and_white_space() -> None:
    assert not judge(OneOf(LABELS, ignore_case=False), "Yes").passed
    assert not judge(OneOf(LABELS, strip=False), "yes\n").passed


def test_one_of_explains() -> None:
    assert judge(OneOf(LABELS, "no"), "yes").explanation == "expected 'no', got 'yes'"
    assert "one of 'yes', 'no', 'unsure'" in judge(OneOf(LABELS), "x").explanation


@pytest.mark.parametrize("value", ["maybe", "", True, ["yes"]])
def test_an_expected_label_must_be_a_label(value: Any) -> None:
    with pytest.raises(ScoringError, match="'value' must be"):
        judge(OneOf(LABELS, value), "yes")


@pytest.mark.parametrize("labels", ["yes", [], ["yes", "Yes "], [1, 2]])
def test_impossible_labels_are_refused_at_once(labels: Any) -> None:
    with pytest.raises(ValueError, match="'labels'"):
        OneOf(labels)


def scores(*pairs: tuple[str, str]) -> list[Score]:
    return [judge(OneOf(LABELS, expected), got) for expected, got in pairs]


def test_the_figures_are_those_worked_out_by_hand() -> None:
    # yes: right 2, given 3, expected 3; no: right 1, given 2, expected 2; one answer is no label
    found = OneOf(LABELS).summarise(
        scores(
            ("yes", "yes"), ("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "yes"), ("unsure", "what?")
        )
    )
    assert found.values == pytest.approx(
        {
            "accuracy": 3 / 6,
            "precision": (2 / 3 + 1 / 2) / 2,  # "unsure" was never given: undefined, left out
            "recall": (2 / 3 + 1 / 2 + 0) / 3,
            "f1": (2 / 3 + 1 / 2 + 0) / 3,
        }
    )
    assert found.header == (
        "expected", "precision", "recall", "f1", "cases", "got yes", "got no", "got unsure", "no label",
    )  # fmt: skip
    assert found.rows == (
        ("yes", "0.667", "0.667", "0.667", "3", "2", "1", "0", "0"),
        ("no", "0.500", "0.500", "0.500", "2", "1", "1", "0", "0"),
        ("unsure", "-", "0.000", "0.000", "1", "0", "0", "0", "1"),
    )


def test_a_label_that_no_one_expected_or_gave_changes_no_mean() -> None:
    found = OneOf(LABELS).summarise(scores(("yes", "yes"), ("no", "no")))
    assert found.values == {"accuracy": 1.0, "precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert found.rows[2][1:5] == ("-", "-", "-", "0")


def test_without_expectations_the_labels_are_counted() -> None:
    scorer = OneOf(LABELS)
    found = scorer.summarise([judge(scorer, text) for text in ("yes", "Yes", "no", "huh")])
    assert found.values == {"valid": 0.75}
    assert found.rows == (("yes", "2"), ("no", "1"), ("unsure", "0"), ("no label", "1"))


def test_nothing_scored_gives_no_figures() -> None:
    assert OneOf(LABELS).summarise([]).values == {}
