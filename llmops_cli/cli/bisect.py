"""`llmops bisect`."""

import json
from typing import Annotated

import typer

from llmops_cli.cli.options import (
    HERE,
    ConcurrencyOption,
    Directory,
    Format,
    FormatOption,
    MaxCostOption,
    NoCallsOption,
    TimeoutOption,
    TrialsOption,
)
from llmops_cli.cli.output import emit


def bisect(
    name: Annotated[str, typer.Argument(help="A prompt, such as support/escalation.")],
    good: Annotated[str, typer.Option(help="A revision, or :label, where the cases pass.")],
    bad: Annotated[
        str | None, typer.Option(help="Where they fail; by default what is uncommitted, else HEAD.")
    ] = None,
    case: Annotated[str | None, typer.Option(help="Look for what broke this case.")] = None,
    evalset: Annotated[str | None, typer.Option(help="Only cases of this evalset.")] = None,
    trials: TrialsOption = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what it would take; ask nothing.")
    ] = False,
    no_calls: NoCallsOption = False,
    concurrency: ConcurrencyOption = None,
    timeout: TimeoutOption = None,
    max_cost: MaxCostOption = None,
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """Find the version that broke a case, without a checkout.

    0 an answer, or nothing got worse, 2 the good end fails too, 3 it cannot be told.
    """
    from dataclasses import asdict

    from llmops_cli.reporters.bisect import bisect_to_dict, format_bisect, format_estimate
    from llmops_cli.reporters.progress import Progress
    from llmops_cli.workflows.bisect import bisect as workflow
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.versions.revisions import Revisions
    from llmops_cli.workflows.wiring import CallOptions

    calls = CallOptions(concurrency=concurrency, timeout=timeout, max_cost=max_cost, calls=not no_calls)
    options = workflow.BisectOptions(name, good, bad, case, evalset, trials, calls)
    revisions = Revisions(open_project(directory))
    try:
        if estimate:
            found = workflow.estimate(revisions, options)
            emit(_json(asdict(found)) if output is Format.JSON else format_estimate(found))
            return
        with Progress() as progress:
            result = workflow.bisect(revisions, options, progress)
    finally:
        revisions.close()
    emit(_json(bisect_to_dict(result)) if output is Format.JSON else format_bisect(result))
    raise typer.Exit(result.exit_code)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
