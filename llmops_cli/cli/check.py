"""`llmops check`."""

from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, Directory
from llmops_cli.cli.output import emit


def check(
    paths: Annotated[list[str] | None, typer.Argument(help="Files or folders; all by default.")] = None,
    directory: Directory = HERE,
) -> None:
    """Find every mistake that can be found without calling a model."""
    from llmops_cli.reporters.figures import plural
    from llmops_cli.workflows.check import check as check_project

    checked = check_project(directory, paths or [])
    for warning in checked.warnings:
        typer.echo(f"warning: {warning}", err=True)
    counts = [
        plural(checked.prompts, "prompt"),
        plural(checked.evalsets, "evalset"),
        plural(checked.cases, "case"),
    ]
    emit(f"{', '.join(counts)}: no mistakes\n")
