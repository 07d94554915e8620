"""Lines of JSONL and rows of CSV with their places, as far as a file can be read: one bad line hides no other."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from llmops_cli.errors import Problems, SourceLocation

MAX_LINE = 5_000_000
"""Characters of one line of JSONL, and of one field of CSV."""
_TWICE = 'inside a quoted field a " is written twice'


class CaseLines:
    """One file of cases. What cannot be decoded is noted once, at its first line."""

    def __init__(self, stream: BinaryIO, path: str, problems: Problems) -> None:
        # newline="" leaves line ends inside quoted CSV fields alone; bytes that are no UTF-8 become surrogates
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self.path = path
        self._problems = problems
        self._number = 0
        self._quote_in: int | None = None
        """The line in which a quote opened that is not closed yet, by the count of quotes."""
        self._undecodable: list[int] = []

    def json_lines(self) -> Iterator[tuple[SourceLocation, str]]:
        """Every line that is not empty."""
        with self._text as text:
            while line := text.readline(MAX_LINE):
                self._number += 1
                where = self._place(self._number)
                if len(line) >= MAX_LINE:
                    self._problems.add(f"the line is longer than {MAX_LINE // 1_000_000} MB", where)
                    break
                if line.strip() and self._is_text(line):
                    yield where, line
        self._note_undecodable()

    def rows(self) -> Iterator[tuple[SourceLocation, list[str]]]:
        """Every row that is not empty, at its first line; the first one is the header."""
        # the limit is the process's own: it is only ever raised
        csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
        with self._text:
            rows = csv.reader(self._physical_lines(), strict=True)
            header = True
            while True:
                start, bad = self._number + 1, len(self._undecodable)
                try:
                    row = next(rows)
                except StopIteration:
                    break
                except csv.Error as error:
                    self._note(error, start)
                    # where a quote is missing, what follows is not to be told apart
                    if header or self._number > start:
                        break
                    continue
                if not any(row):
                    continue
                if len(self._undecodable) == bad:
                    yield self._place(start), row
                elif header:
                    break
                header = False
        self._note_undecodable()

    def _physical_lines(self) -> Iterator[str]:
        for line in self._text:
            self._number += 1
            self._is_text(line)
            if line.count('"') % 2:
                self._quote_in = self._number if self._quote_in is None else None
            yield line

    def _is_text(self, line: str) -> bool:
        if line.isascii():
            return True
        try:
            line.encode()
        except UnicodeEncodeError:
            self._undecodable.append(self._number)
            return False
        return True

    def _note(self, error: csv.Error, start: int) -> None:
        words, opened = str(error), self._quote_in or start
        if words.startswith("field larger than"):
            self._problems.add(f"a field is longer than {MAX_LINE // 1_000_000} MB", self._place(start))
        elif words == "unexpected end of data":
            message = "is not valid CSV: the quote that opens here is not closed"
            self._problems.add(message, self._place(opened), _TWICE)
        else:
            since = f"the quote before it opens in line {start}; " if self._number > start else ""
            self._problems.add(f"is not valid CSV: {words}", self._place(self._number), since + _TWICE)
        self._quote_in = None

    def _note_undecodable(self) -> None:
        if self._undecodable:
            first, more = self._undecodable[0], len(self._undecodable) - 1
            others = (
                f", nor are {more} further lines" if more > 1 else ", nor is a further line" if more else ""
            )
            self._problems.add(f"is not UTF-8 text{others}", self._place(first), "save the file as UTF-8")

    def _place(self, line: int) -> SourceLocation:
        return SourceLocation(self.path, line)
