"""`python -m benchmarks [NAME…]`: all programs, or those that are named."""

import sys
from importlib import import_module

from benchmarks.harness import machine

PROGRAMS = ("startup", "rendering", "echo", "cached", "throughput", "bundle", "history", "judges", "pairs")
ON_DEMAND = ("verdict", "accepting", "frontier", "product")
"""Take many minutes: run when named, and by `python -m benchmarks.verdict` with options of their own."""


def main() -> int:
    """Run the programs in turn."""
    wanted = sys.argv[1:] or PROGRAMS
    known = PROGRAMS + ON_DEMAND
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    for name in wanted:
        import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
