"""`llmops ci github` and `llmops ci gitlab`."""

from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli import __version__
from llmops_cli.cli.options import HERE, Directory
from llmops_cli.cli.output import emit

if TYPE_CHECKING:
    from llmops_cli.workflows.ci.files import Written

Force = Annotated[bool, typer.Option("--force", help="Write anew what is there and differs.")]


def github(
    forks: Annotated[
        bool,
        typer.Option("--forks", help="The form for pull requests of strangers: a label lets keys be used."),
    ] = False,
    uses: Annotated[
        str | None,
        typer.Option(metavar="OWNER/REPO@COMMIT", help="Published actions to refer to, in place of copies."),
    ] = None,
    force: Force = False,
    directory: Directory = HERE,
) -> None:
    """Write workflows for pull requests and a nightly run, with the actions they use."""
    from llmops_cli.workflows.ci.files import LABEL, write_github
    from llmops_cli.workflows.project import open_project

    done = write_github(open_project(directory), forks=forks, uses=uses, force=force)
    say_written(done)
    steps = [
        f"add the secret {name} (Settings > Secrets and variables > Actions)" for name in done.keys.names
    ]
    steps.append(
        "allow Actions to create pull requests (Settings > Actions > General), for the nightly baseline"
    )
    if forks:
        steps.append(f"make the label {LABEL}; who puts it on a reviewed pull request lets keys be used")
    if uses is None:
        steps.append(
            f"see that pip can install llmops-cli {__version__} from your package index; where it cannot: --uses "
            'OWNER/REPO@COMMIT, or `install: "false"` after a step of your own'
        )
    steps.append("commit; then require the check `llmops` for the branch")
    typer.echo("\n".join(["", "Next:", *(f"  {step}" for step in steps)]), err=True)


def gitlab(force: Force = False, directory: Directory = HERE) -> None:
    """Write a pipeline for merge requests and a nightly run."""
    from llmops_cli.workflows.ci.files import write_gitlab
    from llmops_cli.workflows.project import open_project

    done = write_gitlab(open_project(directory), force=force)
    say_written(done)
    steps = [f"add the variable {name}, masked (Settings > CI/CD > Variables)" for name in done.keys.names]
    steps += ["commit", "make a schedule for the nightly run (Build > Pipeline schedules)"]
    typer.echo("\n".join(["", "Next:", *(f"  {step}" for step in steps)]), err=True)


def say_written(done: "Written") -> None:
    """One line a file: results to standard output, the rest to standard error."""
    for name in done.written:
        emit(f"wrote {name}\n")
    for name in done.same:
        typer.echo(f"{name} is there already, just so", err=True)
    for line in (
        *done.advice,
        *(f"which keys {model} needs could not be told" for model in done.keys.unclear),
    ):
        typer.echo(line, err=True)
