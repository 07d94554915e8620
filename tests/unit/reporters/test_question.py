"""Which question a test of the set answers is said where it is another one than of these cases."""

import pytest

from llmops_cli.domain.comparison import SetTest
from llmops_cli.reporters.summary import _test


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

    assert _test(found, 20, graded=False).startswith(said)
