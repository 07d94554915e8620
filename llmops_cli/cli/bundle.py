"""`llmops bundle`."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, Directory
from llmops_cli.cli.output import emit


def bundle(
    names: Annotated[list[str] | None, typer.Argument(help="Prompts or folders; all by default.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write this file.", dir_okay=False)
    ] = None,
    ref: Annotated[str | None, typer.Option(help="As of this commit, branch or tag.")] = None,
    directory: Directory = HERE,
) -> None:
    """Write prompts and labels as one file, for images without .git."""
    from llmops_cli.domain.bundle import bundle_to_text
    from llmops_cli.store.bundle_file import write_bundle
    from llmops_cli.workflows.application.bundle import bundle as make
    from llmops_cli.workflows.outputs import refuse_inputs
    from llmops_cli.workflows.project import open_project

    project = open_project(directory)
    if output is not None:
        refuse_inputs(output.resolve(), str(output), project.root, resumed=True)
    made = make(project, names or [], ref)
    if output is None:
        emit(bundle_to_text(made))
        return
    write_bundle(output, made)
    versions = sum(len(found) for found in made.versions.values())
    labels = sum(len(found) for found in made.labels.values())
    at = f" at {made.commit[:10]}" if made.commit else ""
    held = (
        f"{_count(len(made.prompts), 'prompt')}{at}, {_count(versions, 'version')}, {_count(labels, 'label')}"
    )
    typer.echo(f"wrote {output}: {held}", err=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
