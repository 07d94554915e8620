"""The step that evaluates: which inputs become which arguments, and nothing in them becomes a command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from llmops_cli.workflows.ci.files import github_files
from llmops_cli.workflows.ci.keys import Keys
from tests.support.workflow_expressions import fill
from tests.support.workflow_runner import BASH, Log
from tests.workflow_files.variants import ROOT

_STUB = """\
#!{python}
import json, pathlib, sys
pathlib.Path({seen!r}).write_text(json.dumps(sys.argv[1:]))
print("::error::owned")
print("error: said", file=sys.stderr)
sys.exit({code})
"""
STEP = next(
    step
    for step in yaml.safe_load((ROOT / ".github/actions/evaluate/action.yml").read_text(encoding="utf-8"))[
        "runs"
    ]["steps"]
    if step.get("id") == "evaluate"
)
PLAIN = {"DIRECTORY": ".", "CONFIRM": "auto", "CACHE": "true", "TRUST_BASE": "true", "CHANGED_ONLY": "true"}


def evaluated(folder: Path, code: int = 0, **inputs: str) -> tuple[list[str], Log, dict[str, str]]:
    """Run the step with a stand-in for llmops. Returns its arguments, the log, the step's outputs."""
    stub, seen, output = folder / "llmops", folder / "seen.json", folder / "output"
    stub.write_text(_STUB.format(python=sys.executable, seen=str(seen), code=code), encoding="utf-8")
    stub.chmod(0o755)
    output.touch()
    script = folder / "script.sh"
    script.write_text(STEP["run"], encoding="utf-8")
    given = {**dict.fromkeys(STEP["env"], ""), **PLAIN, **inputs, "LLMOPS": str(stub)}
    assert set(given) == set(STEP["env"]), "an input that the step does not have"
    done = subprocess.run(
        [*BASH, str(script)],
        cwd=folder,
        env={**os.environ, **given, "RUNNER_TEMP": str(folder), "GITHUB_OUTPUT": str(output)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    log = Log()
    log.add(done.stdout)
    outputs = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
    arguments = json.loads(seen.read_text(encoding="utf-8")) if seen.exists() else []
    return [part for part in arguments if str(folder) not in part and part != "--report"], log, outputs


def test_without_a_base_the_baseline_of_the_checkout_is_compared_with(tmp_path: Path) -> None:
    arguments, _, _ = evaluated(tmp_path)

    assert arguments == ["eval", "--confirm", "auto", "--"]


def test_every_input_is_an_argument(tmp_path: Path) -> None:
    arguments, _, _ = evaluated(
        tmp_path, BASE="b" * 40, TRUSTED="c" * 40, HEAD="d" * 40, RERUN_BASELINE="true", NO_PYTHON="true",
        UNCHANGED="true", FRESH="true", CACHE="false", TRIALS="3", MAX_COST="2.00", CONCURRENCY="4", TIMEOUT="30",
        CONFIRM="never", EVALSETS="triage  support/*", ARGUMENTS="--tag\nhard ones\n",
    )  # fmt: skip

    assert arguments == [
        "eval", "--confirm", "never", "--against", "b" * 40, "--changed-since", "b" * 40, "--trust", "c" * 40,
        "--rerun-baseline", "--tree", "d" * 40, "--no-python", "--unchanged", "--fresh", "--no-cache", "--trials", "3",
        "--max-cost", "2.00", "--concurrency", "4", "--timeout", "30", "--tag", "hard ones",
        "--", "triage", "support/*",
    ]  # fmt: skip


def test_without_the_tip_of_the_base_branch_nothing_is_run_and_there_is_no_verdict(tmp_path: Path) -> None:
    """Neither the event's older base, nor no trust at all, stands in for it."""
    arguments, log, outputs = evaluated(tmp_path, BASE="b" * 40, TRUSTED="")

    assert arguments == []
    assert outputs == {"code": "3"}
    assert "where keys go is read from it: nothing was asked" in log.text
    errors = (tmp_path / "llmops-errors.txt").read_text(encoding="utf-8")
    assert errors.startswith("error: the tip of the base branch could not be fetched")


def test_a_job_that_trusts_its_checkout_needs_no_tip(tmp_path: Path) -> None:
    arguments, _, _ = evaluated(tmp_path, BASE="b" * 40, TRUSTED="", TRUST_BASE="false")

    assert "--against" in arguments
    assert "--trust" not in arguments


def test_no_input_is_run(tmp_path: Path) -> None:
    hostile = "$(touch owned) `touch owned` ; touch owned\nx' \"y"
    arguments, _, _ = evaluated(
        tmp_path,
        EVALSETS=hostile,
        ARGUMENTS=hostile,
        TRIALS=hostile,
        BASE=hostile,
        HEAD=hostile,
        TRUSTED=hostile,
    )

    assert not (tmp_path / "owned").exists()
    assert arguments.count(hostile) == 5, "--against, --changed-since, --trust, --tree, --trials"
    assert "$(touch owned) `touch owned` ; touch owned" in arguments


def test_what_is_printed_commands_nobody_and_the_exit_code_is_no_end_of_the_step(tmp_path: Path) -> None:
    _, log, outputs = evaluated(tmp_path, code=1)

    assert outputs == {"code": "1"}
    assert "::error::owned" in log.text
    assert log.commands == []
    assert (tmp_path / "llmops-errors.txt").read_text(encoding="utf-8") == "error: said\n"


@pytest.mark.parametrize(
    ("event", "head", "refused"),
    [
        ("pull_request", "mallory/prompts", "true"),
        ("pull_request", None, "true"),
        ("pull_request", "octo/prompts", "false"),
        ("merge_group", None, "false"),
    ],
    ids=["a fork", "a deleted fork", "a branch here", "a merge queue"],
)
def test_code_is_refused_of_forks_and_nobody_else(event: str, head: str | None, refused: str) -> None:
    """What is in a merge queue was let in by somebody who may merge it."""
    (step,) = [
        step
        for step in yaml.safe_load(github_files(".", Keys(), forks=True)[".github/workflows/llmops.yml"])[
            "jobs"
        ]["evaluate"]["steps"]
        if "no-python" in step.get("with", {})
    ]
    pull = {"pull_request": {"head": {"repo": {"full_name": head} if head else None}}}
    github = {"event_name": event, "repository": "octo/prompts",
              "event": pull if event == "pull_request" else {}}  # fmt: skip

    assert fill(step["with"]["no-python"], {"github": github}, lambda word: True) == refused
