"""`llmops report`: runs from their files."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from llmops_cli.domain.comparison import Result
from llmops_cli.domain.kept import KeptRun
from llmops_cli.domain.spending import total
from llmops_cli.errors import FileError
from llmops_cli.store.run_store import find_run, load_result, run_files
from llmops_cli.workflows.project import Project


def report(project: Project, name: str | None) -> Result:
    """The run of that id or path, the newest where none is named, as `eval` had it. Raises UserError."""
    return load_result(find_run(project.root, name))


def list_runs(project: Project, number: int | None = None) -> list[KeptRun]:
    """The kept runs, newest first; a file that cannot be read has a row that says so."""
    return list(islice(_rows(run_files(project.root)), number))


def _rows(paths: list[Path]) -> Iterator[KeptRun]:
    for path in paths:
        try:
            yield kept_run(load_result(path))
        except FileError as error:
            yield KeptRun(path.stem, error=error.problems[0].message)


def kept_run(result: Result) -> KeptRun:
    """A run in one line."""
    judged = sum(comparison.candidate.judged for comparison in result.comparisons)
    passed = sum(comparison.candidate.passed for comparison in result.comparisons)
    called = total(result.run.calls)
    costs = (called.cost, result.run.judge_cost)
    known = [cost for cost in costs if cost is not None]
    return KeptRun(
        id=result.run.id,
        started=result.run.started,
        verdict=result.verdict.status.value,
        evalsets=tuple(part.evalset.name for part in result.run.evalsets),
        cases=sum(comparison.candidate.cases for comparison in result.comparisons),
        pass_rate=passed / judged if judged else None,
        calls=called.calls + result.run.judge_calls,
        cost=sum(known) if len(known) == len(costs) else None,
        interrupted=result.run.interrupted,
    )
