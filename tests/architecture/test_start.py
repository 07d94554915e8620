"""What starts quickly stays quick: a process loads only what it needs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer

from llmops_cli.cli.main import app
from tests.support.project import GREET, TWO_CASES, Project, greeting_project, process_environment

HEAVY = ("litellm", "git", "jinja2", "yaml", "deepdiff", "numpy", "openai", "rich", "asyncio")
# Pydantic is not among them: Typer 0.29 imports it for every command that has parameters.
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]

_REPORT = """
import json, sys
from llmops_cli.cli.main import _run
found = []
for arguments in {lines!r}:
    sys.argv = ["llmops", *arguments]
    code = _run()
    found.append([code, [name for name in {names!r} if name in sys.modules]])
print(json.dumps(found), file=sys.stderr)
"""


def _loaded(lines: list[list[str]], cwd: Path) -> list[list[Any]]:
    """Run these in one process: the exit code of each, and which heavy libraries were loaded when it had ended."""
    script = _REPORT.format(lines=lines, names=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=cwd,
        env=process_environment(None),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[list[Any]] = json.loads(done.stderr.splitlines()[-1])
    return found


def test_no_help_loads_a_library(tmp_path: Path) -> None:
    lines = [["--version"], ["--help"], *([command, "--help"] for command in COMMANDS)]

    found = _loaded(lines, tmp_path)

    # of those that loaded something, the first is to blame
    assert {" ".join(line): one for line, one in zip(lines, found, strict=True) if one != [0, []]} == {}


def test_a_run_from_the_record_calls_no_model_library(project: Project) -> None:
    greeting_project(project)

    ((code, names),) = _loaded([["eval"]], project.root)

    assert code == 0
    assert not {"litellm", "numpy", "openai", "deepdiff"} & set(names)


def test_an_offline_run_loads_no_model_library(project: Project) -> None:
    files = {"prompts/greet.yaml": "model: offline/assistant\n" + GREET, "evalsets/greet.yaml": TWO_CASES}
    project.commit("offline", files)

    ((code, names),) = _loaded([["eval"]], project.root)

    assert code == 0
    assert not {"litellm", "numpy", "openai", "deepdiff"} & set(names)


def test_a_cached_answer_of_a_real_model_needs_no_model_library(project: Project) -> None:
    from tests.support.model_server import ModelServer

    with ModelServer(lambda _: "Hello, Ada! Hello, Bob!") as server:
        settings = f"model: m\nmodels: {{m: {{model: openai/test-model, api_base: '{server.url}'}}}}\n"
        files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES, "llmops.yaml": settings}
        project.commit("served", files)
        assert project.llmops("eval").exit_code == 0

    ((code, names),) = _loaded([["eval"]], project.root)

    assert code == 0
    assert not {"litellm", "openai"} & set(names)
