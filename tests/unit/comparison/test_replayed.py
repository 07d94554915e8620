"""Cases that are answered from the base's own record: known to be unchanged, and no evidence."""

import pytest

from llmops_cli.comparison.classify import classify
from llmops_cli.comparison.replayed import asked, asked_alike, known_unchanged
from llmops_cli.comparison.rule import Compared, Finding, judge
from llmops_cli.comparison.suspects import plans
from llmops_cli.domain.comparison import BaseCase, BaseSide, DeltaKind, Side
from llmops_cli.domain.evalset import Case, PassRule
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import NamedScore, Score
from llmops_cli.errors import SourceLocation
from llmops_cli.stats.intervals import drop_of
from llmops_cli.stats.permutation import GradedCase
from llmops_cli.stats.stratified import Counts, stratified_test

COIN, WORSE, FLIP = Counts(3, 9, 6, 9), Counts(4, 9, 8, 9), Counts(0, 3, 9, 9)
CHANGED = {f"changed {n}": WORSE for n in range(6)}
REPLAYED = {f"replayed {n}": Counts(6, 9, 6, 9) for n in range(54)}


def only(one: Compared) -> Finding:
    (found,) = judge([one])
    return found


def partly(**more: object) -> Compared:
    return Compared("e", {**CHANGED, **REPLAYED}, unchanged=set(REPLAYED), **more)  # type: ignore[arg-type]


def test_replayed_answers_add_no_noise_to_the_test_of_the_set() -> None:
    found = only(partly())
    alone = stratified_test(CHANGED.values()).mid_p

    assert found.tests[0].p == alone < 0.01
    assert only(Compared("e", partly().cases)).tests[0].p > 2 * alone, "as it was counted before"
    assert (found.cases, found.unchanged) == (60, 54)


def test_the_drop_is_that_of_the_whole_set_and_so_is_its_bound() -> None:
    found, few = only(partly()), drop_of(CHANGED.values())
    assert few is not None
    (test,) = found.tests

    assert test.drop == pytest.approx(few.estimate / 10)
    assert test.at_most == pytest.approx(few.at_most / 10)
    assert test.drop == pytest.approx((test.base or 0) - (test.candidate or 0))
    assert test.worse, "4.4 points of the set"
    assert not only(partly(min_effect=0.1)).worse, "though it is 44 points of the changed cases"
    assert found.detectable is not None
    assert found.detectable < 0.1


def test_a_replayed_case_is_never_suspicious_and_takes_no_part_of_alpha() -> None:
    cases = {"changed": FLIP, **{f"replayed {n}": FLIP for n in range(9)}}
    found = plans([Compared("e", cases, unchanged=set(cases) - {"changed"})])

    assert list(found) == [(0, "changed")]
    assert found[0, "changed"].level == pytest.approx(0.009)


def test_where_nothing_was_asked_nothing_is_tested() -> None:
    grades = {name: GradedCase((0.5,), (0.5,)) for name in REPLAYED}
    found = only(Compared("e", REPLAYED, {"q": grades}, unchanged=set(REPLAYED)))

    assert (found.tests, found.suspects, found.unchanged) == ((), (), 54)
    assert not only(Compared("e", REPLAYED, generalise=True, unchanged=set(REPLAYED))).tests


def test_new_cases_from_the_same_source_are_partly_untouched_too() -> None:
    (test,) = only(partly(generalise=True)).tests

    assert test.drop == pytest.approx(6 / 60 * 4 / 9)


def test_a_tag_counts_its_replayed_cases_with_no_drop() -> None:
    tags = dict.fromkeys([*CHANGED, *list(REPLAYED)[:6]], ("t",))
    tags |= dict.fromkeys(list(REPLAYED)[10:20], ("u",))
    replayed, untouched = only(partly(tags=tags)).slices

    assert (replayed.cases, replayed.unchanged) == (12, 6)
    assert replayed.drop == pytest.approx(4 / 9 / 2)
    assert replayed.adjusted_p == replayed.p == stratified_test(CHANGED.values()).mid_p
    assert (untouched.cases, untouched.unchanged, untouched.drop, untouched.adjusted_p) == (10, 10, 0, 1)


def outcome(number: int, source: Source, *, passed: bool, request: str = "r") -> Outcome:
    scores = (NamedScore("s", "s", "fail", score=Score(float(passed), passed)),)
    return Outcome("a", "", number, request, source, Response("x"), scores=scores)


RECORD = tuple(outcome(n, Source.BASELINE, passed=n > 2) for n in range(1, 6))


@pytest.mark.parametrize(
    ("candidate", "kind"),
    [
        (RECORD, DeltaKind.FLAKY),
        (RECORD[:2], DeltaKind.UNCHANGED),
        (tuple(outcome(n, Source.CALLED, passed=False) for n in (1, 2)), DeltaKind.REGRESSED),
        ((RECORD[0], outcome(2, Source.CACHE, passed=False)), DeltaKind.REGRESSED),
    ],
)
def test_a_replayed_case_never_regressed(candidate: tuple[Outcome, ...], kind: DeltaKind) -> None:
    base = BaseSide("the baseline", {"a": BaseCase(RECORD)})
    (delta,) = classify("", [Case("a", SourceLocation("e"))], {"a": candidate}, base, PassRule())

    assert delta.base.passed
    assert delta.kind is kind


def test_of_a_short_record_only_what_was_asked_counts() -> None:
    fresh = outcome(6, Source.CALLED, passed=True)
    both = Side((*RECORD, fresh))

    assert asked(both, Side(RECORD)) == (fresh,)
    assert asked_alike(both, Side(RECORD))
    assert not known_unchanged(both, Side(RECORD))
    assert not asked_alike(both, Side((outcome(1, Source.BASELINE, passed=True, request="other"),)))
