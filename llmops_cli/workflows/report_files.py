"""`--report FORMAT=PATH`: where a result is written beside standard output, checked before the first call."""

import io
import os
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from llmops_cli import plugins
from llmops_cli.domain.comparison import Result
from llmops_cli.errors import NoVerdictError, Problem, Problems, SourceLocation, UserError, did_you_mean
from llmops_cli.store.atomic import write_bytes
from llmops_cli.workflows.outputs import refuse_inputs

_FORM = "write --report FORMAT=PATH, such as junit=out/junit.xml"


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One report to be written: its format, the path as it was named, and the file behind it."""

    format: str
    path: str
    target: Path


def known_format(name: str) -> str:
    """The name of a reporter. Raises UserError for an unknown one, with the nearest."""
    if name not in plugins.Names("reporters"):
        raise UserError(f"unknown format {name!r}", hint=did_you_mean(name, plugins.names("reporters")))
    return name


def plan_reports(
    wanted: Sequence[str], root: Path, taken: Sequence[Path] = (), tape: Path | None = None
) -> tuple[ReportFile, ...]:
    """The reports of `FORMAT=PATH`, with their folders made and every file tried.

    None of them, and no `tape` that is recorded, may be a file that the project at `root` is made of. `taken`
    are other files of the same command. Raises UserError with everything that is wrong.
    """
    problems = Problems()
    if tape is not None:
        try:
            refuse_inputs(tape.resolve(), str(tape), root, resumed=True)
        except UserError as error:
            problems.take(error)
    planned: list[ReportFile] = []
    others = {_identity(path.resolve()): str(path) for path in taken}
    for text in wanted:
        name, separator, path = text.partition("=")
        if not separator or not name or not path.strip():
            problems.add(f"--report {text!r} names no {'format' if not name else 'file'}", hint=_FORM)
            continue
        try:
            found = ReportFile(known_format(name), path, _target(path, root))
        except UserError as error:
            problems.take(error)
            continue
        same = others.setdefault(_identity(found.target), text)
        if same != text or any(other.target == found.target for other in planned):
            problems.add(f"--report {text!r} would overwrite {same!r}", hint="give each a file of its own")
        planned.append(found)
    problems.raise_if_any()
    return tuple(planned)


def write_reports(result: Result, planned: Sequence[ReportFile]) -> list[Problem]:
    """Write them all; each file is the old one or the whole new one. What could not be written comes back."""
    failed: list[Problem] = []
    for report in planned:
        with redirect_stdout(io.StringIO()):  # a reporter for people looks whether it writes to a terminal
            text = plugins.load("reporters", report.format)(result)
        try:
            # lone surrogates are no UTF-8; `\ud800` is the same value in JSON, and visible elsewhere
            write_bytes(report.target, text.encode("utf-8", "backslashreplace"))
        except NoVerdictError as error:
            failed += error.problems
    return failed


def _target(path: str, root: Path) -> Path:
    """The file behind a path. Raises UserError where it could not be written."""
    where = SourceLocation(path)
    hint = "--report needs a file that can be written"
    try:
        target = (Path(path).expanduser() if path.startswith("~") else Path(path)).resolve()
        if target.is_dir() or path.endswith(("/", os.sep)):
            raise UserError("is a folder", where=where, hint="name a file in it")
        if target.exists() and not target.is_file():
            raise UserError("is no regular file", where=where, hint="--format prints a report")
        refuse_inputs(target, path, root)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=f".{target.name[:50]}.", dir=target.parent):
            pass
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror or error}", where=where, hint=hint) from error
    except (ValueError, RuntimeError) as error:  # a NUL in it; no home for `~`
        raise UserError(f"cannot be written: {error}", where=where, hint=hint) from error
    return target


def _identity(path: Path) -> str:
    return os.path.normcase(path)
