"""Odd places a repository may stand in: history must be read there, or one clear word said."""

from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, Project, greeting_project

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


def test_a_partial_clone_fetches_nothing_and_says_what_is_missing(project: Project) -> None:
    greeting_project(project).edit(*EDIT).commit("change")
    project.git("config", "uploadpack.allowFilter", "true")
    project.git(*FILES, "clone", "--quiet", "--filter=blob:none", f"file://{project.root}", "partial")

    here = project.llmops("show", "greet", "-C", "partial")
    old = project.llmops("show", "greet@HEAD~1", "-C", "partial")

    assert here.exit_code == ExitCode.PASS
    assert "by first name" in here.stdout
    if old.exit_code == ExitCode.PASS:  # a git that fetches all the same answers truly
        assert "by name" in old.stdout
    else:
        assert old.exit_code == ExitCode.USAGE
        assert "fetch" in old.stderr


def test_sha256_names_are_read_or_refused_in_one_sentence(project: Project, tmp_path: Path) -> None:
    repository = Project(tmp_path / "sha256", tmp_path / "sha256")
    repository.root.mkdir()
    repository.git("init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    repository.commit("greet", {"prompts/greet.yaml": GREET})

    result = repository.llmops("log", "greet")

    assert repository.llmops("check").exit_code == ExitCode.PASS
    if result.exit_code != ExitCode.PASS:
        assert result.exit_code == ExitCode.USAGE
        assert "SHA-256" in result.stderr
        assert len(result.stderr.splitlines()) == 1


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
