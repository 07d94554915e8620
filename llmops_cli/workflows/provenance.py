"""Where a run comes from."""

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
    repository: Repository | None, command: tuple[str, ...], seed: int | None, models: Sequence[ResolvedModel]
) -> Provenance:
    """Commit, versions and command of a run."""
    from platform import python_version

    versions = {"llmops": __version__, "python": python_version()}
    if any(model.provider == "litellm" for model in models):
        from importlib.metadata import version

        versions["litellm"] = version("litellm")
    return Provenance(
        commit=repository.head if repository else None,
        branch=repository.branch if repository else None,
        dirty=repository.is_dirty() if repository else False,
        versions=versions,
        seed=seed,
        command=command,
        folder=repository.prefix if repository and repository.prefix != "." else "",
        repository_url=repository.web_address if repository else None,
    )
