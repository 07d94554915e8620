"""A run whose answers are all in the cache: what is left is the tool's own work."""

from benchmarks.harness import LLMOPS, against, cpu, imports, once, peak, process, show, wall
from benchmarks.projects import http_project, project
from tests.support.model_server import ModelServer

CASES = 2000
TARGET = 1.5


def main() -> None:
    """Fill the cache through LiteLLM from a server on loopback, then run again; the server counts calls."""
    with ModelServer() as server, project(http_project(CASES, server.url, concurrency=32)) as root:
        filled = once([LLMOPS, "eval"], root)
        cached = process([LLMOPS, "eval"], root)
        loaded = imports([LLMOPS, "eval"], root)
        asked = len(server.requests)
    rows = [
        ("first run (over HTTP)", wall(filled), cpu(filled), peak(filled), f"{asked} requests"),
        ("from the cache", wall(cached), cpu(cached), peak(cached), against(cached.seconds, TARGET, "{} s")),
        ("LiteLLM imported from the cache", "yes" if "litellm" in loaded else "no", "", "", "no"),
    ]
    show(
        f"{CASES:,} cases, 3 scorers, known to the cache",
        ("run", "wall", "processor", "peak", "target"),
        rows,
    )


if __name__ == "__main__":
    main()
