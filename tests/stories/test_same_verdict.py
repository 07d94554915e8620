"""What `llmops eval` says of answers that vary is what the statistics say of the same answers."""

import pytest

from benchmarks.product import both, python_files
from benchmarks.simulated import Change, World
from llmops_cli.errors import ExitCode


@pytest.mark.parametrize(
    ("world", "change", "expected"),
    [
        (World(20), "unchanged", ExitCode.PASS),
        (World(20), "one breaks", ExitCode.REGRESSION),
        (World(20, 1, 1), "unchanged", ExitCode.PASS),
        (World(20, 1, 1), "10 % break", ExitCode.REGRESSION),
    ],
)
def test_product_and_function_agree_on_the_same_answers(
    world: World, change: Change, expected: ExitCode
) -> None:
    """A few fixed pull requests; `python -m benchmarks.product` has hundreds of each kind."""
    found = both(python_files, world, change, "a fixed seed")

    assert found.exit_code == expected
    assert found.same
