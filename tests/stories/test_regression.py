"""The heart: a prompt gets worse, the gate says so; it is accepted or undone."""

import json

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, greeting_project, kinds_of


def test_a_worse_prompt_fails_the_gate_and_names_the_case_with_before_and_after(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert "REGRESSED  ada  evalsets/greet.yaml:5" in result.stdout
    assert "REGRESSED  bob  evalsets/greet.yaml:8" in result.stdout
    assert "Hello, Ada!" in result.stdout
    assert "Go away!" in result.stdout
    assert "2 cases that passed fail now (ada, bob)" in result.stdout
    assert "2 regressed, −100 pts" in result.stdout
    assert result.stdout.count("prompt p1:") == 1


def test_undoing_the_change_asks_nothing(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
    assert project.llmops("eval").calls == 2
    project.edit("prompts/greet.yaml", "Insult", "Greet")

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.PASS
    assert result.calls == 0
    assert "0 calls, 0 from the cache, 2 on record" in result.stdout


def test_accepting_the_new_answers_makes_the_next_run_pass(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
    project.edit("evalsets/greet.yaml", "Hello, {{ vars.name }}!", "!")
    assert project.llmops("eval").exit_code == ExitCode.PASS

    accepted = project.llmops("accept")
    again = project.llmops("eval")

    assert accepted.stdout == "evalsets/greet.baseline.jsonl: 2 changed\n"
    assert (again.exit_code, again.calls) == (ExitCode.PASS, 0)


def test_baseline_lines_of_unchanged_answers_stay_byte_for_byte(project: Project) -> None:
    greeting_project(project)
    ada, bob = project.baseline()
    project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Bo}")
    project.replies(("Bo", "Hello, Bo!"))
    assert project.llmops("eval").calls == 1
    project.llmops("accept")

    assert project.baseline()[0] == ada
    assert project.baseline()[1] != bob


def test_a_line_written_with_other_white_space_is_left_alone(project: Project) -> None:
    greeting_project(project)
    ada = project.baseline()[0]
    loose = json.dumps(json.loads(ada), separators=(" , ", " : "))
    project.edit("evalsets/greet.baseline.jsonl", ada, loose)
    project.llmops("eval")
    project.llmops("accept")

    assert loose in project.read("evalsets/greet.baseline.jsonl").splitlines()


def test_a_tightened_scorer_does_not_make_the_prompt_look_worse(project: Project) -> None:
    greeting_project(project)
    project.edit(
        "evalsets/greet.yaml", "scorers:\n", "scorers:\n  - contains: {value: Good day, name: polite}\n"
    )
    project.edit("prompts/greet.yaml", "Greet the", "Please greet the")
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "Good day, Hello, Bob!"))

    result = project.llmops("eval", "--format", "json")

    kinds = kinds_of(result)
    assert kinds == {"ada": "unchanged", "bob": "improved"}
    assert result.exit_code == ExitCode.PASS


def test_a_new_input_with_a_default_leaves_the_cases_comparable(project: Project) -> None:
    greeting_project(project)
    project.edit("prompts/greet.yaml", "inputs:\n", "inputs:\n  tone: {type: string, default: kind}\n")
    project.edit("prompts/greet.yaml", "by name.", "by name, {{ tone }}.")
    project.replies(("", "Who?"))

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert "2 cases that passed fail now" in result.stdout


@pytest.mark.parametrize("with_git", [True, False])
def test_an_edited_case_is_not_compared_and_never_regressed(project: Project, with_git: bool) -> None:
    greeting_project(project)
    if not with_git:
        (project.root / ".git").rename(project.root / "gone")
    project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}")
    project.replies(("", "Who?"))

    result = project.llmops("eval", "--format", "json")

    kinds = kinds_of(result)
    assert kinds == {"ada": "unchanged", "bob": "incomparable"}
    assert result.exit_code == ExitCode.PASS


def test_an_edited_case_is_told_apart_from_an_edited_prompt_without_git(project: Project) -> None:
    greeting_project(project)
    (project.root / ".git").rename(project.root / "gone")
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}")

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert "1 case that passed fails now (ada)" in result.stdout
    assert "1 not compared: bob (its variables changed since it was accepted)" in result.stdout


def test_too_little_that_can_be_compared_is_no_verdict(project: Project) -> None:
    greeting_project(project)
    project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}")
    project.edit("evalsets/greet.yaml", "{name: Ada}", "{name: Adele}")
    project.replies(("", "Hello, Robert! Hello, Adele!"))

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "only 0 of 2 cases can be compared with the baseline" in result.stdout


def test_another_model_is_named_and_not_blamed_on_the_prompt(project: Project) -> None:
    greeting_project(project)
    project.edit(
        "scripted.py",
        "def answer(",
        "def other(messages, params):\n    return 'x'\n\n\nother.deterministic = True\n\n\ndef answer(",
    )
    project.edit("llmops.yaml", "scripted:answer", "scripted:other")

    result = project.run_process("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert "model python:scripted:answer → python:scripted:other" in result.stdout
    assert "prompt p1" not in result.stdout


def test_a_changed_param_is_named(project: Project) -> None:
    greeting_project(project)
    project.write({"prompts/greet.yaml": "params: {temperature: 0.5}\n" + GREET})

    assert "temperature unset → 0.5" in project.llmops("eval").stdout


def test_a_served_model_that_rolled_is_named(project: Project) -> None:
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    both = "Hello, Ada! Hello, Bob!"
    project.replies(("", {"text": both, "served_model": "m-2024"})).llmops("eval")
    project.llmops("accept")
    project.replies(("", {"text": both, "served_model": "m-2025"}))

    result = project.llmops("eval", "--fresh")

    assert result.calls == 2
    assert "served model m-2024 → m-2025" in result.stdout


def test_new_and_removed_cases_do_not_count_and_are_listed(project: Project) -> None:
    greeting_project(project)
    project.edit("evalsets/greet.yaml", "id: bob", "id: robert")

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.PASS
    assert "greet: 1 new: robert" in result.stdout
    assert "greet: 1 removed: bob" in result.stdout


def test_a_failing_case_that_is_removed_is_said_aloud(project: Project) -> None:
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "No."))
    project.llmops("eval")
    project.llmops("accept")
    start = TWO_CASES.index("  - id: bob")
    project.write({"evalsets/greet.yaml": TWO_CASES[:start]})

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.PASS
    assert "failing cases were removed: bob" in result.stdout


def test_a_fixed_case_is_an_improvement(project: Project) -> None:
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    project.replies(("Please", "Hello, Ada! Hello, Bob!"), ("", "Hello, Ada!"))
    project.llmops("eval")
    project.llmops("accept")
    project.edit("prompts/greet.yaml", "Greet", "Please greet")

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.PASS
    assert "1 improved, +50 pts" in result.stdout


def test_a_case_that_failed_before_and_fails_now_does_not_block(project: Project) -> None:
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    project.replies(("Ada", "Hello, Ada!"), ("", "No."))
    project.llmops("eval")
    project.llmops("accept")
    project.edit("prompts/greet.yaml", "Greet", "Please greet")

    assert project.llmops("eval").exit_code == ExitCode.PASS


def test_marks_are_not_believed_beside_an_answer_they_were_not_given_to(project: Project) -> None:
    greeting_project(project).edit(
        "evalsets/greet.baseline.jsonl", '"output": "Hello, Ada!"', '"output": "Bye!"'
    )

    result = project.llmops("eval")

    # the recorded answer stands for an unchanged request, and fails by today's scorer
    assert result.calls == 0
    assert kinds_of(project.llmops("eval", "--format", "json"))["ada"] == "unchanged"
    assert "1 still failing: ada" in result.both


def test_a_set_that_becomes_an_a_b_goes_on_being_compared(project: Project) -> None:
    greeting_project(project).edit("evalsets/greet.yaml", "prompt: greet", "prompts: [greet, other]")
    project.write({"prompts/other.yaml": GREET}).edit("prompts/greet.yaml", "Greet", "Insult")

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert "2 cases that passed fail now" in result.both


def test_answers_of_a_variant_that_is_gone_are_called_out(project: Project) -> None:
    greeting_project(project).edit("evalsets/greet.yaml", "prompt: greet", "prompts: [one, two]")
    project.write({"prompts/one.yaml": GREET, "prompts/two.yaml": GREET})

    assert "holds answers of default, which this set no longer has" in project.llmops("eval").both
