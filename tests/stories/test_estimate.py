"""`eval --estimate`: the price before the run, and no call."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project, greeting_project

ALIAS = 'model: priced\nmodels:\n  priced: {{model: openai/test, api_base: "{url}", price: {{input: 3, output: 15}}}}\n'


def priced(project: Project, url: str) -> Project:
    project.write(
        {"prompts/greet.yaml": GREET + "params: {max_tokens: 100}\n", "evalsets/greet.yaml": TWO_CASES}
    )
    return project.write({"llmops.yaml": ALIAS.format(url=url)})


def test_it_prices_the_run_without_a_call_and_is_never_below_the_bill(project: Project) -> None:
    with ModelServer(reply=lambda _: "Hello, Ada!") as server:
        priced(project, server.url)
        found = project.llmops("eval", "--estimate", "--trials", "3", "--format", "json").json()
        assert server.requests == []
        paid = project.llmops("eval", "--trials", "3", "--format", "json").json()

    outcomes = [
        o for case in paid["evalsets"][0]["comparisons"][0]["cases"] for o in case["candidate"]["outcomes"]
    ]
    bill = sum(outcome["response"]["cost"] for outcome in outcomes)
    assert (found["answers"], found["calls"], found["unpriced"]) == (6, 6, [])
    assert bill <= found["cost"]
    # 100 output tokens at 15 USD a million, three times two: the bound is not far off either
    assert found["cost"] == pytest.approx(6 * 100 * 15e-6, rel=0.2)


def test_what_is_on_record_or_in_the_cache_costs_nothing(project: Project) -> None:
    with ModelServer(reply=lambda _: "Hello, Ada!") as server:
        priced(project, server.url).llmops("eval")
        found = project.llmops("eval", "--estimate", "--format", "json").json()
    greeting = greeting_project(Project.create(project.root / "other")).llmops("eval", "--estimate")

    assert (found["cached"], found["calls"], found["cost"]) == (2, 0, 0)
    assert greeting.stdout == "2 answers: 0 calls (2 on record, 0 in the cache)\ncost at most $0\n"


def test_an_unknown_price_is_named_and_not_taken_for_nothing(project: Project) -> None:
    priced(project, "http://127.0.0.1:9/v1").edit("llmops.yaml", ", price: {input: 3, output: 15}", "")

    result = project.llmops("eval", "--estimate")

    assert result.exit_code == ExitCode.PASS
    assert "the unknown price of openai/test" in result.stdout


def test_the_base_of_the_comparison_and_its_reruns_are_counted(project: Project) -> None:
    greeting_project(project).git("switch", "--quiet", "--create", "change")
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    project.llmops("eval")
    project.llmops("accept")
    project.edit("evalsets/greet.yaml", "  - id: bob", "  - id: cleo\n    vars: {name: Cleo}\n  - id: bob")
    options = ("--against", "main...", "--rerun-baseline", "--format", "json")
    project.replies(("Insult", "Go away!"), ("Cleo", "Hello, Cleo!"))

    found = project.llmops("eval", "--estimate", *options).json()
    paid = project.llmops("eval", *options)

    assert (found["calls"], found["base_calls"]) == (3, 1)
    assert paid.calls == 4
