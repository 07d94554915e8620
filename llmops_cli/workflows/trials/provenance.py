"""Where a run comes from."""

import os
import re
from collections.abc import Sequence
from datetime import datetime

from llmops_cli import __version__
from llmops_cli.domain.outcome import Provenance
from llmops_cli.domain.request import ResolvedModel
from llmops_cli.vcs.repository import Repository


def run_id(began: datetime) -> str:
    """Sorts by time; microseconds tell two runs of one second apart."""
    return began.strftime("%Y%m%d-%H%M%S-") + f"{began.microsecond:06d}"


def provenance_of(
    repository: Repository | None,
    command: tuple[str, ...],
    seed: int | None,
    models: Sequence[ResolvedModel],
    commit: str | None = None,
) -> Provenance:
    """Commit, versions and command of a run; `commit` where the files are one's and not the worktree's."""
    from platform import python_version

    versions = {"llmops": __version__, "python": python_version()}
    if any(model.provider == "litellm" for model in models):
        from importlib.metadata import version

        versions["litellm"] = version("litellm")
    return Provenance(
        commit=commit or (repository.head if repository else None),
        branch=repository.branch if repository and not commit else None,
        dirty=repository.is_dirty() if repository and not commit else False,
        versions=versions,
        seed=seed,
        command=command,
        folder=repository.prefix if repository and repository.prefix != "." else "",
        repository_url=repository.web_address if repository else None,
        attempt=_attempt(),
    )


def _attempt() -> int | None:
    number = os.environ.get("GITHUB_RUN_ATTEMPT", "")
    return int(number) if re.fullmatch(r"[1-9][0-9]{0,5}", number) else None


def attempt_notes(provenance: Provenance, *, passed: bool) -> list[str]:
    """Says it where a run was made again: one that passed, among several that did not, proves little."""
    notes = []
    if provenance.attempt is not None and provenance.attempt > 1:
        said = "what the earlier ones found is not counted here"
        notes.append(f"attempt {provenance.attempt} of this workflow run; {said}")
    if passed and provenance.runs_before:
        which = _nth(provenance.runs_before + 1)
        said = "the runs before it count in `accept`"
        notes.append(f"the {which} run of this prompt since the last `accept`; {said}")
    return notes


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number % 100 < 14 else ending}"
