"""`llmops ci propose`: a pull request for a branch that a workflow has pushed, opened once and kept up to date."""

import re
from dataclasses import dataclass

from llmops_cli.errors import UserError
from llmops_cli.integrations.github import GitHub
from llmops_cli.integrations.github_http import GitHubRefusedError
from llmops_cli.workflows.ci.event import Event

# git-check-ref-format, as far as it guards a query and a message
_BRANCH = re.compile(r"(?!.*\.\.)(?!.*//)[A-Za-z0-9_][A-Za-z0-9_./+-]{0,200}(?<![./])")


@dataclass(frozen=True, slots=True)
class Proposal:
    """The pull request of a branch, and what was done: created, updated, or nothing as it says so already."""

    number: int
    url: str
    done: str


def propose(
    event: Event, github: GitHub, branch: str, title: str, body: str, base: str | None = None
) -> Proposal:
    """Open or update the pull request of a branch of the repository itself. Raises UserError."""
    for name in (branch, *([base] if base is not None else [])):
        if _BRANCH.fullmatch(name) is None:
            raise UserError(f"{name!r} is no name of a branch")
    target = base or event.default_branch or github.default_branch()
    _check_origin(event, target)
    found = github.open_pull_request(branch)
    if found is not None:
        if (found.title, found.body.replace("\r\n", "\n")) == (title, body):
            return Proposal(found.number, found.url, "already says so")
        found = github.update_pull_request(found.number, title, body)
        return Proposal(found.number, found.url, "updated")
    try:
        made = github.create_pull_request(branch, target, title, body)
    except GitHubRefusedError as error:
        raise _explained(error, branch, target) from error
    return Proposal(made.number, made.url, "created")


def _check_origin(event: Event, target: str) -> None:
    """What another branch than the target has pushed would bring that branch's commits along.

    A schedule runs on the default branch alone, and may have checked out the one that it is for.
    """
    if event.name == "schedule" or event.ref == f"refs/heads/{target}":
        return
    what = (event.ref or "no branch").removeprefix("refs/heads/")
    raise UserError(
        f"this job runs on {what}, and its commits would go into the pull request to {target}",
        hint=f"start the workflow on {target}",
    )


def _explained(error: GitHubRefusedError, branch: str, base: str) -> UserError:
    said = error.said.lower()
    if "no commits between" in said:
        return UserError(
            f"branch {branch} has nothing that {base} has not", hint="there is nothing to propose"
        )
    if error.forbidden:
        hint = (
            "`permissions: {pull-requests: write}`, and in the repository's settings under Actions: "
            "allow GitHub Actions to create pull requests"
        )
        return UserError(f"the token may not open a pull request ({error.said or error.status})", hint=hint)
    return error
