"""Addresses of remotes, made fit to be shown: reports are uploaded, and a clone's address may hold a token."""

import re
from urllib.parse import urlsplit

_SCP = re.compile(r"^(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^\s:][^\s]*)$")
"""`git@github.com:owner/name.git`, see "GIT URLS" of git-clone(1)."""
_HOST = re.compile(r"^[A-Za-z0-9][A-Za-z0-9.-]*$")
_PATH = re.compile(r"^[\w.~/+-]+$", re.ASCII)
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
