"""What a look at a proof may spend, and says that it spent."""

from llmops_cli.stats.sequential import look, spent
from llmops_cli.stats.stratified import Counts


def test_the_level_that_is_said_is_the_one_that_is_used() -> None:
    found = look([Counts(3, 3, 3, 3)] * 5, 0.1, 0.01)

    assert spent(0.01) < found.level == 1e-9
    assert found.drop is not None
    assert found.drop.confidence == 1 - found.level
