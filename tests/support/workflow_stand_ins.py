"""What stands in, on this machine, for the actions of others that our workflows use. Each does the job for real,
as far as our files ask for it: an input that is not known here fails.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Outputs = dict[str, str]


class StandInError(Exception):
    """The action fails, and with it its step."""


@dataclass
class Job:
    """What an action may see of the job that runs it."""

    workspace: Path
    temp: Path
    remote: Path
    sha: str
    ref: str
    run_id: int
    permissions: Mapping[str, str]
    artifacts: Mapping[int, dict[str, Path]]
    artifact_folder: Path
    caches: "Caches"
    log: list[str] = field(default_factory=list)


@dataclass
class Caches:
    """The caches of a repository: each belongs to a ref, and is seen there and from what builds on it."""

    folder: Path
    kept: list[tuple[str, str, Path]] = field(default_factory=list)

    def find(self, ref: str, key: str, prefixes: list[str]) -> tuple[str, Path] | None:
        """The exact key, else the newest that begins with a prefix: of the ref, then of the default branch."""
        for wanted in (key, *prefixes):
            for scope in (ref, "refs/heads/main"):
                for its, name, path in reversed(self.kept):
                    if its == scope and (name == key if wanted == key else name.startswith(wanted)):
                        return name, path
        return None

    def keep(self, ref: str, key: str, source: Path) -> bool:
        """Whether it was kept; a key is never written twice."""
        if any((ref, key) == (its, name) for its, name, _ in self.kept):
            return False
        target = self.folder / str(len(self.kept))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        self.kept.append((ref, key, target))
        return True


def git(folder: Path, *arguments: str) -> str:
    """Run git; StandInError where it fails."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode:
        raise StandInError(f"git {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


def _known(given: Mapping[str, str], *names: str) -> None:
    unknown = set(given) - set(names)
    assert not unknown, f"inputs that no stand-in knows: {unknown}"


def checkout(given: Mapping[str, str], job: Job) -> Outputs:
    """A shallow clone of one commit, without credentials."""
    _known(given, "ref", "fetch-depth", "persist-credentials")
    assert given["persist-credentials"] == "false"
    depth = int(given.get("fetch-depth", "1"))
    folder = job.workspace
    shutil.rmtree(folder)
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "remote", "add", "origin", job.remote.as_uri())
    limit = [f"--depth={depth}"] if depth else []
    git(folder, "fetch", "--quiet", "--no-tags", *limit, "origin", given.get("ref") or job.sha)
    git(folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    return {"commit": git(folder, "rev-parse", "HEAD")}


def setup_python(given: Mapping[str, str], job: Job) -> Outputs:
    """This interpreter stands for every version."""
    _known(given, "python-version")
    return {"python-version": given["python-version"]}


def cache_restore(given: Mapping[str, str], job: Job) -> Outputs:
    """Puts a kept file back."""
    _known(given, "path", "key", "restore-keys")
    prefixes = [line.strip() for line in given["restore-keys"].splitlines() if line.strip()]
    found = job.caches.find(job.ref, given["key"], prefixes)
    if found is not None:
        target = job.workspace / given["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(found[1], target)
        job.log.append(f"cache restored from {found[0]}")
    matched = found[0] if found else ""
    return {
        "cache-primary-key": given["key"],
        "cache-matched-key": matched,
        "cache-hit": str(matched == given["key"]).lower(),
    }


def cache_save(given: Mapping[str, str], job: Job) -> Outputs:
    """Keeps a file."""
    _known(given, "path", "key")
    kept = job.caches.keep(job.ref, given["key"], job.workspace / given["path"])
    job.log.append(f"cache {'saved as' if kept else 'was there already:'} {given['key']}")
    return {}


def upload_artifact(given: Mapping[str, str], job: Job) -> Outputs:
    """Copies a folder into the run."""
    _known(given, "name", "path", "retention-days", "if-no-files-found", "overwrite")
    target = job.artifact_folder / str(job.run_id) / given["name"]
    if not any(Path(given["path"]).rglob("*")):
        return {}
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(given["path"], target)
    job.artifacts[job.run_id][given["name"]] = target
    return {"artifact-id": str(len(job.artifacts))}


def download_artifact(given: Mapping[str, str], job: Job) -> Outputs:
    """Copies a folder out of this run, or with the right to read Actions out of another one."""
    _known(given, "name", "path", "run-id", "github-token")
    run = int(given.get("run-id") or job.run_id)
    if run != job.run_id and (not given.get("github-token") or job.permissions.get("actions") != "read"):
        raise StandInError("Resource not accessible by integration")
    found = job.artifacts.get(run, {}).get(given["name"])
    if found is None:
        raise StandInError(f"Unable to find any artifacts named {given['name']}")
    shutil.copytree(found, given["path"], dirs_exist_ok=True)
    return {"download-path": given["path"]}


STAND_INS: dict[str, Callable[[Mapping[str, str], Job], Outputs]] = {
    "actions/checkout": checkout,
    "actions/setup-python": setup_python,
    "actions/cache/restore": cache_restore,
    "actions/cache/save": cache_save,
    "actions/upload-artifact": upload_artifact,
    "actions/download-artifact": download_artifact,
}


def base_environment() -> dict[str, str]:
    """What every step sees of this machine: no key, no proxy, nothing of a developer's shell."""
    kept = (
        "HOME",
        "LANG",
        "TMPDIR",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
    )
    return {name: os.environ[name] for name in kept if name in os.environ}
