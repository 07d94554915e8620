"""`llmops ci authorize`: may the keys be used for this commit of a stranger's?

A label alone says nothing of the commit: the author could push another one between a look at the page and the
click. So somebody who may write must have reviewed exactly the commit that the label's event names, and it must
still be the newest. And who may only sort issues may set labels: that is not enough either.
"""

from dataclasses import dataclass

from llmops_cli.domain.ci import is_sha
from llmops_cli.errors import NoVerdictError, UserError
from llmops_cli.integrations.github import GitHub
from llmops_cli.workflows.ci.event import Event

_MAY_WRITE = ("admin", "write")
_LETS_THROUGH = ("APPROVED", "COMMENTED")


@dataclass(frozen=True, slots=True)
class Authorization:
    """The commit that may be evaluated with keys, its pull request, and who reviewed it."""

    number: int
    sha: str
    reviewer: str


def authorize(event: Event, github: GitHub, label: str) -> Authorization:
    """Raises NoVerdictError, with what to do, unless the event's commit was reviewed by somebody who may write.

    Raises UserError where the event is not of a pull request.
    """
    asked = event.pull_request
    if asked is None:
        raise UserError(
            f"{event.name} is no event of a pull request",
            hint="`on: {pull_request_target: {types: [labeled]}}`",
        )
    found = github.pull_request(asked.number)
    if found.state != "open":
        raise NoVerdictError(f"pull request {asked.number} is {found.state}")
    if event.label is not None and event.label.casefold() != label.casefold():
        raise NoVerdictError(f"this event is about another label than {label}")
    again = f"review the newest commit, then take the label {label} off and set it again"
    if label.casefold() not in map(str.casefold, found.labels):
        raise NoVerdictError(f"pull request {asked.number} lacks the label {label}", hint=again)
    if found.head != asked.head:
        raise NoVerdictError(
            f"pull request {asked.number} moved on from {asked.head[:7]} to {found.head[:7]} after the label "
            "was set", hint=again,
        )  # fmt: skip
    if event.sender is None or github.permission(event.sender) not in _MAY_WRITE:
        raise NoVerdictError(
            f"{event.sender or 'nobody known'} set the label and has no write permission",
            hint=f"somebody who has it takes the label {label} off and sets it again",
        )
    reviewer = _reviewer(github, asked.number, asked.head)
    if reviewer is None:
        raise NoVerdictError(
            f"nobody with write permission has reviewed {asked.head[:7]}, the newest commit of pull request "
            f"{asked.number}, without asking for changes", hint=f"{again}; a comment as review is enough",
        )  # fmt: skip
    return Authorization(asked.number, asked.head, reviewer)


def _reviewer(github: GitHub, number: int, sha: str) -> str | None:
    """Somebody who may write and whose latest review of this commit lets it through; the latest are asked for first."""
    assert is_sha(sha)
    latest: dict[str, str] = {}
    for review in github.reviews(number):
        state = review.state.upper()
        if review.commit == sha and review.author is not None and state != "PENDING":
            latest.pop(review.author, None)
            latest[review.author] = state
    authors = [author for author, state in reversed(latest.items()) if state in _LETS_THROUGH]
    return next((author for author in authors if github.permission(author) in _MAY_WRITE), None)
