"""`llmops schema`."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_cli.cli.output import emit
from llmops_cli.errors import UserError, did_you_mean

_EXAMPLE = ".llmops/schemas"


def schema(
    kind: Annotated[str | None, typer.Argument(help="Print the schema of this kind of file.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write all schemas into this folder.", file_okay=False),
    ] = None,
) -> None:
    """Print JSON Schemas, for editors that complete and check."""
    from llmops_cli.files.schemas import KINDS
    from llmops_cli.workflows.schema import schema_text, write_schemas

    if kind is not None and output is not None:
        raise UserError("a kind is printed; -o writes them all", hint="give one of the two")
    if output is not None:
        for path in write_schemas(output):
            emit(f"{path}\n")
    elif kind is None:
        emit(_overview())
    elif kind not in KINDS:
        raise UserError(f"there is no kind of file {kind!r}", hint=did_you_mean(kind, list(KINDS)))
    else:
        emit(schema_text(kind))


def _overview() -> str:
    import json

    from llmops_cli.files.schemas import KINDS

    kinds = "".join(f"  {name:<9} {kind.what}\n" for name, kind in KINDS.items())
    patterns = {f"{_EXAMPLE}/{kind.file_name}": list(kind.files) for kind in KINDS.values() if kind.files}
    settings = json.dumps({"yaml.schemas": patterns}, indent=2)
    return (
        f"Kinds of files (`llmops schema KIND` prints the schema):\n{kinds}\n"
        f"Write them all with `llmops schema -o {_EXAMPLE}`, then tell the editor.\n\n"
        f"VS Code with its YAML extension, in .vscode/settings.json:\n{settings}\n\n"
        "Any editor with yaml-language-server, as the first line of a file (the path is relative to it):\n"
        f"# yaml-language-server: $schema=../{_EXAMPLE}/prompt.schema.json\n"
    )
