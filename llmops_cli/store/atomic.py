"""Writing a file so that a crash leaves either the old one or the new one, never a piece."""

import os
import tempfile
from pathlib import Path

from llmops_cli.errors import NoVerdictError, SourceLocation


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 with LF. Raises NoVerdictError where the disk is full or read-only."""
    write_bytes(path, text.encode("utf-8", "surrogatepass"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write through a temporary file beside the target and `os.replace`."""
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            Path(temporary).chmod(path.stat().st_mode & 0o777)
        else:
            Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        hint = "free some space, or choose another place"
        raise NoVerdictError(
            f"cannot be written: {error.strerror or error}", where=SourceLocation(str(path)), hint=hint
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
