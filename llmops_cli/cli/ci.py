"""`llmops ci`: what the jobs of a pull request run, and the workflow files that run it."""

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli.cli.ci_files import github, gitlab
from llmops_cli.cli.output import emit, emit_commands
from llmops_cli.errors import NoVerdictError, UserError

if TYPE_CHECKING:
    from llmops_cli.workflows.ci.publish import Rendering

app = typer.Typer(
    name="ci",
    help="Write workflow files for pull requests, and run their steps.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("github")(github)
app.command("gitlab")(gitlab)
Folder = Annotated[
    Path, typer.Argument(help="The folder of the evaluating job: run.json and context.json.", file_okay=False)
]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")


class Inconclusive(StrEnum):
    """What a check run says where there is no verdict."""

    NEUTRAL = "neutral"
    FAIL = "fail"


@app.command("outcome")
def outcome(
    out: Annotated[
        Path,
        typer.Option(
            "--out", help="The folder that holds run.json and becomes the artifact.", file_okay=False
        ),
    ],
    exit_code: Annotated[int, typer.Option("--exit-code", min=0, max=255, help="How `llmops eval` ended.")],
    errors: Annotated[
        Path | None, typer.Option("--errors", help="What it wrote to standard error.", dir_okay=False)
    ] = None,
) -> None:
    """End the evaluating job: context.json for the report job, outputs, summary, annotations.

    0 with a run, whatever its verdict (the report job turns it into a check), and where eval ended with 3;
    otherwise as eval ended.
    """
    from llmops_cli import plugins
    from llmops_cli.reporters.no_run import format_no_run_annotation
    from llmops_cli.workflows.ci.event import read_event
    from llmops_cli.workflows.ci.outcome import outcome as end
    from llmops_cli.workflows.ci.outputs import add_outputs, add_summary

    found = end(read_event(os.environ), out, exit_code, errors)
    add_outputs(os.environ, found.outputs)
    rendering = _rendering()
    if found.result is not None:
        add_summary(os.environ, rendering.result(found.result))
        emit_commands(plugins.load("reporters", "github")(found.result))
    else:
        add_summary(os.environ, rendering.no_run(found.no_run))
        emit_commands(format_no_run_annotation(found.no_run))
    raise typer.Exit(found.exit_code)


@app.command("publish")
def publish(
    folder: Folder,
    inconclusive: Annotated[
        Inconclusive, typer.Option(help="What the check says where there is no verdict.")
    ] = Inconclusive.NEUTRAL,
    name: Annotated[str, typer.Option(help="Of the check; tells several comments apart.")] = "llmops",
    comment: Annotated[bool, typer.Option("--comment/--no-comment", help="Write the comment.")] = True,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Make the check run; without it the exit code says it.")
    ] = True,
    author: Annotated[
        str | None, typer.Option(help="Who writes the comments, where an app's token is used: `name[bot]`.")
    ] = None,
) -> None:
    """Report on a pull request: one comment, brought up to date, and a check run.

    The folder may be a stranger's. It is refused (2) where it is not of this event or does not hold together;
    without one, the report says that no run was left.
    1 only where the check is red and could not be made, 3 where GitHub gives no answer.
    """
    from llmops_cli.workflows.ci.event import connect, read_event
    from llmops_cli.workflows.ci.outputs import add_outputs, add_summary
    from llmops_cli.workflows.ci.publish import PublishOptions
    from llmops_cli.workflows.ci.publish import publish as report

    if _NAME.fullmatch(name) is None:
        raise UserError(f"--name {name!r} is no name", hint="letters, digits, dots, dashes; 50 at most")
    options = PublishOptions(name, inconclusive.value, comment, check, author)
    event = read_event(os.environ)
    with connect(event, os.environ) as github:
        done = report(folder, event, github, options, _rendering())
    add_outputs(os.environ, {"verdict": done.verdict})
    for note in done.notes:
        typer.echo(note, err=True)
    if done.summary is not None:
        shown = add_summary(os.environ, done.summary)
        typer.echo("the report stands in the job's summary" if shown else done.summary, err=True)
    if done.failure is not None:
        for problem in done.failure.problems:
            typer.echo(f"error: {problem}", err=True)
    raise typer.Exit(done.exit_code)


@app.command("authorize")
def authorize(
    label: Annotated[str, typer.Option(help="The label by which a maintainer asks for it.")] = "llmops-run",
) -> None:
    """Guard keys: 0 where people who may write reviewed the commit and set the label; otherwise 3.

    The commit becomes the output `sha`; evaluate that one, by `llmops eval --tree`.
    """
    from llmops_cli.reporters.markdown_text import fence
    from llmops_cli.workflows.ci.authorize import authorize as ask
    from llmops_cli.workflows.ci.event import connect, read_event
    from llmops_cli.workflows.ci.outputs import add_outputs, add_summary

    event = read_event(os.environ)
    try:
        with connect(event, os.environ) as github:
            found = ask(event, github, label)
    except NoVerdictError as error:
        add_summary(os.environ, f"## ⚪ The keys may not be used\n\n{fence(str(error), 'text')}")
        raise
    add_outputs(os.environ, {"sha": found.sha, "pull_request": str(found.number)})
    emit(f"{found.sha} of pull request {found.number} was reviewed by {found.reviewer}\n")


@app.command("propose")
def propose(
    branch: Annotated[str, typer.Option("--branch", help="The branch that was pushed.")],
    title: Annotated[str, typer.Option("--title", help="Of the pull request.")],
    body: Annotated[str, typer.Option("--body", help="Its text, in Markdown.")] = "",
    base: Annotated[
        str | None, typer.Option("--base", help="Where it goes; the default branch if not given.")
    ] = None,
) -> None:
    """Open the pull request of a pushed branch, or bring its title and text up to date."""
    from llmops_cli.workflows.ci.event import connect, read_event
    from llmops_cli.workflows.ci.outputs import add_outputs
    from llmops_cli.workflows.ci.propose import propose as offer

    event = read_event(os.environ)
    with connect(event, os.environ) as github:
        found = offer(event, github, branch, title, body, base)
    add_outputs(os.environ, {"pull_request": str(found.number), "url": found.url})
    emit(f"pull request {found.number} {found.done} {found.url}".rstrip() + "\n")


def _rendering() -> "Rendering":
    from llmops_cli import plugins
    from llmops_cli.reporters.no_run import format_no_run
    from llmops_cli.workflows.ci.publish import Rendering

    return Rendering(plugins.load("reporters", "markdown"), format_no_run)
