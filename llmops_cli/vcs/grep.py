"""Which files hold one of many words, asked of `git grep`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from llmops_cli.errors import UserError

_ERE_SPECIAL = re.compile(r"[][.{}()*+?^$|\\]")
_WORDS_AT_ONCE = 500


def files_with(
    execute: Callable[..., Any], words: Iterable[str], commit: str | None, pathspec: str
) -> set[str]:
    """Files that hold one of the words, at a commit or in the worktree (None). `execute` is GitPython's.

    Raises UserError.
    """
    # one pattern for many words: git tries several patterns one after another, which is slow
    escaped = [_ERE_SPECIAL.sub(r"\\\g<0>", word) for word in sorted(words)]
    found: set[str] = set()
    for start in range(0, len(escaped), _WORDS_AT_ONCE):
        found |= _grep(execute, "|".join(escaped[start : start + _WORDS_AT_ONCE]), commit, pathspec)
    return found


def _grep(execute: Callable[..., Any], pattern: str, commit: str | None, pathspec: str) -> set[str]:
    options = ["-l", "-z", "-E", "--full-name", "--no-color", "--no-recurse-submodules", "-e", pattern]
    where = ["--untracked"] if commit is None else [commit]
    status, text, error = execute(
        ["git", "grep", *options, *where, "--", pathspec],
        with_extended_output=True,
        with_exceptions=False,
        stdout_as_string=True,
    )
    if status > 1:  # 1 says that nothing was found
        raise UserError(f"git grep failed: {error.strip() or status}")
    named = "" if commit is None else f"{commit}:"
    return {path.removeprefix(named) for path in str(text).split("\0") if path}
