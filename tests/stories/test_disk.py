"""What happens where the disk does not take what is written, and with a cache that is not what it was."""

import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project, greeting_project

CACHE = ".llmops/cache.sqlite"


def _served(project: Project, server: ModelServer) -> Project:
    settings = f"model: m\nmodels:\n  m: {{model: openai/test-model, api_base: '{server.url}'}}\n"
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES, "llmops.yaml": settings}
    project.commit("served", files)
    return project


def test_a_file_where_the_folder_should_be_is_said(project: Project) -> None:
    greeting_project(project).git("clean", "-dxfq", ".llmops")
    project.write({".llmops": "in the way"})

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert ".llmops: cannot be written" in result.stderr
    assert "llmops keeps runs and answers there; make the folder writable" in result.stderr


def test_a_run_file_that_cannot_be_written_keeps_the_verdict_and_loses_no_answer(project: Project) -> None:
    with ModelServer(lambda _: "Hello, Ada! Hello, Bob!") as server:
        _served(project, server).write({".llmops/runs": "in the way"})

        result = project.llmops("eval")

        assert result.exit_code == ExitCode.PASS
        assert "the run could not be kept, so it cannot be accepted" in result.both
        (project.root / ".llmops/runs").unlink()
        again = project.llmops("eval")
        assert again.exit_code == ExitCode.PASS
        assert len(server.requests) == 2


def test_accept_on_a_full_disk_leaves_the_old_baseline(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
    project.edit("evalsets/greet.yaml", "Hello, {{ vars.name }}!", "!")
    before = project.read("evalsets/greet.baseline.jsonl")
    project.llmops("eval")

    result = project.run_process(
        "accept", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
    )

    assert result.exit_code == ExitCode.INCONCLUSIVE, result.stderr
    assert "greet.baseline.jsonl: cannot be written: File too large; free some space" in result.stderr
    assert project.read("evalsets/greet.baseline.jsonl") == before
    assert sorted(path.name for path in (project.root / "evalsets").iterdir()) == [
        "greet.baseline.jsonl",
        "greet.yaml",
    ]


def test_standard_output_that_is_full_is_no_verdict(project: Project) -> None:
    greeting_project(project)
    with Path("/dev/full").open("w") as full:
        result = project.run_process("eval", stdout=full, stderr=subprocess.PIPE)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert result.stderr == "error: standard output cannot be written: No space left on device\n"


def test_a_reader_that_left_does_not_change_the_verdict(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
    read, write = os.pipe()
    os.close(read)

    with os.fdopen(write, "w") as gone:
        result = project.run_process("eval", stdout=gone, stderr=subprocess.PIPE)

    assert (result.exit_code, result.stderr) == (ExitCode.REGRESSION, "")


def _damage_with_noise(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)


def _damage_a_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(data)


def _another_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize("damage", [_damage_with_noise, _damage_a_page, _another_version])
def test_a_cache_that_cannot_be_read_is_moved_aside_and_the_run_goes_on(
    project: Project, damage: Callable[[Path], None]
) -> None:
    with ModelServer(lambda _: "Hello, Ada! Hello, Bob!") as server:
        _served(project, server).llmops("eval")
        damage(project.root / CACHE)

        result = project.llmops("eval")

        assert result.exit_code == ExitCode.PASS
        assert "it was moved to cache.sqlite." in result.both
        assert len(server.requests) == 4
        assert project.llmops("eval").exit_code == ExitCode.PASS
        assert len(server.requests) == 4
    assert list((project.root / ".llmops").glob("cache.sqlite.*.aside"))


def test_one_damaged_answer_is_asked_anew(project: Project) -> None:
    with ModelServer(lambda _: "Hello, Ada! Hello, Bob!") as server:
        _served(project, server).llmops("eval")
        connection = sqlite3.connect(project.root / CACHE)
        connection.execute("UPDATE answers SET response = '{' WHERE key = (SELECT min(key) FROM answers)")
        connection.commit()
        connection.close()

        result = project.llmops("eval")

        assert result.exit_code == ExitCode.PASS
        assert "holds a damaged answer; it is asked anew" in result.both
        assert len(server.requests) == 3


def test_without_the_cache_nothing_is_kept(project: Project) -> None:
    with ModelServer(lambda _: "Hello, Ada! Hello, Bob!") as server:
        _served(project, server).llmops("eval", "--no-cache")
        project.llmops("eval", "--no-cache")

        assert len(server.requests) == 4
    assert not (project.root / CACHE).exists()


def test_what_is_local_stays_out_of_git(project: Project) -> None:
    greeting_project(project).llmops("eval")

    assert project.git("status", "--porcelain") == ""


def test_a_run_file_of_a_newer_llmops_is_refused_with_a_word(project: Project) -> None:
    greeting_project(project)
    newest = max((project.root / ".llmops/runs").iterdir())
    newest.write_text(newest.read_text().replace('"llmops_run":1', '"llmops_run":99'))

    result = project.llmops("accept")

    assert result.exit_code == ExitCode.USAGE
    assert "has format 99; this llmops reads up to 1; update llmops to read it" in result.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"llmops_run": 1}', '{"llmops_run": 1, "evalsets": [7]}'])
def test_a_damaged_run_file_is_a_mistake_and_no_bug(project: Project, text: str) -> None:
    greeting_project(project)
    newest = max((project.root / ".llmops/runs").iterdir())
    newest.write_text(text)

    assert project.llmops("accept").exit_code == ExitCode.USAGE
    assert project.llmops("eval", "--last-failed").exit_code == ExitCode.USAGE


def test_before_the_first_run_there_is_nothing_to_accept(project: Project) -> None:
    project.replies(("", "x")).write({"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})

    result = project.llmops("accept")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == "error: there is no run yet; `llmops eval` makes one\n"


def test_a_prompt_that_changed_since_the_run_is_not_accepted(project: Project) -> None:
    greeting_project(project).llmops("eval")
    project.edit("prompts/greet.yaml", "Greet", "Please greet")

    result = project.llmops("accept")

    assert result.exit_code == ExitCode.USAGE
    assert "the prompt 'greet' changed since that run; run `llmops eval` again" in result.stderr


def test_a_pipe_among_the_prompts_is_no_file_to_wait_for(project: Project) -> None:
    greeting_project(project)
    os.mkfifo(project.root / "prompts/pipe.yaml")

    result = project.llmops("check")

    assert result.exit_code == ExitCode.USAGE
    assert "prompts/pipe.yaml: there is no such prompt file" in result.stderr
