"""`.llmops/`: what stays on this machine (cache, runs, reports), kept out of git by a file of its own."""

from pathlib import Path

from llmops_cli.errors import NoVerdictError, SourceLocation

FOLDER = ".llmops"


def local_folder(root: Path) -> Path:
    """The folder, made where it is missing. Raises NoVerdictError where it cannot be."""
    folder = root / FOLDER
    ignore = folder / ".gitignore"
    try:
        folder.mkdir(exist_ok=True)
        if not ignore.exists():
            ignore.write_text("# local to this machine: answers, runs, reports\n*\n", encoding="utf-8")
    except OSError as error:
        raise NoVerdictError(
            f"cannot be written: {error.strerror or error}",
            where=SourceLocation(str(folder)),
            hint="llmops keeps runs and answers there; make the folder writable",
        ) from error
    return folder
