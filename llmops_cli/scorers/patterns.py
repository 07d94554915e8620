"""Regular expressions with a time limit; the one importer of `regex`.

The standard library's `re` cannot be stopped, and what is searched is a model's output: a pattern that
backtracks without end would hang the run.
"""

from functools import lru_cache
from typing import Any

from llmops_cli.domain.scoring import ScoringError

TIMEOUT = 1.0
"""Seconds that one search may take."""


@lru_cache(maxsize=512)
def compiled(
    pattern: str, *, ignore_case: bool = False, multiline: bool = False, dotall: bool = False
) -> Any:
    """The pattern, compiled once. Raises ValueError that names the position (from 1) of a mistake."""
    import regex

    flags = regex.IGNORECASE * ignore_case | regex.MULTILINE * multiline | regex.DOTALL * dotall
    try:
        return regex.compile(pattern, flags)
    except regex.error as error:
        place = f" at character {error.pos + 1}" if error.pos is not None else ""
        raise ValueError(f"bad pattern{place}: {error.msg}") from error
    except (RecursionError, OverflowError) as error:
        raise ValueError("bad pattern: it is nested too deeply") from error


def search(pattern: Any, text: str, *, full: bool = False) -> Any:
    """The first match of a compiled pattern, or None. Raises ScoringError when it takes too long."""
    find = pattern.fullmatch if full else pattern.search
    try:
        return find(text, timeout=TIMEOUT)
    except TimeoutError as error:
        raise ScoringError(f"the pattern took longer than {TIMEOUT:g} s; make it simpler") from error
