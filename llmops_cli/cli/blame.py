"""`llmops blame`."""

import json

import typer

from llmops_cli.cli.options import HERE, Directory, Format, FormatOption, PromptName
from llmops_cli.cli.output import emit


def blame(
    name: PromptName,
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """Say for each line of a prompt which version brought it.

    Included partials are expanded in place.
    """
    from llmops_cli.reporters.blame import blame_to_dict, format_blame
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.versions.blame import blame as read_blame
    from llmops_cli.workflows.versions.revisions import Revisions

    revisions = Revisions(open_project(directory))
    try:
        found = read_blame(revisions, name)
        shallow = revisions.repository.shallow
    finally:
        revisions.close()
    if output is Format.JSON:
        emit(json.dumps(blame_to_dict(found), ensure_ascii=False, indent=2) + "\n")
    else:
        emit(format_blame(found))
    if shallow:
        typer.echo("this clone is shallow: `git fetch --unshallow` brings older versions", err=True)
