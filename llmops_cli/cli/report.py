"""`llmops report`."""

from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, Directory, Format, FormatOption
from llmops_cli.cli.output import emit
from llmops_cli.errors import UserError


def report(
    run: Annotated[
        str | None, typer.Argument(help="Id or path of a run file; the newest by default.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the kept runs, newest first.")] = False,
    number: Annotated[int | None, typer.Option("-n", min=1, help="List only the newest so many.")] = None,
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """Print any run again, just as eval printed it.

    0 whenever the report could be made, whatever the verdict of the run; 2 where there is no such run.
    """
    from llmops_cli import plugins
    from llmops_cli.reporters.json import format_document
    from llmops_cli.reporters.runs import format_runs, runs_to_list
    from llmops_cli.workflows import report as workflow
    from llmops_cli.workflows.project import open_project

    project = open_project(directory)
    if not listing:
        if number is not None:
            raise UserError("-n goes with --list")
        emit(plugins.load("reporters", output.value)(workflow.report(project, run)))
        return
    if run is not None:
        raise UserError("--list takes no run")
    runs = workflow.list_runs(project, number)
    emit(format_document(runs_to_list(runs)) if output is Format.JSON else format_runs(runs))
