"""`python -m benchmarks [NAME…]`: all programs, or those that are named."""

import sys
from importlib import import_module

from benchmarks.harness import machine

PROGRAMS = ("startup", "rendering", "echo", "cached", "throughput", "bundle")


def main() -> int:
    """Run the programs in turn."""
    wanted = sys.argv[1:] or PROGRAMS
    unknown = [name for name in wanted if name not in PROGRAMS]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; known: {', '.join(PROGRAMS)}", file=sys.stderr)
        return 2
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    for name in wanted:
        import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
