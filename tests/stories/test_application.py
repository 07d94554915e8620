"""The user's own application as the model: its code is the model's version."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project

SETTINGS = "model: python:app.chat:answer\nallow_python: true\n"
CHAT = """\
from app.retrieval import find


def answer(messages, params):
    return find(messages[-1]["content"])
"""
FIND = "def find(text):\n    return 'Hello ' + text\n"
PROMPT = "inputs: {name: {}}\nprompt: '{{ name }}'\n"
SET = "prompt: p\nscorers: [{contains: Hello}]\ncases:\n" + "".join(
    f"  - {{id: c{n}, vars: {{name: x{n}}}}}\n" for n in range(6)
)


@pytest.fixture
def accepted(project: Project) -> Project:
    """Six accepted answers of an application on main, a branch checked out."""
    project.commit("start", {
        "llmops.yaml": SETTINGS, "prompts/p.yaml": PROMPT, "evalsets/p.yaml": SET,
        "app/chat.py": CHAT, "app/retrieval.py": FIND, ".gitignore": "__pycache__/\n",
    })  # fmt: skip
    assert project.run_apart("eval").exit_code == ExitCode.PASS
    project.llmops("accept")
    project.commit("accepted")
    project.git("checkout", "--quiet", "-b", "branch")
    return project


GATE = ("eval", "--against", "main", "--changed-since", "main", "--rerun-baseline")


@pytest.mark.parametrize("path", ["app/chat.py", "app/retrieval.py"])
def test_changed_code_is_asked_and_what_it_breaks_is_red(accepted: Project, path: str) -> None:
    accepted.edit(path, "return ", "return 'Go away' or ").commit("worse")

    gate, desk = accepted.run_apart(*GATE), accepted.run_apart("eval")

    assert gate.exit_code == desk.exit_code == ExitCode.REGRESSION
    assert f"run p: {path} changed" in gate.stderr
    assert "code changed" in gate.stdout


def test_one_broken_case_is_no_pass_as_the_old_code_cannot_be_asked(accepted: Project) -> None:
    """The old prompt would be answered by the new code, and "fail as well"."""
    accepted.edit("app/retrieval.py", "'Hello '", "('Hello ' if text != 'x3' else '')").commit("worse")

    result = accepted.run_apart(*GATE)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "the code behind the model changed since, so that what it was cannot be asked" in result.stdout


def test_code_that_says_it_always_answers_alike_is_judged_at_once(accepted: Project) -> None:
    accepted.edit("app/retrieval.py", "'Hello '", "('Hello ' if text != 'x3' else '')")
    accepted.edit("app/chat.py", "def answer", "def old")
    accepted.write({"app/chat.py": f"{CHAT}\n\nanswer.deterministic = True\n"}).commit("worse")

    assert accepted.run_apart(*GATE).exit_code == ExitCode.REGRESSION


def test_unchanged_code_is_not_asked_again(accepted: Project) -> None:
    accepted.commit("docs", {"README.md": "words\n", "app/unused.py": "x = 1\n"})

    gate, desk = accepted.run_apart(*GATE), accepted.run_apart("eval")

    assert "UNAFFECTED" in gate.stdout
    assert "0 calls" in desk.stdout
    assert "6 on record" in desk.stdout


def test_a_changed_prompt_is_compared_with_the_old_one_while_the_code_is_the_same(accepted: Project) -> None:
    accepted.edit("prompts/p.yaml", "{{ name }}", "{{ name }}!").commit("new words")

    result = accepted.run_apart(*GATE)

    assert result.exit_code == ExitCode.PASS
    assert "6 calls" in result.stdout
