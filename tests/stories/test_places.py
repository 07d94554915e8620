"""Odd places a repository may stand in: history must be read there, or one clear word said."""

import subprocess
from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project, greeting_project

EDIT = ("prompts/greet.yaml", "by name", "by first name")
FILES = ("-c", "protocol.file.allow=always")


def versions(project: Project, *options: str) -> int:
    result = project.llmops("log", "greet", "--format", "json", *options)
    assert result.exit_code == ExitCode.PASS, result.stderr
    return len(result.json())


def test_a_submodule_is_a_repository_of_its_own(project: Project, tmp_path: Path) -> None:
    greeting_project(project).edit(*EDIT).commit("change")
    outer = Project.create(tmp_path / "outer")
    outer.commit("start", {"README.md": "outer\n"})
    outer.git(*FILES, "submodule", "--quiet", "add", str(project.root), "vendor/prompts")
    outer.commit("submodule")

    assert versions(outer, "-C", "vendor/prompts") == 2
    assert outer.llmops("eval", "-C", "vendor/prompts", "--no-calls").exit_code in (0, 3)


@pytest.mark.parametrize("lacks", ["blob:none", "tree:0"])
def test_a_partial_clone_fetches_nothing_and_says_what_is_missing(project: Project, lacks: str) -> None:
    greeting_project(project).edit(*EDIT).commit("change")
    project.git("config", "uploadpack.allowFilter", "true")
    project.git(*FILES, "clone", "--quiet", f"--filter={lacks}", f"file://{project.root}", "partial")
    partial = Project(project.root / "partial", project.root / "partial")
    held = partial.git("count-objects", "-v")

    assert "by first name" in partial.llmops("show", "greet").stdout
    assert partial.llmops("check").exit_code == ExitCode.PASS
    results = {
        command: partial.llmops(*command.split())
        for command in (
            "show greet@HEAD~1", "bundle --ref HEAD~1", "diff HEAD~1", "list", "log greet",
            "eval --no-calls --changed-since HEAD~1", "eval --no-calls --at HEAD~1",
        )
    }  # fmt: skip

    if partial.git("count-objects", "-v") != held:  # a git that fetches all the same answers truly
        assert "by name" in results["show greet@HEAD~1"].stdout
        return
    for command, result in results.items():
        if result.exit_code == ExitCode.USAGE:
            (error,) = (line for line in result.stderr.splitlines() if line.startswith("error"))
            assert "git fetch" in error, command
    refused = {command for command, result in results.items() if result.exit_code == ExitCode.USAGE}
    assert refused >= {"show greet@HEAD~1", "bundle --ref HEAD~1", "diff HEAD~1"}
    assert ("list" in refused) is (lacks == "tree:0")  # who wrote a file last, only trees can tell
    said = {command: result.exit_code for command, result in results.items()}
    assert not {ExitCode.REGRESSION, ExitCode.BUG} & set(said.values()), said


def test_sha256_names_are_read_like_any_other(tmp_path: Path) -> None:
    repository = Project(tmp_path / "sha256", tmp_path / "sha256")
    repository.root.mkdir()
    try:
        repository.git("init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    except subprocess.CalledProcessError:
        pytest.skip("this git makes no SHA-256 repositories")
    greeting_project(repository).edit(*EDIT).commit("change")

    assert len(repository.git("rev-parse", "HEAD")) == 64
    assert versions(repository) == 2
    assert repository.llmops("check").exit_code == ExitCode.PASS
    assert "by name" in repository.llmops("show", "greet@HEAD~1").stdout
    assert "first" in repository.llmops("diff", "HEAD~1").stdout
    assert repository.llmops("list").exit_code == ExitCode.PASS
    bundled = repository.llmops("bundle", "--ref", "HEAD")
    assert bundled.json()["content"]["commit"] == repository.git("rev-parse", "HEAD")
    repository.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    against = repository.llmops("eval", "--against", "HEAD~1", "--changed-since", "HEAD~1")
    assert against.exit_code == ExitCode.PASS, against.both


def test_a_rebased_branch_keeps_its_versions_by_content(project: Project) -> None:
    greeting_project(project).git("switch", "--quiet", "--create", "work")
    project.edit(*EDIT).commit("change")
    project.llmops("label", "greet", "production")
    project.commit("promote")
    project.git("switch", "--quiet", "main")
    project.commit("meanwhile", {"README.md": "more\n"})
    project.git("switch", "--quiet", "work")
    project.git("rebase", "--quiet", "main")

    assert versions(project) == 2
    assert project.llmops("check").exit_code == ExitCode.PASS
    assert "by first name" in project.llmops("show", "greet@:production").stdout


def test_a_short_hash_that_fits_several_commits_is_said_to(project: Project) -> None:
    greeting_project(project)
    heads: dict[str, str] = {}
    for number in range(2000):
        commit = project.git("commit-tree", "HEAD^{tree}", "-m", f"n{number}")
        if commit[:4] in heads:
            break
        heads[commit[:4]] = commit
    else:
        pytest.fail("no two of 2000 commits begin alike")

    result = project.llmops("show", f"greet@{commit[:4]}")

    assert result.exit_code == ExitCode.USAGE
    assert "is ambiguous" in result.stderr
    assert commit in result.stderr


def test_spaces_and_other_alphabets_in_names(project: Project) -> None:
    name = "Kunden dienst/grüß gott 你好"
    project.commit("odd", {f"prompts/{name}.yaml": "prompt: Hi\n"})
    project.commit("odd again", {f"prompts/{name}.yaml": "prompt: Hello\n"})

    log = project.llmops("log", name, "--format", "json").json()

    assert [entry["ordinal"] for entry in log] == [2, 1]
    assert "Hi" in project.llmops("show", f"{name}@HEAD~1").stdout
    assert name in project.llmops("diff", "HEAD~1", "--stat").stdout
