"""Reading many objects at once from one running git: every kind of content, and what happens when git ends."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmops_cli.errors import UserError
from llmops_cli.vcs.cat_file import CatFile
from llmops_cli.vcs.objects import Objects
from tests.support.project import Project

MB = 1 << 20
CONTENTS = {
    "prompts/a.yaml": b"prompt: a\n",
    "prompts/empty.yaml": b"",
    "prompts/crlf.yaml": b"one\r\ntwo\r\n\r\n",
    "prompts/no line end": b"text",
    "prompts/missing": b"x missing\n",
    "prompts/big.bin": bytes(range(256)) * (5 * MB // 256),
    "prompts/ü ☃.yaml": "ü\n".encode(),
    'prompts/quo"te\ttab.yaml': b"odd\n",
    "prompts/-g1234567": b"like a description\n",
    "prompts/blob 3": b"like an answer\n",
    "prompts/header": b"0" * 40 + b" blob 3\n",
}


class Git:
    """Starts `git cat-file` in a repository, and counts how often."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []

    def __call__(self, option: str = "--batch") -> Any:
        return self.start("git", "cat-file", option)

    def start(self, *command: str) -> Any:
        pipe = subprocess.PIPE
        self.started.append(subprocess.Popen(command, cwd=self.folder, stdin=pipe, stdout=pipe, stderr=pipe))
        return self.started[-1]

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                assert stream is not None
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self.started = []


@pytest.fixture
def git(project: Project) -> Iterator[Git]:
    project.commit("files", CONTENTS)
    git = Git(project.root)
    yield git
    git.end()


def test_contents_come_byte_for_byte_in_the_order_of_the_names(git: Git) -> None:
    names = ["HEAD:prompts/no", *(f"HEAD:{path}" for path in CONTENTS), "HEAD:prompts/gone.yaml"] * 3

    found = CatFile(git, contents=True).ask(names)

    assert [one and one.data for one in found] == [None, *CONTENTS.values(), None] * 3
    assert {one.kind for one in found if one} == {"blob"}
    assert len(git.started) == 1


def test_large_contents_and_many_names_do_not_wait_for_each_other(git: Git) -> None:
    names = [f"HEAD:prompts/{name}" for name in ("a.yaml", "gone", "big.bin", "empty.yaml")] * 60

    found = CatFile(git, contents=True).ask(names)

    assert sum(len(one.data) for one in found if one) == 60 * (5 * MB + 10)
    assert [one is None for one in found] == [False, True, False, False] * 60


def test_names_longer_than_what_is_sent_ahead_are_asked_one_by_one(git: Git) -> None:
    long = "HEAD:" + "folder/" * 5000
    assert len(long) > 1 << 15

    found = CatFile(git, contents=True).ask(["HEAD:prompts/a.yaml", long, "HEAD:prompts/a.yaml", long])

    assert [one and one.data for one in found] == [b"prompt: a\n", None, b"prompt: a\n", None]


@pytest.mark.parametrize("name", ["HEAD:prompts/a.yaml\n", "HEAD:prompts/a.yaml\r", "HEAD:prompts/a.yaml\0b",
                                  "HEAD:\ud800", "", "HEAD:prompts/a.yaml\nHEAD:prompts/a.yaml"])  # fmt: skip
def test_a_name_that_is_no_line_leads_nowhere_and_shifts_no_answer(git: Git, name: str) -> None:
    found = CatFile(git, contents=True).ask([name, "HEAD:prompts/empty.yaml", name])

    assert [one and one.data for one in found] == [None, b"", None]


def test_headers_alone_hold_no_content(git: Git) -> None:
    headers = CatFile(lambda: git("--batch-check"), contents=False)

    found = headers.ask(["HEAD:prompts/big.bin", "HEAD:prompts", "HEAD", "HEAD:gone"])

    assert [one and (one.kind, one.data) for one in found] == [
        ("blob", b""),
        ("tree", b""),
        ("commit", b""),
        None,
    ]


def test_no_question_starts_no_git(git: Git) -> None:
    assert CatFile(git, contents=True).ask([]) == []
    assert CatFile(git, contents=True).ask(["a\nb"]) == [None]
    assert git.started == []


def test_a_git_that_is_killed_is_one_clear_error_and_the_next_question_starts_another(git: Git) -> None:
    reader = CatFile(git, contents=True)
    reader.ask(["HEAD:prompts/a.yaml"])
    os.kill(git.started[0].pid, signal.SIGKILL)
    git.started[0].wait()

    with pytest.raises(UserError, match="git stopped reading: its process was ended") as caught:
        reader.ask(["HEAD:prompts/a.yaml"] * 500)
    again = reader.ask(["HEAD:prompts/a.yaml"])

    assert caught.value.problems[0].hint is not None
    assert [one and one.data for one in again] == [b"prompt: a\n"]
    assert len(git.started) == 2


@pytest.mark.parametrize("output", [
    "", "0123", f"{'0' * 40} blob 9\\nab", f"{'0' * 40} blob 0\\n", f"{'a' * 40} blob 2\\nab",
])  # fmt: skip
def test_an_answer_that_is_cut_short_is_an_error_and_no_content(git: Git, output: str) -> None:
    script = f"read name; printf '{output}'; echo 'fatal: the disk is gone' >&2"

    with pytest.raises(UserError, match="git stopped reading: the disk is gone"):
        CatFile(lambda: git.start("sh", "-c", script), contents=True).ask(["HEAD:a"])


def test_an_interruption_in_the_middle_of_an_answer_leaves_nothing_behind(git: Git) -> None:
    class Interrupted:
        def __init__(self, process: Any) -> None:
            self.stdin, self.stderr, self.stdout = process.stdin, process.stderr, self

        def readline(self) -> bytes:
            raise KeyboardInterrupt

    def start() -> Any:
        return git() if git.started else Interrupted(git())

    reader = CatFile(start, contents=True)
    with pytest.raises(KeyboardInterrupt):
        reader.ask(["HEAD:prompts/a.yaml", "HEAD:prompts/empty.yaml"])

    assert [one and one.data for one in reader.ask(["HEAD:prompts/crlf.yaml"])] == [b"one\r\ntwo\r\n\r\n"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.sampled_from([*CONTENTS, "prompts/gone", "prompts", "evalsets/no"]), max_size=40))
def test_many_at_once_are_what_each_alone_is(git: Git, paths: list[str]) -> None:
    objects = Objects(git)
    names = [f"HEAD:{path}" for path in paths]

    together = objects.read_many(names, "blob")

    assert together == [CONTENTS.get(path) for path in paths]
    assert together == [objects.read(name, "blob") for name in names]
    git.end()
