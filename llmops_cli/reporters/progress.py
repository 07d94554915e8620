"""The live line on standard error: cases, rate, time left, cost so far, retries."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.engine.events import Confirming, Event, Finished, Proving, Retried, Started, Stopping
from llmops_cli.reporters import figures
from llmops_cli.reporters.inert import inert

_EVERY = 0.1
_BAR = 20


class Progress:
    """An Observer that redraws one line; silent where standard error is no terminal.

    Plain text rather than Rich's live display: it starts no thread and costs nothing on a cached run.
    """

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._started = time.monotonic()
        self._drawn = 0.0
        self._total = 0
        self._done = 0
        self._calls = 0
        self._cost = 0.0
        self._retries = 0
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def __call__(self, event: Event) -> None:
        """Take one event of the engine."""
        match event:
            case Started():
                self._total = event.trials
            case Finished():
                self._count(event.outcome)
            case Retried():
                self._retries += 1
            case Confirming():
                cases = figures.plural(event.cases, "suspicious case")
                self._say(f"confirming {cases}: at most {figures.plural(event.calls, 'call')}")
            case Proving():
                self._total += event.calls
                calls = figures.plural(event.calls, "call")
                trials = figures.plural(event.trials, "trial")
                self._say(f"proving {inert(event.title)}: {trials} a case, at most {calls}")
            case Stopping():
                self._say(
                    f"stopping: {figures.plural(event.in_flight, 'call')} in flight will be kept; "
                    "^C again stops at once"
                )
        if self._live and time.monotonic() - self._drawn >= _EVERY:
            self._draw()

    def _count(self, outcome: Outcome) -> None:
        self._done += 1
        if outcome.source is Source.CALLED:
            self._calls += 1
            self._cost += (outcome.response.cost or 0.0) if outcome.response else 0.0

    def _draw(self) -> None:
        import shutil

        self._drawn = time.monotonic()
        elapsed = max(self._drawn - self._started, 1e-6)
        share = self._done / self._total if self._total else 0.0
        filled = int(share * _BAR)
        parts = [f"[{'#' * filled}{'.' * (_BAR - filled)}] {self._done}/{self._total}"]
        if self._done:
            parts.append(f"{self._done / elapsed:.0f}/s")
        if 0 < self._done < self._total:
            left = (self._total - self._done) * elapsed / self._done
            parts.append(f"{figures.seconds(left)} left")
        if self._cost:
            parts.append(figures.dollars(self._cost))
        if self._retries:
            parts.append(f"{self._retries} retried")
        line = "  ".join(parts)[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)

    def _clear(self) -> None:
        if self._live and self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0

    def _say(self, text: str) -> None:
        self._clear()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
