"""Which question a test of the set answers is said where it is another one than of these cases."""

from dataclasses import replace

import pytest

from llmops_cli.domain.statistics import SetTest, Statistics
from llmops_cli.reporters.summary import statistics
from tests.support import results


@pytest.mark.parametrize(
    ("clusters", "said"),
    [
        (20, "would new cases show it (each case by itself): pass rate −"),
        (5, "would new cases show it (20 cases in 5 clusters): pass rate −"),
        (None, "pass rate −"),
    ],
)
def test_generalise_says_that_it_asks_of_new_cases(clusters: int | None, said: str) -> None:
    found = SetTest("pass rate", "any", 0.1, 0.2, 0.01, 0.01, worse=True, clusters=clusters)

    comparison = replace(
        results.passing().comparisons[0], deltas=(), statistics=Statistics(20, (found,), None)
    )

    assert statistics(comparison)[0].startswith(said)
