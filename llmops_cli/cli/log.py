"""`llmops log`."""

import json
from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, Directory, Format, FormatOption, PromptName
from llmops_cli.cli.output import emit


def log(
    name: PromptName,
    graph: Annotated[bool, typer.Option("--graph", help="Draw pass rate and cost over versions.")] = False,
    number: Annotated[int | None, typer.Option("-n", min=1, help="Only the newest so many.")] = None,
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """List the versions of a prompt, across renames."""
    from llmops_cli.domain.revision import parse_reference
    from llmops_cli.reporters.history import format_graph, format_log, log_to_list
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.versions.log import log as read_log
    from llmops_cli.workflows.versions.revisions import Revisions

    revisions = Revisions(open_project(directory))
    entries = read_log(revisions, parse_reference(name))[:number]
    if output is Format.JSON:
        emit(json.dumps(log_to_list(entries), ensure_ascii=False, indent=2) + "\n")
    else:
        emit(format_graph(entries) if graph else format_log(entries))
    for note in revisions.label_notes():
        typer.echo(note, err=True)
    if revisions.repository.shallow:
        typer.echo("this clone is shallow: `git fetch --unshallow` brings older versions", err=True)
    revisions.close()
