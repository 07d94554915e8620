"""`git cat-file --batch` or `--batch-check`, kept running and asked about many names at a time."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol
from weakref import finalize

from llmops_cli.errors import UserError
from llmops_cli.vcs.failures import gave_up

_AHEAD = 4096
"""Bytes of names that git may still have to answer, less than any pipe holds (pipe(7) on Linux: 4 KiB at least).

So nobody waits for the other: writing names never blocks, however long git itself is blocked because the
content of a large blob was not read yet.
"""
_FOUND = re.compile(rb"([0-9a-f]{40,}) ([a-z]+) ([0-9]+)\n")


class Process(Protocol):
    """The part of a running git that is used here; it ends when nothing refers to it."""

    @property
    def stdin(self) -> BinaryIO:
        """Where names go."""
        ...

    @property
    def stdout(self) -> BinaryIO:
        """Where answers come from."""
        ...

    @property
    def stderr(self) -> BinaryIO:
        """What git says when it gives up."""
        ...


@dataclass(frozen=True, slots=True)
class GitObject:
    """One of git's objects; `data` is empty where only its header was asked for."""

    name: str
    """Its hash."""
    kind: str
    data: bytes


class CatFile:
    """Starts git at the first question. Not for several threads at once."""

    def __init__(self, start: Callable[[], Process], *, contents: bool) -> None:
        self._start = start
        self._contents = contents
        self._process: Process | None = None
        self._keeper: finalize[[Process], CatFile] | None = None

    def ask(self, names: Sequence[str]) -> list[GitObject | None]:
        """An answer a name, in their order; None for one that leads to nothing.

        Names are hashes or `commit:path`. Raises UserError where git gives up: nothing is known then of any
        of the names, and the next question starts git anew.
        """
        found: list[GitObject | None] = [None] * len(names)
        lines = ((place, line) for place, name in enumerate(names) if (line := _line(name)) is not None)
        try:
            self._converse(deque(lines), found)
        except BaseException:  # of an answer that was not read to its end the next one would read the rest
            self.close()
            raise
        return found

    def close(self) -> None:
        """End git, where it runs."""
        self._process = None
        if self._keeper is not None:
            self._keeper.detach()
            self._keeper = None

    def _converse(self, waiting: deque[tuple[int, bytes]], found: list[GitObject | None]) -> None:
        asked: deque[tuple[int, int]] = deque()
        ahead = 0
        while waiting or asked:
            if ahead <= _AHEAD // 2:
                batch: list[bytes] = []
                while waiting and (not (asked or batch) or ahead + len(waiting[0][1]) <= _AHEAD):
                    place, line = waiting.popleft()
                    asked.append((place, len(line)))
                    batch.append(line)
                    ahead += len(line)
                if batch:
                    self._write(b"".join(batch))
            place, size = asked.popleft()
            found[place] = self._read()
            ahead -= size

    def _write(self, lines: bytes) -> None:
        if self._process is None:
            self._process = self._start()
            # a process in a cycle of references would see its pipes go first: held from outside, it is in none
            self._keeper = finalize(self, _let_go, self._process)
        try:
            self._process.stdin.write(lines)
            self._process.stdin.flush()
        except OSError as error:
            raise self._given_up() from error

    def _read(self) -> GitObject | None:
        assert self._process is not None
        output = self._process.stdout
        header = output.readline()
        match = _FOUND.fullmatch(header)
        if match is None:
            if not header.endswith(b"\n"):
                raise self._given_up()
            return None  # "... missing", "... ambiguous", "... submodule"
        data = b""
        if self._contents:
            size = int(match[3])
            data = output.read(size + 1)  # a line end follows
            if len(data) != size + 1:
                raise self._given_up()
            data = data[:-1]
        return GitObject(match[1].decode(), match[2].decode(), data)

    def _given_up(self) -> UserError:
        """Why git gave up. Its output is at an end, so that it is not waited for."""
        assert self._process is not None
        return gave_up(self._process.stderr.read().decode("utf-8", "replace"))


def _let_go(process: Process) -> None:
    """Nothing is left to do: what refers to the process is gone with the call."""
    del process


def _line(name: str) -> bytes | None:
    """A name as git reads it; None for what no line can hold, which leads to nothing.

    A carriage return at the end would be taken for a part of the line's end.
    """
    try:
        line = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None
    return None if b"\n" in line or b"\0" in line or line.endswith(b"\r") or not line else line + b"\n"
