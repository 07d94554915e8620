"""Runs `launcher.py OUTPUT COMMAND…`; prints wall and processor time, peak memory and exit code as JSON.

A process of its own, started without `site`: on Linux a program inherits the peak memory of the process that
starts it (`setmax_mm_hiwater_rss` in the kernel's `begin_new_exec`), so that only a small one can measure.
Times are in seconds, memory is in KiB. What the command says goes to the file OUTPUT.
"""

import os
import sys
import time


def main() -> None:
    """Spawn, wait, report."""
    output, *command = sys.argv[1:]
    redirect = [
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    began = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=redirect)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    # macOS counts bytes, Linux KiB (getrusage(2))
    peak = usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    code = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    print(f'{{"seconds": {seconds:.6f}, "cpu": {cpu:.6f}, "peak_kib": {peak}, "code": {code}}}')


if __name__ == "__main__":
    main()
