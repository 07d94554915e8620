"""`llmops ci publish`: the report job. One comment, one check run, from an artifact that is not trusted.

It holds a token that may write and runs nothing of the pull request's: the Markdown is made here, from the run
file alone.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from llmops_cli.domain.ci import NoRun
from llmops_cli.domain.comparison import Result, Status
from llmops_cli.errors import ExitCode, FileError, SourceLocation, UserError
from llmops_cli.integrations.github import (
    ACTIONS_BOT,
    MOST_COMMENT,
    MOST_SUMMARY,
    CheckRun,
    Comment,
    Conclusion,
    GitHub,
)
from llmops_cli.integrations.github_http import GitHubRefusedError
from llmops_cli.workflows.ci.artifact import RUN, Artifact, left_nothing, read_artifact
from llmops_cli.workflows.ci.binding import Nowhere, Target, bind, bind_by_event
from llmops_cli.workflows.ci.event import Event
from llmops_cli.workflows.ci.files import LABEL

_UNSHOWABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_SEEN = 7
"""Characters of a commit that people read."""
_OF_A_FORK = "fork-"
"""How the `external_id` of a check run begins whose verdict the fork itself brought."""
_OURS = re.compile(r"[0-9]+-[0-9]+-[0-9a-f]{16}")
"""The `external_id` of a check run that a trusted run made. A job of that name has one too, an UUID of GitHub's."""
_JUDGEMENTS = ("success", "failure")
_LEFT_NOTHING = NoRun(
    ExitCode.INCONCLUSIVE,
    "no run was left: the job that evaluates failed before it could upload one, or ran out of time",
)
_FORK_NOTE = (
    "_This is what the fork's own workflow run says. Whoever opened the pull request can change what it says, so "
    f"the check is not green; a run with keys, asked for by a maintainer's label (`{LABEL}`), replaces it._"
)
_NO_KEYS_NOTE = (
    "A pull request from a fork gets no keys. For a verdict a maintainer reviews this commit, {commit}, and sets the "
    f"label `{LABEL}`: then it is evaluated with keys, and that report replaces this one."
)


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a run, and an `eval` that left none, become Markdown in which nobody else's text is markup."""

    result: Callable[[Result], str]
    no_run: Callable[[NoRun], str]


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """`name` tells several reports on one pull request apart. `author` is who writes the comments, if known."""

    name: str = "llmops"
    inconclusive: Literal["neutral", "fail"] = "neutral"
    comment: bool = True
    check: bool = True
    author: str | None = None

    @property
    def marker(self) -> str:
        """The last line of our comment, by which it is found again; GitHub does not show it."""
        return f"<!-- llmops:{self.name} -->"


@dataclass
class Published:
    """What became of a report: words for the log, Markdown for the job's summary, what went wrong."""

    verdict: str
    notes: list[str] = field(default_factory=list)
    summary: str | None = None
    failure: UserError | None = None
    exit_code: int = ExitCode.PASS


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be said. `verdict` is the run file's status, or that of an `eval` without one."""

    verdict: str
    title: str
    conclusion: Conclusion
    markdown: str


def publish(
    folder: Path, event: Event, github: GitHub, options: PublishOptions, rendering: Rendering
) -> Published:
    """Read, check, render, write. Raises UserError before anything is written; later failures are in the result.

    The exit code is a verdict only where no check run could be made to carry it.
    """
    artifact = None if left_nothing(folder) else read_artifact(folder)
    target = bind(artifact.context, event, github) if artifact else bind_by_event(event, github)
    if isinstance(target, Nowhere):
        return Published("", [target.said])
    if artifact is None:
        text = _clean(rendering.no_run(_LEFT_NOTHING))
        report = Report(_LEFT_NOTHING.verdict, "no run was left", _conclusion(None, options), text)
    else:
        report = make_report(artifact, folder, event, target, options, rendering)
    return _Publishing(event, github, options, target, report, empty=artifact is None).run()


def make_report(
    artifact: Artifact,
    folder: Path,
    event: Event,
    target: Target,
    options: PublishOptions,
    rendering: Rendering,
) -> Report:
    """The report of an artifact. Raises FileError where its run file cannot be shown."""
    if artifact.result is None:
        no_run = artifact.no_run
        title = "no verdict" if no_run.verdict == "INCONCLUSIVE" else f"eval ended with {no_run.exit_code}"
        text = rendering.no_run(no_run)
        if target.forgeable and no_run.verdict == "INCONCLUSIVE":
            text = f"{text.rstrip()}\n\n{_NO_KEYS_NOTE.format(commit=f'`{target.head[:_SEEN]}`')}"
        return Report(no_run.verdict, title, _conclusion(None, options), _clean(text))
    result = _at_home(artifact.result, event, target)
    try:
        markdown = rendering.result(result)
    except _UNSHOWABLE as error:
        what = f"cannot be shown ({type(error).__name__}: {str(error)[:300]})"
        raise FileError(what, where=SourceLocation(str(folder / RUN))) from error
    status, title, conclusion = (
        result.verdict.status,
        _title(result),
        _conclusion(result.verdict.status, options),
    )
    if target.forgeable:
        markdown, title = f"{markdown.rstrip()}\n\n{_FORK_NOTE}", f"{title} (the fork's own run)"
        conclusion = "neutral" if conclusion == "success" else conclusion
    return Report(status.value, title, conclusion, _clean(markdown))


def _at_home(result: Result, event: Event, target: Target) -> Result:
    """Links lead to the event's repository and commit, whatever the artifact says."""
    here = replace(
        result.run.provenance, commit=target.head, dirty=False, branch=None, repository_url=event.web
    )
    return replace(result, run=replace(result.run, provenance=here))


def _title(result: Result) -> str:
    """Numbers and our own words only: a title is shown where nothing can be fenced."""
    worse = result.cases_worse
    cases = sum(c.candidate.cases for c in result.comparisons)
    status = result.verdict.status
    said = {
        Status.PASS: f"PASS: {cases} {'case' if cases == 1 else 'cases'}",
        Status.UNAFFECTED: "UNAFFECTED: nothing to evaluate changed",
        Status.INCONCLUSIVE: "INCONCLUSIVE: no verdict could be reached",
    }
    if status is not Status.REGRESSION:
        return said[status]
    return f"REGRESSION: {worse} {'case' if worse == 1 else 'cases'} got worse" if worse else "REGRESSION"


def _conclusion(status: Status | None, options: PublishOptions) -> Conclusion:
    """Red comes from a run that says REGRESSION, or where the user wants a verdict in any case."""
    if status is Status.REGRESSION:
        return "failure"
    if status is Status.PASS:
        return "success"
    if status is Status.UNAFFECTED or options.inconclusive == "neutral":
        return "neutral"
    return "failure"


def _clean(markdown: str) -> str:
    """Text that GitHub takes: no lone surrogates, no NUL."""
    return markdown.replace("\0", "�").encode("utf-8", "replace").decode().rstrip()


class _Publishing:
    def __init__(
        self,
        event: Event,
        github: GitHub,
        options: PublishOptions,
        target: Target,
        report: Report,
        *,
        empty: bool = False,
    ) -> None:
        self.event = event
        self.github = github
        self.options = options
        self.target = target
        self.report = report
        self.empty = empty
        self.done = Published(report.verdict)

    def run(self) -> Published:
        """The check run first: it is what decides. A failure leaves the report in the job's summary."""
        if (self.target.forgeable or self.empty) and self._judged_already():
            who = "a run that left nothing" if self.empty else "the fork's own run"
            self.done.notes.append(
                f"a trusted run has judged {self.target.head[:_SEEN]} already; {who} changes nothing"
            )
            return self.done
        checked = self.options.check and self._try(self._check, "check run", "checks: write")
        wanted = self.options.comment and self._wants_comment()
        commented = (
            wanted
            and self.done.failure is None
            and self._try(self._comment, "comment", "pull-requests: write")
        )
        if not commented and (wanted or self.target.number is None or not checked):
            self.done.summary = self.report.markdown
        red = self.report.conclusion == "failure"
        if red and not checked:
            self.done.exit_code = ExitCode.REGRESSION
            self.done.notes.append("no check run carries the verdict, so this step's exit code does")
        elif self.done.failure is not None:
            self.done.exit_code = self.done.failure.exit_code
        return self.done

    def _judged_already(self) -> bool:
        """A reopened pull request runs the fork's workflow again: it must not wash a red check green.

        A job of the fork's may bear our name, so the `external_id` must be of our form, and the check a verdict.
        """
        try:
            found = list(self.github.check_runs(self.target.head, self.options.name))
        except GitHubRefusedError as error:
            if error.forbidden:
                return False  # who may not read them has made none
            raise
        return any(one.conclusion in _JUDGEMENTS and _OURS.fullmatch(one.external_id) for one in found)

    def _try(self, write: Callable[[], None], what: str, permission: str) -> bool:
        try:
            write()
        except GitHubRefusedError as error:
            said = f": {error.said}" if error.said else ""
            if error.forbidden:
                self.done.notes.append(
                    f"the token may not write a {what} (GitHub answers {error.status}{said}); "
                    f"it needs `{permission}`, which a pull request from a fork does not get"
                )
            else:
                self.done.failure = self.done.failure or error
            return False
        except UserError as error:
            self.done.failure = self.done.failure or error
            return False
        return True

    def _check(self) -> None:
        page, kind = self.event.run_page, _OF_A_FORK if self.target.forgeable else ""
        run = CheckRun(
            name=self.options.name,
            head=self.target.head,
            conclusion=self.report.conclusion,
            title=self.report.title,
            summary=_fitting(self.report.markdown, f"The whole report: {page}"),
            external_id=f"{kind}{self.event.run_id}-{self.event.attempt}-{secrets.token_hex(8)}",
            details_url=page,
        )
        url = self.github.create_check_run(run)
        self.done.notes.append(f"check run {self.options.name}: {self.report.conclusion} {url}".rstrip())

    def _wants_comment(self) -> bool:
        if self.target.number is None:
            self.done.notes.append(f"no pull request ({self.event.name}): no comment")
            return False
        if self.target.newer is not None:
            self.done.notes.append(
                f"pull request {self.target.number} has moved on from {self.target.head[:_SEEN]} to "
                f"{self.target.newer[:_SEEN]}: its comment is left to the run of that commit"
            )
            return False
        return True

    def _comment(self) -> None:
        number, marker = self.target.number, self.options.marker
        assert number is not None
        author = (self.options.author or self.github.login() or ACTIONS_BOT).casefold()

        def ours(comment: Comment) -> bool:
            return (comment.author or "").casefold() == author and comment.body.rstrip().endswith(marker)

        body = f"{self._within_comment(len(marker) + 2)}\n\n{marker}"
        found = next(filter(ours, self.github.comments(number)), None)
        if found is None and self.report.verdict == Status.UNAFFECTED:
            self.done.notes.append("UNAFFECTED: there is no comment to bring up to date, and none was made")
            return
        if found is None:
            found, done = self.github.create_comment(number, body, ours), "created"
        elif found.body == body:
            done = "already says so"
        else:
            found, done = self.github.update_comment(found, body), "updated"
        self.done.notes.append(f"comment {done} {found.url}".rstrip())

    def _within_comment(self, spare: int) -> str:
        markdown = self.report.markdown
        if len(markdown) + spare <= MOST_COMMENT:
            return markdown
        self.done.summary = markdown
        return f"## {self.report.title}\n\nThe report is too long for a comment: {self.event.run_page}"


def _fitting(markdown: str, instead: str) -> str:
    """The summary of a check run; its limit is taken as bytes, the smaller reading."""
    return markdown if len(markdown.encode()) <= MOST_SUMMARY else instead
