"""What one job of a workflow tells the next: the context of a run, beside the run file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmops_cli.errors import ExitCode

CONTEXT_FORMAT = 1
MOST_ERROR = 4000
"""Characters of an error's text that are passed on."""
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_EVENT = re.compile(r"[a-z_]{1,50}")


@dataclass(frozen=True, slots=True)
class Context:
    """What was judged (pull request, commits, repository, event) and how `eval` ended."""

    pull_request: int | None
    head: str
    base: str | None
    repository: str
    event: str
    attempt: int
    exit_code: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class NoRun:
    """An `eval` that ended before there was a run file."""

    exit_code: int
    error: str | None

    @property
    def verdict(self) -> str:
        """INCONCLUSIVE where it says so itself; ERROR for a mistake in a file, or a bug."""
        return "INCONCLUSIVE" if self.exit_code == ExitCode.INCONCLUSIVE else "ERROR"


def context_to_dict(context: Context) -> dict[str, Any]:
    """The document `context.json`."""
    return {
        "llmops_context": CONTEXT_FORMAT,
        "pull_request": context.pull_request,
        "head": context.head,
        "base": context.base,
        "repository": context.repository,
        "event": context.event,
        "attempt": context.attempt,
        "exit_code": context.exit_code,
        "error": context.error,
    }


def context_from_dict(data: Mapping[str, Any]) -> Context:
    """What `context_to_dict` wrote. Raises ValueError for anything else: it may come from a stranger."""
    version = data.get("llmops_context")
    if version != CONTEXT_FORMAT or isinstance(version, bool):
        raise ValueError(
            f"llmops_context is not {CONTEXT_FORMAT}: another version of llmops wrote it, or none"
        )
    error = data.get("error")
    if error is not None and (not isinstance(error, str) or len(error) > MOST_ERROR):
        raise ValueError(f"error is no text of at most {MOST_ERROR} characters")
    number, base = data.get("pull_request"), data.get("base")
    return Context(
        pull_request=None if number is None else _whole(number, "pull_request", 1),
        head=_matching(data.get("head"), "head", _SHA),
        base=None if base is None else _matching(base, "base", _SHA),
        repository=_matching(data.get("repository"), "repository", _REPOSITORY),
        event=_matching(data.get("event"), "event", _EVENT),
        attempt=_whole(data.get("attempt"), "attempt", 1),
        exit_code=_whole(data.get("exit_code"), "exit_code", 0),
        error=error,
    )


def is_sha(text: object) -> bool:
    """A full commit id."""
    return isinstance(text, str) and _SHA.fullmatch(text) is not None


def _whole(value: object, name: str, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**31:
        raise ValueError(f"{name} is no whole number from {least}")
    return value


def _matching(value: object, name: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise ValueError(f"{name} is not what it should be")
    return value
