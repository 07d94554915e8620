"""`--format` and `--report` of the commands that print a run."""

from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli import plugins
from llmops_cli.cli.output import emit, emit_commands
from llmops_cli.errors import NoVerdictError, Problem, UserError

if TYPE_CHECKING:
    from llmops_cli.domain.comparison import Result

_KNOWN = ", ".join(plugins.built_in("reporters"))
_COMMANDS = "github"

RunFormatOption = Annotated[
    str,
    typer.Option(
        "--format", metavar="FORMAT", help=f"How to print the result: {_KNOWN}.", envvar="LLMOPS_FORMAT"
    ),
]
ReportOption = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=PATH",
        help="Write the result to a file as well, such as junit=out/junit.xml; may be repeated.",
    ),
]


def emit_result(result: "Result", output: str) -> None:
    """Print a run in one of the formats; only the one made of workflow commands may command."""
    text = plugins.load("reporters", output)(result)
    (emit_commands if output == _COMMANDS else emit)(text)


def say_lost(error: NoVerdictError) -> None:
    """One line for standard output that could not be written."""
    typer.echo(f"error: {error}", err=True)


def say_failed(failed: list[Problem]) -> None:
    """One line for each report that could not be written."""
    from llmops_cli.reporters.inert import inert

    for problem in failed:
        typer.echo(f"error: report {inert(str(problem))}".replace("\n", "\\n"), err=True)


def refuse_format(output: str, what: str) -> None:
    """Raises UserError where something is to be printed that is no run, and only a run has that format."""
    if output not in ("terminal", "json"):
        raise UserError(f"{what} is printed as terminal or json, not as {output}")
