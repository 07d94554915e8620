"""A run that got no answer: unknown figures are shown as unknown, and what to do next is said."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support import varying
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


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (500, "→ ask what has no answer yet: llmops eval (of a server that is too busy: llmops eval"),
        (429, "→ ask what has no answer yet: llmops eval (of a server that is too busy: llmops eval"),
        (401, "→ when that is mended, ask what has no answer yet: llmops eval"),
    ],
)
def test_a_server_that_refuses_is_no_verdict_with_a_next_step(
    project: Project, fault: int, said: str
) -> None:
    with ModelServer(faults=[fault]) as server:
        served(project, server)
        result = project.llmops("eval")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert said in result.both
    assert "no baseline for greet: only bounds and critical cases decided" in result.both
    assert "accept" not in result.both, "there is nothing to accept"
    assert project.llmops("accept").exit_code == ExitCode.USAGE


def test_the_step_that_is_named_asks_only_what_is_missing(project: Project) -> None:
    with ModelServer(lambda body: "Hello, Ada! Hello, Bob!", faults=[None, 500, None]) as server:
        served(project, server)
        first = project.llmops("eval", "--concurrency", "1")
        again = project.llmops("eval")

    assert "ask what has no answer yet: llmops eval" in first.both
    assert (first.exit_code, again.exit_code) == (ExitCode.INCONCLUSIVE, ExitCode.PASS)
    assert len(server.requests) == 3
    assert "`llmops accept` makes this run the baseline" in again.both
    assert "→ make these answers the baseline: llmops accept" in again.both


def test_a_flip_that_nobody_confirmed_says_how_it_would_be(project: Project) -> None:
    cases = "prompt: p\nscorers: [{equals: right}]\ncases: [{id: c1, vars: {q: question 1}}]\n"
    varying.accepted(project, varying.BY_CHANCE, cases)
    project.edit("prompts/p.yaml", "chance 0.99", "chance 0")

    never = project.llmops("eval", "--confirm", "never")
    asked = project.llmops("eval")

    assert "→ see the messages: llmops render p --evalset p --case c1" in never.both
    assert "→ ask the suspicious cases again until it is clear: llmops eval" in never.both
    assert (never.exit_code, asked.exit_code) == (ExitCode.INCONCLUSIVE, ExitCode.REGRESSION)


def test_a_baseline_that_is_required_and_absent_says_how_to_get_one(project: Project) -> None:
    with ModelServer(lambda body: "Hello, Ada! Hello, Bob!") as server:
        served(project, server)
        project.edit("evalsets/greet.yaml", "scorers:", "gate: {require_baseline: true}\nscorers:")
        result = project.llmops("eval")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "→ make these answers the baseline: llmops accept" in result.both
