"""What one rendering may cost, and how much of it is spent.

Jinja's sandbox keeps a template from Python's internals, not from the machine: nested loops run for hours,
`{{ 'x' * 10**9 }}` takes a gigabyte. So every loop, call and operator of a template reports here.
"""

import re
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Sized, ValuesView
from contextlib import contextmanager
from contextvars import ContextVar
from time import thread_time
from typing import Any

MAX_SECONDS = 2.0
"""Processor time of one rendering. Not wall time: a busy machine must not make a good template fail."""
MAX_CHARACTERS = 5_000_000
"""Characters of a result, and of any text made on the way."""
MAX_MADE = 10 * MAX_CHARACTERS
"""Characters of all texts made on the way together; an item of a list counts as eight."""
MAX_STEPS = 1_000_000
"""Turns of loops and calls."""
MAX_BITS = 100_000
"""Bits of a whole number (about 30,000 digits): arithmetic stays quick below it."""

_ITEM = 8  # bytes of a pointer in a list
_CLOCK_EVERY = 32  # reading the processor clock is a system call


class LimitBroken(Exception):  # noqa: N818 - reads as what happened; it never leaves this package
    """A template asked for more than a rendering may cost; the text says which limit."""


class Budget:
    """What one rendering has spent. Held by one thread, as `thread_time` is the thread's own."""

    __slots__ = ("_end", "_made", "_steps")

    def __init__(self) -> None:
        self._end = thread_time() + MAX_SECONDS
        self._made = 0
        self._steps = 0

    def step(self, count: int = 1) -> None:
        """Spend turns of a loop or calls. Raises LimitBroken."""
        self._steps += count
        if self._steps > MAX_STEPS:
            raise LimitBroken(f"takes more than {MAX_STEPS:,} steps")
        if count > 1 or self._steps % _CLOCK_EVERY == 0:
            self.clock()

    def clock(self) -> None:
        """Raises LimitBroken when the time is over."""
        if thread_time() > self._end:
            raise LimitBroken(f"takes more than {MAX_SECONDS:g} seconds")

    @property
    def steps_left(self) -> int:
        """How many turns and calls are left."""
        return MAX_STEPS - self._steps

    def spend(self, characters: int) -> None:
        """Spend what is made. Raises LimitBroken when one text, or all together, are too much."""
        self._made += room_for(characters)
        if self._made > MAX_MADE:
            raise LimitBroken(f"makes texts of more than {MAX_MADE:,} characters together")

    def made(self, value: Any) -> Any:
        """Spend for a value that an operation gave, and give it on. Raises LimitBroken."""
        if isinstance(value, str):
            self.spend(len(value))
        elif isinstance(value, list | tuple):
            self.spend(_ITEM * len(value))
        elif isinstance(value, int):
            whole(value)
        return value


_CURRENT: ContextVar[Budget] = ContextVar("llmops_rendering")
current = _CURRENT.get


@contextmanager
def rendering() -> Iterator[Budget]:
    """One rendering: everything a template does inside is paid from one new Budget."""
    budget = Budget()
    token = _CURRENT.set(budget)
    try:
        yield budget
    finally:
        _CURRENT.reset(token)


def room_for(characters: int) -> int:
    """The number given, where a text of so many characters is allowed. Raises LimitBroken."""
    if characters > MAX_CHARACTERS:
        raise LimitBroken(f"makes a text of more than {MAX_CHARACTERS:,} characters")
    return characters


def items_for(count: int) -> None:
    """Spend for a list of so many items, before it is made. Raises LimitBroken."""
    if count > MAX_STEPS:
        raise LimitBroken(f"makes a list of more than {MAX_STEPS:,} items")
    current().spend(min(_ITEM * count, MAX_CHARACTERS))


def whole(number: int) -> int:
    """The number given, where it is not too long to count with. Raises LimitBroken."""
    if number.bit_length() > MAX_BITS:
        raise LimitBroken(f"makes a number of more than {MAX_BITS:,} bits")
    return number


class Steps:
    """An iterable whose every turn is a step. Keeps the length, so that `loop.length` stays cheap."""

    __slots__ = ("_source",)

    def __init__(self, source: Iterable[Any]) -> None:
        self._source = source

    def __iter__(self) -> Iterator[Any]:
        budget = current()
        for item in self._source:
            budget.step()
            yield item

    def __len__(self) -> int:
        if isinstance(self._source, Sized):
            return len(self._source)
        raise TypeError("has no length")  # as Jinja's loop expects of a generator


_SMALL = (bool, float, type(None))
_ADDRESS = re.compile(r"<[^<>]* at 0x[0-9a-fA-F]+>\Z")


def weigh(value: Any, *, shown: bool = False) -> int:
    """About how many characters `str(value)` has, found without making it.

    Shared parts are counted as often as they would be shown, yet visited once: thirty rounds of
    `x = [x, x]` are a small object with a text of gigabytes, and comparing or hashing it takes as long.
    Raises LimitBroken above the limit, RecursionError where it is nested too deeply to be handled safely
    (hashing a deep tuple overflows the stack of CPython), and with `shown` TypeError for what has no text
    but its place in memory, as that changes from run to run.
    """
    if isinstance(value, str):
        return len(value)
    if isinstance(value, _SMALL):
        return 8
    return room_for(_weigh(value, {}, shown))


def _weigh(value: Any, known: dict[int, int], shown: bool) -> int:
    if isinstance(value, str):
        return len(value) + 2
    if isinstance(value, _SMALL):
        return 8
    if isinstance(value, int):
        return whole(value).bit_length() // 3 + 2
    parts = _parts(value)
    if parts is None:
        if shown:
            _has_text(value)
        return 16
    seen = known.get(id(value))
    if seen is not None:
        return seen
    known[id(value)] = 8  # a part that holds itself is shown as "[...]"
    if len(known) % 1024 == 0:
        current().clock()
    total = 2
    for part in parts:
        total += 2 + _weigh(part, known, shown)
    known[id(value)] = room_for(total)
    return total


def _parts(value: Any) -> Iterable[Any] | None:
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, dict):
        return _flat(value.items())
    if isinstance(value, ItemsView):
        return _flat(value)
    if isinstance(value, KeysView | ValuesView):
        return value
    inner = getattr(value, "_Namespace__attrs", None)  # Jinja's namespace() shows what it holds
    return _flat(inner.items()) if isinstance(inner, dict) else None


def _flat(pairs: Iterable[tuple[Any, Any]]) -> Iterator[Any]:
    # without the pairs themselves: they are made for the moment, so that the next may have the same id
    return (part for pair in pairs for part in pair)


def _has_text(value: Any) -> None:
    if isinstance(value, Iterator):
        raise TypeError("a generator has no text; add | list or | join to it")
    if _ADDRESS.match(repr(value)):
        raise TypeError(f"a {type(value).__name__} has no text; call it, or write x['name'] for a key")
