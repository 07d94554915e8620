"""Scorers that only warn: a fall is said, in words that leave no doubt that it decides nothing."""

from dataclasses import replace

import pytest

from llmops_cli.domain.comparison import Comparison, DeltaKind, Side, Status
from llmops_cli.reporters.markdown import format_markdown
from llmops_cli.reporters.terminal import format_terminal
from llmops_cli.reporters.warned import warnings
from tests.support import results


def _comparison(
    before: list[bool], now: list[bool], severity: str = "warn", digest: str = "ab12"
) -> Comparison:
    deltas = []
    for number, (was, is_now) in enumerate(zip(before, now, strict=True)):
        found = results.delta(DeltaKind.UNCHANGED, f"c{number}", number + 10, [True], [True])
        sides = []
        for passed, ruler in ((was, "ab12"), (is_now, digest)):
            tone = replace(results.score(passed, "tone", severity=severity), digest=ruler)
            sides.append(Side((results.outcome(found.case_id, True, more=(tone,)),), True))
        deltas.append(replace(found, base=sides[0], candidate=sides[1]))
    return results.result(deltas, Status.PASS).comparisons[0]


SAID = "warnings: scorer tone 1.00 → 0.00 (does not gate)"


def test_a_fall_is_one_line_in_the_comment_and_at_the_terminal() -> None:
    comparison = _comparison([True, True], [False, False])
    result = replace(results.passing(), comparisons=(comparison,))

    assert warnings(comparison) == [SAID]
    assert f"support/triage: {SAID}" in " ".join(format_terminal(result, 200, color=False).split())
    assert "warnings: scorer tone 1.00 → 0.00 (does not gate)" in format_markdown(result)


@pytest.mark.parametrize(
    "comparison",
    [
        _comparison([True] * 20, [True] * 19 + [False]),
        _comparison([False], [True]),
        _comparison([True], [False], severity="fail"),
        _comparison([True], [False], digest="cd34"),
    ],
    ids=["a twentieth", "rose", "it gates", "another ruler"],
)
def test_there_is_no_line_for_what_fell_little_rose_gates_or_was_measured_otherwise(
    comparison: Comparison,
) -> None:
    assert warnings(comparison) == []
