"""`llmops render`."""

from typing import Annotated

import typer

from llmops_cli.cli.options import HERE, CaseVariables, Directory, Format, FormatOption, NameAtRevision
from llmops_cli.cli.output import emit
from llmops_cli.cli.variables import VarOption, read_variables


def render(
    name: NameAtRevision,
    var: VarOption = None,
    case: CaseVariables = None,
    evalset: Annotated[str | None, typer.Option(help="With every case of this evalset.")] = None,
    model: Annotated[str | None, typer.Option(help="As if asked of this model.")] = None,
    directory: Directory = HERE,
    output: FormatOption = Format.TERMINAL,
) -> None:
    """Show exactly what would be sent; nothing is sent."""
    import json

    from llmops_cli.reporters.messages import format_request, request_to_dict
    from llmops_cli.workflows.project import open_project
    from llmops_cli.workflows.render import render as render_prompt

    variables = read_variables(var)
    found = render_prompt(
        open_project(directory), name, variables=variables, case=case, evalset=evalset, model=model
    )
    if output is Format.JSON:
        requests = [
            {"case": one.case.id if one.case else None, **request_to_dict(one.request)} for one in found
        ]
        emit(json.dumps(requests, ensure_ascii=False, indent=2) + "\n")
        return
    for number, one in enumerate(found):
        heading = f"case {one.case.id} ({one.case.where})\n" if one.case else ""
        emit(("\n" if number else "") + heading + format_request(one.request))
