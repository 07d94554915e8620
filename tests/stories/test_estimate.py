"""`eval --estimate`: the price before the run, and no call."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.support import varying
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


def test_a_replay_asks_nothing(project: Project) -> None:
    with ModelServer(reply=lambda _: "Hello, Ada!") as server:
        priced(project, server.url).llmops("eval", "--record", "tape.jsonl")

    found = project.llmops("eval", "--estimate", "--replay", "tape.jsonl")

    assert found.stdout == "2 answers: 0 calls (0 on record, 0 in the cache)\ncost at most $0\n"


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


EIGHT = "prompt: greet\nscorers: [{contains: Hello}]\ncases:\n" + "".join(
    f"  - {{id: c{n}, vars: {{name: Name{n}}}}}\n" for n in range(8)
)


USAGE = {"prompt_tokens": 20, "completion_tokens": 100, "total_tokens": 120}


def rude(body: dict[str, Any]) -> dict[str, Any]:
    """Insults where it is told to, and makes use of all the tokens it is allowed."""
    text = "Go away!" if "Insult" in json.dumps(body["messages"]) else "Hello!"
    return {"content": text, "usage": USAGE}


@pytest.fixture
def eight(project: Project) -> Iterator[Project]:
    """Eight cases of a priced model, each with one answer on record."""
    with ModelServer(reply=rude) as server:
        priced(project, server.url)
        project.commit("eight", {"evalsets/greet.yaml": EIGHT})
        project.llmops("eval")
        assert project.llmops("accept").exit_code == ExitCode.PASS
        project.commit("accept")
        yield project


def cost_of(run: dict[str, Any]) -> float:
    return float(sum(one["cost"] for one in run["calls"].values()))


def test_confirming_is_no_part_of_the_cost_and_what_a_case_takes_at_most_is_said(eight: Project) -> None:
    eight.edit("prompts/greet.yaml", "Greet", "Insult")
    found = eight.llmops("eval", "--estimate", "--format", "json").json()
    said = eight.llmops("eval", "--estimate").stdout.splitlines()

    run = eight.llmops("eval", "--format", "json").json()

    confirmed = run["calls"]["confirm"]
    assert run["calls"]["answer"]["cost"] <= found["cost"] < cost_of(run)
    fresh = [case["fresh"] for case in run["evalsets"][0]["comparisons"][0]["cases"]]
    planned = {one["planned"] + one["base_planned"] for one in fresh}
    assert {found["confirm_calls_per_case"]} == planned, "both sides: there is one answer on record"
    assert found["confirm_cases"] == len(fresh) == 8
    assert confirmed["calls"] <= found["confirm_cases"] * found["confirm_calls_per_case"]
    assert confirmed["cost"] <= found["confirm_cases"] * found["confirm_cost_per_case"]
    assert said[1].endswith(" without confirming")
    assert said[2].startswith(f"confirming: at most {found['confirm_calls_per_case']} calls and $")
    assert said[2].endswith(" for each case that looks broken; how many of 8 will is not known beforehand")


def test_a_base_that_costs_more_is_priced_as_it_is_asked(eight: Project) -> None:
    eight.edit("prompts/greet.yaml", "max_tokens: 100", "max_tokens: 10")
    cheap = eight.llmops("eval", "--estimate", "--format", "json").json()
    per_call = cheap["cost"] / 8

    # of the accepted prompt an answer may be ten times as long
    assert cheap["confirm_cost_per_case"] > 3 * cheap["confirm_calls_per_case"] * per_call


def test_a_long_record_is_not_asked_again_and_a_part_of_the_set_is_confirmed_sooner(eight: Project) -> None:
    for _ in range(2):
        eight.llmops("eval", "--fresh", "--no-cache", "--trials", "5")
        eight.llmops("accept")
    eight.edit("prompts/greet.yaml", "Greet", "Insult")
    whole = eight.llmops("eval", "--estimate", "--format", "json").json()
    part = eight.llmops("eval", "--estimate", "--case", "c1", "--format", "json").json()

    run = eight.llmops("eval", "--format", "json").json()

    fresh = [case["fresh"] for case in run["evalsets"][0]["comparisons"][0]["cases"]]
    assert {(one["planned"], one["base_planned"]) for one in fresh} == {(whole["confirm_calls_per_case"], 0)}
    assert part["confirm_cases"] == 1
    assert 0 < part["confirm_calls_per_case"] < whole["confirm_calls_per_case"]


def test_who_limits_confirming_is_told_the_limit(eight: Project) -> None:
    eight.edit("prompts/greet.yaml", "Greet", "Insult")
    never = eight.llmops("eval", "--estimate", "--confirm", "never")
    three = eight.llmops("eval", "--estimate", "--confirm", "3", "--format", "json").json()
    free = eight.llmops("eval", "--estimate", "--format", "json").json()

    assert "confirm" not in never.stdout
    assert (three["confirm_calls_per_case"], three["confirm_limit"], free["confirm_limit"]) == (3, 3, None)
    assert 0 < three["confirm_cost_per_case"] < free["confirm_cost_per_case"]
    assert (
        "; 3 calls at most in all (--confirm 3)"
        in eight.llmops("eval", "--estimate", "--confirm", "3").stdout
    )


def test_where_no_case_can_look_broken_nothing_is_said_of_confirming(
    project: Project, eight: Project
) -> None:
    known = eight.llmops("eval", "--estimate", "--format", "json").json()
    greeting = greeting_project(Project.create(project.root / "other"))
    greeting.edit("prompts/greet.yaml", "Greet", "Welcome")
    steady = greeting.llmops("eval", "--estimate", "--format", "json").json()

    assert (known["calls"], known["confirm_cases"]) == (0, 0), "all is on record"
    assert (steady["calls"], steady["confirm_cases"]) == (2, 0), "its model always answers alike"


def test_a_model_without_a_price_and_a_reference_are_estimated_as_well(project: Project) -> None:
    cases = "prompts: [a, b]\ntrials: 2\nscorers: [{equals: right}]\ncases:\n"
    cases += "".join(f"  - {{id: c{n}, vars: {{q: question {n}}}}}\n" for n in range(4))
    files = varying.files(varying.BY_CHANCE, cases)
    files |= {"prompts/a.yaml": varying.BY_CHANCE, "prompts/b.yaml": varying.BY_CHANCE.replace("0.99", "0")}
    project.commit("a b", files)
    options = ("eval", "--reference", "a", "--format", "json")

    found = project.llmops(*options, "--estimate").json()
    run = project.llmops(*options).json()

    fresh = [case["fresh"] for case in run["evalsets"][0]["comparisons"][0]["cases"]]
    assert {found["confirm_calls_per_case"]} == {one["planned"] + one["base_planned"] for one in fresh}
    assert (found["confirm_cases"], found["confirm_cost_per_case"]) == (4, None)
    assert (
        "calls and an unknown price for each case"
        in project.llmops("eval", "--reference", "a", "--estimate", "--fresh").stdout
    )


def test_a_budget_stops_a_confirmation_before_it_is_overspent(eight: Project) -> None:
    eight.edit(
        "prompts/greet.yaml", "content: Greet", "content: \"{{ 'Insult' if '3' in name else 'Welcome' }}"
    )
    eight.edit("prompts/greet.yaml", "by name.", 'by name."')
    found = eight.llmops("eval", "--estimate", "--format", "json").json()
    budget = found["cost"] + 0.2 * found["confirm_cost_per_case"]

    result = eight.llmops("eval", "--max-cost", f"{budget:.6f}", "--format", "json")

    run = result.json()
    assert run["calls"]["answer"]["calls"] == 8
    assert 0 < run["calls"]["confirm"]["calls"] < found["confirm_calls_per_case"]
    assert cost_of(run) <= budget
    (case,) = [one for one in run["evalsets"][0]["comparisons"][0]["cases"] if "fresh" in one]
    assert (case["id"], case["fresh"]["standing"]) == ("c3", "go on")
    assert f"which the budget of ${budget:.6f}" in case["fresh"]["unasked"]
    assert "spent; the next call may take up to $" in " ".join(eight.llmops("report").stdout.split())
    assert result.exit_code == ExitCode.INCONCLUSIVE
    (reason,) = run["verdict"]["reasons"]
    assert reason["text"] == "greet: 1 case that passed fails now (c3), which could not be confirmed"
    assert any("spent; the next call may take up to $" in note for note in run["verdict"]["notes"])


JUDGED = TWO_CASES.replace("cases:", "  - judge: {prompt: judges/kind, name: kind}\ncases:")
JUDGE = """\
inputs: {output: {type: string}}
params: {max_tokens: 50}
messages: [{role: user, content: "Grade {{ output }}"}]
"""


def graded(body: dict[str, Any]) -> str:
    grade = "Grade" in json.dumps(body["messages"]) or "Rate" in json.dumps(body["messages"])
    return (
        json.dumps({"rationale": "so", "verdict": "pass"}) if grade else "Hello, Ada! Hello, Bob! Hello, Rob!"
    )


def test_a_changed_judge_is_paid_for_anew_and_so_is_one_of_the_base_prompt(project: Project) -> None:
    with ModelServer(graded) as server:
        priced(project, server.url)
        project.write({"evalsets/greet.yaml": JUDGED, "prompts/judges/kind.yaml": JUDGE})
        project.llmops("eval")
        assert project.llmops("accept").exit_code == ExitCode.PASS
        project.commit("judged")
        same = project.llmops("eval", "--estimate", "--format", "json").json()
        project.edit("prompts/judges/kind.yaml", "Grade", "Rate")
        changed = project.llmops("eval", "--estimate", "--format", "json").json()
        project.edit("evalsets/greet.yaml", "name: Bob", "name: Rob")
        project.edit("prompts/greet.yaml", "Greet", "Welcome")
        rerun = project.llmops("eval", "--estimate", "--rerun-baseline", "--format", "json").json()
        run = project.llmops("eval", "--rerun-baseline", "--format", "json").json()

    assert (same["judge_calls"], same["cost"]) == (0, 0)
    assert (changed["calls"], changed["judge_calls"]) == (0, 2)
    assert changed["cost"] > 0
    assert (rerun["calls"], rerun["base_calls"]) == (2, 1)
    assert run["calls"]["base"]["calls"] == 1
    assert 4 <= run["judge"]["calls"] <= rerun["judge_calls"] == 5, "two on record, three new answers"
    assert "confirm" not in run["calls"]
    assert cost_of(run) + run["judge"]["cost"] <= rerun["cost"]


def test_another_model_under_the_same_name_would_have_the_base_prompt_asked_of_every_case(
    eight: Project,
) -> None:
    eight.edit("prompts/greet.yaml", "Greet", "Welcome")
    plain = eight.llmops("eval", "--estimate", "--format", "json").json()
    found = eight.llmops("eval", "--estimate", "--rerun-baseline", "--format", "json").json()
    said = eight.llmops("eval", "--estimate", "--rerun-baseline").stdout

    assert (plain["drift_calls"], found["base_calls"], found["drift_calls"]) == (0, 0, 8)
    assert found["drift_cost"] == pytest.approx(found["cost"], rel=0.1)
    assert "should another model answer than on record: 8 calls more of the base prompt, $" in said
