"""The step that installs llmops, as our own action and as the copy in a user's repository run it."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.support.workflow_runner import BASH
from tests.workflow_files.variants import ROOT

_SCRIPT = "import sys\n\ndef main():\n    import pinned\n    print('llmops', {version!r}, pinned.__name__)\n"
_BACKEND = """\
import shutil

def build_wheel(folder, config=None, metadata=None):
    shutil.copy({wheel!r}, folder)
    return {name!r}
"""


def wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel with these files."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text.encode())}")
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""])
    target = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return target


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """All that pip can find: one version of llmops-cli, and what it needs."""
    folder = tmp_path / "index"
    folder.mkdir()
    entry = "[console_scripts]\nllmops = fake_llmops:main\n"
    files = {
        "fake_llmops.py": _SCRIPT.format(version="9.9"),
        "llmops_cli-9.9.dist-info/entry_points.txt": entry,
    }
    wheel(folder, "llmops_cli", "9.9", files)
    wheel(folder, "pinned", "1.0", {"pinned.py": ""})
    return folder


def lock(index: Path, digest: str | None = None) -> str:
    """A lock file that pins the one package by its hash."""
    (found,) = index.glob("pinned-*.whl")
    return f"pinned==1.0 --hash=sha256:{digest or hashlib.sha256(found.read_bytes()).hexdigest()}\n"


def install(index: Path, action: Path, version: str) -> tuple[int, str, dict[str, str]]:
    """Run the step of an action that lies there. Returns exit code, log, outputs."""
    temp = index.parent / "temp"
    temp.mkdir(exist_ok=True)
    output = temp / "output"
    output.touch()
    text = (ROOT / ".github/actions/evaluate/action.yml").read_text(encoding="utf-8")
    (step,) = [step for step in yaml.safe_load(text)["runs"]["steps"] if step.get("id") == "install"]
    script = temp / "script.sh"
    script.write_text(step["run"], encoding="utf-8")
    done = subprocess.run(
        [*BASH, str(script)],
        cwd=index.parent,
        env={**os.environ, "VERSION": version, "RUNNER_TEMP": str(temp), "GITHUB_ACTION_PATH": str(action),
             "GITHUB_OUTPUT": str(output), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index),
             "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )  # fmt: skip
    outputs = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
    return done.returncode, done.stdout + done.stderr, outputs


def said(outputs: dict[str, str]) -> str:
    return subprocess.run([outputs["llmops"]], capture_output=True, text=True, check=True, timeout=60).stdout


def test_our_own_action_installs_what_it_was_checked_out_with(tmp_path: Path, index: Path) -> None:
    root = tmp_path / "checkout"
    action = root / ".github/actions/evaluate"
    action.mkdir(parents=True)
    templates = root / "llmops_cli/workflows/templates/ci"
    templates.mkdir(parents=True)
    (templates / "requirements.lock").write_text(lock(index), encoding="utf-8")
    (built,) = index.glob("llmops_cli-*.whl")
    shutil.move(built, tmp_path / built.name)
    backend = _BACKEND.format(wheel=str(tmp_path / built.name), name=built.name)
    (root / "backend.py").write_text(backend, encoding="utf-8")
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (root / "pyproject.toml").write_text(project, encoding="utf-8")

    code, log, outputs = install(index, action, "")

    assert code == 0, log
    assert said(outputs) == "llmops 9.9 pinned\n"


def copied(tmp_path: Path, text: str) -> Path:
    """The place of an action that was copied into a user's repository, with this lock file."""
    action = tmp_path / "theirs/.github/actions/llmops-evaluate"
    action.mkdir(parents=True)
    (action.parent / "llmops-requirements.lock").write_text(text, encoding="utf-8")
    return action


def test_a_copied_action_installs_its_version_and_nothing_with_another_hash(
    tmp_path: Path, index: Path
) -> None:
    action = copied(tmp_path, lock(index, "0" * 64))

    code, log, outputs = install(index, action, "9.9")
    assert code != 0
    assert "DO NOT MATCH THE HASHES" in log
    assert outputs == {}

    (action.parent / "llmops-requirements.lock").write_text(lock(index), encoding="utf-8")
    code, log, outputs = install(index, action, "9.9")
    assert code == 0, log
    assert said(outputs) == "llmops 9.9 pinned\n"


def test_an_action_without_the_tool_beside_it_and_without_a_version_says_so(
    tmp_path: Path, index: Path
) -> None:
    action = tmp_path / "theirs/.github/actions/llmops-evaluate"
    action.mkdir(parents=True)

    code, log, _ = install(index, action, "")

    assert code == 2
    assert "::error title=llmops::Give this action a version" in log
