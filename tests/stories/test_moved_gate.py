"""A change that moves the whole project inside its repository is judged against what it was in its old folder."""

from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, greeting_project, kinds_of

GATE = ("--against", "main...", "--changed-since", "main...", "--rerun-baseline", "--trust", "main")
SETTINGS = "model: fast\nallow_python: true\nmodels:\n  fast: {model: 'python:scripted:answer'}\n"
MOVED = ("prompts", "evalsets", "llmops.yaml", "scripted.py", ".scripted")
WORSE = ("prompts/greet.yaml", "Greet", "Insult")


def started(repository: Path, below: str) -> Project:
    project = Project.create(repository, below)
    project.write({"llmops.yaml": SETTINGS})
    greeting_project(project).git("switch", "--quiet", "--create", "change")
    return project


def move(project: Project, to: str) -> Project:
    """The whole project to another folder of the repository, not committed yet."""
    assert project.repository is not None
    target = project.repository / to
    target.mkdir(parents=True, exist_ok=True)
    for name in MOVED:
        (project.root / name).rename(target / name)
    return Project(target, project.repository)


@pytest.mark.parametrize(("old", "new"), [("apps/desk", "apps/support"), (".", "llm"), ("llm", ".")])
class TestMoved:
    def test_alone_it_passes_and_asks_nothing(self, tmp_path: Path, old: str, new: str) -> None:
        after = move(started(tmp_path / "mono", old), new)
        after.commit("move")

        result = after.llmops("eval", *GATE, "--format", "json")

        assert result.exit_code == ExitCode.PASS
        assert kinds_of(result) == {"ada": "unchanged", "bob": "unchanged"}
        assert result.calls == 0

    @pytest.mark.parametrize("at_once", [True, False])
    def test_what_got_worse_beside_it_is_found(
        self, tmp_path: Path, old: str, new: str, at_once: bool
    ) -> None:
        after = move(started(tmp_path / "mono", old), new)
        if not at_once:
            after.commit("move")
        after.edit(*WORSE).commit("worse")

        for options in (GATE, GATE[:2]):
            result = after.llmops("eval", *options, "--format", "json")

            assert result.exit_code == ExitCode.REGRESSION
            assert kinds_of(result) == {"ada": "regressed", "bob": "regressed"}

    def test_answers_that_the_branch_accepts_do_not_block(self, tmp_path: Path, old: str, new: str) -> None:
        after = move(started(tmp_path / "mono", old), new)
        after.edit(*WORSE).commit("move, and worse")
        after.llmops("eval")
        after.llmops("accept")
        accepted = after.commit("accepted")

        result = after.llmops("eval", *GATE)

        assert result.exit_code == ExitCode.PASS, result.both
        assert accepted[:7] in result.both, "who accepted is told"

    def test_an_evalset_that_is_gone_is_missed(self, tmp_path: Path, old: str, new: str) -> None:
        after = move(started(tmp_path / "mono", old), new)
        for name in ("greet.yaml", "greet.baseline.jsonl"):
            (after.root / "evalsets" / name).unlink()
        after.edit(*WORSE).commit("moved, and nobody looks")

        result = after.llmops("eval", *GATE)

        assert result.exit_code == ExitCode.INCONCLUSIVE
        assert "evalsets/greet.yaml, which tests the prompt greet at main..., was deleted" in result.both


def test_a_commit_that_is_not_checked_out(tmp_path: Path) -> None:
    before = Project.create(tmp_path / "mono", "apps/desk")
    cases = TWO_CASES.replace('"Hello, {{ vars.name }}!"', '"Name:"')
    before.commit(
        "start", {"llmops.yaml": "model: echo\n", "prompts/greet.yaml": GREET, "evalsets/greet.yaml": cases}
    )
    assert before.llmops("eval").exit_code == ExitCode.PASS
    before.llmops("accept")
    before.commit("accept")
    before.git("switch", "--quiet", "--create", "change")
    before.git("mv", "apps/desk", "apps/support")
    after = Project(before.root.parent / "support", before.repository)
    worse = after.edit("prompts/greet.yaml", "Name:", "Called").commit("moved, and worse")
    after.edit("prompts/greet.yaml", "Called", "Name:").commit("mended")

    result = after.llmops("eval", "--tree", worse, *GATE, "--format", "json")

    assert kinds_of(result) == {"ada": "regressed", "bob": "regressed"}
    assert after.llmops("eval", *GATE).exit_code == ExitCode.PASS


def test_a_move_that_nothing_shows_is_no_pass(tmp_path: Path) -> None:
    """Prompt and evalset were both written anew on the way, so that git sees no rename."""
    after = move(started(tmp_path / "mono", "apps/desk"), "apps/support")
    lines = '{"id": "ada", "vars": {"name": "Ada"}}\n'
    people = 'prompt: greet\nscorers: [{contains: "Hello"}]\ncases_from: [people.cases.jsonl]\n'
    for name in ("greet.yaml", "greet.baseline.jsonl"):
        (after.root / "evalsets" / name).unlink()
    (after.root / "prompts/greet.yaml").unlink()
    after.commit(
        "all is new",
        {
            "evalsets/people.yaml": people,
            "evalsets/people.cases.jsonl": lines,
            "prompts/greet.yaml": "inputs: {name: {}}\nprompt: 'Insult {{ name }}'\n",
        },
    )

    result = after.llmops("eval", *GATE[:5])

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "apps/desk/evalsets/greet.baseline.jsonl, of another folder, is gone since" in result.both


def test_an_evalset_that_comes_from_a_project_that_stays_is_no_pass(tmp_path: Path) -> None:
    here = started(tmp_path / "mono", "apps/desk")
    here.git("switch", "--quiet", "main")
    other = TWO_CASES.replace("prompt: greet", "prompt: stay")
    text = here.read("prompts/greet.yaml")
    here.commit("another", {"prompts/stay.yaml": text, "evalsets/stay.yaml": other})
    here.git("switch", "--quiet", "-C", "change")
    there = Project(here.root.parent / "support", here.repository)
    for name in ("llmops.yaml", "scripted.py", ".scripted/replies.json"):
        there.write({name: here.read(name)})
    for name in ("prompts/greet.yaml", "evalsets/greet.yaml", "evalsets/greet.baseline.jsonl"):
        there.write({name: here.read(name)})
        (here.root / name).unlink()
    there.edit(*WORSE).commit("taken to another project")

    result = there.llmops("eval", *GATE[:5])

    assert result.exit_code == ExitCode.INCONCLUSIVE, result.both
    assert "apps/desk/evalsets/greet.baseline.jsonl, of another folder, is gone since" in result.both


def test_a_new_project_beside_one_that_stays_has_nothing_to_compare_with(tmp_path: Path) -> None:
    here = started(tmp_path / "mono", "apps/desk")
    there = Project(here.root.parent / "support", here.repository)
    for name in ("llmops.yaml", "scripted.py", "prompts/greet.yaml", "evalsets/greet.yaml"):
        there.write({name: here.read(name)})
    there.replies(("", "Hello, Ada! Hello, Bob!"))
    there.commit("a copy")

    result = there.llmops("eval", *GATE[:5])

    assert result.exit_code == ExitCode.PASS
    assert "no baseline for greet" in result.both
