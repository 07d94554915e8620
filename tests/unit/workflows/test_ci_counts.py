"""What a report of a pull request says to everybody: one number of cases, and to whom a fork's missing keys matter."""

from dataclasses import replace
from pathlib import Path

import pytest

from llmops_cli.domain.ci import Context, NoRun
from llmops_cli.domain.comparison import DeltaKind, Result, Status
from llmops_cli.reporters.markdown import format_markdown
from llmops_cli.reporters.no_run import format_no_run
from llmops_cli.workflows.ci.artifact import Artifact
from llmops_cli.workflows.ci.binding import Target
from llmops_cli.workflows.ci.event import Event
from llmops_cli.workflows.ci.files import LABEL
from llmops_cli.workflows.ci.outcome import EvalOutcome
from llmops_cli.workflows.ci.publish import PublishOptions, Rendering, Report, make_report
from tests.support import results

HEAD = "4f9c" * 10


def _report(result: Result | None, exit_code: int, *, forgeable: bool = False) -> Report:
    context = Context(12, HEAD, None, "octo/prompts", "pull_request", 1, exit_code, "error: no key")
    event, target = Event("pull_request", "octo/prompts", HEAD), Target(HEAD, 12, forgeable=forgeable)
    rendering = Rendering(format_markdown, format_no_run)
    return make_report(Artifact(context, result), Path(), event, target, PublishOptions(), rendering)


def test_a_case_that_got_worse_with_two_models_is_one_case_everywhere() -> None:
    worse = [results.delta(DeltaKind.REGRESSED, name, 10, [True], [False]) for name in ("a", "b")]
    sides = [results.result(worse, Status.REGRESSION, variant=name) for name in ("fast", "strong")]
    result = replace(sides[0], comparisons=tuple(one for side in sides for one in side.comparisons))
    report = _report(result, 1)

    assert report.title == "REGRESSION: 2 cases got worse"
    assert "REGRESSION: 2 cases (4 of case × variant) got worse" in report.markdown.splitlines()[0]
    assert EvalOutcome(result, NoRun(1, None), 0, Path()).outputs["regressions"] == "2"


@pytest.mark.parametrize(
    ("exit_code", "forgeable", "said"), [(3, True, True), (3, False, False), (2, True, False)]
)
def test_without_keys_a_maintainer_is_told_how_a_fork_gets_a_verdict(
    exit_code: int, forgeable: bool, said: bool
) -> None:
    """Not of a branch of the repository, and not of a mistake in a file, which no key would mend."""
    markdown = _report(None, exit_code, forgeable=forgeable).markdown
    hint = f"a maintainer reviews this commit, `{HEAD[:7]}`, and sets the label `{LABEL}`"

    assert LABEL == "llmops-run"
    assert (hint in markdown) is said
