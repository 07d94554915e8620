"""Workflow files against what others know of them: the services' schemas, and zizmor's audits."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from llmops_cli.workflows.ci.files import PINS
from tests.workflow_files.own import own_files
from tests.workflow_files.variants import ROOT, action_files, workflows, write_variants

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def tops(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The tops of repositories: every variant, and our own."""
    return [*write_variants(tmp_path_factory.mktemp("variants")), ROOT]


def ran(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "NO_COLOR": "1"},
    )


def fits(schema: str, files: list[Path]) -> None:
    assert files
    done = ran(BIN / "check-jsonschema", "--builtin-schema", schema, *files)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_workflow_fits_githubs_schema(tops: list[Path]) -> None:
    fits("vendor.github-workflows", [path for top in tops for path in workflows(top)])


def test_every_action_fits_githubs_schema(tops: list[Path]) -> None:
    fits("vendor.github-actions", [path for top in tops for path in action_files(top)])


def test_every_pipeline_fits_gitlabs_schema(tops: list[Path]) -> None:
    files = [path for top in tops for path in (*top.glob(".gitlab/*.yml"), *top.glob(".gitlab-ci.yml"))]

    assert len(files) == 32
    fits("vendor.gitlab-ci", files)


def test_zizmor_finds_nothing_not_even_as_a_pedant(tops: list[Path]) -> None:
    done = ran(BIN / "zizmor", "--offline", "--pedantic", "--quiet", "--no-progress", "--strict-collection",
               *(top / ".github" for top in tops))  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout + done.stderr


def test_the_checkers_see_mistakes(tmp_path: Path) -> None:
    """So that the tests above could fail: a wrong key, and an event's text inside a script."""
    wrong = tmp_path / ".github/workflows/wrong.yml"
    wrong.parent.mkdir(parents=True)
    text = "on: pull_request\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    text += "      - run: echo ${{ github.event.pull_request.title }}\n"
    wrong.write_text(text.replace("runs-on", "runs_on"), encoding="utf-8")
    assert ran(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", wrong).returncode == 1
    wrong.write_text(text, encoding="utf-8")
    found = ran(BIN / "zizmor", "--offline", "--quiet", "--no-progress", wrong)
    assert "template-injection" in found.stdout


def test_what_is_ignored_has_a_reason(tops: list[Path]) -> None:
    ignored = [
        (path.name, found[1], found[2])
        for top in tops
        for path in (*workflows(top), *action_files(top))
        for found in re.finditer(r"zizmor: ignore\[([\w-]+)\](.*)", path.read_text(encoding="utf-8"))
    ]

    assert {(name, audit) for name, audit, _ in ignored} == {
        ("llmops-keys.yml", "dangerous-triggers"),
        ("llmops-report.yml", "dangerous-triggers"),
    }
    assert all(len(why.split()) > 4 for _, _, why in ignored)


def test_our_own_actions_and_gate_are_what_the_package_writes() -> None:
    """One source: the package's templates."""
    for name, text in own_files().items():
        there = (ROOT / name).read_text(encoding="utf-8")
        assert there == text, f"{name}: `python -m tests.workflow_files.rewrite` mends it"


def test_every_action_of_others_is_pinned_as_the_package_pins_it(tops: list[Path]) -> None:
    for top in tops:
        for path in (*workflows(top), *action_files(top)):
            for used in re.findall(r"uses: (.*)", path.read_text(encoding="utf-8")):
                assert used in PINS.values() or used.startswith(("$/.github/actions/", "acme/llmops/")), path


def blocks(path: Path) -> set[str]:
    """The packages of a lock file, each with its hashes."""
    text = re.sub(r"(?m)^\s*#.*\n", "", path.read_text(encoding="utf-8"))
    return {block.strip() for block in re.split(r"(?m)^(?=\S)", text) if block.strip()}


def test_what_the_actions_install_is_what_was_tested() -> None:
    """Versions and hashes of the run time's lock are those of the lock that `make test` installs."""
    mine = blocks(ROOT / "llmops_cli/workflows/templates/ci/requirements.lock")
    names = {block.partition("==")[0] for block in mine}

    assert mine <= blocks(ROOT / "requirements.lock"), "`make lock` mends it"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {
        re.split(r"[<>=!]", item)[0].lower().replace(".", "-") for item in project["dependencies"]
    } <= names
    assert "hatchling" in names
    assert not {"pytest", "mypy", "scipy"} & names


@pytest.mark.parametrize("job", ["evaluate", "authorize", "report", "propose", "verdict"])
def test_no_job_holds_both_keys_and_a_write_token(tops: list[Path], job: str) -> None:
    seen = 0
    for path in (path for top in tops for path in workflows(top) if path.name.startswith("llmops")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert document["permissions"] == {}, path
        if job not in document["jobs"]:
            continue
        found = document["jobs"][job]
        seen += 1
        writes = [name for name, right in found["permissions"].items() if right == "write"]
        holds_keys = "secrets." in str(found)
        assert bool(writes) == (job in {"report", "propose"}), path
        assert not (writes and holds_keys), path
        assert found["timeout-minutes"] <= 60
        for step in found["steps"]:
            if "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
            if "pull_request_target" in document.get(True, {}):  # YAML 1.1 reads `on` as true
                assert "ref" not in step.get("with", {}), "only the base is checked out"
    assert seen
