"""Calls over HTTP: how near a run comes to what its concurrency allows."""

import math
import threading
import time
from typing import Any, Literal

from benchmarks.harness import LLMOPS, once, peak, show, wall
from benchmarks.projects import http_project, project
from tests.support.model_server import FaultMix, ModelServer, echo

CALLS, CONCURRENCY, DELAY = 500, 16, 0.05


class _Clock:
    """Answers, and keeps when the first and the last answer went out."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._lock = threading.Lock()

    def __call__(self, body: dict[str, Any]) -> str:
        with self._lock:
            self.times.append(time.perf_counter())
        return echo(body)

    @property
    def seconds(self) -> float:
        """From the first question to the last answer."""
        return self.times[-1] - self.times[0] + DELAY


def main() -> None:
    """A server of 50 ms, well behaved, and with 5 % of its answers a 429."""
    ideal = math.ceil(CALLS / CONCURRENCY) * DELAY
    kinds: dict[str, dict[int | Literal["drop"], float]] = {"none": {}, "5 % 429": {429: 0.05}}
    rows = []
    for name, shares in kinds.items():
        clock = _Clock()
        faults = FaultMix(7, shares)
        with (
            ModelServer(clock, faults=faults, delay=DELAY) as server,
            project(http_project(CALLS, server.url, CONCURRENCY)) as root,
        ):
            found = once([LLMOPS, "eval"], root)
            asked, in_flight = len(server.requests), server.in_flight_peak
        times = f"{clock.seconds / ideal:.2f}"
        rows.append(
            (name, f"{clock.seconds:.2f} s", times, wall(found), peak(found), f"{asked}, {in_flight}")
        )
    header = ("faults", "calls took", "× ideal", "whole process", "peak", "requests, most in flight")
    show(f"{CALLS} calls, {CONCURRENCY} at a time, 50 ms each: {ideal:.2f} s at best", header, rows)


if __name__ == "__main__":
    main()
