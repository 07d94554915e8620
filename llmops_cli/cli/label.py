"""`llmops label` and `llmops rollback`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, Directory, Format, FormatOption
from llmops_cli.cli.output import emit
from llmops_cli.errors import UserError

_COMMIT_IT = "Commit prompts/labels.yaml: the promotion is the commit, its history the audit trail."


def label(
    name: Annotated[str | None, typer.Argument(help="A prompt; without one all labels are listed.")] = None,
    label: Annotated[str | None, typer.Argument(help="A label, such as production.")] = None,
    revision: Annotated[
        str | None, typer.Argument(help="The version to point at; the worktree's by default.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the label away.")] = False,
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """Point a label at a version, list labels, or remove one."""
    from llmops_cli.domain.prompt import short_digest
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.versions.labels import remove_label, set_label
    from llmops_cli.workflows.versions.revisions import Revisions

    revisions = Revisions(open_project(directory))
    if label is None:
        if remove:
            raise UserError("--remove wants a prompt and a label")
        if name is not None:
            revisions.require_prompt(name)
        rows = [
            (prompt, one, target.digest, target.commit)
            for prompt, labels in revisions.labels.items()
            for one, target in labels.items()
            if name in (None, prompt)
        ]
        _print_labels(rows, output)
        return
    assert name is not None
    change = remove_label(revisions, name, label) if remove else set_label(revisions, name, label, revision)
    revisions.close()
    if output is Format.JSON:
        emit(json.dumps(asdict(change), indent=2) + "\n")
        return
    before = short_digest(change.before.digest) if change.before else "nothing"
    after = short_digest(change.after.digest) if change.after else "nothing"
    emit(f"{name} {label}: {before} → {after}\n" if before != after else f"{name} {label}: already {after}\n")
    if before != after:
        typer.echo(_COMMIT_IT, err=True)


def rollback(
    name: Annotated[str, typer.Argument(help="A prompt.")],
    label: Annotated[str, typer.Argument(help="A label, such as production.")],
    directory: Directory = HERE,
) -> None:
    """Point a label back at the version it pointed at before."""
    from llmops_cli.domain.prompt import short_digest
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.versions.labels import rollback as roll_back
    from llmops_cli.workflows.versions.revisions import Revisions

    revisions = Revisions(open_project(directory))
    change = roll_back(revisions, name, label)
    revisions.close()
    assert change.before is not None
    assert change.after is not None
    emit(f"{name} {label}: {short_digest(change.before.digest)} → {short_digest(change.after.digest)}\n")
    typer.echo(_COMMIT_IT, err=True)


def _print_labels(rows: list[tuple[str, str, str, str | None]], output: Format) -> None:
    from llmops_cli.domain.prompt import short_digest
    from llmops_cli.reporters.tables import format_table

    header = ("prompt", "label", "digest", "commit")
    if output is Format.JSON:
        emit(json.dumps([dict(zip(header, row, strict=True)) for row in rows], indent=2) + "\n")
    elif rows:
        emit(format_table(header, [(p, one, short_digest(d), c or "") for p, one, d, c in rows]))
    else:
        typer.echo("no labels yet; `llmops label NAME production` sets one", err=True)
