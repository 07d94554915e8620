"""`llmops init`."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_cli.cli.options import HERE
from llmops_cli.cli.output import emit

_ADVICE = {".pre-commit-config.yaml": "a local hook with `entry: llmops check` would check prompts at commit"}


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; here by default.")] = HERE,
) -> None:
    """Start a small project that runs at once, without a key."""
    from llmops_cli.workflows.init import init as init_project

    done = init_project(folder)
    for name in done.written:
        emit(f"wrote {(done.folder / name).as_posix()}\n")
    for name in done.skipped:
        advice = f"; {_ADVICE[name]}" if name in _ADVICE else ""
        typer.echo(f"{(done.folder / name).as_posix()} is there already and stays as it is{advice}", err=True)
    typer.echo(_next_steps(folder), err=True)


def _next_steps(folder: Path) -> str:
    steps = [] if folder.resolve() == Path.cwd() else [f"cd {_quoted(folder)}"]
    steps += ["llmops eval", "delete the last line of prompts/triage.system.j2, and llmops eval again"]
    return "\n".join(["", "Next:", *(f"  {step}" for step in steps)])


def _quoted(folder: Path) -> str:
    from shlex import quote

    return quote(folder.as_posix())
