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
