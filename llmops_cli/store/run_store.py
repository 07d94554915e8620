"""Run files under `.llmops/runs/`: one JSON document a run, named by the time it began."""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from llmops_cli.domain.comparison import Result
from llmops_cli.domain.run_json import RUN_FORMAT, result_from_dict
from llmops_cli.errors import FileError, SourceLocation, UserError
from llmops_cli.store.atomic import write_text
from llmops_cli.store.local_folder import FOLDER, local_folder

RUNS = "runs"
ACCEPTED = "accepted.json"
"""Beside the runs: the newest run there was when an evalset's baseline was last written, by the evalset's path."""
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


def mark_accepted(root: Path, evalsets: Iterable[str]) -> None:
    """Remember that all runs up to now have had their say on these evalsets' baselines."""
    newest = run_files(root)[:1]
    marks = _marks(root) | {path: newest[0].stem for path in evalsets if newest}
    write_text(local_folder(root) / ACCEPTED, json.dumps(marks, ensure_ascii=False))


def runs_since_accepted(root: Path, evalset: str, digests: Collection[str]) -> list[Path]:
    """The kept runs since the evalset's baseline was last written, newest first, that name one of these prompts.

    `digests` are those of prompt versions. Runs are told by their text, so that no other one is read in full.
    """
    mark = _marks(root).get(evalset, "")
    wanted = [digest.encode() for digest in digests]
    return [path for path in run_files(root) if path.stem > mark and _names(path, wanted)]


def _names(path: Path, wanted: Collection[bytes]) -> bool:
    try:
        text = path.read_bytes()
    except OSError:
        return False
    return any(digest in text for digest in wanted)


def _marks(root: Path) -> dict[str, str]:
    try:
        marks = json.loads((root / FOLDER / ACCEPTED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found = marks.items() if isinstance(marks, dict) else ()
    return {str(path): mark for path, mark in found if isinstance(mark, str)}
