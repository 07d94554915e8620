"""How long a command takes that has nothing to do."""

import sys

from benchmarks.harness import LLMOPS, Measured, against, cpu, peak, process, show, wall
from benchmarks.projects import echo_project, project

HELP_TARGET, CHECK_TARGET = 0.110, 0.5


def main() -> None:
    """Whole processes, next to a bare interpreter and Typer alone on the same machine."""
    with project(echo_project(3)) as root:
        process([LLMOPS, "eval"], root, runs=1)
        process([LLMOPS, "accept"], root, runs=1)
        commands = {
            "python -c pass": ([sys.executable, "-c", "pass"], None),
            "python -c 'import typer'": ([sys.executable, "-c", "import typer"], None),
            "llmops --version": ([LLMOPS, "--version"], HELP_TARGET),
            "llmops --help": ([LLMOPS, "--help"], HELP_TARGET),
            "llmops check": ([LLMOPS, "check"], CHECK_TARGET),
            "llmops eval (all 3 cases on record)": ([LLMOPS, "eval"], CHECK_TARGET * 1.2),
        }
        found: dict[str, tuple[Measured, float | None]] = {}
        for name, (command, target) in commands.items():
            found[name] = process(command, root), target
    bare = found["python -c pass"][0].seconds
    rows = [
        (name, wall(one), cpu(one), f"{one.seconds / bare:.1f}", peak(one), _target(one, target))
        for name, (one, target) in found.items()
    ]
    show("Start-up", ("command", "wall", "processor", "× python", "peak", "target"), rows)


def _target(one: Measured, target: float | None) -> str:
    return "" if target is None else against(one.seconds * 1000, target * 1000, "{:.0f} ms")


if __name__ == "__main__":
    main()
