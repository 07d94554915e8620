"""`--changed-since` where files of the project are links: what they lead to counts as changed with them."""

from pathlib import Path

import pytest

from llmops_cli.files.worktree import WorkTree
from llmops_cli.workflows.evaluation.changed import Choice, choose
from llmops_cli.workflows.project import open_project
from llmops_cli.workflows.versions.revisions import Revisions
from tests.support.project import Project

SET = "prompt: {}\nscorers: [{{contains: x}}]\ncases: [{{id: a}}]\n"


def choice(project: Project, revision: str = "HEAD") -> Choice:
    revisions = Revisions(open_project(project.root))
    try:
        return next(one for one in choose(revisions, ["set"], revision) if one.evalset == "set")
    finally:
        revisions.close()


def link(project: Project, path: str, target: str) -> None:
    place = project.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target)


@pytest.fixture
def linked(project: Project) -> Project:
    """`answer` is a link to a link; its partial lies behind a link to a folder, its cases and settings are links."""
    project.write(
        {
            "prompts/real/answer.yaml": "prompt: \"{% include 'shared/tone.j2' %}\"\n",
            "prompts/real/other.yaml": "prompt: other\n",
            "prompts/alone.yaml": "prompt: alone\n",
            "common/tone.j2": "Be kind.",
            "elsewhere/tone.j2": "Be brief.",
            "config/llmops.yaml": "model: echo\n",
            "data/cases.jsonl": '{"id": "b"}\n',
            "evalsets/set.yaml": SET.format("answer") + "cases_from: [cases.jsonl]\n",
        }
    )
    link(project, "prompts/middle.yaml", "real/answer.yaml")
    link(project, "prompts/answer.yaml", "middle.yaml")
    link(project, "prompts/shared", "../common")
    link(project, "evalsets/cases.jsonl", "../data/cases.jsonl")
    link(project, "llmops.yaml", "config/llmops.yaml")
    project.commit("start")
    return project


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("prompts/real/answer.yaml", "prompt: changed\n"),
        ("common/tone.j2", "Be kinder."),
        ("data/cases.jsonl", '{"id": "c"}\n'),
    ],
)
def test_the_file_behind_a_link_changed(linked: Project, path: str, content: str) -> None:
    assert not choice(linked).chosen

    linked.write({path: content})
    assert choice(linked) == Choice("set", True, f"{path} changed")

    linked.commit("change")
    assert choice(linked, "HEAD~1") == Choice("set", True, f"{path} changed")
    assert not choice(linked).chosen


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("prompts/answer.yaml", "real/other.yaml"),
        ("prompts/middle.yaml", "real/other.yaml"),
        ("prompts/shared", "../elsewhere"),
    ],
)
def test_a_link_on_the_way_leads_elsewhere(linked: Project, path: str, target: str) -> None:
    link(linked, path, target)

    assert choice(linked) == Choice("set", True, f"{path} changed")


def test_the_settings_behind_a_link_changed(linked: Project) -> None:
    linked.write({"config/llmops.yaml": "model: offline/assistant\n"})

    assert "settings that matter" in choice(linked).why


@pytest.mark.parametrize("path", ["prompts/real/other.yaml", "elsewhere/tone.j2", "prompts/alone.yaml"])
def test_a_file_that_no_link_leads_to_touches_nothing(linked: Project, path: str) -> None:
    linked.write({path: "prompt: changed\n"})

    assert not choice(linked).chosen


def test_a_trail_stays_in_the_project_and_ends(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "outside").write_text("x")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "ring").symlink_to("gnir")
    (root / "gnir").symlink_to("ring")
    (root / "to_ring").symlink_to("ring")
    (root / "plain").write_text("x")
    (root / "absolute").symlink_to(root / "plain")
    tree = WorkTree(root)

    assert tree.trail("plain") == {"plain"}
    assert tree.trail("missing/file") == {"missing/file"}
    assert tree.trail("out") == {"out"}
    assert tree.trail("to_ring") == {"to_ring", "ring", "gnir"}
    assert tree.trail("absolute") == {"absolute", "plain"}
