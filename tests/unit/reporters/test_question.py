"""Which question a test of the set answers is said where it is another one than of these cases."""

import pytest

from llmops_cli.domain.comparison import SetTest
from llmops_cli.reporters.summary import _test


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("clustered paired t", "would new cases show it (each case by itself): pass rate −"),
        ("stratified exact", "pass rate −"),
    ],
)
def test_generalise_says_that_it_asks_of_new_cases(method: str, said: str) -> None:
    found = SetTest("pass rate", method, 0.1, 0.2, 0.01, 0.01, worse=True)

    assert _test(found, graded=False).startswith(said)
