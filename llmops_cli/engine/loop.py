"""The one event loop of the process, with ^C in two steps."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_loop(main: Coroutine[Any, Any, T], on_interrupt: Callable[[], None] | None = None) -> T:
    """Run to the end. The first ^C calls `on_interrupt`, the second cancels (KeyboardInterrupt).

    Without `on_interrupt` the first one cancels already.
    """
    with asyncio.Runner() as runner:
        if on_interrupt is None:
            return runner.run(main)
        loop = runner.get_loop()
        asked = False

        def interrupt(*_: object) -> None:
            nonlocal asked
            if asked:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                loop.call_soon_threadsafe(_cancel_all, loop)
                return
            asked = True
            loop.call_soon_threadsafe(on_interrupt)

        before = signal.signal(signal.SIGINT, interrupt)
        try:
            return runner.run(main)
        except asyncio.CancelledError as error:
            raise KeyboardInterrupt from error
        finally:
            signal.signal(signal.SIGINT, before)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
