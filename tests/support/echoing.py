"""A project whose model answers with what it is asked, so that it runs without any code of its own."""

from tests.support.project import TWO_CASES, Project

ECHO = """\
model: echo
inputs:
  name: {type: string}
prompt: "Hello, {{ name }}!"
"""
WORSE = ("prompts/greet.yaml", "Hello", "Bye")


def echoing_project(project: Project) -> Project:
    """Two cases on main, committed and accepted."""
    project.commit("greet", {"prompts/greet.yaml": ECHO, "evalsets/greet.yaml": TWO_CASES})
    assert project.llmops("eval").exit_code == 0
    assert project.llmops("accept").exit_code == 0
    project.commit("accept")
    return project


def on_branch(project: Project, name: str = "change") -> Project:
    """A branch with nothing on it yet, checked out."""
    project.git("switch", "--quiet", "--create", name)
    return project


def back_on_main(project: Project) -> str:
    """Commits what there is, checks main out again, and returns the commit that is now elsewhere."""
    commit = project.commit("a change")
    project.git("switch", "--quiet", "main")
    return commit
