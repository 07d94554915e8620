"""Run files under `.llmops/runs/`: one JSON document a run, named by the time it began."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmops_cli.domain.comparison import Result
from llmops_cli.domain.run_json import RUN_FORMAT, result_from_dict
from llmops_cli.errors import FileError, SourceLocation, UserError
from llmops_cli.store.atomic import write_text
from llmops_cli.store.local_folder import FOLDER, local_folder

RUNS = "runs"
KEEP = 200
"""Run files kept; the oldest go first."""


def save_run(root: Path, run_id: str, document: Mapping[str, Any]) -> Path:
    """Write a run file. Raises NoVerdictError where the disk does not take it."""
    path = local_folder(root) / RUNS / f"{run_id}.json"
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    write_text(path, text)
    for old in run_files(root)[KEEP:]:
        old.unlink(missing_ok=True)
    return path


def run_files(root: Path) -> list[Path]:
    """All run files, newest first."""
    return sorted((root / FOLDER / RUNS).glob("*.json"), reverse=True)


def load_run(path: Path) -> dict[str, Any]:
    """A run file's document. Raises FileError where it is none, or is of a newer format."""
    try:
        document = json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))
    except (OSError, ValueError) as error:
        raise FileError(f"is no readable run file: {error}", where=SourceLocation(str(path))) from error
    return _checked(document, path)


def _checked(document: object, path: Path) -> dict[str, Any]:
    where = SourceLocation(str(path))
    version = document.get("llmops_run") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(version, int):
        raise FileError("is no run file", where=where)
    if version > RUN_FORMAT:
        hint = "update llmops to read it"
        raise FileError(f"has format {version}; this llmops reads up to {RUN_FORMAT}", where=where, hint=hint)
    return dict(document)


def load_result(path: Path) -> Result:
    """The run in a file. Raises FileError where it is none, or is of a newer format."""
    return result_of(load_run(path), path)


def result_of(document: object, path: Path) -> Result:
    """The run in a document that was read from `path`. Raises FileError as `load_result` does."""
    try:
        return result_from_dict(_checked(document, path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        where = SourceLocation(str(path))
        raise FileError(f"is a damaged run file ({type(error).__name__}: {error})", where=where) from error


def find_run(root: Path, name: str | None) -> Path:
    """The run of that id or path; the newest where none is named. Raises UserError."""
    if name is not None:
        candidates = [Path(name), root / FOLDER / RUNS / f"{name}.json"]
        found = next((path for path in candidates if path.is_file()), None)
        if found is None:
            raise UserError(f"there is no run {name!r}", hint=f"runs stand in {FOLDER}/{RUNS}/")
        return found
    files = run_files(root)
    if not files:
        raise UserError("there is no run yet", hint="`llmops eval` makes one")
    return files[0]
