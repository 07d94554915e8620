"""The response cache: one SQLite file, keyed by request fingerprint and trial.

Written as answers arrive, so that a killed run loses only the calls in flight. WAL (sqlite.org/wal.html)
lets several runs read and write at once.
"""

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from llmops_cli.domain.request import Response
from llmops_cli.domain.serial import response_from_dict, response_to_dict

CACHE_FORMAT = 1
"""`PRAGMA user_version` of the file; another version is moved aside, never guessed at."""
_BUSY_SECONDS = 10.0
_PAUSE_SECONDS = 0.02

_SET_UP = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    (
        "CREATE TABLE IF NOT EXISTS answers"
        " (key TEXT PRIMARY KEY, response BLOB NOT NULL, stored REAL NOT NULL) WITHOUT ROWID"
    ),
    "SELECT key FROM answers LIMIT 1",
    f"PRAGMA user_version = {CACHE_FORMAT}",
)


class ResponseCache:
    """An AnswerStore on disk. Whatever goes wrong with it is noted once and never fails a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self._connection = self._open()

    def get(self, key: str) -> Response | None:
        """See AnswerStore.get; a damaged entry counts as absent."""
        if self._connection is None:
            return None
        try:
            row = _first_row(self._connection, "SELECT response FROM answers WHERE key = ?", (key,))
            return response_from_dict(json.loads(row[0])) if row else None
        except sqlite3.DatabaseError as error:
            self._give_up(f"cannot be read ({error})")
        except (ValueError, KeyError, TypeError):
            self._note(f"the cache {self.path} holds a damaged answer; it is asked anew")
        return None

    def put(self, key: str, response: Response) -> None:
        """See AnswerStore.put."""
        if self._connection is None:
            return
        text = json.dumps(response_to_dict(response), ensure_ascii=False)
        try:
            stored = (key, text.encode("utf-8", "surrogatepass"), time.time())
            _first_row(self._connection, "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", stored)
        except sqlite3.DatabaseError as error:
            self._give_up(f"cannot be written ({error})")

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection | None:
        for attempt in ("first", "after moving aside"):
            connection: sqlite3.Connection | None = None
            try:
                connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
                version = _first_row(connection, "PRAGMA user_version")[0]
                if version not in (0, CACHE_FORMAT):
                    connection.close()
                    self._move_aside(f"has format {version}, this llmops uses {CACHE_FORMAT}")
                    continue
                for statement in _SET_UP:
                    _first_row(connection, statement)
            except sqlite3.OperationalError as error:
                self._note(f"the cache {self.path} cannot be used ({error}); this run goes on without it")
                if connection is not None:
                    connection.close()
                return None
            except sqlite3.DatabaseError as error:
                if connection is not None:
                    connection.close()
                if attempt != "first":
                    self._note(f"the cache {self.path} cannot be used ({error}); this run goes on without it")
                    return None
                self._move_aside(f"is damaged ({error})")
            else:
                return connection
        return None

    def _move_aside(self, why: str) -> None:
        aside = self.path.with_name(f"{self.path.name}.{time.strftime('%Y%m%d-%H%M%S')}.aside")
        for ending in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + ending)
            if part.exists():
                part.replace(aside.with_name(aside.name + ending))
        self._note(f"the cache {self.path} {why}; it was moved to {aside.name} and a new one begun")

    def _give_up(self, why: str) -> None:
        self._note(f"the cache {self.path} {why}; this run goes on without it")
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _first_row(connection: sqlite3.Connection, statement: str, values: tuple[object, ...] = ()) -> Any:
    """What the statement gives first, asked again while the file is busy, for at most `_BUSY_SECONDS`.

    SQLite's own busy timeout does not hold everywhere: a switch to WAL that meets another one, or an opening that
    meets the last closing, is refused at once (sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY").
    """
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            return connection.execute(statement, values).fetchone()
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > until:
                raise
        time.sleep(_PAUSE_SECONDS)
