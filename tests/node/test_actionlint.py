"""Every workflow, our own and those that `llmops ci github` writes, against actionlint. `make test-web` installs it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.workflow_files.variants import ROOT, workflows, write_variants

HERE = Path(__file__).parent
pytestmark = pytest.mark.web


def actionlint(*files: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["node", str(HERE / "actionlint.cjs"), *map(str, files)],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_it_finds_nothing(tmp_path: Path) -> None:
    files = [path for top in (*write_variants(tmp_path), ROOT) for path in workflows(top)]

    assert len(files) > 30
    assert actionlint(*files) == []


def test_it_finds_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        "on: pull_request\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - run: echo ${{ github.event.pull_request.title }}\n      - run: echo ${{ steps.x.outputs.y }}\n",
        encoding="utf-8",
    )

    assert [(one["line"], one["kind"]) for one in actionlint(wrong)] == [(6, "expression"), (7, "expression")]
