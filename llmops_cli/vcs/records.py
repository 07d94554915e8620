"""The records of `git log` and how paths of the repository become paths of the project."""

import os
import posixpath
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from llmops_cli.domain.revision import Change, CommitInfo

_RECORD = "\x01"
_HEADER = ("%H", "%P", "%at", "%ct", "%an", "%ae", "%s")
FORMAT = f"--format={_RECORD}{'%x00'.join(_HEADER)}"
"""What `git log -z` is asked to print of a commit."""
_CHUNK = 1 << 16
_PIPE = 1 << 20


def read_log(tokens: Iterator[str], *prefixes: str) -> Iterator[Change]:
    """The records of `git log -z` with FORMAT and --name-status, as they come.

    `prefixes` are the folders of the project.
    """
    header: CommitInfo | None = None
    paths: set[str] = set()
    renames: list[tuple[str, str]] = []
    for raw in tokens:
        token = raw.lstrip("\n")
        if token.startswith(_RECORD):
            if header is not None:
                yield Change(header, frozenset(paths), tuple(renames))
            sha, parents, *times = token[1:], next(tokens), next(tokens), next(tokens)
            people = next(tokens), next(tokens), next(tokens)
            header = CommitInfo(sha, tuple(parents.split()), int(times[0]), int(times[1]), *people)
            paths, renames = set(), []
        elif token.startswith("R") and token[1:].isdigit():  # a merge's `RM` comes with one path only
            old, new = (relative(next(tokens), *prefixes) for _ in range(2))
            paths |= {old, new}
            renames.append((new, old))
        elif token:
            paths.add(relative(next(tokens), *prefixes))
    if header is not None:
        yield Change(header, frozenset(paths), tuple(renames))


def read_blame(text: str) -> dict[int, CommitInfo | None]:
    """Line to commit, from `git blame --line-porcelain`; None for a line that no commit holds yet.

    Lines from before the range that was asked for are left out, as git marks them.
    """
    found: dict[int, CommitInfo | None] = {}
    header: list[str] = []
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        if line.startswith("\t"):  # the line itself, which ends its record
            sha, number = header[0], int(header[2])
            if not sha.strip("0"):
                found[number] = None
            elif "boundary" not in fields:
                times = int(fields["author-time"]), int(fields["committer-time"])
                mail = fields["author-mail"].strip("<>")
                found[number] = CommitInfo(sha, (), *times, fields["author"], mail, fields["summary"])
            header, fields = [], {}
        elif not header:
            header = line.split(" ")
        else:
            name, _, value = line.partition(" ")
            fields[name] = value
    return found


def widen(pipe: BinaryIO) -> None:
    """Room for git to write ahead while nobody reads yet; only Linux can, and 64 KiB will do elsewhere."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # the system's limit may be lower
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)


def tokens_of(stream: BinaryIO) -> Iterator[str]:
    """What stands between the NULs of git's output, as it comes."""
    rest = b""
    while chunk := os.read(stream.fileno(), _CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from (token.decode("utf-8", "surrogateescape") for token in whole)
    yield rest.decode("utf-8", "surrogateescape")


def relative(path: str, *prefixes: str) -> str:
    """A path of the repository as one of the project, which has one folder or, on its way, several."""
    for prefix in sorted(prefixes, key=len, reverse=True) if len(prefixes) > 1 else prefixes:
        if prefix == ".":
            return path
        if path.startswith(f"{prefix}/"):
            return path[len(prefix) + 1 :]  # `posixpath.relpath` takes ten times as long
    return posixpath.relpath(path, prefixes[0])


def plain(prefix: str, path: str) -> str:
    """A path of the project as one of the repository."""
    return posixpath.normpath(posixpath.join(prefix, path))


def inside(prefix: str, path: str) -> str:
    """A path of the project as git takes it after `--`, from wherever it runs."""
    full = plain(prefix, path)
    return ":(top)" if full == "." else f":(top,literal){full}"
