"""What a run took: every call and every cent, whatever it was for, in every place that says so."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from llmops_cli.domain.run_json import result_from_dict
from llmops_cli.domain.spending import Purpose
from llmops_cli.errors import ExitCode
from llmops_cli.workflows.report import kept_run
from tests.support.model_server import ModelServer
from tests.support.project import GREET, Project

SETTINGS = """\
model: served
models:
  served: {{model: openai/test, api_base: "{url}", price: {{input: 1000000, output: 0}}}}
"""
CASES = "prompt: greet\ntrials: {trials}\n{gate}scorers: [{{contains: Hello}}]\ncases:\n" + "".join(
    f"  - {{{{id: c{n}, vars: {{{{name: Name{n}}}}}}}}}\n" for n in range(6)
)
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
"""A dollar a call."""


class Model:
    """Greets, but for those words in a request that it does not like."""

    def __init__(self) -> None:
        self.dislikes = "no such word"
        self.usage: dict[str, int] | None = USAGE

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        rude = self.dislikes in json.dumps(body["messages"])
        return {"content": "Go away." if rude else "Hello!", "usage": self.usage}


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def served(project: Project, model: Model) -> Iterator[ModelServer]:
    with ModelServer(reply=model) as server:
        files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": CASES.format(trials=3, gate=""),
                 "llmops.yaml": SETTINGS.format(url=server.url)}  # fmt: skip
        project.commit("greet", files)
        project.llmops("eval")
        assert project.llmops("accept").exit_code == ExitCode.PASS
        project.commit("accept")
        server.requests.clear()
        yield server


def calls(found: dict[str, Any]) -> dict[str, int]:
    return {name: one["calls"] for name, one in found["calls"].items()}


def test_calls_that_confirm_are_counted_and_paid_for(
    project: Project, model: Model, served: ModelServer
) -> None:
    model.dislikes = "Insult"
    project.edit("prompts/greet.yaml", "Greet", "Insult")

    result = project.llmops("eval", "--trials", "1", "--format", "json")

    found = result.json()
    asked = len(served.requests)
    assert asked > 30
    assert result.exit_code == ExitCode.REGRESSION
    assert calls(found) == {"answer": 6, "confirm": asked - 6}
    assert found["calls"]["confirm"]["cost"] == pytest.approx(asked - 6)
    text = " ".join(project.llmops("report").stdout.split())
    assert f"6 calls, {asked - 6} to confirm, 0 from the cache, 0 on record; cost ${asked}" in text
    assert f"6 calls, {asked - 6} to confirm" in project.llmops("report", "--format", "markdown").stdout
    row = project.llmops("report", "--list").stdout.splitlines()[1].split()
    assert row[-2:] == [str(asked), f"${asked}.00"]
    (kept, *_) = project.llmops("report", "--list", "--format", "json").json()
    assert (kept["calls"], kept["cost"]) == (asked, pytest.approx(asked))
    junit = project.llmops("report", "--format", "junit").stdout
    assert f'<property name="run_calls" value="{asked}"' in junit
    assert f'<property name="run_cost_usd" value="{asked}"' in junit


def test_answers_of_a_confirmation_that_were_kept_are_not_paid_for_twice(
    project: Project, model: Model, served: ModelServer
) -> None:
    model.dislikes = "Insult"
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    project.llmops("eval", "--trials", "1")
    served.requests.clear()

    again = project.llmops("eval", "--trials", "1", "--format", "json").json()

    assert served.requests == []
    assert calls(again) == {}
    assert "0 calls, 6 from the cache" in project.llmops("report").stdout


def test_calls_of_the_base_prompt_are_counted(project: Project, served: ModelServer) -> None:
    project.edit("prompts/greet.yaml", "Greet", "Welcome")
    project.edit("evalsets/greet.yaml", "name: Name5", "name: Somebody")

    found = project.llmops("eval", "--trials", "2", "--rerun-baseline", "--format", "json").json()

    assert calls(found) == {"answer": 12, "base": 2}
    assert len(served.requests) == 14
    assert "12 calls, 2 of the base prompt, 0 from the cache" in project.llmops("report").stdout
    assert kept_run(result_from_dict(found)).cost == pytest.approx(14)


def test_calls_of_a_proof_are_counted_on_both_sides(project: Project, served: ModelServer) -> None:
    project.edit("prompts/greet.yaml", "Greet", "Welcome")
    project.write(
        {"evalsets/greet.yaml": CASES.format(trials=3, gate="gate: {prove: 10%}\nmax_trials: 12\n")}
    )

    found = project.llmops("eval", "--format", "json").json()

    (comparison,) = found["evalsets"][0]["comparisons"]
    assert comparison["proof"]["base_added"] > 0
    assert calls(found) == {"answer": 18, "prove": comparison["proof"]["calls"]}
    assert len(served.requests) == 18 + comparison["proof"]["calls"]


def test_a_price_that_is_unknown_stays_unknown(project: Project, model: Model, served: ModelServer) -> None:
    project.edit("llmops.yaml", ", price: {input: 1000000, output: 0}", "")
    model.dislikes = "Insult"
    project.edit("prompts/greet.yaml", "Greet", "Insult")

    found = project.llmops("eval", "--trials", "1", "--format", "json").json()

    confirm = found["calls"]["confirm"]
    assert (confirm["cost"], confirm["unpriced"]) == (None, confirm["calls"])
    assert "price unknown" in project.llmops("report").stdout
    assert kept_run(result_from_dict(found)).cost is None


def test_a_run_file_of_before_says_what_its_answers_took(project: Project, served: ModelServer) -> None:
    found = project.llmops("eval", "--trials", "1", "--fresh", "--format", "json").json()
    del found["calls"]

    run = result_from_dict(found)

    assert run.run.calls[Purpose.ANSWER].calls == 6
    assert kept_run(run).calls == 6
    assert kept_run(run).cost == pytest.approx(6)


@pytest.mark.parametrize("concurrency", ["1", "16"])
@pytest.mark.parametrize("option", ["--no-cache", "--fresh"])
def test_cases_with_the_same_request_share_a_call_whatever_the_timing(
    project: Project, model: Model, option: str, concurrency: str
) -> None:
    with ModelServer(reply=model) as server:
        project.write({"llmops.yaml": SETTINGS.format(url=server.url)})
        project.write({"prompts/greet.yaml": "messages: [{role: user, content: Greet somebody.}]\n"})
        evalset = CASES.format(trials=4, gate="")
        project.write(
            {"evalsets/greet.yaml": evalset.replace("vars: {name: Name", "tags: [t").replace("}}", "]}")}
        )

        result = project.llmops("eval", option, "--concurrency", concurrency)

    assert len(server.requests) == 4
    assert "24 answers in" in result.stdout
    assert "; 4 calls, 20 with the same request as another answer, 0 from the cache, 0 on record" in " ".join(
        result.stdout.split()
    )
