"""Options that several commands share, and how the command line says what went wrong."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Directory = Annotated[
    Path,
    typer.Option(
        "--directory",
        "-C",
        "--repo",
        help="A project's directory, or a bare clone.",
        envvar="LLMOPS_DIRECTORY",
        exists=True,
        file_okay=False,
    ),
]
HERE = Path()


class Format(StrEnum):
    """Formats of commands that print data."""

    TERMINAL = "terminal"
    JSON = "json"


FormatOption = Annotated[
    Format, typer.Option("--format", help="How to print the result.", envvar="LLMOPS_FORMAT")
]

NameAtRevision = Annotated[str, typer.Argument(help="NAME, NAME@REV or NAME@:label.")]
PromptName = Annotated[str, typer.Argument(help="A prompt, such as support/escalation, or NAME@REV.")]
CaseVariables = Annotated[str | None, typer.Option(help="With the variables of this case.")]

# What `eval` and the other commands that may ask a model take alike.
TrialsOption = Annotated[
    int | None, typer.Option(min=1, max=1000, help="Trials of each case.", envvar="LLMOPS_TRIALS")
]
NoCallsOption = Annotated[bool, typer.Option("--no-calls", help="Only answers on record; nothing is asked.")]
ConcurrencyOption = Annotated[
    int | None, typer.Option(min=1, max=1000, help="Calls in flight.", envvar="LLMOPS_CONCURRENCY")
]
TimeoutOption = Annotated[
    float | None, typer.Option(min=0.1, help="Seconds for each call.", envvar="LLMOPS_TIMEOUT")
]
MaxCostOption = Annotated[
    float | None,
    typer.Option(min=0, help="Stop before spending more than this (USD).", envvar="LLMOPS_MAX_COST"),
]
