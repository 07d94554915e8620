"""`llmops list` and `llmops show`."""

import json
from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, Directory, Format, FormatOption, NameAtRevision
from llmops_cli.cli.output import emit


def list_(directory: Directory = HERE, output: FormatOption = Format.TERMINAL) -> None:
    """List prompts and evalsets: version, labels, baseline."""
    from llmops_cli.reporters.history import format_list, list_to_dict
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.versions.listing import list_all
    from llmops_cli.workflows.versions.revisions import Revisions

    revisions = Revisions(open_project(directory))
    prompts, evalsets = list_all(revisions)
    notes = revisions.label_notes()
    revisions.close()
    if output is Format.JSON:
        emit(json.dumps(list_to_dict(prompts, evalsets), ensure_ascii=False, indent=2) + "\n")
    elif prompts or evalsets:
        emit(format_list(prompts, evalsets))
    else:
        typer.echo("no prompts and no evalsets here; `llmops init` starts a project", err=True)
    for note in notes:
        typer.echo(note, err=True)


def show(
    name: NameAtRevision,
    on: Annotated[
        str | None, typer.Option(help="With a label: what was live on that day (2026-03-01).")
    ] = None,
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """Show one version of a prompt in full."""
    from llmops_cli.reporters.history import format_show, show_to_dict
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.versions.listing import show as find
    from llmops_cli.workflows.versions.revisions import Revisions

    revisions = Revisions(open_project(directory))
    if on is None:
        shown, promotion = find(revisions, name), None
    else:
        from llmops_cli.workflows.versions.listing import show_on

        shown, promotion = show_on(revisions, name, on)
    revisions.close()
    for note in revisions.label_notes():
        typer.echo(note, err=True)
    if output is Format.JSON:
        document = show_to_dict(shown)
        if promotion is not None:
            commit = promotion.commit
            document["promoted"] = {"commit": commit.sha, "author": commit.author, "date": commit.date}
        emit(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    if promotion is not None:
        commit = promotion.commit
        emit(
            f"live on {on}, promoted {commit.date} by {commit.author} in {commit.short}: {commit.subject}\n\n"
        )
    emit(format_show(shown))
