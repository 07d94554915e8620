"""`llmops` for scripts, out of a process that has loaded LiteLLM before: to import it takes seconds, to fork none.

    warm.llmops()  # the path of an executable, which ends with this process

It hands its arguments, environment, folder and streams to a forked copy of a waiting process, and ends as that ends.
The command line is imported in the copy, as Typer reads the environment when it is loaded. Where it matters how a
process starts, or which signal reaches it, use `Project.run_process` and `spawn`.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_CLIENT = """\
#!{python} -IS
import json, os, socket, sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"."], [0, 1, 2])
    asked = {{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
    server.sendall(json.dumps(asked).encode())
    server.shutdown(socket.SHUT_WR)
    ended = server.makefile().read()
sys.exit(int(ended) if ended else "the waiting process is gone")
"""


@cache
def llmops() -> str:
    """The path of the executable. The process behind it is started at the first call."""
    folder = Path(tempfile.mkdtemp(prefix="llmops-warm-"))
    address = str(folder / "socket")
    process = subprocess.Popen(
        [sys.executable, "-I", __file__, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    atexit.register(_end, process)
    client = folder / "llmops"
    client.write_text(_CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    client.chmod(0o755)
    return str(client)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """It ends when its standard input does."""
    process.communicate()


def _load() -> None:
    os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION")  # as llmops has it
    import litellm
    import rich.console
    import rich.table

    import llmops_cli

    # the first two are loaded when they are touched
    _ = litellm.acompletion, litellm.stream_chunk_builder, rich.console, rich.table
    for found in pkgutil.walk_packages(llmops_cli.__path__, "llmops_cli."):
        if not found.name.startswith("llmops_cli.cli"):
            importlib.import_module(found.name)
    assert "typer" not in sys.modules
    gc.freeze()  # else a copy's search for garbage copies every page


def _serve(address: str) -> None:
    """Wait for commands. Comes back only in the copy that is to run one, set up as its process."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the copies
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(64)
        os.write(1, b"ready\n")
        waiting = [listening.fileno(), 0]
        while True:
            if 0 in select.select(waiting, [], [])[0]:
                shutil.rmtree(Path(address).parent)
                os._exit(0)
            client, _ = listening.accept()
            if os.fork() == 0:
                break
            client.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with client:
        _, streams, _, _ = socket.recv_fds(client, 1, 3)
        asked = json.loads(client.makefile().read())
        running = os.fork()
        if running != 0:
            _, status = os.waitpid(running, 0)
            code = os.waitstatus_to_exitcode(status)
            client.sendall(str(code if code >= 0 else 128 - code).encode())
            os._exit(0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["llmops", *asked["arguments"]]


if __name__ == "__main__":
    _serve(sys.argv[1])
    from llmops_cli.cli.main import console

    console()
