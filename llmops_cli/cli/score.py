"""`llmops score`."""

from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, Directory, Format, FormatOption
from llmops_cli.cli.output import emit


def score(
    recorded: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN|BASELINE|EVALSET",
            help="Id or path of a run (the newest by default), path of a *.baseline.jsonl, "
            "or with --baseline an evalset.",
        ),
    ] = None,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="The accepted answers of this evalset; without a name, of all.")
    ] = False,
    no_calls: Annotated[
        bool, typer.Option("--no-calls", help="Judges, too, answer only from the cache.")
    ] = False,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Judge calls in flight.", envvar="LLMOPS_CONCURRENCY")
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(min=0, help="Stop before judges cost more than this (USD).", envvar="LLMOPS_MAX_COST"),
    ] = None,
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """Score recorded answers by today's scorers; only judges that changed are asked.

    It is no gate. 0 everything was scored, 2 a mistake in a file or option, 3 something could not be scored.
    """
    from llmops_cli.reporters.json import format_document
    from llmops_cli.reporters.progress import Progress
    from llmops_cli.reporters.rescore import format_rescored, rescored_to_dict
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.rescoring.rescore import rescore
    from llmops_cli.workflows.versions.revisions import Revisions
    from llmops_cli.workflows.wiring import CallOptions

    calls = CallOptions(concurrency=concurrency, max_cost=max_cost, calls=not no_calls)
    revisions = Revisions(open_project(directory))
    try:
        with Progress() as progress:
            result = rescore(revisions, recorded, baseline=baseline, calls=calls, observe=progress)
    finally:
        revisions.close()
    emit(format_document(rescored_to_dict(result)) if output is Format.JSON else format_rescored(result))
    raise typer.Exit(result.exit_code)
