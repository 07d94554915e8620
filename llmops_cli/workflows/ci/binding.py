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


@dataclass(frozen=True, slots=True)
class Nowhere:
    """There is no commit that a report could be bound to, and it is nobody's fault: the words for the log."""

    said: str


def bind(context: Context, event: Event, github: GitHub) -> Target | Nowhere:
    """The target of an artifact. Raises UserError where it is not the event's own; nothing was written then."""
    _same("repository", context.repository, event.repository)
    if event.producer is not None:
        return _of_another_workflow(context, event, event.producer, github)
    _same("event", context.event, event.name)
    _same("commit", context.head, event.head)
    number = event.pull_request.number if event.pull_request else None
    _same("pull request", context.pull_request, number)
    return _of_event(event, github)


def bind_by_event(event: Event, github: GitHub) -> Target | Nowhere:
    """The target of a run that left nothing: what the event says of it, and no more."""
    producer = event.producer
    if producer is None:
        return _of_event(event, github)
    if producer.event == _TARGET:  # its commit is the base's
        return Nowhere(
            "the run left nothing, so nobody can say which commit it was about: nothing was written"
        )
    of_pull_request = producer.event.startswith("pull_request")
    forgeable = of_pull_request and producer.head_repository != event.repository
    if of_pull_request and not forgeable and len(producer.pull_requests) == 1:
        found = _fetched(producer.pull_requests[0], github)
        if _origin_differs(found, producer) is None:
            newer = None if found.head == producer.head else found.head
            return Target(producer.head, found.number, newer)
    return Target(producer.head, forgeable=forgeable)


def _of_event(event: Event, github: GitHub) -> Target:
    number = event.pull_request.number if event.pull_request else None
    if number is None:
        return Target(event.head)
    try:
        now = github.pull_request(number).head
    except GitHubRefusedError as error:
        if not error.forbidden:
            raise
        now = event.head  # a token that may not even read it will not write there either
    return Target(event.head, number, None if now == event.head else now)


def _of_another_workflow(
    context: Context, event: Event, producer: Producer, github: GitHub
) -> Target | Nowhere:
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
        if context.head != found.head:
            return Nowhere(
                f"pull request {found.number} has moved on from {context.head[:7]} to {found.head[:7]} while keys "
                "were used for it, so the run can no longer be bound to it: nothing was written"
            )
        return Target(found.head, found.number)
    wrong = _origin_differs(found, producer)
    if wrong is not None:
        raise _foreign(f"names pull request {found.number}", wrong)
    newer = None if found.head == producer.head else found.head
    return Target(producer.head, found.number, newer, forgeable=producer.head_repository != event.repository)


def _fetched(number: int, github: GitHub) -> PullRequest:
    try:
        return github.pull_request(number)
    except GitHubRefusedError as error:
        if error.status == 404:
            raise _foreign(f"names pull request {number}", "GitHub knows none, or hides it") from error
        raise


def _origin_differs(found: PullRequest, producer: Producer) -> str | None:
    """The run must have come from the branch and repository that the pull request comes from; where it did not."""
    if found.head_repository is None or found.head_repository != producer.head_repository:
        origin = producer.head_repository or "a deleted repository"
        return f"the run came from {origin}"
    if found.head != producer.head and found.head_ref != producer.head_branch:
        return "the run came from another branch"
    return None


def _same(what: str, said: object, true: object) -> None:
    if said != true:
        raise _foreign(f"names {what} {said}", f"the {what} is {true}")


def _foreign(said: str, true: str) -> UserError:
    return UserError(f"the artifact does not belong here: it {said}, but {true}", hint=_HINT)
