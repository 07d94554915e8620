"""What a judge's rate rests on, told by calls; and every way in which it cannot be corrected."""

from dataclasses import replace

import pytest

from llmops_cli.comparison.judge_figures import Reading, calibrated, corrected, rate_of, reading_of, units_of
from llmops_cli.domain.calibration import Calibration
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import Score

KNOWN = Calibration("judges/kind", {}, {}, "2026-01-02", "verdict", 40, 0, 0.9, 0.75, 18, 3, 17, 2)


def _reading(case: str, answer: str, *replies: str, positive: bool = True) -> Reading:
    return Reading(case, answer, replies, positive)


def _outcome(text: str, call: str | None, fingerprint: str = "f1") -> Outcome:
    return Outcome("a", "default", 1, fingerprint, Source.CALLED, Response(text, call_id=call))


def test_one_answer_with_one_reply_counts_once_however_many_trials_it_stands_for() -> None:
    same = [_reading(case, f"answer to {case}", f"reply on {case}") for case in "abc" for _ in range(5)]

    assert units_of(same) == 3
    assert units_of(same[:5]) == 1
    assert units_of([]) == 0


def test_equal_texts_of_several_calls_are_several_answers() -> None:
    words = [True, False, True, False]
    alike = [_reading(case, f"{case}{n}", positive=word) for case in "abcd" for n, word in enumerate(words)]

    assert 10 < units_of(alike) < 16
    assert units_of([replace(one, answer=one.case) for one in alike]) == 4
    assert reading_of(_outcome("yes", "c1"), Score(1, True), "a", positive=True) != reading_of(
        _outcome("yes", "c2"), Score(1, True), "a", positive=True
    )


def test_without_a_call_the_same_request_has_the_same_answer() -> None:
    found = {
        reading_of(_outcome(text, None, request), Score(1, True), "a", positive=True).answer
        for text, request in (("yes", "f1"), ("yes", "f1"), ("no", "f1"), ("yes", "f2"))
    }

    assert len(found) == 3


def test_a_reply_is_known_by_the_calls_behind_its_votes() -> None:
    score = Score(1, True, "", {"calls": ["v1", "v2"]})

    assert reading_of(_outcome("yes", "c1"), score, "a", positive=True) == _reading("a", "c1", "v1", "v2")
    assert reading_of(_outcome("yes", "c1"), Score(1, True), "a", positive=False).replies == ()


def test_cases_that_share_an_answer_or_a_reply_are_one() -> None:
    apart = [_reading(case, f"of {case}") for case in "abcd"]
    by_reply = [_reading(case, f"of {case}", "reply") for case in "abcd"]
    by_answer = [_reading(case, "answer", f"reply on {case}") for case in "abcd"]
    chain = [
        _reading("a", "1", "r"),
        _reading("b", "2", "r"),
        _reading("b", "3", "s"),
        _reading("c", "4", "s"),
    ]

    assert [units_of(found) for found in (apart, by_reply, by_answer)] == [4, 1, 1]
    assert units_of(chain) == 1


def test_a_rate_counts_what_its_answers_are_worth() -> None:
    whole, less = rate_of(9, 10, 10), rate_of(90, 100, 10)

    assert whole == less is not None
    assert whole is not None
    assert (whole.value, whole.low, whole.high) == pytest.approx((0.9, 0.5549839, 0.9974714))
    assert rate_of(0, 0, 0) is None


def test_the_correction_and_its_mirror_image() -> None:
    found, why = corrected(KNOWN, 30, 50, 50)
    other, _ = corrected(KNOWN, 20, 50, 50, negated=True)

    assert found is not None
    assert other is not None
    assert found.value == pytest.approx((0.6 + 0.85 - 1) / (0.9 + 0.85 - 1))
    assert why == ""
    mirrored = (1 - other.value, 1 - other.high, 1 - other.low)
    assert mirrored == pytest.approx((found.value, found.low, found.high))


@pytest.mark.parametrize(
    ("known", "of", "negated", "why"),
    [
        (KNOWN, 0, False, "it judged no answer"),
        (replace(KNOWN, true_fail=0, false_pass=0), 5, False, "no label of its calibration says fail"),
        (replace(KNOWN, true_fail=0, false_pass=0), 5, True, "no label of its calibration says fail"),
        (replace(KNOWN, true_pass=0, false_fail=0), 5, False, "no label of its calibration says pass"),
        (
            replace(KNOWN, true_pass=5, false_fail=5, true_fail=5, false_pass=5),
            5,
            False,
            "on its labels it was no better than chance (sensitivity 0.50 + specificity 0.50)",
        ),
    ],
)
def test_why_there_is_no_correction(known: Calibration, of: int, negated: bool, why: str) -> None:
    assert corrected(known, of, of, float(of), negated=negated) == (None, why)


def test_a_calibration_of_grades_corrects_by_the_grade_that_passes() -> None:
    by_verdict, by_grade = (
        corrected(replace(KNOWN, labels=kind), 30, 50, 50) for kind in ("verdict", "grade")
    )

    assert by_verdict == by_grade
    assert calibrated(KNOWN).caution == ""
    assert calibrated(replace(KNOWN, true_fail=2, false_pass=1)).caution.startswith("only 3 of 40 labels")
