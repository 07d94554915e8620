"""`llmops run`."""

import sys
from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, CaseVariables, Directory, Format, FormatOption, NameAtRevision
from llmops_cli.cli.output import emit
from llmops_cli.cli.variables import VarOption, read_variables
from llmops_cli.domain.request import Response


def run(
    name: NameAtRevision,
    var: VarOption = None,
    case: CaseVariables = None,
    model: Annotated[str | None, typer.Option(help="Ask this model instead.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0.1, help="Seconds.", envvar="LLMOPS_TIMEOUT")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again, whatever is in the cache.")] = False,
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """Ask once and stream the answer; figures go to standard error."""
    import json

    from llmops_cli.domain.serial import response_to_dict
    from llmops_cli.reporters.inert import inert
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.render import render
    from llmops_cli.workflows.render import run as ask
    from llmops_cli.workflows.wiring import CallOptions

    project = open_project(directory)
    rendered = render(project, name, variables=read_variables(var), case=case, model=model)[0]
    streamed = output is Format.TERMINAL and sys.stdout.isatty()
    on_text = (lambda piece: emit(inert(piece))) if streamed else None
    response, source = ask(project, rendered, CallOptions(timeout=timeout, fresh=fresh), on_text)
    if output is Format.JSON:
        emit(
            json.dumps({"source": source.value, **response_to_dict(response)}, ensure_ascii=False, indent=2)
            + "\n"
        )
        return
    emit("\n" if streamed and source.value == "called" else inert(response.text) + "\n")
    for call in response.tool_calls:
        emit(f"calls {call.name} {inert(json.dumps(call.arguments, ensure_ascii=False))}\n")
    kept = " (from the cache)" if source.value == "cache" else ""
    typer.echo(_figures(response, rendered.model.name) + kept, err=True)


def _figures(response: Response, asked: str) -> str:
    from llmops_cli.reporters.figures import dollars, seconds

    usage = response.usage
    tokens = f"{usage.input_tokens} + {usage.output_tokens} tokens" if usage else "tokens unknown"
    parts = [tokens, seconds(response.latency)]
    if response.first_token is not None:
        parts.append(f"first token after {seconds(response.first_token)}")
    return f"{response.served_model or asked}: {', '.join([*parts, dollars(response.cost)])}"
