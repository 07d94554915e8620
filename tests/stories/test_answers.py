"""Where answers come from: Python code, recordings, the budget; and what is kept out of files."""

import json

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project, greeting_project

PYTHON_SCORER = TWO_CASES.replace('contains: "Hello, {{ vars.name }}!"', "python: rules:polite")
RULES = """\
def polite(output, vars):
    return {"passed": vars["name"] in output, "explanation": "names the person"}
"""


def test_code_of_the_project_answers_and_judges_where_it_is_allowed(project: Project) -> None:
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": PYTHON_SCORER, "rules.py": RULES}
    project.commit("python", files)
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello!"))

    result = project.llmops("eval")

    assert "1/2" in result.stdout
    assert "names the person" in result.stdout


def test_code_of_the_project_is_refused_where_it_is_not_allowed(project: Project) -> None:
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": PYTHON_SCORER, "rules.py": RULES}
    project.commit("python", files)
    project.replies(("", "Hello, Ada!")).edit("llmops.yaml", "allow_python: true", "allow_python: false")

    scorer = project.llmops("eval")
    project.write({"evalsets/greet.yaml": TWO_CASES})
    provider = project.llmops("eval")

    assert (scorer.exit_code, scorer.calls) == (ExitCode.USAGE, 0)
    said = "a python scorer is code of this project, which may not run; set allow_python: true"
    assert f"evalsets/greet.yaml:3:5: {said}" in scorer.stderr
    assert (provider.exit_code, provider.calls) == (ExitCode.USAGE, 0)
    assert provider.both.count("set allow_python: true in llmops.yaml") == 1


def test_a_python_scorer_that_raises_judges_nothing(project: Project) -> None:
    rules = "def polite(output):\n    raise KeyError('name')\n"
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": PYTHON_SCORER, "rules.py": rules}
    project.commit("python", files)

    result = project.replies(("", "Hello!")).llmops("eval")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "rules:polite raised KeyError" in result.stdout


def test_a_changed_python_scorer_judges_the_recorded_answers_again(project: Project) -> None:
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": PYTHON_SCORER, "rules.py": RULES}
    project.commit("python", files)
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!")).run_apart("eval")
    project.run_apart("accept")
    project.edit("rules.py", 'vars["name"] in output', "'Ada' in output")

    result = project.run_apart("eval")

    assert (result.exit_code, result.calls) == (ExitCode.PASS, 0)
    assert "1/2" in result.stdout


def test_what_was_recorded_is_replayed_without_the_model(project: Project) -> None:
    greeting_project(project)
    recorded = project.llmops("eval", "--record", "tape.jsonl")
    assert recorded.calls == 2
    (project.root / "evalsets/greet.baseline.jsonl").unlink()

    result = project.llmops("eval", "--replay", "tape.jsonl")

    assert (result.exit_code, result.calls) == (ExitCode.PASS, 0)
    assert "2/2" in result.stdout


def test_a_request_that_was_not_recorded_names_the_nearest_recording(project: Project) -> None:
    greeting_project(project).llmops("eval", "--record", "tape.jsonl")
    project.edit("prompts/greet.yaml", "Greet", "Insult")

    result = project.llmops("eval", "--replay", "tape.jsonl")

    assert (result.exit_code, result.calls) == (ExitCode.INCONCLUSIVE, 0)
    assert "this request was not recorded in tape.jsonl; the nearest differs in" in result.stdout
    assert "Insult the person by name." in result.stdout


def test_a_replay_without_its_file_is_a_mistake(project: Project) -> None:
    result = greeting_project(project).llmops("eval", "--replay", "no.jsonl")

    assert result.exit_code == ExitCode.USAGE
    assert "no.jsonl" in result.stderr


def test_recording_and_replaying_at_once_is_refused(project: Project) -> None:
    result = greeting_project(project).llmops("eval", "--record", "a.jsonl", "--replay", "b.jsonl")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == "error: --record and --replay exclude each other\n"


def _served(project: Project, server: ModelServer, more: str = "") -> Project:
    settings = (
        f"model: m\nmodels:\n  m: {{model: openai/test-model, api_base: '{server.url}', "
        f"price: {{input: 1000, output: 1000}}}}\n{more}"
    )
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES, "llmops.yaml": settings}
    project.commit("served", files)
    return project


def test_the_budget_stops_before_it_is_overspent(project: Project) -> None:
    with ModelServer(lambda _: "Hello, Ada! Hello, Bob!") as server:
        result = _served(project, server).llmops("eval", "--max-cost", "0.000001")

        assert result.exit_code == ExitCode.INCONCLUSIVE
        assert server.requests == []
        assert "2 cases could not be judged (ada, bob)" in result.stdout
        assert "cost" in result.stdout
        assert project.llmops("eval", "--max-cost", "100").exit_code == ExitCode.PASS
        assert len(server.requests) == 2


def test_the_budget_counts_what_an_application_says_its_answers_cost(project: Project) -> None:
    model = "def answer(messages):\n    return {'text': 'Hello, Ada! Hello, Bob!', 'cost': 0.01}\n"
    settings = "model: python:app:answer\nallow_python: true\n"
    project.write({"app.py": model, "llmops.yaml": settings, "prompts/greet.yaml": GREET})
    project.write({"evalsets/greet.yaml": TWO_CASES})

    result = project.llmops("eval", "--trials", "20", "--max-cost", "0.1", "--format", "json")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert result.json()["calls"]["answer"]["calls"] == 10
    assert "the budget of $0.10 is used up" in project.llmops("report").stdout


@pytest.mark.parametrize(("retries", "said"), [("0", "(1 attempt)"), ("1", "(2 attempts)")])
def test_how_often_was_tried_is_said(project: Project, retries: str, said: str) -> None:
    with ModelServer(faults=[500]) as server:
        result = _served(project, server).llmops("eval", "--retries", retries)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert said in " ".join(result.stdout.split())


def test_a_budget_that_is_kept_back_for_the_next_call_says_so(project: Project) -> None:
    """Little was spent, and nobody would see why no more is: without max_tokens a call may take 4,096 of them."""
    with ModelServer(lambda _: "Hello, Ada! Hello, Bob!") as server:
        _served(project, server, "")
        project.edit("llmops.yaml", "input: 1000, output: 1000", "input: 0, output: 10")
        options = ("eval", "--trials", "20", "--max-cost", "0.0415", "--concurrency", "1")
        result = project.llmops(*options, "--format", "json")
        report = " ".join(project.llmops("report").stdout.split())

        assert result.exit_code == ExitCode.INCONCLUSIVE
        spent = result.json()["calls"]["answer"]["cost"]
        assert 0 < spent < 0.001
        said = (
            "spent; the next call may take up to $0.041 (no max_tokens is set), "
            "which the budget of $0.0415 does not hold; raise --max-cost or run.max_cost, or set max_tokens"
        )
        assert f"${float(f'{spent:.3g}'):.6g} {said}" in report

        project.edit("prompts/greet.yaml", "inputs:", "params: {max_tokens: 100}\ninputs:")
        assert project.llmops(*options).exit_code == ExitCode.PASS


def test_personal_data_is_redacted_in_every_file_and_report(project: Project) -> None:
    mail, phone = "jane.doe@example.com", "+49 170 1234567"
    with ModelServer(lambda _: f"Hello, write to {mail} or call {phone}.") as server:
        _served(project, server, "redact: [email, phone]\n")
        project.edit("evalsets/greet.yaml", "name: Bob", f"name: {mail}")
        project.edit("evalsets/greet.yaml", "contains: ", "equals: ")
        first = project.llmops("eval")
        project.llmops("accept")
        project.edit("evalsets/greet.yaml", "equals: ", "starts_with: Dear ")
        project.edit("prompts/greet.yaml", "Greet", "Please greet")
        second = project.llmops("eval")
        third = project.llmops("eval", "--format", "json")

    texts = [project.read("evalsets/greet.baseline.jsonl"), first.both, second.both, third.both]
    texts += [path.read_text() for path in (project.root / ".llmops/runs").iterdir()]
    assert "[email]" in texts[0]
    assert "[email]" in first.stdout
    for text in texts:
        assert mail not in text
        assert phone not in text
    assert json.loads(project.baseline()[0])["redacted"] is True


@pytest.mark.parametrize("text", ["\x1b[31mred\x1b[0m \x07", "a\u202eb", "::error::x"])
def test_hostile_answers_do_nothing_to_the_terminal(project: Project, text: str) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Please greet")

    result = project.replies(("", text)).llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    for forbidden in ("\x1b", "\x07", "\u202e"):
        assert forbidden not in result.stdout


def test_answers_of_any_kind_survive_the_baseline(project: Project) -> None:
    strange = "Hello, Ada! Hello, Bob! \u2028 \u0085 \x00 \ud83d \U0001f600 \r\n\t\\u0041"
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    project.replies(("", strange)).llmops("eval")

    assert project.llmops("accept").exit_code == ExitCode.PASS
    again = project.llmops("eval")

    assert (again.exit_code, again.calls) == (ExitCode.PASS, 0)
    assert len(project.read("evalsets/greet.baseline.jsonl").splitlines()) == 4


def test_equal_questions_share_one_call(project: Project) -> None:
    with ModelServer(lambda _: "Hello, Ada!") as server:
        _served(project, server)
        project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Ada}")
        result = project.llmops("eval")

        assert result.exit_code == ExitCode.PASS
        assert len(server.requests) == 1


def test_a_flip_on_a_tape_of_a_model_that_varies_is_not_taken_for_a_break(project: Project) -> None:
    """The tape would say the same again, the model might not; and the tape has no further trial to ask."""
    greeting_project(project)
    project.edit("scripted.py", "answer.deterministic = True", "answer.deterministic = False")
    project.edit("prompts/greet.yaml", "Greet", "Insult").replies(("Ada", "No."), ("Bob", "Hello, Bob!"))
    project.run_apart("eval", "--record", "tape.jsonl", "--confirm", "never")

    result = project.run_apart("eval", "--replay", "tape.jsonl")

    assert (result.exit_code, result.calls) == (ExitCode.INCONCLUSIVE, 0)
    assert "could not be asked to the end: trial 2 was not recorded" in result.stdout


def test_what_a_tape_answers_is_no_call_and_costs_nothing_now(project: Project) -> None:
    """The answers keep what they once cost; the run that only read them spent nothing."""
    with ModelServer(lambda _: "Hello, Ada! Hello, Bob!") as server:
        recorded = _served(project, server).llmops("eval", "--record", "tape.jsonl")
        asked = len(server.requests)
        (junit, text) = (project.root / "out.xml", project.llmops("eval", "--replay", "tape.jsonl"))
        result = project.llmops(
            "eval", "--replay", "tape.jsonl", "--format", "json", "--report", f"junit={junit}"
        )
        assert len(server.requests) == asked == 2

    assert "2 calls, 0 from the cache" in recorded.stdout
    assert "0 calls, 2 from the recording, 0 from the cache, 0 on record" in text.stdout
    assert "on record; cost" in recorded.both
    assert "on record; cost" not in text.both
    run = result.json()
    assert run["calls"] == {}
    (comparison,) = run["evalsets"][0]["comparisons"]
    outcomes = [outcome for case in comparison["cases"] for outcome in case["candidate"]["outcomes"]]
    assert {outcome["source"] for outcome in outcomes} == {"recording"}
    assert all(outcome["response"]["cost"] > 0 for outcome in outcomes)
    assert '"run_cost_usd" value="0"' in junit.read_text(encoding="utf-8")
