"""`--var name=value`, shared by `render` and `run`."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_cli.errors import UserError

VarOption = Annotated[
    list[str] | None,
    typer.Option("--var", help="An input as name=value, or name=@file; may be repeated."),
]


def read_variables(given: list[str] | None) -> dict[str, str]:
    """The variables of the command line. Raises UserError for one that is no `name=value`."""
    variables: dict[str, str] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UserError(f"--var {text!r} is no name=value")
        variables[name] = _from_file(value[1:]) if value.startswith("@") else value
    return variables


def _from_file(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{name} cannot be read: {error}") from error
