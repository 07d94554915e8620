"""Files that a command writes for somebody: none of them may be one that the project is made of."""

import os
from pathlib import Path

from llmops_cli.domain.evalset import EVALSETS_DIR
from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.errors import SourceLocation, UserError
from llmops_cli.files.settings_file import SETTINGS_FILE
from llmops_cli.store.local_folder import FOLDER
from llmops_cli.vcs.repository import open_repository

_GIT = ".git"
_KEPT = ("runs", "versions", "cache.sqlite", "accepted.json", ".gitignore")
_HINT = "name a place of its own, such as out/report.json"


def refuse_inputs(target: Path, shown: str, root: Path, *, resumed: bool = False) -> None:
    """Raises UserError for a path (resolved) that is an input of the project at `root`, git's, or llmops' own.

    With `resumed` a file that git tracks may be written on or anew, unless it is empty: recordings and bundles
    are meant to be committed.
    """
    found = _own(target, root.resolve()) or _committed(target, root, resumed=resumed)
    if found is not None:
        raise UserError(found, where=SourceLocation(shown), hint=_HINT)


def _own(target: Path, root: Path) -> str | None:
    parts = [part.casefold() for part in target.parts]  # some file systems take both spellings for one
    if _GIT in parts:
        return "lies where git keeps its own files"
    for name in (PROMPTS_DIR, EVALSETS_DIR):
        if any(target.is_relative_to(folder) for folder in (root / name, (root / name).resolve())):
            return f"lies below {name}/, where the project is read from"
    below = parts[len(root.parts) :] if target.is_relative_to(root) else []
    if below[:1] in ([PROMPTS_DIR], [EVALSETS_DIR]):
        return f"lies below {below[0]}/, where the project is read from"
    if below == [SETTINGS_FILE]:
        return "holds the project's settings"
    if below == [FOLDER]:
        return "is a folder"
    if below[:1] == [FOLDER] and below[1].startswith(_KEPT):
        return "is where llmops keeps what it knows"
    if below and target.suffix == ".py" and target.exists():
        return "is code of the project"
    return None


def _committed(target: Path, root: Path, *, resumed: bool) -> str | None:
    if not target.is_file() or (resumed and target.stat().st_size):
        return None
    repository = open_repository(root)
    if repository is None:
        return None
    try:
        inside = Path(os.path.relpath(target, os.path.realpath(root))).as_posix()
        known = repository.head is not None and repository.blob_id(repository.head, inside) is not None
        return "is a file that git tracks" if known else None
    finally:
        repository.close()
