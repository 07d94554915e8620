"""Answers that vary: a flip alone proves nothing, a break is confirmed, and nothing is blamed without calls."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project, kinds_of

# Answers right with a chance that stands in the messages, drawn anew at each call.
NOISY = """
import hashlib, itertools, re
CALLS = itertools.count()

def answer(messages):
    text = messages[-1]["content"]
    chance = float(re.search(r"chance ([0-9.]+)", messages[0]["content"] + text)[1])
    draw = int(hashlib.sha256(f"{text}{next(CALLS)}".encode()).hexdigest()[:8], 16) / 2**32
    return "right" if draw < chance else "wrong"
"""
PROMPT = """\
model: python:noisy:answer
inputs: {q: {}}
messages:
  - role: system
    content: be chance 0.99
  - role: user
    content: |
      {{ q }}
"""
CASES = "prompt: p\nscorers: [{equals: right}]\ncases:\n" + "".join(
    f"  - {{id: c{n}, vars: {{q: question {n}}}}}\n" for n in range(8)
)


@pytest.fixture
def noisy(project: Project) -> Project:
    files = {
        "noisy.py": NOISY,
        "llmops.yaml": "allow_python: true\n",
        "prompts/p.yaml": PROMPT,
        "evalsets/p.yaml": CASES,
    }
    project.commit("noisy", files)
    assert project.llmops("eval", "--trials", "2").exit_code == ExitCode.PASS
    project.llmops("accept")
    project.commit("accept")
    return project


def test_a_broken_case_is_confirmed_by_fresh_trials_of_both_sides(noisy: Project) -> None:
    noisy.edit(
        "prompts/p.yaml", "content: be chance 0.99", "content: \"be chance {{ 0 if '3' in q else 0.99 }}\""
    )

    result = noisy.llmops("eval", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    (broken,) = [case for case in comparison["cases"] if case["kind"] == "regressed"]
    assert (broken["id"], broken["fresh"]["standing"], broken["fresh"]["passes"]) == ("c3", "confirmed", 0)
    assert broken["fresh"]["base_passes"] == broken["fresh"]["base_trials"] > 0
    assert broken["fresh"]["p"] < 0.01
    assert "confirmed by fresh trials" in result.json()["verdict"]["reasons"][0]["text"]


def test_an_unchanged_prompt_that_has_bad_luck_is_not_a_regression(noisy: Project) -> None:
    # every case is a coin that the record saw on its lucky side
    noisy.edit("prompts/p.yaml", "chance 0.99", "chance 0.8").commit("a weaker prompt")
    for _ in range(4):
        noisy.llmops("eval", "--trials", "1", "--fresh")
        noisy.llmops("accept")

    codes = {noisy.llmops("eval", "--trials", "1", "--fresh").exit_code for _ in range(6)}

    assert codes == {ExitCode.PASS}


def test_without_calls_a_flip_is_no_verdict(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "chance 0.99", "chance 0")
    noisy.edit("evalsets/p.yaml", CASES.partition("  - {id: c2")[2], "")
    noisy.edit("evalsets/p.yaml", "  - {id: c2", "")
    result = noisy.llmops("eval", "--confirm", "never")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "which could not be confirmed" in result.both


def test_a_drop_of_the_whole_set_is_seen_without_any_case_confirmed(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "chance 0.99", "chance 0.3")

    result = noisy.llmops("eval", "--trials", "6", "--confirm", "never", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    (test,) = comparison["statistics"]["tests"]
    assert test["worse"]
    assert test["drop"] > 0.3
    assert test["p"] <= test["adjusted_p"] < 0.05
    assert test["at_most"] > test["drop"]


def test_the_report_says_what_the_set_would_have_seen(noisy: Project) -> None:
    out = noisy.llmops("eval", "--trials", "3", "--fresh").stdout

    assert "would have been seen (80 %)" in out
    assert "pts worse (95 %)" in out


def test_a_desk_without_a_commit_is_compared_by_the_kept_version(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "be chance", "always be chance")
    noisy.llmops("eval", "--trials", "2")
    noisy.llmops("accept")
    noisy.edit("prompts/p.yaml", "chance 0.99", "chance 0")

    result = noisy.llmops("eval", "--trials", "2", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    assert set(kinds_of(result).values()) == {"regressed"}
