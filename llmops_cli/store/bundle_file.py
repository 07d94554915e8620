"""A bundle on disk: read whole, written whole, and whether it was replaced since."""

import os
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.domain.bundle import Bundle, BundleError, bundle_from_text, bundle_to_text
from llmops_cli.errors import Problem, SourceLocation
from llmops_cli.store.atomic import write_text


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells two states of a file apart without reading it; times in nanoseconds."""

    device: int
    inode: int
    size: int
    modified: int


def stamp_of(path: Path) -> Stamp | None:
    """The file's stamp, or None where there is no file to be seen."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def read_bundle(path: Path) -> tuple[Bundle, Stamp]:
    """The bundle in a file, checked, and the stamp of what was read. Raises BundleError."""
    where = SourceLocation(str(path))
    try:
        with path.open("rb") as stream:
            # of the open file and ahead of its bytes: what is written meanwhile shows at the next look
            stamp = _stamp(os.fstat(stream.fileno()))
            data = stream.read()
    except FileNotFoundError as error:
        hint = "`llmops bundle -o FILE` makes one; LLMOPS_BUNDLE or bundle= says where it is"
        raise BundleError("there is no such bundle", where=where, hint=hint) from error
    except OSError as error:
        raise BundleError(f"cannot be read: {error.strerror or error}", where=where) from error
    try:
        return bundle_from_text(data.decode("utf-8")), stamp
    except UnicodeDecodeError as error:
        raise BundleError("is no bundle: its text is not UTF-8", where=where) from error
    except BundleError as error:
        placed = [Problem(problem.message, where, problem.hint) for problem in error.problems]
        raise BundleError(placed[0].message, problems=placed) from error


def write_bundle(path: Path, bundle: Bundle) -> None:
    """Write or replace the file; who reads it meanwhile gets the old or the new. Raises NoVerdictError."""
    write_text(path, bundle_to_text(bundle))


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
