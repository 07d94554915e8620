"""A prompt that a change calls otherwise is still the one that its evalset tested."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import TWO_CASES, Project, greeting_project, kinds_of

SINCE = ("--changed-since", "main...", "--against", "main...")
TEMPLATED = """\
inputs:
  name: {type: string}
messages:
  - role: system
    file: greet.j2
  - role: user
    content: "Name: {{ name }}"
"""
LOST = (
    "evalsets/greet.yaml, which tests the prompt greet at main..., was deleted, "
    "and the prompt, which is called mail now, changed"
)


@pytest.fixture
def change(project: Project) -> Project:
    """A branch on which nothing happened yet; the prompt's text stands in a file of its own."""
    greeting_project(project).write(
        {"prompts/greet.yaml": TEMPLATED, "prompts/greet.j2": "Greet the person by name."}
    )
    project.llmops("eval")
    project.llmops("accept")
    project.commit("a template")
    project.git("switch", "--quiet", "--create", "change")
    return project


def drop(project: Project) -> Project:
    for path in ("evalsets/greet.yaml", "evalsets/greet.baseline.jsonl"):
        (project.root / path).unlink()
    return project


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize(
    "text", ["Insult the person by name.", "Count the words."], ids=["edited", "rewritten"]
)
def test_a_renamed_prompt_that_changed_without_its_evalset_leaves_no_verdict(
    change: Project, committed: bool, text: str
) -> None:
    change.git("mv", "prompts/greet.yaml", "prompts/mail.yaml")
    drop(change).write({"prompts/greet.j2": text})
    if committed:
        change.commit("renamed, and worse")

    for options in (SINCE, SINCE[2:], SINCE[:2], (*SINCE, "--prompt", "mail"), (*SINCE, "--prompt", "greet")):
        result = change.llmops("eval", *options, "--format", "json")

        assert result.exit_code == ExitCode.INCONCLUSIVE
        (reason,) = result.json()["verdict"]["reasons"]
        assert LOST in reason["text"]
        assert reason["where"] == "prompts/mail.yaml:1"


def test_history_tells_of_a_rename_that_files_no_longer_show(change: Project) -> None:
    change.git("mv", "prompts/greet.yaml", "prompts/mail.yaml")
    change.commit("renamed")
    drop(change).commit("rewritten", {"prompts/mail.yaml": "prompt: Nothing is left of it.\n"})

    result = change.llmops("eval", *SINCE)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert LOST in result.both


def test_a_commit_that_is_not_checked_out_is_read_the_same_way(change: Project) -> None:
    change.git("mv", "prompts/greet.yaml", "prompts/mail.yaml")
    commit = drop(change).commit("renamed, and worse", {"prompts/greet.j2": "Insult the person by name."})
    change.git("switch", "--quiet", "main")

    result = change.llmops("eval", "--tree", commit, *SINCE)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert LOST in result.both


def test_a_renamed_prompt_that_broke_is_one_that_changed(change: Project) -> None:
    change.git("mv", "prompts/greet.yaml", "prompts/mail.yaml")
    drop(change).commit("renamed, and broken", {"prompts/greet.j2": "{{ name"})

    assert change.llmops("eval", *SINCE).exit_code == ExitCode.INCONCLUSIVE


def test_a_prompt_that_was_only_renamed_leaves_a_note(change: Project) -> None:
    change.git("mv", "prompts/greet.yaml", "prompts/mail.yaml")
    drop(change).commit("renamed")

    result = change.llmops("eval", *SINCE)

    assert result.exit_code == ExitCode.PASS
    assert "was deleted; the prompt, which is called mail now, did not change" in result.both


def test_an_evalset_that_follows_its_prompt_lost_nothing(change: Project) -> None:
    change.git("mv", "prompts/greet.yaml", "prompts/mail.yaml")
    change.write({"prompts/greet.j2": "Insult the person by name."})
    change.edit("evalsets/greet.yaml", "prompt: greet", "prompt: mail").commit("renamed, and worse")

    result = change.llmops("eval", *SINCE, "--format", "json")

    assert kinds_of(result) == {"ada": "regressed", "bob": "regressed"}
    assert "no longer" not in result.stdout


def test_cases_that_another_evalset_asks_of_the_renamed_prompt_are_not_lost(change: Project) -> None:
    change.git("mv", "prompts/greet.yaml", "prompts/mail.yaml")
    cases = TWO_CASES.replace("prompt: greet", "prompt: mail").replace("- id: ", "- id: new-")
    drop(change).commit("all anew", {"evalsets/all/mails.yaml": cases + "gate: {min_pass_rate: 0.5}\n"})

    assert "deleted" not in change.llmops("eval", *SINCE).both


def test_an_evalset_that_was_turned_away_from_a_prompt_that_is_gone(change: Project) -> None:
    change.git("rm", "--quiet", "prompts/greet.yaml")
    other = (
        "inputs: {name: {type: string}}\nprompt: 'Hello, {{ name }}, says nobody else in this whole file.'\n"
    )
    change.edit("evalsets/greet.yaml", "prompt: greet", "prompt: other").commit(
        "turned", {"prompts/other.yaml": other}
    )

    result = change.llmops("eval", *SINCE)

    assert result.exit_code == ExitCode.PASS
    assert (
        "evalsets/greet.yaml tests the prompt greet at main... and no longer does; its prompt was deleted, too"
        in result.both
    )
