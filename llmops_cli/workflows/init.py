"""`llmops init`: a small project that works at once, without a key and without a network."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from llmops_cli.errors import SourceLocation, UserError
from llmops_cli.files.worktree import MARKERS

SHARED = ("README.md", ".pre-commit-config.yaml")
"""Files that a repository often has already: where they exist they stay as they are."""


@dataclass(frozen=True, slots=True)
class Initialised:
    """What was written and what was left alone; paths are relative to `folder`."""

    folder: Path
    written: tuple[str, ...]
    skipped: tuple[str, ...]


def init(folder: Path) -> Initialised:
    """Write the template project into a folder, which is made where it is missing.

    Nothing that exists is overwritten; git is not touched. Raises UserError where the folder holds a project
    or cannot be written; then nothing is left behind.
    """
    taken = [name for name in MARKERS if os.path.lexists(folder / name)]
    if taken:
        names = " and ".join(filter(None, [", ".join(taken[:-1]), taken[-1]]))
        there = "is there" if len(taken) == 1 else "are there"
        hint = "choose another folder, or add your own files to this one"
        raise UserError(
            f"is already a project: {names} {there}", where=SourceLocation(str(folder)), hint=hint
        )
    template = template_files()
    skipped = tuple(name for name in SHARED if name in template and os.path.lexists(folder / name))
    chosen = {name: text for name, text in template.items() if name not in skipped}
    _write_all(folder, chosen)
    return Initialised(folder, tuple(chosen), skipped)


def template_files() -> dict[str, bytes]:
    """Path to content of every file of the template project, as it is shipped in the package."""
    return dict(_walk(files("llmops_cli.workflows") / "templates" / "project", ""))


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda found: found.name):
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _write_all(folder: Path, wanted: Mapping[str, bytes]) -> None:
    """All files or none: what was made before an error is taken away again."""
    made: list[Path] = []
    try:
        for name, data in wanted.items():
            path = folder / name
            _make_folder(path.parent, made)
            # "x": a file that appeared in the meantime is not overwritten either
            with path.open("xb") as stream:
                made.append(path)
                stream.write(data)
    except OSError as error:
        _take_away(made)
        hint = "make the folder writable, or choose another one"
        place = SourceLocation(str(error.filename or folder))
        raise UserError(f"cannot be written: {error.strerror or error}", where=place, hint=hint) from error


def _make_folder(folder: Path, made: list[Path]) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir()
        made.append(path)
    if not folder.is_dir():
        raise NotADirectoryError(20, "a file of that name is there", str(folder))


def _take_away(made: list[Path]) -> None:
    for path in reversed(made):
        try:
            path.rmdir() if path.is_dir() else path.unlink()
        except OSError:  # what cannot be removed stays; the error that led here is the one to report
            continue
