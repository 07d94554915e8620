"""The wish to stop: what a run's parts look at before they begin anything new."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stop:
    """Asked for once, by the first ^C. For one event loop.

    `waiting` counts calls that are not under way: for a place, or for the time at which they may be tried again.
    """

    def __init__(self) -> None:
        self.asked = False
        self.waiting = 0
        self._listeners: list[Callable[[], None]] = []

    def ask(self) -> None:
        """From now on nothing new is begun, and nobody waits to begin it."""
        self.asked = True
        for listener in self._listeners:
            listener()

    def when_asked(self, listener: Callable[[], None]) -> None:
        """Let `listener` send away who waits."""
        self._listeners.append(listener)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a call as waiting, for as long as it does."""
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1
