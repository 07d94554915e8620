"""Standard streams that are closed or full: the verdict stays what it is, and it is never called a bug."""

import subprocess
import sys

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import COMMAND, Project, greeting_project, process_environment

NEEDS_FULL = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux's")
CLOSED = "error: standard output cannot be written: Bad file descriptor\n"
FULL = "error: standard output cannot be written: No space left on device\n"


def _in_a_shell(project: Project, line: str) -> "subprocess.CompletedProcess[str]":
    """`llmops` with its streams as the shell makes them."""
    script = f'llmops() {{ "{COMMAND[0]}" {" ".join(COMMAND[1:])} "$@"; }}\n{line}\n'
    return subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=project.root,
        env=process_environment(None),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        (">&-", CLOSED),
        ("<&- >&-", CLOSED),
        pytest.param(">/dev/full", FULL, marks=NEEDS_FULL),
        (">&- 2>&-", ""),
        pytest.param(">/dev/full 2>/dev/full", "", marks=NEEDS_FULL),
    ],
)
def test_a_verdict_that_nobody_can_read_is_no_pass_and_stays_a_regression(
    project: Project, streams: str, said: str
) -> None:
    greeting_project(project)

    passed = _in_a_shell(project, f"llmops eval {streams}")
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    worse = _in_a_shell(project, f"llmops eval {streams}")

    assert (passed.returncode, passed.stderr) == (ExitCode.INCONCLUSIVE, said)
    assert (worse.returncode, worse.stderr) == (ExitCode.REGRESSION, said)


@pytest.mark.parametrize("stream", ["2>&-", pytest.param("2>/dev/full", marks=NEEDS_FULL)])
def test_notes_that_nobody_can_read_change_nothing(project: Project, stream: str) -> None:
    greeting_project(project)

    told = _in_a_shell(project, f"llmops eval --no-cache {stream}")
    mistaken = _in_a_shell(project, f"llmops eval nonsense {stream}")

    assert told.returncode == ExitCode.PASS
    assert "PASS" in told.stdout
    assert mistaken.returncode == ExitCode.NOTHING_SELECTED


@pytest.mark.parametrize("arguments", ["--help", "--version", "eval --help", "list", "list --format json"])
@pytest.mark.parametrize("stream", [">&-", pytest.param(">/dev/full", marks=NEEDS_FULL)])
def test_every_command_says_that_it_could_not_be_read(project: Project, arguments: str, stream: str) -> None:
    greeting_project(project)

    done = _in_a_shell(project, f"llmops {arguments} {stream}")

    assert (done.returncode, done.stderr) == (
        ExitCode.INCONCLUSIVE,
        CLOSED if stream == ">&-" else FULL,
    )


def test_a_reader_of_the_help_may_leave(project: Project) -> None:
    done = _in_a_shell(project, "{ llmops --help; echo $? >&2; } | true")

    assert done.stderr == "0\n"


def test_a_report_to_a_file_is_written_all_the_same(project: Project) -> None:
    greeting_project(project)

    _in_a_shell(project, "llmops eval --report json=out.json >&-")

    assert '"status": "PASS"' in project.read("out.json")


_INTERRUPTED_AT = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Interrupting(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)

from llmops_cli.cli.entry import console
sys.meta_path.insert(0, Interrupting())
sys.argv = ["llmops", "eval"]
console()
"""


@pytest.mark.parametrize(
    "name", ["llmops_cli.cli.main", "typer", "llmops_cli.cli.output", "llmops_cli.workflows.project"]
)
def test_an_interruption_while_python_is_loading_says_no_more_than_any_other(
    project: Project, name: str
) -> None:
    greeting_project(project)

    done = project.run_process(command=[sys.executable, "-c", _INTERRUPTED_AT.format(name=name)])

    assert done.exit_code == ExitCode.INTERRUPTED
    assert (done.stdout, done.stderr) == ("", "interrupted; answers that can be kept are in the cache\n")


def test_where_a_shell_ignores_interruptions_for_the_command_they_stay_ignored(project: Project) -> None:
    greeting_project(project)
    script = _INTERRUPTED_AT.format(name="typer")

    done = subprocess.run(
        ["/bin/sh", "-c", 'trap "" INT; exec "$0" -c "$1"', sys.executable, script],
        cwd=project.root,
        env=process_environment(None),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == ExitCode.PASS
