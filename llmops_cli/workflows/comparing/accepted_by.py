"""Who accepted a regression: the commit that wrote its line into the branch's baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.comparison import Comparison, Delta
from llmops_cli.domain.revision import CommitInfo
from llmops_cli.errors import UserError
from llmops_cli.vcs.repository import Repository

UNCOMMITTED = "not committed yet"


def name_acceptors(
    comparisons: Sequence[Comparison],
    own: Mapping[str, Baseline | None],
    repository: Repository,
    since: str,
    until: str | None,
) -> list[Comparison]:
    """The comparisons with `accepted_by` of every accepted regression.

    `own` are the branch's baselines by evalset, `since` the base's commit, `until` the branch's, None for the
    worktree. What git cannot tell (a history that is cut) is left empty.
    """
    named: list[Comparison] = []
    for comparison in comparisons:
        baseline = own.get(comparison.evalset)
        if not comparison.accepted or baseline is None:
            named.append(comparison)
            continue
        places = {delta.case_id: _lines(baseline, delta) for delta in comparison.accepted}
        numbers = [number for found in places.values() for number in found]
        written = _written(repository, baseline.path, numbers, since, until)
        deltas = tuple(
            replace(delta, accepted_by=_by(written, places[delta.case_id])) if delta.accepted else delta
            for delta in comparison.deltas
        )
        named.append(replace(comparison, deltas=deltas))
    return named


def _lines(baseline: Baseline, delta: Delta) -> list[int]:
    """Where the accepted answers stand: those to the request that was asked."""
    asked = {outcome.fingerprint for outcome in delta.candidate.outcomes}
    lines = baseline.lines.get((delta.case_id, delta.variant), ())
    return [line.where.line for line in lines if line.request in asked and line.where.line is not None]


def _written(
    repository: Repository, path: str, numbers: Sequence[int], since: str, until: str | None
) -> Mapping[int, CommitInfo | None]:
    try:
        return repository.written_by(path, numbers, since, until)
    except UserError:
        new = until is None and repository.head is not None and repository.blob("HEAD", path) is None
        return dict.fromkeys(numbers) if new else {}


def _by(written: Mapping[int, CommitInfo | None], numbers: Sequence[int]) -> str:
    found = [written[number] for number in numbers if number in written]
    if None in found:
        return UNCOMMITTED
    commits = sorted((c for c in found if c is not None), key=lambda commit: commit.committed)
    return f"{commits[-1].short} {commits[-1].author}, {commits[-1].date}" if commits else ""
