"""`llmops ci`: what the jobs of a pull request run, and the workflow files that run it."""

import typer

app = typer.Typer(
    name="ci",
    help="Write workflow files for pull requests, and run their steps.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
