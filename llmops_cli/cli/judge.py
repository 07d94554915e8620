"""`llmops judge`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from llmops_cli.cli.options import (
    HERE,
    ConcurrencyOption,
    Directory,
    Format,
    FormatOption,
    MaxCostOption,
    NoCallsOption,
)
from llmops_cli.cli.output import emit


def judge(
    name: Annotated[str, typer.Argument(help="A judge's prompt, such as judges/quality.")],
    labels: Annotated[
        Path, typer.Option(help="CSV or JSONL of output and label, by people.", dir_okay=False)
    ],
    min_kappa: Annotated[
        float | None, typer.Option(min=-1, max=1, help="Exit code 1 where kappa is below.")
    ] = None,
    votes: Annotated[
        int | None, typer.Option(min=1, max=99, help="Ask so often (an odd number), to see how steady it is.")
    ] = None,
    evalset: Annotated[
        str | None, typer.Option(help="The evalset whose scorer is meant, where several ask it.")
    ] = None,
    no_calls: NoCallsOption = False,
    concurrency: ConcurrencyOption = None,
    max_cost: MaxCostOption = None,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report to this file.", dir_okay=False)
    ] = None,
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """Measure how far a judge agrees with people, and keep it for eval.

    0 measured, 1 kappa below --min-kappa, 2 a mistake in a file or option, 3 it cannot be told.
    """
    from llmops_cli.reporters.figures import dollars, plural
    from llmops_cli.reporters.judge import format_judge, judge_to_dict
    from llmops_cli.reporters.progress import Progress
    from llmops_cli.store.atomic import write_text
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.rescoring.judging import JudgeOptions, calibrate
    from llmops_cli.workflows.wiring import CallOptions

    calls = CallOptions(concurrency=concurrency, max_cost=max_cost, calls=not no_calls)
    options = JudgeOptions(name, labels, min_kappa, votes, evalset, calls)
    with Progress() as progress:
        result = calibrate(open_project(directory), options, progress)
    found = result.agreement
    text = format_judge(found)
    if output is Format.JSON:
        # ASCII: the texts are a model's, and a terminal obeys more than JSON escapes
        text = json.dumps(judge_to_dict(found), indent=2).replace("\x7f", "\\u007f") + "\n"
    if file is not None:
        write_text(file, text)
    else:
        emit(text)
    spent = "price unknown" if result.judge_cost is None else dollars(result.judge_cost)
    typer.echo(f"{plural(result.judge_calls, 'judge call')} ({spent})", err=True)
    typer.echo(result.outcome, err=True)
    raise typer.Exit(result.exit_code)
