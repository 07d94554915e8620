"""`eval --tree REV`: a commit is judged from git's objects; what is checked out is neither read nor touched."""

import base64
import json
from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.echoing import ECHO, WORSE, back_on_main, echoing_project, on_branch
from tests.support.project import GREET, TWO_CASES, Project, greeting_project, kinds_of

FILES = ("-c", "protocol.file.allow=always")


@pytest.fixture
def worse(project: Project) -> str:
    """A commit beside main whose prompt is worse; main is checked out."""
    on_branch(echoing_project(project)).edit(*WORSE)
    return back_on_main(project)


def state(project: Project) -> list[str]:
    """What git and the disk hold of the checked-out files."""
    index = (project.root / ".git/index").read_bytes()
    files = [p for p in sorted(project.root.rglob("*")) if p.is_file() and p.parts[-2] != "runs"]
    kept = [f"{p}:{p.read_bytes()!r}" for p in files if ".git" not in p.parts and ".llmops" not in p.parts]
    return [project.git("status", "--porcelain"), project.git("rev-parse", "HEAD"), str(hash(index)), *kept]


def test_a_commit_is_judged_while_another_is_checked_out(project: Project, worse: str) -> None:
    before = state(project)

    result = project.llmops("eval", "--tree", worse, "--against", "main...", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    assert kinds_of(result) == {"ada": "regressed", "bob": "regressed"}
    assert state(project) == before
    provenance = result.json()["provenance"]
    assert provenance["commit"] == worse
    assert "dirty" not in provenance
    assert "branch" not in provenance
    assert [path.name for path in (project.root / ".llmops/runs").iterdir()]


def test_what_lies_in_the_worktree_is_not_looked_at(project: Project, worse: str) -> None:
    project.write(
        {"llmops.yaml": "oops: 1\n", "prompts/greet.yaml": ":", "evalsets/greet.yaml": "cases: 7\n"}
    )
    (project.root / "evalsets/greet.baseline.jsonl").write_text("broken")

    result = project.llmops("eval", "--tree", worse, "--against", "main...", "--format", "json")

    assert kinds_of(result) == {"ada": "regressed", "bob": "regressed"}
    assert "dirty" not in result.json()["provenance"]


def test_every_kind_of_file_comes_from_the_commit(project: Project) -> None:
    pixel = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    prompt = """\
inputs: {name: {type: string}}
messages:
  - role: system
    file: rules.j2
  - role: user
    content:
      - text: "{% include '_start.j2' %}, {{ name }}!"
      - image: pixel.png
output: {schema: answer.schema.json}
tools: tools.json
"""
    tool = {
        "type": "function",
        "function": {"name": "look", "parameters": {"type": "object", "properties": {}}},
    }
    project.commit("nothing", {"README.md": "soon\n"})
    on_branch(project).write({
        "llmops.yaml": "model: says\nmodels: {says: {model: echo}}\n",
        "prompts/greet.yaml": prompt, "prompts/rules.j2": "Greet.", "prompts/_start.j2": "Hello",
        "prompts/pixel.png": pixel, "prompts/answer.schema.json": '{"type": "object"}',
        "prompts/tools.json": json.dumps([tool]),
        "evalsets/greet.yaml": f"{TWO_CASES.partition('cases:')[0]}cases_from: [greet.*.jsonl, greet.b.csv]\n",
        "evalsets/greet.a.jsonl": '{"id": "ada", "vars": {"name": "Ada"}}\n',
        "evalsets/greet.b.csv": "id,name\nbob,Bob\n",
    })  # fmt: skip
    commit = back_on_main(project)

    result = project.llmops("eval", "--tree", commit, "--against", "main...", "--format", "json")

    assert result.exit_code == ExitCode.PASS, result.stderr
    assert [case["id"] for case in result.json()["evalsets"][0]["cases"]] == ["ada", "bob"]
    settings = result.json()["evalsets"][0]["variants"][0]["settings"]
    assert settings["model"] == "echo"
    assert settings["tools"] == [tool]
    assert settings["output_schema"] == {"type": "object"}
    assert not (project.root / "prompts").exists()


def test_changes_are_those_between_the_base_and_the_commit(project: Project, worse: str) -> None:
    since = ("--changed-since", "main...", "--against", "main...")
    project.write({"prompts/greet.yaml": ECHO + "description: edited here, and not there\n"})
    words = project.git("commit-tree", "main^{tree}", "-p", "main", "-m", "words")

    changed = project.llmops("eval", "--tree", worse, *since)
    unchanged = project.llmops("eval", "--tree", words, *since)

    assert changed.exit_code == ExitCode.REGRESSION
    assert "run greet: prompts/greet.yaml changed" in changed.stderr
    assert unchanged.exit_code == ExitCode.PASS
    assert "UNAFFECTED" in unchanged.stdout


def test_the_base_prompt_is_asked_again_from_the_commits_history(project: Project) -> None:
    on_branch(echoing_project(project)).edit(*WORSE)
    project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}")
    commit = back_on_main(project)
    asked = ("eval", "--tree", commit, "--against", "main...", "--format", "json")

    without = project.llmops(*asked)
    rerun = project.llmops(*asked, "--rerun-baseline")

    assert kinds_of(without) == {"ada": "regressed", "bob": "incomparable"}
    assert kinds_of(rerun) == {"ada": "regressed", "bob": "regressed"}


def test_an_estimate_and_a_part_are_of_the_commit_too(project: Project, worse: str) -> None:
    estimate = project.llmops("eval", "--tree", worse, "--against", "main...", "--estimate")
    part = project.llmops("eval", "greet", "--tree", worse, "--case", "ada", "--format", "json")

    assert "2 answers: 2 calls (0 on record" in estimate.stdout
    assert kinds_of(part) == {"ada": "regressed"}


@pytest.mark.parametrize("kind", ["provider", "scorer", "judge"])
def test_code_of_the_commit_is_refused_with_one_word_and_no_verdict(project: Project, kind: str) -> None:
    on_branch(echoing_project(project)).write({
        "llmops.yaml": "allow_python: true\n",
        "evil.py": "import pathlib\npathlib.Path('ran').touch()\ndef answer(*given, **more):\n    return True\n",
        "prompts/code.yaml": "model: 'python:evil:answer'\nprompt: hi\n",
    })  # fmt: skip
    if kind == "provider":
        project.edit("prompts/greet.yaml", "model: echo", "model: 'python:evil:answer'")
    elif kind == "scorer":
        project.edit("evalsets/greet.yaml", "scorers:\n", "scorers:\n  - python: evil:answer\n")
    else:
        project.edit("evalsets/greet.yaml", "scorers:\n", "scorers:\n  - judge: {prompt: code}\n")
    commit = back_on_main(project)

    result = project.llmops("eval", "--tree", commit, "--against", "main...")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert len(result.stderr.splitlines()) == 1
    assert (
        "code of this project, which may not run here: --tree runs nothing of what it reads" in result.stderr
    )
    assert not (project.root / "ran").exists()


def test_a_base_that_was_answered_by_code_is_not_asked_again(project: Project) -> None:
    greeting_project(project)
    on_branch(project).write({"llmops.yaml": "model: echo\n"})
    project.edit("prompts/greet.yaml", "Name: ", "Hello, ").edit(
        "evalsets/greet.yaml", "{name: Bob}", "{name: Bo}"
    )
    commit = back_on_main(project)
    before = project.calls

    result = project.llmops(
        "eval", "--tree", commit, "--against", "main...", "--rerun-baseline", "--format", "json"
    )

    reasons = {
        case["id"]: case.get("reason", "") for case in result.json()["evalsets"][0]["comparisons"][0]["cases"]
    }
    assert "python:scripted:answer is code of this project, which may not run here" in reasons["bob"]
    assert project.calls == before


def test_a_mistake_in_a_file_of_the_commit_is_one_although_code_is_refused_too(project: Project) -> None:
    on_branch(echoing_project(project)).edit(
        "evalsets/greet.yaml", "scorers:\n", "scorers:\n  - python: a:b\n"
    )
    project.write({"prompts/greet.yaml": ECHO + "oops: 1\n"})
    commit = back_on_main(project)

    assert project.llmops("eval", "--tree", commit).exit_code == ExitCode.USAGE


def test_tree_and_at_exclude_each_other(project: Project, worse: str) -> None:
    result = project.llmops("eval", "--tree", worse, "--at", "main")

    assert result.exit_code == ExitCode.USAGE
    assert "--at and --tree exclude each other" in result.stderr


def test_what_another_commit_answered_is_not_accepted_here(project: Project, worse: str) -> None:
    project.llmops("eval", "--tree", worse)

    assert project.llmops("accept").exit_code == ExitCode.USAGE


def test_a_project_in_a_subfolder(tmp_path: Path) -> None:
    project = echoing_project(Project.create(tmp_path / "mono", "services/bot"))
    on_branch(project).edit(*WORSE)
    commit = back_on_main(project)

    inside = project.llmops(
        "eval", "--tree", commit, "--against", "main...", "--format", "json", cwd="evalsets"
    )

    assert kinds_of(inside) == {"ada": "regressed", "bob": "regressed"}
    assert inside.json()["provenance"]["folder"] == "services/bot"
    assert (project.root / ".llmops/runs").is_dir()


def test_a_shallow_clone_that_fetched_the_commit_and_did_not_check_it_out(
    project: Project, worse: str
) -> None:
    target = project.root.parent / "shallow"
    project.git("config", "uploadpack.allowAnySHA1InWant", "true")
    project.git(
        *FILES, "clone", "--quiet", "--depth=1", "--branch=main", f"file://{project.root}", str(target)
    )
    clone = Project(target, target)

    absent = clone.llmops("eval", "--tree", worse)
    clone.git(*FILES, "fetch", "--quiet", "--depth=1", "origin", worse)
    apart = clone.llmops("eval", "--tree", worse, "--against", "main...")
    direct = clone.llmops("eval", "--tree", worse, "--against", "main", "--format", "json")

    assert absent.exit_code == ExitCode.INCONCLUSIVE
    assert f"`git fetch origin {worse}` brings it" in absent.stderr
    assert apart.exit_code == ExitCode.INCONCLUSIVE
    assert "this clone is shallow: `git fetch --unshallow origin" in apart.stderr
    assert kinds_of(direct) == {"ada": "regressed", "bob": "regressed"}

    command = apart.stderr.split("`")[1].split()
    clone.git(*FILES, *command[1:])  # what it says is what helps
    assert clone.llmops("eval", "--tree", worse, "--against", "main...").exit_code == ExitCode.REGRESSION


def test_a_bare_clone_has_no_place_for_a_run(project: Project, worse: str) -> None:
    bare = project.root.parent / "bare.git"
    project.git("clone", "--quiet", "--bare", str(project.root), str(bare))

    result = project.llmops("eval", "-C", str(bare), "--tree", worse)

    assert result.exit_code == ExitCode.USAGE
    assert "eval needs a worktree" in result.stderr


def test_hidden_files_are_passed_over_as_in_the_worktree(project: Project) -> None:
    on_branch(echoing_project(project)).write(
        {"evalsets/.draft.yaml": "nonsense", "prompts/.old/x.yaml": ":"}
    )
    commit = back_on_main(project)

    assert project.llmops("eval", "--tree", commit).exit_code == ExitCode.PASS


LINKED: dict[str, str | bytes] = {
    "prompts/greet.yaml": "model: echo\ninputs: {name: {type: string}}\nmessages:\n"
    "  - {role: system, file: rules.j2}\n"
    "  - role: user\n    content:\n"
    "      - text: \"{% include 'start.j2' %}, {{ name }}!\"\n      - image: pixel.png\n"
    "output: {schema: answer.schema.json}\ntools: tools.json\n",
    "prompts/rules.j2": "Greet.",
    "prompts/start.j2": "Hello",
    "prompts/pixel.png": b"png",
    "prompts/answer.schema.json": "{}",
    "prompts/tools.json": "[]",
    "evalsets/greet.yaml": f"{TWO_CASES.partition('cases:')[0]}cases_from: [g.*.jsonl, h.csv]\n",
    "evalsets/g.a.jsonl": '{"id": "ada", "vars": {"name": "Ada"}}\n',
    "evalsets/h.csv": "id,name\nbob,Bob\n",
    "evalsets/greet.baseline.jsonl": "",
    "llmops.yaml": "model: echo\n",
}


@pytest.mark.parametrize("path", LINKED)
@pytest.mark.parametrize("target", ["outside", "inside"])
def test_a_link_in_the_commit_is_refused_whatever_it_stands_for(
    project: Project, path: str, target: str
) -> None:
    project.commit("nothing", {"README.md": "soon\n"})
    on_branch(project).write(LINKED)
    place, kept = (
        project.root / path,
        {"outside": project.root.parent / "kept", "inside": project.root / "kept"},
    )
    place.replace(kept[target])
    place.symlink_to(kept[target])
    commit = back_on_main(project)

    result = project.llmops("eval", "--tree", commit)

    assert result.exit_code == ExitCode.USAGE
    assert len(result.stderr.splitlines()) == 1
    assert f"{path}" in result.stderr
    assert "is a link, and links are not followed in a commit; commit the file itself" in result.stderr


def test_without_links_the_same_project_is_evaluated(project: Project) -> None:
    project.commit("nothing", {"README.md": "soon\n"})
    kept = {path: text for path, text in LINKED.items() if "baseline" not in path}
    on_branch(project).write(kept)
    link = project.root / "prompts/notes"
    link.symlink_to("../README.md")  # nobody asks for it

    assert project.llmops("eval", "--tree", back_on_main(project)).exit_code == ExitCode.PASS


def test_what_lies_behind_a_linked_folder_is_refused_too(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "mono", "services/bot")
    project.commit("nothing", {"README.md": "soon\n"})
    shared = LINKED["prompts/greet.yaml"]
    assert isinstance(shared, str)
    on_branch(project).write({**LINKED, "prompts/greet.yaml": shared.replace("rules.j2", "shared/rules.j2")})
    (project.root.parent / "common").mkdir()
    (project.root.parent / "common/rules.j2").write_text("Greet.")
    (project.root / "prompts/shared").symlink_to("../../common")

    result = project.llmops("eval", "--tree", back_on_main(project), cwd=".")

    assert result.exit_code == ExitCode.USAGE
    assert "lies behind the link prompts/shared, and links are not followed in a commit" in result.stderr


def test_a_base_with_a_link_does_not_keep_its_mending_from_being_judged(project: Project) -> None:
    echoing_project(project)
    for path in ("prompts/greet.yaml", "evalsets/greet.yaml"):
        (project.root / path).replace(project.root / "kept")
        (project.root / path).symlink_to("../kept")
        project.commit("linked")
        on_branch(project, path.partition("/")[0])
        (project.root / path).unlink()
        (project.root / "kept").replace(project.root / path)
        project.commit("mended")

        result = project.llmops("eval", "--against", "main", "--changed-since", "main", "--format", "json")

        assert kinds_of(result) == {"ada": "unchanged", "bob": "unchanged"}, path
        project.git("switch", "--quiet", "main")
        project.git("merge", "--quiet", path.partition("/")[0])


def test_no_python_holds_in_the_worktree_too_and_for_every_command(project: Project) -> None:
    greeting_project(project)

    flag = project.llmops("eval", "--no-python")
    variable = project.llmops("eval", env={"LLMOPS_NO_PYTHON": "1"})
    once = project.llmops("run", "greet", "--var", "name=Ada", env={"LLMOPS_NO_PYTHON": "true"})
    off = project.llmops("eval", env={"LLMOPS_NO_PYTHON": "0"})

    for result in (flag, variable, once):
        assert (result.exit_code, result.calls) == (ExitCode.INCONCLUSIVE, 0)
        assert len(result.stderr.splitlines()) == 1
    assert "which may not run here: --no-python forbids it" in flag.stderr
    assert off.exit_code == ExitCode.PASS


def test_refusals_of_many_sets_are_one_line_with_a_count(project: Project) -> None:
    greeting_project(project)
    sets = {f"evalsets/set{n}.yaml": TWO_CASES + "models: [scripted]\n" for n in range(12)}
    project.write(sets | {"prompts/greet.yaml": GREET})

    result = project.llmops("eval", "--no-python")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert len(result.stderr.splitlines()) == 1
    assert "(and in 12 more)" in result.stderr
