"""docs/python.md: every Python block runs, in order, on the project that the page shows."""

import shlex
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, blocks
from tests.support.project import Project

PAGE = ROOT / "docs" / "python.md"
SETTINGS = "models:\n  fast: {model: offline/assistant}\n"
LABELS = 'support/escalation:\n  production: {{digest: "{digest}", commit: {commit}}}\n'


@pytest.fixture
def page_project(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The page's prompt, one older version of it behind the label, and the working directory there."""
    ((path, text),) = blocks("file", PAGE)
    older = text.replace("Decide whether a human", "Say whether a human")
    assert older != text
    commit = project.commit("older", {path: older, "llmops.yaml": SETTINGS})
    digest = project.llmops("bundle").json()["content"]["prompts"]["support/escalation"]
    labels = LABELS.format(digest=digest, commit=commit)
    project.commit("newer", {path: text, "prompts/labels.yaml": labels})
    monkeypatch.chdir(project.root)
    return project


def test_the_blocks_run_one_after_the_other(
    page_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    ((_, command),) = blocks("shell", PAGE)
    python = [body for _, body in blocks("run", PAGE)]
    assert len(python) == text.count("```python")
    names: dict[str, object] = {}

    for number, body in enumerate(python):
        if "prompts.bundle.json" in body and not Path("prompts.bundle.json").exists():
            assert page_project.llmops(*shlex.split(command)[1:]).exit_code == 0
        exec(compile(body, f"docs/python.md, block {number + 1}", "exec"), names)

    assert Path("prompts.bundle.json").is_file()
    assert capsys.readouterr().out.strip()


def test_the_hook_named_on_the_page_is_there() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")

    assert "- id: llmops-check\n" in hooks
    assert "      - id: llmops-check\n" in PAGE.read_text(encoding="utf-8")
