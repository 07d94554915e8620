"""`llmops check` and history in real git hooks, where git exports GIT_DIR and GIT_INDEX_FILE."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.project import GREET, Project, process_environment

BROKEN = GREET.replace("{{ name }}", "{{ nmae }}")
HISTORY = (
    "from llmops_cli import load\n"
    "found = load('greet@HEAD')\n"
    "print('at', found.version.commit, found.render(name='Ada')[0]['content'])\n"
)
# `commit -a` makes git export an index of its own beside the usual one
HOOK = """\
#!/bin/sh
env | grep '^GIT_' > "{notes}/exported"
cd "{folder}" || exit 9
{python} -m llmops_cli.cli.entry check || exit 1
{python} -c "{code}" > "{notes}/history" || exit 2
git diff --cached --quiet && exit 3
exit 0
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Where the hook writes what it saw."""
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def install(hooks: Path, folder: str, notes: Path) -> None:
    hook = hooks / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        HOOK.format(notes=notes, folder=folder, python=sys.executable, code=HISTORY), encoding="utf-8"
    )
    hook.chmod(0o755)


def commit(repository: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    who = {
        f"GIT_{role}_{what}": "t@example.invalid"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    return subprocess.run(
        ["git", "commit", "--quiet", "--message", "a change", *arguments],
        cwd=repository, env=process_environment(who), capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("below", [".", "services/desk"])
@pytest.mark.parametrize("linked", [False, True], ids=["main worktree", "linked worktree"])
def test_a_broken_prompt_is_refused_and_a_good_one_goes_through(
    tmp_path: Path, notes: Path, below: str, linked: bool
) -> None:
    project = Project.create(tmp_path / "repository", below)
    first = project.commit("greet", {"prompts/greet.yaml": GREET})
    repository = tmp_path / "repository"
    if linked:
        project.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
        repository = tmp_path / "linked"
    here = Project(repository / below, repository)
    install(tmp_path / "repository" / ".git" / "hooks", below, notes)

    here.write({"prompts/greet.yaml": BROKEN})
    refused = commit(repository, "--all")

    assert refused.returncode != 0
    assert "prompts/greet.yaml:7" in refused.stderr
    assert "did you mean 'name'?" in refused.stderr
    assert here.git("rev-parse", "HEAD") == first
    assert "GIT_INDEX_FILE=" in (notes / "exported").read_text(encoding="utf-8")
    assert ("GIT_DIR=" in (notes / "exported").read_text(encoding="utf-8")) is linked

    here.write({"prompts/greet.yaml": GREET.replace("Greet", "Please greet")})
    accepted = commit(repository, "--all")

    assert accepted.returncode == 0, accepted.stderr
    assert here.git("rev-parse", "HEAD~1") == first
    # the hook saw HEAD as it was, in this repository
    history = (notes / "history").read_text(encoding="utf-8")
    assert history == f"at {first} Greet the person by name.\n"
    assert here.git("status", "--porcelain") == ""


def test_another_repository_in_the_environment_is_not_asked(project: Project, tmp_path: Path) -> None:
    """As in a hook that works on a second checkout: the project's own repository answers."""
    other = Project.create(tmp_path / "other")
    other.commit("other", {"prompts/greet.yaml": GREET.replace("Greet", "Insult")})
    head = project.commit("greet", {"prompts/greet.yaml": GREET})
    exported = {"GIT_DIR": str(other.root / ".git"), "GIT_INDEX_FILE": str(other.root / ".git" / "index")}

    made = project.run_process("bundle", "--ref", "HEAD", env=exported)

    assert made.json()["content"]["commit"] == head
    assert "Greet the person" in made.stdout


def test_the_hook_for_pre_commit_runs_as_it_is_written(project: Project) -> None:
    """What pre-commit would do: the entry, in the repository's root, for the files it matches."""
    (hook,) = yaml.safe_load(
        (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    )
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("llmops-check", "python", False)
    matching = ["prompts/a/b.yaml", "prompts/_p.j2", "evalsets/x.cases.jsonl", "llmops.yaml"]
    assert all(re.search(hook["files"], path) for path in matching)
    assert not any(
        re.search(hook["files"], path) for path in ["README.md", "src/llmops.yaml", "xprompts/a.yaml"]
    )
    command, *arguments = hook["entry"].split()
    assert command == "llmops"

    project.commit("greet", {"prompts/greet.yaml": GREET})
    assert project.run_process(*arguments).exit_code == 0
    project.write({"prompts/greet.yaml": BROKEN})
    assert project.run_process(*arguments).exit_code == 2
