"""A run that got no answer: unknown figures are shown as unknown, and what to do next is said."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project

SETTINGS = """\
model: served
run: {{retries: 0}}
models:
  served: {{model: openai/test, api_base: "{url}", price: {{input: 1, output: 1}}}}
"""


def served(project: Project, server: ModelServer) -> None:
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES}
    project.commit("greet", {**files, "llmops.yaml": SETTINGS.format(url=server.url)})


def accepted(project: Project, server: ModelServer) -> None:
    """Both cases on record, with their tokens, price and latency; the prompt was changed since."""
    served(project, server)
    project.llmops("eval")
    assert project.llmops("accept").exit_code == ExitCode.PASS
    project.edit("prompts/greet.yaml", "Greet", "Welcome")


@pytest.mark.parametrize("option", [("--no-calls",), ("--max-cost", "0.000000001"), ()])
def test_the_figures_of_no_answers_are_unknown(project: Project, option: tuple[str, ...]) -> None:
    with ModelServer(lambda body: "Hello, Ada! Hello, Bob!", faults=[None, None, 500, 500]) as server:
        accepted(project, server)
        result = project.llmops("eval", "--format", "json", *option)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    figures = ("tokens", "cost", "latency_p50", "latency_p95")
    assert all(comparison["base"][name] is not None for name in figures)
    assert [comparison["candidate"].get(name) for name in figures] == [None] * 4
    (row,) = [line for line in project.llmops("report").stdout.splitlines() if line.startswith("greet ")]
    assert row.split() == [
        "greet",
        "0/0",
        "of",
        "2",
        "–",
        "–",
        "nothing",
        "to",
        "compare",
        "–",
        "–",
        "–",
        "–",
    ]
