"""The command line: every command by its name, and the one place where an error becomes an exit code."""

import gc
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from llmops_cli import __version__
from llmops_cli.cli import (
    accept,
    bisect,
    blame,
    bundle,
    check,
    ci,
    diff,
    evaluate,
    init,
    judge,
    label,
    listing,
    log,
    power,
    render,
    report,
    run,
    schema,
    score,
)
from llmops_cli.cli.entry import INTERRUPTED, leave_at_once, raise_again
from llmops_cli.cli.output import guarded_streams, open_streams
from llmops_cli.errors import ExitCode, NoVerdictError, UserError
from llmops_cli.reporters.inert import inert

app = typer.Typer(
    name="llmops",
    help="Git-native versioning and regression testing of prompts.",
    no_args_is_help=True,
    rich_markup_mode=None,  # Rich help costs 60 ms at every start
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("list")(listing.list_)
app.command("show")(listing.show)
app.command("render")(render.render)
app.command("run")(run.run)
app.command("eval")(evaluate.evaluate)
app.command("accept")(accept.accept)
app.command("score")(score.score)
app.command("report")(report.report)
app.command("judge")(judge.judge)
app.command("diff", cls=diff.DiffCommand)(diff.diff)
app.command("log")(log.log)
app.command("blame")(blame.blame)
app.command("bisect")(bisect.bisect)
app.command("label")(label.label)
app.command("rollback")(label.rollback)
app.command("bundle")(bundle.bundle)
app.command("power")(power.power)
app.command("schema")(schema.schema)
app.add_typer(ci.app)

_MAX_SAID = 50
"""Mistakes printed at once; one renamed input makes one a case."""


def _version(value: bool) -> None:
    if value:
        typer.echo(f"llmops {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Git-native versioning and regression testing of prompts."""


def console() -> None:
    """The `llmops` command. Whatever is no UserError leaves with ExitCode.BUG, never as a verdict."""
    open_streams()
    gc.set_threshold(100_000)  # a short process makes little garbage: looking for it costs a tenth of a run
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a model's answer may hold anything; a console may not
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run()
        leave_at_once()  # all that is left is to end
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    gc.freeze()  # all of it goes with the process: Python would look through it for garbage once more
    sys.exit(code)


def _run() -> int:
    try:
        with guarded_streams():
            return _flushed(_run_app())
    finally:
        vcs = sys.modules.get("llmops_cli.vcs.repository")  # only where history was asked
        if vcs is not None:
            vcs.close_all()


def _flushed(code: int) -> int:
    """The code, once all that was printed is out; a pass that nobody can read is none."""
    try:
        sys.stdout.flush()
    except NoVerdictError as error:
        _say(error)
        return code or error.exit_code
    return code


def _run_app() -> int:
    try:
        raise_again()
        # Typer's own handling would end ^C, an abort and a broken pipe with 1, our code for a regression
        code = int(app(standalone_mode=False) or ExitCode.PASS)
    except UserError as error:
        _say(error)
        return error.exit_code
    except TyperException as error:
        message = error.format_message()
        typer.echo(message if message.startswith("Usage:") else f"error: {inert(message)}", err=True)
        return ExitCode.USAGE
    except (KeyboardInterrupt, typer.Abort):
        code = ExitCode.INTERRUPTED
    except SystemExit as stop:  # Typer ends a broken pipe so, with 1: no verdict of ours
        code = ExitCode.PASS if not stop.code else ExitCode.BUG
    except Exception:  # noqa: BLE001  # the last line of defence: a bug must not look like a result
        from llmops_cli.cli.bug_report import report_bug

        typer.echo(report_bug(), err=True)
        return ExitCode.BUG
    if code == ExitCode.INTERRUPTED:  # Typer turns ^C into this without a word
        typer.echo(INTERRUPTED, err=True)
    return code


def _say(error: UserError) -> None:
    for problem in error.problems[:_MAX_SAID]:
        text = inert(str(problem)).replace("\n", "\\n")  # names of files may hold anything, too
        typer.echo(f"error: {text}", err=True)
    count = len(error.problems)
    if count > 1:
        more = f", the first {_MAX_SAID} are above" if count > _MAX_SAID else ""
        typer.echo(f"{count} mistakes{more}; nothing was run", err=True)


if __name__ == "__main__":
    console()
