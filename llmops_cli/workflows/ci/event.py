"""What a job of GitHub Actions was started by: its event file and environment as one typed value.

Payloads: https://docs.github.com/en/webhooks/webhook-events-and-payloads; variables:
https://docs.github.com/en/actions/reference/workflows-and-actions/variables.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from llmops_cli.domain.ci import is_sha
from llmops_cli.errors import FileError, SourceLocation, UserError
from llmops_cli.integrations.github import GitHub, checked_repository

_MOST = 32 * 1024 * 1024
"""Bytes of an event file; GitHub sends 25 MB at most."""
_OF_PULL_REQUESTS = ("pull_request", "pull_request_target")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EventPullRequest:
    """The pull request as it stood when the event happened."""

    number: int
    head: str
    base: str


@dataclass(frozen=True, slots=True)
class Producer:
    """The run of another workflow that a `workflow_run` event tells of.

    For `pull_request_target`, `head` is the base branch's commit (github.com/actions/checkout/pull/2454).
    `head_repository` is None where the fork was deleted.
    """

    id: int
    event: str
    head: str
    head_branch: str | None
    head_repository: str | None
    pull_requests: tuple[int, ...] = ()
    """Those that GitHub names; none for a fork's."""


@dataclass(frozen=True, slots=True)
class Event:
    """The event behind this job. `head` is the commit it is about: of a pull request its newest, no merge."""

    name: str
    repository: str
    head: str
    action: str | None = None
    label: str | None = None
    pull_request: EventPullRequest | None = None
    producer: Producer | None = None
    default_branch: str | None = None
    ref: str | None = None
    """What the workflow runs on: `refs/heads/…` for a branch."""
    base: str | None = None
    """The commit it is to be compared with: of a pull request its base, of a merge queue's group what it builds on."""
    sender: str | None = None
    """Who did it: set the label, pushed."""
    server: str = "https://github.com"
    run_id: str = "0"
    attempt: int = 1

    @property
    def web(self) -> str:
        """The repository's page."""
        return f"{self.server}/{self.repository}"

    @property
    def run_page(self) -> str:
        """The page of the run that evaluated."""
        return f"{self.web}/actions/runs/{self.producer.id if self.producer else self.run_id}"


def read_event(environment: Mapping[str, str]) -> Event:
    """The event of this job. Raises UserError outside GitHub Actions, FileError for a broken event file."""
    name, path = environment.get("GITHUB_EVENT_NAME"), environment.get("GITHUB_EVENT_PATH")
    if not name or not path:
        hint = "this is a step of a workflow: GITHUB_EVENT_NAME and GITHUB_EVENT_PATH are set there"
        raise UserError("there is no event", hint=hint)
    payload = _read(path)
    try:
        return _event(name, payload, environment)
    except (KeyError, TypeError, AttributeError) as error:
        what = f"is no event file of {name} ({type(error).__name__}: {str(error)[:100]})"
        raise FileError(what, where=SourceLocation(path)) from error


def connect(event: Event, environment: Mapping[str, str]) -> GitHub:
    """The API of the event's repository. Raises UserError without a token."""
    token = environment.get("GITHUB_TOKEN", "")
    if not token:
        raise UserError(
            "GITHUB_TOKEN is not set", hint="pass it to the step: `GITHUB_TOKEN: ${{ github.token }}`"
        )
    return GitHub(event.repository, token, environment.get("GITHUB_API_URL") or "https://api.github.com")


def _read(path: str) -> Mapping[str, Any]:
    where = SourceLocation(path)
    try:
        with Path(path).open("rb") as stream:
            raw = stream.read(_MOST + 1)
        payload = json.loads(raw) if len(raw) <= _MOST else None
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or error
        raise FileError(f"the event file cannot be read: {why}", where=where) from error
    if not isinstance(payload, dict):
        raise FileError("is no event file", where=where)
    return payload


def _event(name: str, payload: Mapping[str, Any], environment: Mapping[str, str]) -> Event:
    repository = payload.get("repository") or {}
    pull_request = _pull_request(payload) if name in _OF_PULL_REQUESTS else None
    producer = _producer(payload["workflow_run"]) if name == "workflow_run" else None
    if pull_request is not None:
        head = pull_request.head
    else:
        head = producer.head if producer is not None else environment.get("GITHUB_SHA") or ""
    group = payload.get("merge_group") or {} if name == "merge_group" else {}
    attempt = environment.get("GITHUB_RUN_ATTEMPT", "1")
    return Event(
        name=name,
        repository=checked_repository(environment.get("GITHUB_REPOSITORY") or repository["full_name"]),
        head=_sha(head),
        action=_or_none(payload.get("action")),
        label=_or_none((payload.get("label") or {}).get("name")),
        pull_request=pull_request,
        producer=producer,
        default_branch=_or_none(repository.get("default_branch")),
        ref=environment.get("GITHUB_REF") or None,
        base=pull_request.base if pull_request else _sha(group["base_sha"]) if group else None,
        sender=_or_none((payload.get("sender") or {}).get("login")),
        server=(environment.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/"),
        run_id=environment.get("GITHUB_RUN_ID") or "0",
        attempt=int(attempt) if attempt.isascii() and attempt.isdigit() else 1,
    )


def _pull_request(payload: Mapping[str, Any]) -> EventPullRequest:
    found = payload["pull_request"]
    return EventPullRequest(
        _typed(found["number"], int), _sha(found["head"]["sha"]), _sha(found["base"]["sha"])
    )


def _producer(run: Mapping[str, Any]) -> Producer:
    repository = run.get("head_repository")
    return Producer(
        id=_typed(run["id"], int),
        event=_typed(run["event"], str),
        head=_sha(run["head_sha"]),
        head_branch=_or_none(run.get("head_branch")),
        head_repository=_typed(repository["full_name"], str) if repository else None,
        pull_requests=tuple(_typed(found["number"], int) for found in run.get("pull_requests") or ()),
    )


def _sha(value: object) -> str:
    if not isinstance(value, str) or not is_sha(value):
        raise TypeError(f"{str(value)[:50]!r} is no commit")
    return value


def _or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{str(value)[:50]!r} is no {kind.__name__}")
    return value
