"""`--format cases`: a line for each case, whatever became of it."""

import re
from dataclasses import replace

from llmops_cli.domain.comparison import Status
from llmops_cli.reporters.every_case import NOTE, format_every_case
from tests.support import results


def _row(text: str, case: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if re.match(rf"{case}  ", line)]
    return re.split(r"  +", line)


def test_each_case_has_its_counts_its_class_and_its_p() -> None:
    text = format_every_case(results.everything())

    asked = "1 of 12 fresh trials passed, the base 11 of 12 (p = 0.00012)"
    assert _row(text, "worse") == ["worse", "regressed", "3 of 3", "1 of 3", "0.2", asked]
    assert _row(text, "wobbly") == ["wobbly", "flaky", "3 of 3", "2 of 3", "0.5"]
    assert _row(text, "better") == ["better", "improved", "0 of 1", "1 of 1", "1"]
    assert _row(text, "new-good") == ["new-good", "new", "–", "1 of 1", "–"]
    assert _row(text, "gone") == ["gone", "removed", "1 of 1", "–", "–"]
    assert _row(text, "down") == ["down", "incomparable", "1 of 1", "0 of 0", "–"]
    assert sum("regressed, accepted" in line for line in text.splitlines()) == 1


def test_the_set_and_the_verdict_stand_below() -> None:
    text = format_every_case(results.everything())

    assert text.startswith("support/triage, against the baseline\ncase ")
    assert "\ntrial pass rate −9.5 pts, at most 18.0 pts worse (95 %), p = 0.024\n" in text
    assert NOTE in text
    assert text.index(NOTE) < text.index("\nREGRESSION  2 cases and the set as a whole got worse")
    assert "\n- " in text[text.index("\nREGRESSION") :]


def test_where_nothing_was_asked_again_there_is_no_column_for_it_and_without_p_no_word_of_it() -> None:
    deltas = [replace(one, fresh=None, p=None) for one in results.everything().comparisons[0].deltas]

    text = format_every_case(results.result(deltas, Status.PASS))

    assert "asked again" not in text
    assert NOTE not in text


def test_on_a_narrow_terminal_no_cell_is_lost() -> None:
    text = format_every_case(results.everything(), width=40)

    assert re.search(
        r"^worse\n +class +regressed\n +before +3 of 3\n +now +1 of 3\n +p +0\.2\n", text, re.MULTILINE
    )
