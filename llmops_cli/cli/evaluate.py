"""`llmops eval`."""

import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from llmops_cli.cli.options import (
    HERE,
    ConcurrencyOption,
    Directory,
    MaxCostOption,
    NoCallsOption,
    TimeoutOption,
    TrialsOption,
)
from llmops_cli.cli.output import emit
from llmops_cli.cli.reports import (
    ReportOption,
    RunFormatOption,
    emit_result,
    refuse_format,
    say_failed,
    say_lost,
)
from llmops_cli.errors import ExitCode, NoVerdictError, Problem, SourceLocation, UserError

if TYPE_CHECKING:
    from llmops_cli.domain.comparison import Result
    from llmops_cli.workflows.evaluation.estimate import Estimate


def evaluate(
    evalsets: Annotated[
        list[str] | None, typer.Argument(help="Names, paths or patterns; all by default.")
    ] = None,
    directory: Directory = HERE,
    prompt: Annotated[str | None, typer.Option(help="Every evalset that uses this prompt.")] = None,
    case: Annotated[list[str] | None, typer.Option(help="Only this case; may be repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only cases with this tag; may be repeated.")] = None,
    text: Annotated[
        str | None, typer.Option("-k", help="Only cases whose id, tags or variables hold this.")
    ] = None,
    last_failed: Annotated[
        bool, typer.Option("--last-failed", help="Only what did not pass last time.")
    ] = False,
    sample: Annotated[int | None, typer.Option(min=1, help="A random sample of so many cases.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0,
    trials: TrialsOption = None,
    reference: Annotated[
        str | None, typer.Option(help="Compare the other variants with this one, not with the baseline.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="Prompts as they stood at this revision.")] = None,
    tree: Annotated[
        str | None,
        typer.Option(help="The whole project as committed there; what is checked out is left alone."),
    ] = None,
    trust: Annotated[
        str | None, typer.Option(help="What says where keys go is read from llmops.yaml at this revision.")
    ] = None,
    no_python: Annotated[
        bool,
        typer.Option("--no-python", help="Run no code of the project.", envvar="LLMOPS_NO_PYTHON"),
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(help="Compare with the baseline at this revision; `main...` is the merge base."),
    ] = None,
    changed_since: Annotated[
        str | None, typer.Option(help="Only evalsets that a change since this revision can touch.")
    ] = None,
    unchanged: Annotated[
        bool, typer.Option("--unchanged", help="Only evalsets whose prompts stand as they were accepted.")
    ] = False,
    rerun_baseline: Annotated[
        bool, typer.Option("--rerun-baseline", help="Ask the base prompt anew for new and changed cases.")
    ] = False,
    confirm: Annotated[
        str, typer.Option(help="Ask suspicious cases again: auto, never, or at most so many calls.")
    ] = "auto",
    model: Annotated[
        str | None, typer.Option(help="For prompts that name none.", envvar="LLMOPS_MODEL")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again, whatever is on record.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache.")] = False,
    no_calls: NoCallsOption = False,
    record: Annotated[
        Path | None, typer.Option(help="Write every exchange to this file.", dir_okay=False)
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Answer only from this file.", dir_okay=False, envvar="LLMOPS_REPLAY")
    ] = None,
    concurrency: ConcurrencyOption = None,
    timeout: TimeoutOption = None,
    retries: Annotated[
        int | None, typer.Option(min=0, max=100, help="Retries of a call.", envvar="LLMOPS_RETRIES")
    ] = None,
    max_cost: MaxCostOption = None,
    price: Annotated[
        bool, typer.Option("--estimate", help="Say what it would ask and cost; nothing is asked.")
    ] = False,
    report: ReportOption = None,
    output: RunFormatOption = "terminal",
) -> None:
    """Run, score, compare with the baseline, decide. The exit code is the verdict.

    0 pass, 1 regression, 2 a mistake in a file or option, 3 no verdict could be reached, 5 nothing selected.
    """
    from llmops_cli.reporters.progress import Progress
    from llmops_cli.workflows.evaluation.evaluate import EvalOptions, estimate_run
    from llmops_cli.workflows.evaluation.evaluate import evaluate as run_evaluation
    from llmops_cli.workflows.project import open_project, open_project_at
    from llmops_cli.workflows.report_files import known_format, plan_reports, write_reports
    from llmops_cli.workflows.trials.selection import Selection
    from llmops_cli.workflows.wiring import CallOptions

    if record is not None and replay is not None:
        raise UserError("--record and --replay exclude each other")
    known_format(output)
    if price:
        refuse_format(output, "an estimate")
    project = open_project_at(directory, tree) if tree is not None else open_project(directory)
    wanted, tapes = () if price else report or (), [path for path in (record, replay) if path]
    reports = plan_reports(wanted, project.root, tapes, record)
    if model is not None:
        project.settings = replace(project.settings, model=model, model_where=SourceLocation("--model"))
    calls = CallOptions(
        concurrency=concurrency, timeout=timeout, max_cost=max_cost, retries=retries, use_cache=not no_cache,
        fresh=fresh, calls=not no_calls, tape=record or replay, tape_mode="record" if record else "replay",
    )  # fmt: skip
    selection = Selection(tuple(case or ()), tuple(tag or ()), text, last_failed, sample, seed)
    options = EvalOptions(
        evalsets=tuple(evalsets or ()), prompt=prompt, selection=selection, trials=trials,
        reference=reference, at=at, against=against, changed_since=changed_since, trust=trust,
        no_python=no_python, unchanged=unchanged,
        rerun_baseline=rerun_baseline, confirm=_confirm(confirm), calls=calls, command=tuple(sys.argv[1:]),
    )  # fmt: skip
    if price:
        _print_estimate(estimate_run(project, options), output)
        return
    # what the project's own code prints is no part of the result
    with Progress() as progress, redirect_stdout(sys.stderr):
        result = run_evaluation(project, options, progress, lambda line: typer.echo(line, err=True))
    failed = write_reports(result, reports)
    lost: tuple[Problem, ...] = ()
    try:
        emit_result(result, output)
    except NoVerdictError as error:  # the verdict is known all the same
        say_lost(error)
        lost = error.problems
    say_failed(failed)
    raise typer.Exit(_exit_code(result, [*failed, *lost]))


def _exit_code(result: "Result", failed: list[Problem]) -> ExitCode:
    """The verdict; a report that somebody waits for and that is not there is no pass."""
    if result.run.interrupted:
        return ExitCode.INTERRUPTED
    return result.verdict.status.exit_code or (ExitCode.INCONCLUSIVE if failed else ExitCode.PASS)


def _confirm(word: str) -> Literal["auto", "never"] | int:
    if word.isdigit():
        return int(word)
    if word == "auto":
        return "auto"
    if word == "never":
        return "never"
    raise UserError(f"--confirm {word!r} is neither auto, never nor a number of calls")


def _print_estimate(found: "Estimate", output: str) -> None:
    from llmops_cli.reporters.figures import dollars, plural

    if output == "json":
        emit(json.dumps(asdict(found), indent=2) + "\n")
        return
    calls = f"{plural(found.calls, 'call')} ({found.on_record} on record, {found.cached} in the cache)"
    judges = f", {plural(found.judge_calls, 'judge call')} at most" if found.judge_calls else ""
    base = f", {plural(found.base_calls, 'call')} of the base prompt" if found.base_calls else ""
    proof = f", {plural(found.proof_calls, 'call')} at most to prove it" if found.proof_calls else ""
    emit(f"{plural(found.answers, 'answer')}: {calls}{judges}{base}{proof}\n")
    alone = " without confirming" if found.confirm_calls_per_case else ""
    if found.unpriced:
        known = f"{dollars(found.cost)}, and " if found.cost else ""
        emit(f"cost at most {known}the unknown price of {', '.join(found.unpriced)}{alone}\n")
    else:
        emit(f"cost at most {dollars(found.cost)}{alone}\n")
    if found.drift_calls:
        price = "an unknown price" if found.drift_cost is None else dollars(found.drift_cost)
        calls = plural(found.drift_calls, "call")
        emit(
            f"should another model answer than on record: {calls} more of the base prompt, {price} at most\n"
        )
    if found.confirm_calls_per_case:
        emit(_confirming(found))


def _confirming(found: "Estimate") -> str:
    """How many cases will look broken nobody knows; what each takes at most can be told."""
    from llmops_cli.reporters.figures import dollars, plural

    judges = found.confirm_judge_calls_per_case
    asked = [
        plural(found.confirm_calls_per_case, "call"),
        *([plural(judges, "judge call")] if judges else []),
    ]
    cost = found.confirm_cost_per_case
    price = "an unknown price" if cost is None else dollars(cost)
    limit = found.confirm_limit
    in_all = "" if limit is None else f"; {plural(limit, 'call')} at most in all (--confirm {limit})"
    return (
        f"confirming: at most {', '.join(asked)} and {price} for each case that looks broken; "
        f"how many of {found.confirm_cases} will is not known beforehand{in_all}\n"
    )
