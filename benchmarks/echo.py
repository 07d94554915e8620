"""A run of echoed answers: rendering, scoring, comparing and writing, without a model."""

from pathlib import Path

from benchmarks.harness import LLMOPS, Measured, against, cpu, peak, process, show, wall
from benchmarks.projects import echo_project, project

SIZES = {500: 5, 5_000: 5, 50_000: 1}
"""Cases, and how often each size is run."""
TARGET_CASES, TARGET_SECONDS, TARGET_MB = 5_000, 3.0, 150.0


def main() -> None:
    """The same set in three sizes, to see how time and memory grow."""
    rows = []
    for cases, runs in SIZES.items():
        with project(echo_project(cases)) as root:
            found = process([LLMOPS, "eval"], root, runs=runs)
            known = _accepted(root) if cases == TARGET_CASES else None
        each = _each(found, cases)
        rows.append((f"{cases:,}", wall(found), cpu(found), each, peak(found), _targets(cases, found)))
        if known is not None:
            rows.append(
                (f"{cases:,} on record", wall(known), cpu(known), _each(known, cases), peak(known), "")
            )
    show(
        "JSONL cases, 3 scorers, echoed", ("cases", "wall", "processor", "per case", "peak", "targets"), rows
    )


def _accepted(root: Path) -> Measured:
    """The same run once its answers are the baseline: nothing is asked, everything is compared."""
    process([LLMOPS, "accept"], root, runs=1)
    return process([LLMOPS, "eval"], root)


def _each(found: Measured, cases: int) -> str:
    return f"{found.seconds / cases * 1e6:.0f} µs"


def _targets(cases: int, found: Measured) -> str:
    if cases != TARGET_CASES:
        return ""
    seconds = against(found.seconds, TARGET_SECONDS, "{:.0f} s")
    return f"{seconds}; {against(found.peak_mb, TARGET_MB, '{:.0f} MB')}"


if __name__ == "__main__":
    main()
