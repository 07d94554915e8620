"""`accept --bank` adds trials to the record of the same version, and leaves everything else as it is."""

import json
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project

MODEL = """
import time

def answer(messages):
    text = messages[-1]["content"]
    time.sleep(0.05 if "slowly" in text else 0)
    return "right"

def another(messages):
    return "right"
"""
CASES = "".join(f"  - {{id: c{n}, vars: {{q: question {n}}}}}\n" for n in range(6))
PROMPT = "model: one\ninputs: {q: {}}\nmessages: [{role: user, content: '{{ q }}'}]\n"
EVALSET = f"prompt: p\ngate: {{max_latency_increase: 50%}}\nscorers: [equals: right]\ncases:\n{CASES}"
LEFT = "llmops accept` without --bank makes the new version the baseline"


@pytest.fixture
def recorded(project: Project) -> Project:
    settings = "allow_python: true\nmodels:\n  one: {model: 'python:model:answer'}\n"
    project.commit(
        "p",
        {"model.py": MODEL, "llmops.yaml": settings, "prompts/p.yaml": PROMPT, "evalsets/p.yaml": EVALSET},
    )
    project.llmops("eval")
    assert project.llmops("accept").exit_code == ExitCode.PASS
    project.commit("accept")
    return project


def runs_before(project: Project) -> int:
    found: int = project.llmops("eval", "--fresh", "--format", "json").json()["provenance"]["runs_before"]
    return found


def summaries(project: Project) -> dict[str, Any]:
    lines = [json.loads(line) for line in project.read("evalsets/p.baseline.jsonl").splitlines()]
    return {line["summary"]: line for line in lines if "summary" in line}


def trials(project: Project, case: str, evalset: str = "p") -> int:
    lines: list[dict[str, Any]] = [json.loads(line) for line in project.baseline(evalset)]
    return sum(line.get("count", 1) for line in lines if line.get("id") == case)


def test_another_version_is_left_to_accept(recorded: Project) -> None:
    before = recorded.read("evalsets/p.baseline.jsonl")
    recorded.edit("prompts/p.yaml", "{{ q }}", "{{ q }}, slowly")
    assert recorded.llmops("eval", "--fresh").exit_code == ExitCode.REGRESSION
    assert runs_before(recorded) == 1

    refused = recorded.llmops("accept", "--bank")

    assert refused.exit_code == ExitCode.USAGE
    assert refused.stdout == ""
    said = (
        "evalsets/p.yaml: the run is of another version of the prompt than the record (p): none of its trials"
    )
    assert refused.stderr.count(said) == 1
    assert LEFT in refused.stderr
    assert recorded.read("evalsets/p.baseline.jsonl") == before
    assert runs_before(recorded) == 2, "the runs have not had their say"


def test_another_model_is_another_version(recorded: Project) -> None:
    before = recorded.read("evalsets/p.baseline.jsonl")
    recorded.edit("llmops.yaml", "model:answer", "model:another")
    recorded.llmops("eval")

    refused = recorded.llmops("accept", "--bank")

    assert refused.exit_code == ExitCode.USAGE
    assert "the run is of another model or settings than the record (p)" in refused.stderr
    assert recorded.read("evalsets/p.baseline.jsonl") == before


def test_what_is_on_record_already_changes_nothing(recorded: Project) -> None:
    before = recorded.read("evalsets/p.baseline.jsonl")
    recorded.llmops("eval")

    assert recorded.llmops("accept", "--bank").exit_code == ExitCode.PASS
    assert recorded.read("evalsets/p.baseline.jsonl") == before


def test_an_edited_case_is_named_and_the_others_are_banked(recorded: Project) -> None:
    recorded.edit("evalsets/p.yaml", "question 3", "question three")
    recorded.llmops("eval", "--fresh")

    banked = recorded.llmops("accept", "--bank")

    assert banked.exit_code == ExitCode.PASS
    assert "edited since they were recorded, so that no trial was added: c3" in banked.stderr
    assert "evalsets/p.baseline.jsonl: 5 with more trials, 1 kept" in banked.stdout
    assert [trials(recorded, f"c{n}") for n in range(6)] == [2, 2, 2, 1, 2, 2]


def test_of_several_evalsets_those_that_fit_are_banked(recorded: Project) -> None:
    recorded.write({"prompts/r.yaml": PROMPT, "evalsets/r.yaml": EVALSET.replace("prompt: p", "prompt: r")})
    recorded.llmops("eval")
    recorded.llmops("accept")
    before = recorded.read("evalsets/p.baseline.jsonl")
    recorded.edit("prompts/p.yaml", "{{ q }}", "{{ q }}, please")
    recorded.llmops("eval", "--fresh")

    banked = recorded.llmops("accept", "--bank")

    assert banked.exit_code == ExitCode.PASS
    assert "the run is of another version of the prompt than the record (p)" in banked.stderr
    assert "evalsets/r.baseline.jsonl: 6 with more trials" in banked.stdout
    assert "evalsets/p.baseline.jsonl: 6 kept\n" in banked.stdout
    assert recorded.read("evalsets/p.baseline.jsonl") == before
    assert recorded.llmops("accept", "--bank", "p").exit_code == ExitCode.USAGE


def test_of_several_variants_those_that_fit_are_banked(recorded: Project) -> None:
    recorded.write({"prompts/r.yaml": PROMPT})
    recorded.edit("evalsets/p.yaml", "prompt: p", "prompts: [p, r]")
    recorded.llmops("eval")
    recorded.llmops("accept")
    before = summaries(recorded)
    recorded.edit("prompts/p.yaml", "{{ q }}", "{{ q }}, slowly")
    recorded.llmops("eval", "--fresh")

    banked = recorded.llmops("accept", "--bank")

    assert banked.exit_code == ExitCode.PASS
    assert "than the record (p, variant p): none of its trials was added" in banked.stderr
    assert "6 with more trials, 6 kept" in banked.stdout
    after = summaries(recorded)
    assert after["p"] == before["p"]
    assert after["r"] != before["r"]
    assert trials(recorded, "c0") == 3


def test_a_record_that_cannot_be_read_is_not_written_anew(recorded: Project) -> None:
    broken = "<<<<<<< HEAD\n" + recorded.read("evalsets/p.baseline.jsonl")
    recorded.llmops("eval", "--fresh")
    recorded.write({"evalsets/p.baseline.jsonl": broken})

    assert recorded.llmops("accept", "--bank").exit_code == ExitCode.USAGE
    assert recorded.read("evalsets/p.baseline.jsonl") == broken
