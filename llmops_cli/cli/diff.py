"""`llmops diff`."""

from enum import StrEnum
from typing import Annotated

import typer
from typer.core import TyperCommand

from llmops_cli.cli.options import HERE, Directory
from llmops_cli.cli.output import emit
from llmops_cli.errors import ExitCode

_NAMES = "llmops.names"


class DiffCommand(TyperCommand):
    """Keeps what stands after `--` apart: names of prompts, never revisions."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        place = args.index("--") if "--" in args else len(args)
        ctx.meta[_NAMES] = args[place + 1 :]
        return super().parse_args(ctx, args[:place])

    def collect_usage_pieces(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return ["[OPTIONS]", "[REV]...", "[-- NAME...]"]


class DiffFormat(StrEnum):
    """Formats of a diff."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


def diff(
    ctx: typer.Context,
    revisions: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[REV]...",
            help="None: HEAD and the worktree. A: A and the worktree. A B. A...B: from their merge base.",
        ),
    ] = None,
    directory: Directory = HERE,
    run: Annotated[bool, typer.Option("--run", help="Ask for the answers that are not known.")] = False,
    stat: Annotated[bool, typer.Option("--stat", help="One line a prompt.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where anything differs.")
    ] = False,
    max_cost: Annotated[
        float | None,
        typer.Option(min=0, help="With --run: stop before spending more (USD).", envvar="LLMOPS_MAX_COST"),
    ] = None,
    output: Annotated[
        DiffFormat, typer.Option("--format", help="How to print the result.", envvar="LLMOPS_FORMAT")
    ] = DiffFormat.TERMINAL,
) -> None:
    """Compare prompts between two revisions, in source and effect.

    Golden sets that differ are listed apart. Names of prompts stand after --.
    """
    from importlib import import_module

    from llmops_cli.reporters.progress import Progress
    from llmops_cli.workflows.diff.diff import DiffOptions
    from llmops_cli.workflows.diff.diff import diff as run_diff
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.wiring import CallOptions

    options = DiffOptions(
        tuple(revisions or ()), tuple(ctx.meta[_NAMES]), CallOptions(calls=run, max_cost=max_cost)
    )
    with Progress() as progress:
        found = run_diff(open_project(directory), options, progress)
    reporter = import_module(f"llmops_cli.reporters.diff_{output.value}")
    emit((reporter.format_stat if stat else reporter.format_diff)(found))
    if found.interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if exit_code and found.differs:
        raise typer.Exit(1)
