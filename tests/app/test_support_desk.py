"""The application runs where there is no git, with what `llmops bundle` wrote where there was."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import Project

PROMPT = """\
model: fast
params: {temperature: 0}
inputs: {ticket: {type: string}}
messages:
  - role: system
    content: "{% include '_policy.j2' %}"
  - role: user
    content: "Ticket: {{ ticket }}"
"""
LABELS = 'support/escalation:\n  production: {{digest: "{digest}", commit: {commit}}}\n'


@pytest.fixture
def bundle(project: Project, tmp_path: Path) -> Path:
    """Production is at the first version; HEAD has moved on."""
    settings = "models:\n  fast: {model: openai/gpt-4o-mini, params: {seed: 1}}\n"
    files = {"prompts/support/escalation.yaml": PROMPT, "prompts/support/_policy.j2": "Be kind.\n"}
    first = project.commit("first", {**files, "llmops.yaml": settings})
    digest = project.llmops("bundle").json()["content"]["prompts"]["support/escalation"]
    project.commit("label", {"prompts/labels.yaml": LABELS.format(digest=digest, commit=first)})
    project.commit("harsher", {"prompts/support/_policy.j2": "Be strict.\n"})
    path = tmp_path / "image" / "prompts.json"
    assert project.llmops("bundle", "-o", str(path)).exit_code == 0
    return path


def run_app(bundle: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The application in the bundle's folder, with nothing on the PATH."""
    here = Path(__file__)
    empty = bundle.parent / "bin"
    empty.mkdir(exist_ok=True)
    environment = {"PATH": str(empty), "LLMOPS_BUNDLE": bundle.name, "PYTHONPATH": str(here.parents[2])}
    command = [sys.executable, str(here.with_name("support_desk.py")), *arguments]
    return subprocess.run(
        command, cwd=bundle.parent, env=environment, capture_output=True, text=True, check=False
    )


def test_it_uses_the_prompt_that_is_in_production(bundle: Path) -> None:
    done = run_app(bundle, "My parcel is lost")

    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Ticket: My parcel is lost"},
    ]
    assert found["model"] == "openai/gpt-4o-mini"
    assert found["prompt"]["label"] == "production"
    assert found["prompt"]["digest"].startswith("p1:")
    assert len(found["prompt"]["commit"]) == 40
    assert found["imported"] == []


def test_an_altered_bundle_stops_it_with_the_prompts_name(bundle: Path) -> None:
    bundle.write_text(bundle.read_text(encoding="utf-8").replace("Be kind.", "Be rude."), encoding="utf-8")

    done = run_app(bundle, "My parcel is lost")

    assert done.returncode == 1
    assert "prompts.json: the prompt 'support/escalation' in the bundle was altered" in done.stderr


def test_git_is_not_there_for_it(bundle: Path) -> None:
    """The PATH of the test above does hide git."""
    found = subprocess.run(
        [sys.executable, "-c", "import shutil; print(shutil.which('git'))"],
        env={"PATH": str(bundle.parent / "bin")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == "None"
