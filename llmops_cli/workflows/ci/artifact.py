"""The folder that the evaluating job handed over, read as what it is: files of a stranger.

A fork's pull request decides what its own workflow run uploads. So sizes and depth are bounded, links are
refused, every value has the type that the report relies on, and the verdict must follow from what it stands on.
Whose pull request it is, `binding.py` checks against the event.
"""

import json
import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from llmops_cli.comparison.gate import decide
from llmops_cli.domain.ci import Context, NoRun, context_from_dict
from llmops_cli.domain.comparison import Result, Status
from llmops_cli.domain.conform import conform
from llmops_cli.errors import ExitCode, FileError, SourceLocation
from llmops_cli.store.run_store import result_of

CONTEXT = "context.json"
RUN = "run.json"
MOST_CONTEXT = 64 * 1024
MOST_RUN = 64 * 1024 * 1024
"""Bytes read of each."""
DEEPEST = 100
WIDEST = 2_000_000
"""Lists and objects; a case of ours has about ten."""
LARGEST = 2**63
_DAMAGED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class Artifact:
    """What the evaluating job left: its context, and the run unless `eval` ended before there was one."""

    context: Context
    result: Result | None

    @property
    def no_run(self) -> NoRun:
        """How it ended without a run."""
        return NoRun(self.context.exit_code, self.context.error)


def left_nothing(folder: Path) -> bool:
    """Whether there is no artifact at all: the evaluating job ended before it could upload one."""
    return not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir()))


def read_artifact(folder: Path) -> Artifact:
    """What stands in the folder. Raises FileError, and nothing else, whatever stands there."""
    context_file, run_file = folder / CONTEXT, folder / RUN
    document = read_json(context_file, MOST_CONTEXT)
    if document is None:
        hint = "the evaluating job writes it with `llmops ci outcome`, also where `eval` failed"
        raise FileError(f"there is no {CONTEXT}", where=SourceLocation(str(folder)), hint=hint)
    try:
        context = context_from_dict(document if isinstance(document, dict) else {})
    except ValueError as error:
        raise FileError(f"is no context: {error}", where=SourceLocation(str(context_file))) from error
    return Artifact(context, read_run(run_file, context.exit_code))


def read_run(path: Path, exit_code: int) -> Result | None:
    """The run of an `eval` that ended so; None where it left none. Raises FileError unless the file holds together."""
    document = read_json(path, MOST_RUN)
    if document is None:
        return None
    try:
        result = result_of(document, path)
        conform(result, Result)
        _check_places(result)
        _check_verdict(result)
        return result if is_of(result, exit_code) else None
    except FileError:
        raise
    except _DAMAGED as error:
        what = f"is a damaged run file ({type(error).__name__}: {str(error)[:300]})"
        raise FileError(what, where=SourceLocation(str(path))) from error


def read_json(path: Path, most: int) -> Any:
    """A JSON document of bounded size and depth; None where there is no file. Raises FileError."""
    where = SourceLocation(str(path))
    raw = _read(path, most)
    if raw is None:
        return None
    try:
        document = json.loads(raw.decode("utf-8", "surrogatepass"), parse_constant=_refuse)
        _check_shape(document)
    except RecursionError:
        raise FileError("is nested too deeply", where=where) from None
    except ValueError as error:
        raise FileError(f"is no readable JSON: {str(error)[:300]}", where=where) from error
    return document


def _read(path: Path, most: int) -> bytes | None:
    """At most so many bytes of a plain file: no link, no device, no pipe."""
    where = SourceLocation(str(path))
    if path.is_symlink():
        raise FileError("is a link; only plain files are read here", where=where)
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        with os.fdopen(os.open(path, flags), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise FileError("is no plain file", where=where)
            raw = stream.read(most + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(f"cannot be read: {error.strerror or error}", where=where) from error
    if len(raw) > most:
        raise FileError(f"is larger than {most // 1024} KiB", where=where)
    return raw


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _check_shape(document: Any) -> None:
    """No deeper and wider than any of ours, and no number that arithmetic or a format would stumble over."""
    level, count = [document], 0
    for _ in range(DEEPEST + 1):
        below: list[Any] = []
        for value in level:
            for item in (
                value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            ):
                kind = type(item)
                if kind is dict or kind is list:
                    below.append(item)
                elif kind is float and not math.isfinite(item):
                    raise ValueError("a number is too large")
                elif kind is int and abs(item) > LARGEST:
                    raise ValueError("a whole number is too large")
        count += len(below)
        if count > WIDEST:
            raise ValueError(f"more than {WIDEST} lists and objects")
        if not below:
            return
        level = below
    raise ValueError(f"nested more than {DEEPEST} deep")


def _check_places(result: Result) -> None:
    """Places become links below the repository: none may climb out of it."""
    for path in _paths(result):
        parts = PurePosixPath(path.replace("\\", "/")).parts
        if ".." in parts or (parts and parts[0] == "/"):
            raise ValueError(f"{path[:80]!r} is no path inside the project")


def _paths(result: Result) -> Iterator[str]:
    yield result.run.provenance.folder
    yield from (reason.where.path for reason in result.verdict.reasons if reason.where is not None)
    for part in result.run.evalsets:
        yield part.evalset.path
        yield from (case.where.path for case in part.cases)
    for comparison in result.comparisons:
        texts = comparison.prompt_change.texts if comparison.prompt_change else ()
        yield from (text.where.path for text in texts if text.where is not None)


def _check_verdict(result: Result) -> None:
    """The verdict must be what its reasons say, and hide no regression of its own cases."""
    status = result.verdict.status
    by_reasons = {reason.status for reason in result.verdict.reasons}
    gravest = next((one for one in (Status.REGRESSION, Status.INCONCLUSIVE) if one in by_reasons), None)
    if gravest is not None and status is not gravest:
        raise ValueError(f"contradictory: it says {status}, and gives a reason for {gravest}")
    if gravest is None and status in (Status.REGRESSION, Status.INCONCLUSIVE):
        raise ValueError(f"contradictory: it says {status}, and gives no reason for it")
    if status is not Status.REGRESSION:
        again = decide(result.comparisons, result.run.evalsets, interrupted=result.run.interrupted)
        if again.status is Status.REGRESSION:
            raise ValueError(
                f"contradictory: it says {status}, and its cases say: {again.reasons[0].text[:200]}"
            )


def is_of(result: Result, exit_code: int) -> bool:
    """Whether an `eval` that ended so left this run; False where it failed after it, or beside an older file.

    3 goes with every verdict: there may have been nowhere left to print it. Raises ValueError where the exit
    code is another verdict.
    """
    if exit_code in (result.verdict.status.exit_code, ExitCode.INCONCLUSIVE):
        return True
    if exit_code == ExitCode.INTERRUPTED:
        return result.run.interrupted
    if exit_code in (ExitCode.PASS, ExitCode.REGRESSION):
        raise ValueError(f"contradictory: it says {result.verdict.status}, and eval ended with {exit_code}")
    return False
