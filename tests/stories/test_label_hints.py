"""The digest of a label rules; the commit beside it is a hint, believed only where the branch's history holds it."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from llmops_cli.errors import ExitCode
from llmops_cli.vcs.running import Running
from tests.support.project import GREET, Project

LABELS = "prompts/labels.yaml"
FROM_LABEL = pytest.mark.parametrize("command", [("bundle",), ("bundle", "--ref", "HEAD"), ("check",)])


def way(number: int) -> dict[str, str]:
    return {"prompts/greet.yaml": GREET.replace("by name", f"in way {number}")}


def digest(project: Project, reference: str) -> str:
    return str(project.llmops("show", reference, "--format", "json").json()["digest"])


def label(project: Project, target: str, commit: str) -> None:
    text = f'greet:\n  production: {{digest: "{target}", commit: "{commit[:12]}"}}\n'
    project.commit("label", {LABELS: text})


def side_branch(project: Project, number: int) -> str:
    """A commit of that way on a branch that is not merged."""
    project.git("switch", "--quiet", "--create", "side")
    commit = project.commit(f"way {number}", way(number))
    project.git("switch", "--quiet", "main")
    return commit


@FROM_LABEL
def test_a_version_that_only_another_branch_holds_is_refused(
    project: Project, command: tuple[str, ...]
) -> None:
    project.commit("way 1", way(1))
    commit = side_branch(project, 2)
    label(project, digest(project, "greet@side"), commit)

    result = project.llmops(*command)

    assert result.exit_code == ExitCode.USAGE
    assert f"{LABELS}:2" in result.stderr
    assert f"the commit {commit[:12]} holds it, and is not in this branch's history" in result.both
    project.git("merge", "--quiet", "--no-edit", "side")
    assert project.llmops(*command).exit_code == ExitCode.PASS


@pytest.mark.parametrize("hint", ["another branch", "another version", "a tag", "nothing"])
@FROM_LABEL
def test_a_hint_that_leads_elsewhere_costs_a_search_and_nothing_else(
    project: Project, command: tuple[str, ...], hint: str
) -> None:
    project.commit("way 1", way(1))
    wanted = digest(project, "greet@HEAD")
    newer = project.commit("way 2", way(2))
    project.git("tag", "here")
    commits = {
        "another branch": side_branch(project, 1),
        "another version": newer,
        "a tag": "here",
        "nothing": "0" * 12,
    }
    label(project, wanted, commits[hint])

    result = project.llmops(*command)

    assert result.exit_code == ExitCode.PASS, result.both
    if command[0] == "bundle":
        content = result.json()["content"]
        assert content["labels"]["greet"]["production"]["digest"] == wanted
        assert "in way 1" in str(content["versions"])


@FROM_LABEL
def test_many_labels_ask_git_no_more_than_one(project: Project, command: tuple[str, ...]) -> None:
    names = [f"greet-{number}" for number in range(12)]
    old = {f"prompts/{name}.yaml": f"prompt: Say hello in {name}.\n" for name in names}
    commit = project.commit("old", old)
    targets = {name: digest(project, name) for name in names}
    project.commit("new", {path: text.replace("hello", "hi") for path, text in old.items()})

    def asked(some: list[str]) -> int:
        lines = [f'{name}:\n  live: {{digest: "{targets[name]}", commit: "{commit}"}}\n' for name in some]
        project.commit("labels", {LABELS: "".join(lines)})
        calls: list[Any] = []
        with mock.patch.object(Running, "execute", _counting(Running.execute, calls)):
            result = project.llmops(*command)
        assert result.exit_code == ExitCode.PASS, result.both
        return len(calls)

    assert asked(names) == asked(names[:1]) > 0


def _counting(execute: Any, calls: list[Any]) -> property:
    def counting(self: Running) -> Callable[..., Any]:
        def run(command: Any, **options: Any) -> Any:
            calls.append(command)
            return execute.fget(self)(command, **options)

        return run

    return property(counting)
