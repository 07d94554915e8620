"""An `eval` that ended before there was a run, as a short comment and as an annotation."""

from llmops_cli.domain.ci import NoRun
from llmops_cli.errors import ExitCode
from llmops_cli.reporters.inert import inert
from llmops_cli.reporters.markdown_text import fence
from llmops_cli.reporters.workflow_commands import command

_WHY = {
    ExitCode.USAGE: "There is a mistake in a file or an option, so nothing was run.",
    ExitCode.INCONCLUSIVE: "No verdict could be reached. That says nothing about the change.",
    ExitCode.BUG: "llmops itself failed. That says nothing about the change.",
    ExitCode.NOTHING_SELECTED: "What was asked for matches nothing, so nothing was run.",
    ExitCode.INTERRUPTED: "The run was interrupted before it was done.",
}


def format_no_run(found: NoRun) -> str:
    """Markdown: calm, and the error as text that can mean nothing else."""
    why = _why(found)
    said = f"\n\n{fence(found.error, 'text')}" if found.error else ""
    return f"## ⚪ No verdict\n\n{why}{said}\n"


def format_no_run_annotation(found: NoRun) -> str:
    """One workflow command: a notice where it is neutral, an error where the job fails by it."""
    kind = "notice" if found.exit_code == ExitCode.INCONCLUSIVE else "error"
    said = inert(found.error) if found.error else _why(found)
    return command(kind, said, {"title": f"llmops eval ended with {found.exit_code}"})


def _why(found: NoRun) -> str:
    known = {int(code): words for code, words in _WHY.items()}
    return known.get(
        found.exit_code, f"`llmops eval` ended with {found.exit_code}, before there was a result."
    )
