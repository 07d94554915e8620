"""Whose artifact it is: what it says of itself is believed only where the event and GitHub say the same."""

from dataclasses import dataclass

from llmops_cli.domain.ci import Context
from llmops_cli.errors import UserError
from llmops_cli.integrations.github import GitHub, PullRequest
from llmops_cli.integrations.github_http import GitHubRefusedError
from llmops_cli.workflows.ci.event import Event, Producer

_TARGET = "pull_request_target"
_HINT = "nothing was written; is the artifact of another run?"


@dataclass(frozen=True, slots=True)
class Target:
    """Where the report goes: a commit, and the pull request if it is one's."""

    head: str
    number: int | None = None
    newer: str | None = None
    """The pull request's head, where it has moved on."""
    forgeable: bool = False
    """The run was a fork's own: whoever opened the pull request decides what such a run says."""


def bind(context: Context, event: Event, github: GitHub) -> Target:
    """The target of an artifact. Raises UserError where it is not the event's own; nothing was written then."""
    _same("repository", context.repository, event.repository)
    if event.producer is not None:
        return _of_another_workflow(context, event, event.producer, github)
    _same("event", context.event, event.name)
    _same("commit", context.head, event.head)
    number = event.pull_request.number if event.pull_request else None
    _same("pull request", context.pull_request, number)
    if number is None:
        return Target(event.head)
    try:
        now = github.pull_request(number).head
    except GitHubRefusedError as error:
        if not error.forbidden:
            raise
        now = event.head  # a token that may not even read it will not write there either
    return Target(event.head, number, None if now == event.head else now)


def _of_another_workflow(context: Context, event: Event, producer: Producer, github: GitHub) -> Target:
    """A `workflow_run` names no pull request of a fork, so the artifact does, and is checked."""
    _same("event", context.event, producer.event)
    if producer.event != _TARGET:
        _same("commit", context.head, producer.head)
    if not producer.event.startswith("pull_request"):
        _same("pull request", context.pull_request, None)
        return Target(producer.head)
    if context.pull_request is None:
        raise _foreign("names no pull request", f"the event is {producer.event}")
    found = _fetched(context.pull_request, github)
    if producer.event == _TARGET:
        # the event's own commit is the base's here: only GitHub can say that the head is this pull request's
        _same("commit", context.head, found.head)
        return Target(found.head, found.number)
    _same_origin(found, producer)
    newer = None if found.head == producer.head else found.head
    return Target(producer.head, found.number, newer, forgeable=producer.head_repository != event.repository)


def _fetched(number: int, github: GitHub) -> PullRequest:
    try:
        return github.pull_request(number)
    except GitHubRefusedError as error:
        if error.status == 404:
            raise _foreign(f"names pull request {number}", "GitHub knows none, or hides it") from error
        raise


def _same_origin(found: PullRequest, producer: Producer) -> None:
    """The run must have come from the branch and repository that the pull request comes from."""
    if found.head_repository is None or found.head_repository != producer.head_repository:
        origin = producer.head_repository or "a deleted repository"
        raise _foreign(f"names pull request {found.number}", f"the run came from {origin}")
    if found.head != producer.head and found.head_ref != producer.head_branch:
        raise _foreign(f"names pull request {found.number}", "the run came from another branch")


def _same(what: str, said: object, true: object) -> None:
    if said != true:
        raise _foreign(f"names {what} {said}", f"the {what} is {true}")


def _foreign(said: str, true: str) -> UserError:
    return UserError(f"the artifact does not belong here: it {said}, but {true}", hint=_HINT)
