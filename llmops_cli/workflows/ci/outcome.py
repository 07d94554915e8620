"""`llmops ci outcome`: the end of the evaluating job. What it leaves for other steps and for the next job."""

import json
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.domain.ci import MOST_ERROR, Context, NoRun, context_to_dict
from llmops_cli.domain.comparison import Result
from llmops_cli.errors import ExitCode, FileError, SourceLocation, UserError
from llmops_cli.providers.scrub import scrub
from llmops_cli.store.atomic import write_text
from llmops_cli.workflows.ci.artifact import CONTEXT, RUN, read_run
from llmops_cli.workflows.ci.event import Event
from llmops_cli.workflows.report import kept_run

_MOST_READ = 1024 * 1024
_MOST_REASON = 300
_FIRST_WORDS = ("error: ", "Usage: ")


@dataclass(frozen=True)
class EvalOutcome:
    """How an `eval` ended. `exit_code` is for the step: no verdict of its own, that is the report's affair."""

    result: Result | None
    no_run: NoRun
    exit_code: int
    folder: Path

    @property
    def outputs(self) -> dict[str, str]:
        """What other steps of the workflow may ask for. A cost that is unknown is empty."""
        if self.result is None:
            found = {"verdict": self.no_run.verdict, "regressions": "", "cost": ""}
            reason = (self.no_run.error or "").partition("\n")[0]
        else:
            cost = kept_run(self.result).cost
            found = {
                "verdict": self.result.verdict.status.value,
                "regressions": str(self.result.cases_worse),
                "cost": "" if cost is None else f"{cost:.6f}",
            }
            verdict = self.result.verdict
            reason = next((r.text for r in verdict.reasons if r.status is verdict.status), "")
        return {**found, "reason": _one_line(reason), "report": str(self.folder)}


def outcome(event: Event, folder: Path, exit_code: int, errors: Path | None = None) -> EvalOutcome:
    """Write `context.json` beside the run file, whatever happened, and say how the step ends.

    0 with a run of that `eval`, and where it could reach no verdict; else as `eval` ended. Raises UserError
    where run file and exit code contradict each other.
    """
    error = read_errors(errors) if errors is not None and exit_code else None
    pull_request = event.pull_request
    context = Context(
        pull_request=pull_request.number if pull_request else None,
        head=event.head,
        base=event.base,
        repository=event.repository,
        event=event.name,
        attempt=event.attempt,
        exit_code=exit_code,
        error=error,
    )
    write_text(folder / CONTEXT, json.dumps(context_to_dict(context), indent=2) + "\n")
    run_file = folder / RUN
    result = read_run(run_file, exit_code)
    if result is not None:
        return EvalOutcome(result, NoRun(exit_code, error), ExitCode.PASS, folder)
    if exit_code in (ExitCode.PASS, ExitCode.REGRESSION):
        hint = f"`llmops eval --report json={run_file}` writes it"
        raise UserError(f"eval ended with {exit_code} and left no {RUN}", hint=hint)
    neutral = exit_code == ExitCode.INCONCLUSIVE
    return EvalOutcome(None, NoRun(exit_code, error), ExitCode.PASS if neutral else exit_code, folder)


def _one_line(text: str) -> str:
    """Fit for an annotation of another job: no line end, nothing invisible."""
    seen = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(seen.split())[:_MOST_REASON]


def read_errors(path: Path) -> str | None:
    """What `eval` said at its end, without keys: from its first line of error on, at most 4000 characters.

    Raises FileError where the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - _MOST_READ))
            text = stream.read().decode("utf-8", "replace")
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise FileError(what, where=SourceLocation(str(path))) from error
    lines = text.splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith(_FIRST_WORDS)), None)
    said = scrub("\n".join(lines[first or 0 :]).strip())
    if len(said) <= MOST_ERROR:
        return said or None
    return (
        said[:MOST_ERROR].rpartition("\n")[0] if first is not None else said[-MOST_ERROR:].partition("\n")[2]
    )
