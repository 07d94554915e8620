"""`llmops init`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from llmops_cli.cli.options import HERE
from llmops_cli.cli.output import emit

_ADVICE = {".pre-commit-config.yaml": "a local hook with `entry: llmops check` would check prompts at commit"}


class Service(StrEnum):
    """Where pull requests are run."""

    GITHUB = "github"
    GITLAB = "gitlab"


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; here by default.")] = HERE,
    ci: Annotated[
        Service | None, typer.Option("--ci", help="Write its workflow files too, as `llmops ci` does.")
    ] = None,
) -> None:
    """Start a small project that runs at once, without a key."""
    from llmops_cli.workflows.init import init as init_project

    done = init_project(folder)
    for name in done.written:
        emit(f"wrote {(done.folder / name).as_posix()}\n")
    for name in done.skipped:
        advice = f"; {_ADVICE[name]}" if name in _ADVICE else ""
        typer.echo(f"{(done.folder / name).as_posix()} is there already and stays as it is{advice}", err=True)
    if ci is not None:
        _write_ci(folder, ci)
    typer.echo(_next_steps(folder), err=True)


def _write_ci(folder: Path, service: Service) -> None:
    from llmops_cli.cli.ci_files import say_written
    from llmops_cli.workflows.ci.files import write_github, write_gitlab
    from llmops_cli.workflows.project import open_project

    write = write_github if service is Service.GITHUB else write_gitlab
    say_written(write(open_project(folder)))


def _next_steps(folder: Path) -> str:
    steps = [] if folder.resolve() == Path.cwd() else [f"cd {_quoted(folder)}"]
    steps += ["llmops eval", "delete the last line of prompts/triage.system.j2, and llmops eval again"]
    return "\n".join(["", "Next:", *(f"  {step}" for step in steps)])


def _quoted(folder: Path) -> str:
    from shlex import quote

    return quote(folder.as_posix())
