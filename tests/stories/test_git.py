"""Where a project may live: a subfolder, a worktree, no git at all, a hook, somebody else's repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, greeting_project

BEHIND = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES}


def _regression(project: Project) -> None:
    """A worse prompt is seen, and an edited case is told from it: history is at hand where there is some."""
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Bobby}")
    result = project.llmops("eval")
    assert result.exit_code == ExitCode.REGRESSION
    assert "1 case that passed fails now (ada)" in result.both
    assert "1 not compared: bob" in result.both


def test_a_project_in_a_subfolder_of_a_repository(tmp_path: Path) -> None:
    project = greeting_project(Project.create(tmp_path / "mono", "services/bot"))
    inside = project.llmops("eval", cwd="prompts")
    assert (inside.exit_code, inside.calls) == (ExitCode.PASS, 0)
    assert "evalsets/greet.yaml" in project.git("ls-files", ".")

    _regression(project)


def test_spaces_and_umlauts_in_every_name(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "my répo (1)", "süd west/böt")
    project.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    evalset = TWO_CASES.replace("prompt: greet", "prompt: warm words/gruß 1")
    project.commit("x", {"prompts/warm words/gruß 1.yaml": GREET, "evalsets/mein set/gruß.yaml": evalset})
    assert project.llmops("eval").exit_code == ExitCode.PASS
    assert "evalsets/mein set/gruß.baseline.jsonl: 2 new" in project.llmops("accept").stdout
    project.commit("accept")
    project.edit("prompts/warm words/gruß 1.yaml", "Greet", "Insult")

    result = project.llmops("eval", "mein set/gruß")

    assert result.exit_code == ExitCode.REGRESSION
    assert "evalsets/mein set/gruß.yaml:5" in result.stdout


def test_no_git_at_all(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "plain", git=False)
    project.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!")).write(BEHIND)
    assert project.llmops("eval").exit_code == ExitCode.PASS
    assert project.llmops("accept").exit_code == ExitCode.PASS
    _regression(project)


def test_a_machine_without_the_git_program(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")

    result = project.run_process("eval", env={"PATH": "/nonexistent"})

    assert result.exit_code == ExitCode.REGRESSION, result.stderr


def test_a_detached_head(project: Project) -> None:
    greeting_project(project).git("checkout", "--quiet", "--detach")

    document = project.llmops("eval", "--format", "json").json()

    assert document["provenance"]["commit"] == project.git("rev-parse", "HEAD")
    assert "branch" not in document["provenance"]
    _regression(project)


def test_a_repository_without_commits(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!")).write(BEHIND)
    document = project.llmops("eval", "--format", "json").json()
    assert "commit" not in document["provenance"]
    assert document["provenance"]["branch"] == "main"
    assert project.llmops("accept").exit_code == ExitCode.PASS
    _regression(project)


def test_a_linked_worktree(project: Project) -> None:
    greeting_project(project)
    project.git("worktree", "add", "--quiet", str(project.root.parent / "linked"), "-b", "side")
    linked = Project(project.root.parent / "linked", project.root.parent / "linked")
    linked.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))

    assert linked.llmops("eval", "--format", "json").json()["provenance"]["branch"] == "side"
    _regression(linked)


def test_a_shallow_clone_falls_back_on_the_recorded_inputs(project: Project) -> None:
    greeting_project(project)
    project.commit("later", {"prompts/greet.yaml": GREET.replace("Greet", "Insult")})
    project.commit("last", {"prompts/other.yaml": GREET})
    target = project.root.parent / "shallow"
    project.git("clone", "--quiet", "--depth", "1", project.root.as_uri(), str(target))
    shallow = Project(target, target)
    shallow.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"))
    shallow.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Bobby}")

    result = shallow.llmops("eval")

    assert result.exit_code == ExitCode.REGRESSION
    assert "1 case that passed fails now (ada)" in result.both
    assert "1 not compared: bob" in result.both


def test_inside_a_hook_git_answers_for_this_repository(project: Project, tmp_path: Path) -> None:
    other = Project.create(tmp_path / "other")
    other.commit("other")
    greeting_project(project)
    exported = {
        "GIT_DIR": str(other.root / ".git"),
        "GIT_INDEX_FILE": str(other.root / ".git/index"),
        "GIT_WORK_TREE": str(other.root),
        "GIT_PREFIX": "",
    }

    document = project.llmops("eval", "--format", "json", env=exported).json()

    assert document["provenance"]["commit"] == project.git("rev-parse", "HEAD")


def test_a_real_pre_commit_hook_holds_back_a_mistake(project: Project) -> None:
    greeting_project(project)
    hook = project.root / ".git/hooks/pre-commit"
    package = Path(__file__).parents[2]
    hook.write_text(
        f"#!/bin/sh\nPYTHONPATH='{package}' exec {sys.executable} -m llmops_cli.cli.entry check\n"
    )
    hook.chmod(0o755)
    project.commit("fine", {"prompts/other.yaml": GREET})

    with pytest.raises(subprocess.CalledProcessError) as refused:
        project.commit("wrong", {"prompts/other.yaml": GREET + "oops: 1\n"})

    assert "prompts/other.yaml:8:1: unknown key 'oops'" in refused.value.stderr


def test_a_check_and_a_run_change_nothing_in_git(project: Project) -> None:
    greeting_project(project)

    def state() -> list[str]:
        index = (project.root / ".git/index").read_bytes()
        return [project.git("status", "--porcelain"), project.git("rev-parse", "HEAD"), str(hash(index))]

    before = state()
    project.llmops("check")
    project.llmops("eval", "--fresh")

    assert state() == before


def test_a_changed_prompt_makes_the_run_dirty_and_other_files_do_not(project: Project) -> None:
    greeting_project(project).write({"README.md": "hi"})
    assert "dirty" not in project.llmops("eval", "--format", "json").json()["provenance"]
    project.edit("prompts/greet.yaml", "Greet", "Please greet")
    assert project.llmops("eval", "--format", "json").json()["provenance"]["dirty"] is True


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_that_belongs_to_somebody_else(project: Project) -> None:
    """A container's usual case: git itself refuses to read such a repository."""
    greeting_project(project)
    for path in (project.root, *project.root.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    project.edit("prompts/greet.yaml", "Greet", "Insult")

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.USAGE
    assert "the repository belongs to another user, so git refuses to read it" in result.stderr
    assert "safe.directory" in result.stderr


@pytest.mark.parametrize("damage", ["HEAD", "objects", "refs"])
def test_a_damaged_repository_is_no_bug(project: Project, damage: str) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
    target = project.root / ".git" / damage
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.write_text("ref: refs/heads/gone\n")

    assert project.llmops("eval").exit_code in (ExitCode.REGRESSION, ExitCode.USAGE)


def test_the_worktrees_line_ends_do_not_matter(project: Project) -> None:
    greeting_project(project)
    for path in ("prompts/greet.yaml", "evalsets/greet.yaml", "evalsets/greet.baseline.jsonl"):
        project.write({path: project.read(path).replace("\n", "\r\n")})

    result = project.llmops("eval", "--format", "json")

    assert (result.exit_code, result.calls) == (ExitCode.PASS, 0)
    project.llmops("accept")
    assert project.git("diff", "--stat", "--ignore-cr-at-eol") == ""


def test_a_byte_order_mark_does_not_matter(project: Project) -> None:
    greeting_project(project)
    for path in ("prompts/greet.yaml", "evalsets/greet.yaml"):
        project.write({path: "\ufeff" + project.read(path)})

    assert project.llmops("eval").calls == 0


def test_answers_and_ids_of_any_alphabet(project: Project) -> None:
    evalset = TWO_CASES.replace("Ada", "Ådá 日本").replace("id: ada", "id: 東京-é").replace("Bob", "بوب")
    project.commit("x", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": evalset})
    project.replies(("Ådá", "Hello, Ådá 日本!"), ("", "Hello, بوب!"))
    assert project.llmops("eval").exit_code == ExitCode.PASS
    project.llmops("accept")

    assert "Hello, Ådá 日本!" in project.read("evalsets/greet.baseline.jsonl")
    assert project.llmops("eval", "--case", "東京-é").calls == 0
    result = project.run_process("eval", env={"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
    assert result.exit_code == ExitCode.PASS
