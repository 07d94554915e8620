"""`llmops accept`."""

from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, Directory
from llmops_cli.cli.output import emit


def accept(
    evalsets: Annotated[list[str] | None, typer.Argument(help="Evalsets of the run; all by default.")] = None,
    run: Annotated[str | None, typer.Option(help="Id or path of a run; the last one by default.")] = None,
    bank: Annotated[
        bool,
        typer.Option("--bank", help="Only add the run's trials to those on record for the same version."),
    ] = False,
    directory: Directory = HERE,
) -> None:
    """Make the answers of the last run the baseline.

    Trials of other runs of the same prompt since the last accept are kept, too: the last run may be a lucky one.
    The baseline is a file beside the evalset: commit it, and it is reviewed with the prompt.
    """
    from llmops_cli.reporters.figures import plural
    from llmops_cli.workflows.evaluation.accept import accept as accept_run
    from llmops_cli.workflows.project import open_project

    for done in accept_run(open_project(directory), run, evalsets or [], bank=bank):
        counts = {
            "new": done.new,
            "changed": done.changed,
            "the same under the new prompt": done.same_text,
            "with more trials": done.added,
            "kept": done.kept,
            "dropped": done.dropped,
        }
        said = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
        others = ""
        if done.other_trials:
            runs = plural(done.other_runs, "other run")
            others = f", with {plural(done.other_trials, 'trial')} of {runs} of the same prompt"
        for note in done.left_out:
            typer.echo(note, err=True)
        emit(f"{done.path}: {said}{others}\n")
    typer.echo(
        "Look at the diff, then commit it: from now on `llmops eval` compares with these answers.", err=True
    )
