"""`llmops check` with paths, as pre-commit gives them."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project, greeting_project

BROKEN = "{% if %}\n"


def with_template(project: Project, text: str = "Greet {{ name }}.\n") -> Project:
    greeting_project(project).write({"prompts/greet.system.j2": text})
    return project.edit("prompts/greet.yaml", "content: Greet the person by name.", "file: greet.system.j2")


@pytest.mark.parametrize("path", ["prompts/greet.system.j2", "./prompts/greet.system.j2", "prompts", "."])
def test_a_template_stands_for_the_prompts_that_use_it(project: Project, path: str) -> None:
    assert "1 prompt" in with_template(project).llmops("check", path).stdout
    project.write({"prompts/greet.system.j2": BROKEN})

    result = project.llmops("check", path)

    assert result.exit_code == ExitCode.USAGE
    assert "prompts/greet.system.j2:1" in result.stderr


def test_paths_are_taken_from_the_working_directory(project: Project) -> None:
    with_template(project, BROKEN)

    assert project.llmops("check", "greet.system.j2", cwd="prompts").exit_code == ExitCode.USAGE


def test_files_of_cases_stand_for_their_evalset(project: Project) -> None:
    greeting_project(project).edit("evalsets/greet.yaml", "cases:", "cases_from: greet.more.jsonl\ncases:")
    project.write({"evalsets/greet.more.jsonl": '{"id": "x", "vars": {"nam": "X"}}\n'})

    result = project.llmops("check", "evalsets/greet.more.jsonl")

    assert result.exit_code == ExitCode.USAGE
    assert "evalsets/greet.more.jsonl:1" in result.stderr


def test_a_file_that_nothing_is_made_of_is_no_mistake_and_one_that_is_not_there_is(project: Project) -> None:
    greeting_project(project).write({"prompts/README.md": "hello\n"})

    assert project.llmops("check", "prompts/README.md").exit_code == ExitCode.PASS
    assert project.llmops("check", "prompts/gone.yaml").exit_code == ExitCode.NOTHING_SELECTED


def test_what_begins_with_an_underscore_is_no_prompt_and_one_name_has_one_file(project: Project) -> None:
    greeting_project(project).write({"prompts/_tools.yaml": "[]\n"})
    assert project.llmops("check").exit_code == ExitCode.PASS
    project.write({"prompts/greet.yml": project.read("prompts/greet.yaml")})

    result = project.llmops("check")

    assert result.exit_code == ExitCode.USAGE
    assert "two files are the prompt 'greet': prompts/greet.yaml and prompts/greet.yml" in result.stderr
