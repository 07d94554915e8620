"""^C once, ^C twice, kill -9: what was answered is kept, and the same command goes on."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import Fault, ModelServer, Refusal
from tests.support.project import GREET, Project

CASES = 40
AT_ONCE = 4
SET = "prompt: greet\nscorers: [contains: Hello]\ncases:\n"
LONGEST = 120.0
"""Seconds until a wait is in vain. A process takes three of its processor's to start, and a machine has other work."""


class _Gate:
    """Lets so many answers through, then holds the others until it is opened."""

    def __init__(self, first: int) -> None:
        self.held = threading.Semaphore(first)
        self.open = threading.Event()

    def __call__(self, body: dict[str, object]) -> str:
        until = time.monotonic() + LONGEST  # a test that fails must not hang as well
        while not self.open.is_set() and time.monotonic() < until:
            if self.held.acquire(timeout=0.01):
                break
        return "Hello!"


def _rows(count: int) -> str:
    return "".join(f"  - {{id: c{n}, vars: {{name: n{n}}}}}\n" for n in range(count))


def _set_up(project: Project, server: ModelServer) -> Project:
    settings = (
        f"model: m\nmodels: {{m: {{model: openai/test-model, api_base: '{server.url}'}}}}\n"
        f"run: {{concurrency: {AT_ONCE}, timeout: {2 * LONGEST:.0f}}}\n"
    )
    evalset = f"{SET}{_rows(CASES)}"
    project.commit(
        "x", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": evalset, "llmops.yaml": settings}
    )
    return project


def _wait_until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert process.poll() is None, f"it ended by itself: {process.communicate()}"
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def _blocked(server: ModelServer, answered: int) -> Callable[[], bool]:
    """So many answers went out, and the next calls are all waiting."""
    return lambda: sum(server.succeeded.values()) == answered and len(server.requests) == answered + AT_ONCE


def _end(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=LONGEST)
    return process.returncode, out, err


@pytest.fixture
def gate() -> _Gate:
    return _Gate(6)


def test_once_finishes_what_is_in_flight_and_the_same_command_goes_on(project: Project, gate: _Gate) -> None:
    with ModelServer(gate) as server:
        process = _set_up(project, server).spawn("eval")
        _wait_until(_blocked(server, 6), process)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "4 calls in flight will be kept; ^C again stops at once" in process.stderr.readline()
        gate.open.set()
        code, out, _ = _end(process)

        assert code == ExitCode.INTERRUPTED
        assert "10/10" in out
        assert "the run was interrupted before its end" in out
        assert len(server.requests) == 10
        assert project.llmops("accept").exit_code == ExitCode.USAGE

        again = project.llmops("eval")

        assert again.exit_code == ExitCode.PASS
        assert f"{CASES - 10} calls, 10 from the cache" in again.stdout
        assert len(server.requests) == CASES


@pytest.mark.parametrize("fault", [("slow", 600.0), Refusal(429, {"Retry-After": "100"}), 503])
def test_once_begins_no_retry_and_waits_for_none(project: Project, fault: Fault) -> None:
    timeout = 3.0
    with ModelServer(faults=[fault]) as server:
        process = _set_up(project, server).spawn("eval", "--timeout", f"{timeout:.0f}")
        _wait_until(lambda: len(server.requests) >= AT_ONCE, process)
        time.sleep(0.5)  # some wait for their turn or their retry, if they were refused
        process.send_signal(signal.SIGINT)
        began, asked = time.monotonic(), len(server.requests)
        code, out, err = _end(process)

        assert code == ExitCode.INTERRUPTED
        assert "Traceback" not in err
        assert (
            time.monotonic() - began < timeout + 30
        )  # retries would take minutes, however quick the machine
        assert len(server.requests) <= asked + AT_ONCE
        assert "the run was interrupted before its end" in out
        assert err.count("stopping: ") == 1


def test_who_waits_for_a_turn_is_neither_asked_nor_counted(project: Project) -> None:
    with ModelServer() as server:
        _set_up(project, server).edit("llmops.yaml", "api_base:", "rpm: 6, api_base:")
        process = project.spawn("eval")
        _wait_until(lambda: sum(server.succeeded.values()) == 1, process)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        code, out, err = _end(process)

    assert code == ExitCode.INTERRUPTED
    assert "stopping: 0 calls in flight" in err
    assert "1 answer in" in out
    assert "1 call, 0 from the cache" in out
    assert "not answered" not in out
    assert len(server.requests) == 1


def test_once_ends_a_confirmation_too(project: Project) -> None:
    """No further trial is begun, and what was not asked to the end confirms nothing."""
    gate = _Gate(0)

    def reply(body: dict[str, Any]) -> str:
        gate(body)
        return "Goodbye!" if "badly" in body["messages"][0]["content"] else "Hello!"

    with ModelServer(reply) as server:
        _set_up(project, server).write({"evalsets/greet.yaml": f"{SET}{_rows(3)}"})
        gate.open.set()
        project.llmops("eval")
        project.llmops("accept")
        project.edit("prompts/greet.yaml", "by name", "badly")
        gate.open.clear()
        accepted, first, fresh = 3, 3, 6
        for _ in range(first + fresh):
            gate.held.release()

        process = project.spawn("eval")
        _wait_until(_blocked(server, accepted + first + fresh), process)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        while "stopping: " not in (said := process.stderr.readline()):
            assert "confirming 3 suspicious cases" in said
        assert "4 calls in flight will be kept" in said
        gate.open.set()
        code, out, _ = _end(process)

        assert code == ExitCode.INTERRUPTED
        assert len(server.requests) == accepted + first + fresh + AT_ONCE
        assert "INCONCLUSIVE" in out
        assert "REGRESSION" not in out
        assert "the run was interrupted before its end" in out
        assert "a suspicious case could not be asked to the end: the run was interrupted" in out

        again = project.llmops("eval", "--format", "json")

        assert again.exit_code == ExitCode.REGRESSION
        asked = {(one.path, str(one.body["messages"])) for one in server.requests}
        assert len(asked) == 2 * accepted
        spent = again.json()["calls"]["confirm"]["calls"]
        assert len(server.requests) == accepted + first + fresh + AT_ONCE + spent, (
            "what was in flight is kept"
        )


def test_twice_stops_at_once_and_keeps_what_was_answered(project: Project, gate: _Gate) -> None:
    with ModelServer(gate) as server:
        process = _set_up(project, server).spawn("eval")
        _wait_until(_blocked(server, 6), process)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        code, out, err = _end(process)

        assert (code, out) == (ExitCode.INTERRUPTED, "")
        assert "Traceback" not in err
        gate.open.set()
        assert "6 from the cache" in project.llmops("eval").stdout


def test_a_killed_run_loses_at_most_the_calls_in_flight(project: Project, gate: _Gate) -> None:
    with ModelServer(gate) as server:
        process = _set_up(project, server).spawn("eval")
        _wait_until(_blocked(server, 6), process)
        os.killpg(process.pid, signal.SIGKILL)
        assert _end(process)[0] == -signal.SIGKILL
        gate.open.set()

        again = project.llmops("eval")

        assert again.exit_code == ExitCode.PASS
        # the last answer may have been on its way to the disk
        assert "5 from the cache" in again.stdout or "6 from the cache" in again.stdout
        assert len(server.requests) <= CASES + AT_ONCE + 1
