"""Measuring processes and functions, and printing what came out."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

LLMOPS = str(Path(sys.executable).with_name("llmops"))
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
"""Repetitions of everything that is measured; the median is printed."""
_BYTECODE = tempfile.TemporaryDirectory(prefix="llmops-bench-pyc-")
_LAUNCHER = str(Path(__file__).with_name("launcher.py"))


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of several runs: wall time in seconds with its extremes, processor time in
    seconds and peak memory in MB (0 where unknown)."""

    seconds: float
    fastest: float
    slowest: float
    cpu: float = 0.0
    peak_mb: float = 0.0


def process(
    command: Sequence[str],
    cwd: Path | None = None,
    *,
    runs: int = RUNS,
    codes: Sequence[int] = (0,),
    before: Callable[[], None] | None = None,
) -> Measured:
    """Run a command several times after one run to warm up. `before` is called ahead of each.

    Raises RuntimeError, with what the command said, where it ends with another code.
    """
    found = []
    for number in range(runs + 1):
        if before is not None:
            before()
        one = _once(command, cwd, codes)
        if number:
            found.append(one)
    return _measured(found)


def once(command: Sequence[str], cwd: Path, codes: Sequence[int] = (0,)) -> Measured:
    """Run a command a single time, where it cannot be repeated."""
    return _measured([_once(command, cwd, codes)])


def function(work: Callable[[], object], runs: int = RUNS) -> Measured:
    """Call a function several times after one call to warm up."""
    work()
    found = []
    for _ in range(runs):
        began, clock = time.perf_counter(), time.process_time()
        work()
        found.append({"seconds": time.perf_counter() - began, "cpu": time.process_time() - clock})
    return _measured(found)


def imports(command: Sequence[str], cwd: Path) -> frozenset[str]:
    """The modules that a Python command imports."""
    environment = {**_environment(), "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return frozenset(line.rpartition("|")[2].strip() for line in lines)


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    print(f"\n### {title}\n")
    for line in lines:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")
    sys.stdout.flush()


def wall(measured: Measured) -> str:
    """A wall time with its extremes."""
    return f"{_seconds(measured.seconds)} ({_seconds(measured.fastest)}…{_seconds(measured.slowest)})"


def cpu(measured: Measured) -> str:
    """Processor time, user and system: the steadier figure where a machine has other work to do."""
    return _seconds(measured.cpu)


def peak(measured: Measured) -> str:
    """Peak memory."""
    return f"{measured.peak_mb:.0f} MB"


def against(value: float, target: float, pattern: str) -> str:
    """A target, and whether it is met."""
    return f"{'met' if value <= target else 'MISSED'}: {pattern.format(target)}"


def machine() -> Mapping[str, str]:
    """What the figures were measured on."""
    return {
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "runs": str(RUNS),
    }


def _environment() -> dict[str, str]:
    """This one's, with compiled modules kept: an installed package has them, a working copy may not."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": _BYTECODE.name}


def _once(command: Sequence[str], cwd: Path | None, codes: Sequence[int]) -> dict[str, float]:
    with tempfile.NamedTemporaryFile() as output:
        launch = [sys.executable, "-I", "-S", _LAUNCHER, output.name, *command]
        done = subprocess.run(
            launch, cwd=cwd, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True
        )
        found: dict[str, float] = json.loads(done.stdout)
        if found["code"] not in codes:
            said = output.read().decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)} ended with {found['code']}:\n{said}")
    return found


def _measured(found: Sequence[Mapping[str, float]]) -> Measured:
    seconds = [one["seconds"] for one in found]
    cpu, peak_kib = (median(one.get(name, 0.0) for one in found) for name in ("cpu", "peak_kib"))
    return Measured(median(seconds), min(seconds), max(seconds), cpu, peak_kib / 1024)


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"
