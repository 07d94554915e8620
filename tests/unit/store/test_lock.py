"""The lock, and its way on Windows: there `fcntl` is missing, and `msvcrt` locks bytes where the file stands.

The stand-in for `msvcrt` behaves as Microsoft's `_locking` does: one byte from the current position, refused with
EACCES where another handle holds it, free again when the handle is closed. The system's own lock is beneath it,
so that other processes are kept out, too.
"""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from llmops_cli.errors import NoVerdictError
from llmops_cli.files.labels_file import parse_labels
from llmops_cli.store import lock
from tests.support.project import Project, greeting_project, process_environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the real thing is used there")

_ON_WINDOWS = '''
import errno, fcntl, importlib.util, os, sys, types

asked = []

def locking(handle, mode, size):
    asked.append((os.lseek(handle, 0, os.SEEK_CUR), mode, size))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(errno.EACCES, "Permission denied") from None

def on_windows():
    """llmops_cli.store.lock as Windows would import it, and what it asks of msvcrt."""
    stand_in = types.ModuleType("msvcrt")
    stand_in.locking, stand_in.LK_NBLCK = locking, 2
    spec = importlib.util.find_spec("llmops_cli.store.lock")
    module = importlib.util.module_from_spec(spec)
    platform, kept = sys.platform, sys.modules["fcntl"]
    sys.platform, sys.modules["fcntl"], sys.modules["msvcrt"] = "win32", None, stand_in
    try:
        spec.loader.exec_module(module)
    finally:
        sys.platform, sys.modules["fcntl"] = platform, kept
        del sys.modules["msvcrt"]
    return module
'''
_LABEL = f"""{_ON_WINDOWS}
sys.modules["llmops_cli.store.lock"] = on_windows()
from llmops_cli.cli.main import console
try:
    console()
finally:
    assert asked, "the lock was not asked for"
"""


@pytest.fixture(params=["here", "on Windows"])
def module(request: pytest.FixtureRequest) -> ModuleType:
    """`llmops_cli.store.lock`, and again as it is without `fcntl`."""
    if request.param == "here":
        return lock
    there: dict[str, Any] = {}
    exec(_ON_WINDOWS, there)
    found: ModuleType = there["on_windows"]()
    assert not hasattr(found, "fcntl")
    return found


def test_one_at_a_time(module: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "a.lock"

    with (
        module.locked(path, "writing"),
        pytest.raises(NoVerdictError, match=r"another llmops has been writing for 0\.05 s"),
        module.locked(path, "writing", patience=0.05),
    ):
        pytest.fail("two held it")

    with module.locked(path, "writing", patience=0):
        pass


def test_an_error_lets_go_of_it(module: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "a.lock"

    with pytest.raises(KeyError), module.locked(path, "writing"):
        raise KeyError

    with module.locked(path, "writing", patience=0):
        pass


def test_who_waits_gets_it_when_it_is_free(module: ModuleType, tmp_path: Path) -> None:
    path, order, held = tmp_path / "a.lock", list[str](), threading.Event()

    def first() -> None:
        with module.locked(path, "writing"):
            held.set()
            time.sleep(0.1)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert held.wait(10)
    with module.locked(path, "writing", patience=10):
        order.append("second")
    thread.join()

    assert order == ["first", "second"]


def test_a_place_that_cannot_be_written_is_said(module: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(NoVerdictError, match="cannot be written"), module.locked(tmp_path, "writing"):
        pytest.fail("a folder was locked")


def test_the_first_byte_is_locked_whatever_the_file_holds(tmp_path: Path) -> None:
    there: dict[str, Any] = {}
    exec(_ON_WINDOWS, there)
    path = tmp_path / "a.lock"
    path.write_bytes(b"left by somebody")

    with there["on_windows"]().locked(path, "writing"):
        pass

    assert there["asked"] == [(0, 2, 1)]
    assert path.read_bytes() == b"left by somebody"


def test_labels_that_are_set_at_the_same_time_without_fcntl_are_all_kept(project: Project) -> None:
    greeting_project(project)
    names = [f"stage-{number}" for number in range(6)]

    def label(name: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", _LABEL, "label", "greet", name, "HEAD"]
        environment = process_environment(None)
        return subprocess.run(
            command, check=False, cwd=project.root, env=environment, capture_output=True, text=True
        )

    with ThreadPoolExecutor(len(names)) as pool:
        done = list(pool.map(label, names))

    assert [one.returncode for one in done] == [0] * len(names), [one.stderr for one in done]
    assert {*parse_labels(project.read("prompts/labels.yaml"))["greet"]} == {*names}
