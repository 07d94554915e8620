"""Which version brought which line."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project

PROMPT = """\
inputs:
  name: {type: string}
messages:
  - role: system
    content: |
      Greet the person.
      {% include "_tone.j2" %}
      Say the name.
  - role: user
    content: "Name: {{ name }}"
"""
PARTIAL = {"prompts/_tone.j2": "Be kind.\nBe brief.\n"}


def history(project: Project) -> list[str]:
    """Four versions: the last two change one line of the prompt and one of the partial."""
    return [
        project.commit("one", {"prompts/greet.yaml": PROMPT, **PARTIAL}),
        project.commit("two", {"prompts/greet.yaml": PROMPT.replace("Say the name", "Always say the name")}),
        project.commit("three", {"prompts/_tone.j2": "Be kind.\nBe very brief.\n"}),
    ]


def brought(project: Project, *arguments: str) -> list[tuple[str, str | None]]:
    """Text and subject of the commit of each line."""
    document = project.llmops("blame", *arguments, "--format", "json").json()
    return [(line["text"], (line["commit"] or {}).get("subject")) for line in document["lines"]]


def test_each_line_names_its_version_with_the_include_in_place(project: Project) -> None:
    commits = history(project)

    assert brought(project, "greet") == [
        ("system", "one"),
        ("Greet the person.", "one"),
        ("Be kind.", "one"),
        ("Be very brief.", "three"),
        ("Always say the name.", "two"),
        ("user", "one"),
        ("Name: {{ name }}", "one"),
    ]
    shown = project.llmops("blame", "greet")
    assert shown.exit_code == ExitCode.PASS
    (line,) = [line for line in shown.stdout.splitlines() if "Be very brief." in line]
    assert line.startswith("v3   p1:")
    assert commits[2][:10] in line
    assert "Test" in line
    assert "┌ prompts/_tone.j2" in shown.stdout


def test_the_lines_of_an_older_version_and_of_a_label(project: Project) -> None:
    commits = history(project)
    project.llmops("label", "greet", "production", commits[0])

    assert ("Always say the name.", "two") in brought(project, "greet@HEAD~1")
    assert ("Be brief.", "one") in brought(project, "greet@HEAD~1")
    assert ("Say the name.", "one") in brought(project, "greet@:production")


def test_what_is_not_committed_says_so(project: Project) -> None:
    history(project)
    project.edit("prompts/_tone.j2", "Be kind.", "Be patient.")

    assert ("Be patient.", None) in brought(project, "greet")
    (line,) = [line for line in project.llmops("blame", "greet").stdout.splitlines() if "Be patient." in line]
    assert "not committed" in line
    assert ("Be kind.", "one") in brought(project, "greet@HEAD")


def test_text_that_moves_into_a_partial_keeps_its_version(project: Project) -> None:
    inline = PROMPT.replace('{% include "_tone.j2" %}', "Be kind.\n      Be brief.")
    project.commit("one", {"prompts/greet.yaml": inline})
    project.commit("two", {"prompts/greet.yaml": PROMPT, **PARTIAL})

    assert {subject for _, subject in brought(project, "greet")} == {"one"}


def test_a_rename_is_followed(project: Project) -> None:
    history(project)
    project.git("mv", "prompts/greet.yaml", "prompts/hello.yaml")
    project.commit("rename")

    assert ("Greet the person.", "one") in brought(project, "hello")


def test_an_invalid_version_is_skipped_and_said(project: Project) -> None:
    history(project)
    broken = project.commit("oops", {"prompts/greet.yaml": "messages: [\n"})
    project.commit("four", {"prompts/greet.yaml": PROMPT.replace("Greet", "Welcome")})

    shown = project.llmops("blame", "greet").stdout

    assert ("Welcome the person.", "four") in brought(project, "greet")
    assert ("Be very brief.", "three") in brought(project, "greet")
    assert f"skipped {broken[:10]}" in shown


def test_lines_that_came_by_a_merged_branch_are_the_branchs(project: Project) -> None:
    project.commit("one", {"prompts/greet.yaml": PROMPT, **PARTIAL})
    project.git("switch", "--quiet", "--create", "side")
    project.edit("prompts/greet.yaml", "Greet the person.", "Welcome the person.").commit("side")
    project.git("switch", "--quiet", "main")
    project.edit("prompts/greet.yaml", '"Name: ', '"The name: ').commit("main")
    project.git("merge", "--quiet", "--no-edit", "side")

    found = brought(project, "greet")

    assert ("Welcome the person.", "side") in found
    assert ("The name: {{ name }}", "main") in found
    assert ("Say the name.", "one") in found


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_it_fits_the_screen(project: Project, width: str) -> None:
    from llmops_cli.reporters.blame import format_blame
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.versions.blame import blame
    from llmops_cli.workflows.versions.revisions import Revisions

    history(project)
    text = format_blame(blame(Revisions(open_project(project.root)), "greet"), int(width))

    assert max(map(len, text.splitlines())) <= int(width)
    assert "Always say the name." in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gret", "unknown prompt 'gret'; did you mean 'greet'?"),
        ("greet@nowhere", "git knows no revision 'nowhere'"),
        ("greet@:live", "has no label 'live'"),
        ("greet@--all", "names no revision"),
    ],
)
def test_a_wrong_name_is_said(project: Project, name: str, said: str) -> None:
    history(project)

    result = project.llmops("blame", name)

    assert result.exit_code == ExitCode.USAGE
    assert said in result.stderr


def test_without_git_or_commits_it_says_why_not(project: Project) -> None:
    project.write({"prompts/greet.yaml": PROMPT, **PARTIAL})
    unborn = project.llmops("blame", "greet")
    (project.root / ".git").rename(project.root / "gone")
    outside = project.llmops("blame", "greet")

    assert (unborn.exit_code, outside.exit_code) == (ExitCode.USAGE, ExitCode.USAGE)
    assert "this repository has no commit yet" in unborn.stderr
    assert "is in no git repository" in outside.stderr
