"""Remotes: their addresses, made fit to be shown as reports are uploaded, and what brings a branch of theirs."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

_SCP = re.compile(r"^(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^\s:][^\s]*)$")
"""`git@github.com:owner/name.git`, see "GIT URLS" of git-clone(1)."""
_HOST = re.compile(r"^[A-Za-z0-9][A-Za-z0-9.-]*$")
_PATH = re.compile(r"^[\w.~/+-]+$", re.ASCII)
_BRANCH = re.compile(r"^[\w.+/-]+$")
"""Branches that may stand in a command as they are."""
_HEX = re.compile(r"[0-9a-f]{4,}")
_HAS_WEB = ("http", "https", "ssh", "git")


def web_address(remote: str) -> str | None:
    """`https://host/owner/name` of a remote, without user, password, port of ssh, query and `.git`.

    None for folders, files and whatever else is no address on the web.
    """
    remote = remote.strip()
    if "://" in remote:
        try:
            parts = urlsplit(remote)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if parts.scheme not in _HAS_WEB:
            return None
        scheme = "http" if parts.scheme == "http" else "https"
        where = f"{host}:{port}" if port and parts.scheme in ("http", "https") else host
        path = parts.path
    else:
        match = _SCP.match(remote)
        if match is None or len(match["host"]) == 1:  # one letter is a drive of Windows
            return None
        scheme, host, path = "https", match["host"], match["path"]
        where = host
    path = path.strip("/").removesuffix(".git")
    if not _HOST.match(host) or not _PATH.match(path):
        return None
    return f"{scheme}://{where}/{path}"


def fetch_of(revision: str, settings: str, *, shallow: bool) -> str | None:
    """The command that brings a remote-tracking branch which this clone lacks because of how it was cloned.

    That is one of a single branch, or a shallow one. None where the revision names no such branch, or where
    this clone would have it if the remote did. `settings` is what `git config --get-regexp ^remote\\.` prints.
    """
    plain = revision.removeprefix("refs/").removeprefix("remotes/")
    specs = _specs(settings)
    for remote in sorted(specs, key=len, reverse=True):
        branch = plain.removeprefix(f"{remote}/")
        if branch != plain and _may_be_there(branch, remote, specs[remote], shallow=shallow):
            option = "--unshallow " if shallow else ""
            return f"git fetch {option}{remote} {branch}:refs/remotes/{remote}/{branch}"
    return None


def fetch_of_own(name: str, settings: str, *, shallow: bool) -> str | None:
    """As `fetch_of`, for a branch or tag that is named without its remote: it gets that name here, too."""
    specs = _specs(settings)
    remote = "origin" if "origin" in specs else next(iter(specs), None)
    if remote is None or name.startswith("refs/") or _HEX.fullmatch(name):
        return None
    if not _may_be_there(name, remote, specs[remote], shallow=shallow):
        return None
    option = "--unshallow " if shallow else ""
    return f"git fetch {option}{remote} {name}:{name}"


def remotes_of(settings: str) -> list[str]:
    """The names of the remotes, in the order of git's settings."""
    return list(_specs(settings))


def _may_be_there(branch: str, remote: str, specs: Sequence[str], *, shallow: bool) -> bool:
    """Whether a remote may have a branch although this clone does not."""
    if (
        branch in ("", "HEAD")
        or branch.startswith("-")
        or ".." in branch
        or not _BRANCH.match(f"{remote}/{branch}")
    ):
        return False
    return shallow or not any(fnmatchcase(f"refs/heads/{branch}", spec) for spec in specs)


def _specs(settings: str) -> dict[str, list[str]]:
    """Remote to the sources of what is fetched from it."""
    specs: dict[str, list[str]] = {}
    for remote, key, value in _settings(settings):
        specs.setdefault(remote, []).extend([value.removeprefix("+").partition(":")[0]] * (key == "fetch"))
    return specs


def _settings(text: str) -> Iterator[tuple[str, str, str]]:
    """Remote, key and value of each line `remote.NAME.KEY VALUE`; a name may hold dots."""
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        remote, _, key = name.removeprefix("remote.").rpartition(".")
        if remote:
            yield remote, key, value
