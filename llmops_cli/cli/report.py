"""`llmops report`."""

from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, Directory
from llmops_cli.cli.output import emit
from llmops_cli.cli.reports import ReportOption, RunFormatOption, emit_result, refuse_format, say_failed
from llmops_cli.errors import ExitCode, UserError


def report(
    run: Annotated[
        str | None, typer.Argument(help="Id or path of a run file; the newest by default.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the kept runs, newest first.")] = False,
    number: Annotated[int | None, typer.Option("-n", min=1, help="List only the newest so many.")] = None,
    directory: Directory = HERE,
    files: ReportOption = None,
    output: RunFormatOption = "terminal",
) -> None:
    """Print any run again, just as eval printed it.

    0 whenever the report could be made, whatever the verdict of the run; 2 where there is no such run; 3 where a
    file could not be written.
    """
    from llmops_cli.reporters.json import format_document
    from llmops_cli.reporters.runs import format_runs, runs_to_list
    from llmops_cli.workflows import report as workflow
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.report_files import known_format, plan_reports, write_reports

    known_format(output)
    if listing:
        refuse_format(output, "the list of runs")
    project = open_project(directory)
    if not listing:
        if number is not None:
            raise UserError("-n goes with --list")
        result, planned = workflow.report(project, run), plan_reports(files or (), project.root)
        failed = write_reports(result, planned)
        emit_result(result, output)
        say_failed(failed)
        raise typer.Exit(ExitCode.INCONCLUSIVE if failed else ExitCode.PASS)
    if run is not None or files:
        raise UserError("--list takes no run and writes no report")
    runs = workflow.list_runs(project, number)
    emit(format_document(runs_to_list(runs)) if output == "json" else format_runs(runs))
