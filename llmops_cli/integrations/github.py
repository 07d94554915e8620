"""What llmops asks of GitHub: a pull request, its reviews and comments, check runs, who somebody is.

A small client of our own over httpx, which LiteLLM brings anyway; see ARCHITECTURE.md, "Libraries".
Each method names its page in https://docs.github.com/en/rest.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

from llmops_cli.errors import UserError
from llmops_cli.integrations.github_http import GitHubHttp, GitHubRefusedError, GitHubUnreachableError

ACTIONS_BOT = "github-actions[bot]"
"""Who writes with a workflow's own token, which may not ask who it is."""
MOST_COMMENT = 65_536
"""Characters of a comment's body: "body is too long (maximum is 65536 characters)"."""
MOST_SUMMARY = 65_535
"""Of a check run's summary: "Only 65535 characters are allowed"."""
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
T = TypeVar("T")

Conclusion = Literal["success", "failure", "neutral"]


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it stands now. `head_repository` is None where the fork was deleted."""

    number: int
    state: str
    head: str
    head_ref: str
    head_repository: str | None
    labels: tuple[str, ...]
    title: str
    body: str
    url: str


@dataclass(frozen=True, slots=True)
class Review:
    """One review. `author` is None where the account was deleted."""

    author: str | None
    state: str
    commit: str | None


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment on a pull request."""

    id: int
    author: str | None
    body: str
    url: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A check run that is there: what its maker calls it, and its conclusion (None while it runs)."""

    external_id: str
    conclusion: str | None


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A finished check run to be made. `external_id` finds it again where the answer was lost."""

    name: str
    head: str
    conclusion: Conclusion
    title: str
    summary: str
    external_id: str
    details_url: str | None = None


class GitHub:
    """The API of one repository. Raises UserError: see `integrations/github_http.py`."""

    def __init__(
        self,
        repository: str,
        token: str,
        url: str = "https://api.github.com",
        *,
        sleep: Callable[[float], None] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.repository = checked_repository(repository)
        self._http = GitHubHttp(url, token, sleep=sleep, rng=rng)
        self._root = f"/repos/{self.repository}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def login(self) -> str | None:
        """Who the token belongs to; None where it may not ask (a workflow's, an app's). users/users"""
        try:
            return _shaped(self._http.call("GET", "/user").body, lambda data: _text(data["login"]))
        except GitHubRefusedError as error:
            if error.forbidden:
                return None
            raise

    def pull_request(self, number: int) -> PullRequest:
        """A pull request by its number. pulls/pulls#get-a-pull-request"""
        return _shaped(self._http.call("GET", f"{self._root}/pulls/{number}").body, _pull_request)

    def reviews(self, number: int) -> Iterator[Review]:
        """All reviews of a pull request, oldest first. pulls/reviews"""
        for item in self._http.pages(f"{self._root}/pulls/{number}/reviews"):
            yield _shaped(
                item,
                lambda data: Review(_login(data), _text(data["state"]), _optional(data.get("commit_id"))),
            )

    def permission(self, login: str) -> str:
        """admin, write, read or none; "maintain" counts as write. collaborators/collaborators

        Somebody who is no collaborator of a private repository is a 404: none.
        """
        path = f"{self._root}/collaborators/{quote(login, safe='')}/permission"
        try:
            return _shaped(self._http.call("GET", path).body, lambda data: _text(data["permission"]))
        except GitHubRefusedError as error:
            if error.status == 404:
                return "none"
            raise

    def comments(self, number: int) -> Iterator[Comment]:
        """All comments of a pull request (not of its lines), oldest first. issues/comments"""
        for item in self._http.pages(f"{self._root}/issues/{number}/comments"):
            yield _shaped(item, _comment)

    def create_comment(self, number: int, body: str, same: Callable[[Comment], bool]) -> Comment:
        """Write a comment; where the answer is lost, one that is the `same` counts as written."""

        def look() -> Mapping[str, Any] | None:
            items = self._http.pages(f"{self._root}/issues/{number}/comments")
            return next((item for item in items if same(_shaped(item, _comment))), None)

        path = f"{self._root}/issues/{number}/comments"
        return _shaped(self._http.call("POST", path, {"body": body}, look=look).body, _comment)

    def update_comment(self, comment: Comment, body: str) -> Comment:
        """Replace a comment's text."""
        path = f"{self._root}/issues/comments/{comment.id}"
        return _shaped(self._http.call("PATCH", path, {"body": body}).body, _comment)

    def create_check_run(self, run: CheckRun) -> str:
        """Make a finished check run, and return its address. checks/runs"""
        body: dict[str, Any] = {
            "name": run.name,
            "head_sha": run.head,
            "status": "completed",
            "conclusion": run.conclusion,
            "external_id": run.external_id,
            "output": {"title": run.title, "summary": run.summary},
        }
        if run.details_url is not None:
            body["details_url"] = run.details_url

        def look() -> Mapping[str, Any] | None:
            items = self._check_runs(run.head, run.name)
            return next((item for item in items if item.get("external_id") == run.external_id), None)

        reply = self._http.call("POST", f"{self._root}/check-runs", body, look=look)
        return _shaped(reply.body, lambda data: _text(data.get("html_url") or ""))

    def check_runs(self, head: str, name: str) -> Iterator[Judged]:
        """Every check run of that name on a commit, whoever made it."""
        for item in self._check_runs(head, name):
            yield _shaped(
                item,
                lambda data: Judged(_text(data.get("external_id") or ""), _optional(data.get("conclusion"))),
            )

    def _check_runs(self, head: str, name: str) -> Iterator[Any]:
        path = f"{self._root}/commits/{head}/check-runs"
        return self._http.pages(path, {"check_name": name, "filter": "all"})

    def open_pull_request(self, branch: str) -> PullRequest | None:
        """The open pull request whose head is this branch of the repository itself."""
        item = self._open_pull_request(branch)
        return None if item is None else _shaped(item, _pull_request)

    def _open_pull_request(self, branch: str) -> Mapping[str, Any] | None:
        # GitHub passes over a `head` filter that it cannot read, and would give every pull request
        owner = self.repository.partition("/")[0]
        items = self._http.pages(f"{self._root}/pulls", {"state": "open", "head": f"{owner}:{branch}"})
        for item in items:
            found = _shaped(item, _pull_request)
            if found.head_ref == branch and found.head_repository == self.repository:
                return dict(item)
        return None

    def create_pull_request(self, branch: str, base: str, title: str, body: str) -> PullRequest:
        """Open a pull request from a branch of the repository. pulls/pulls#create-a-pull-request"""
        parts = {"title": title, "head": branch, "base": base, "body": body}
        reply = self._http.call(
            "POST", f"{self._root}/pulls", parts, look=lambda: self._open_pull_request(branch)
        )
        return _shaped(reply.body, _pull_request)

    def update_pull_request(self, number: int, title: str, body: str) -> PullRequest:
        """Replace title and text of a pull request."""
        path = f"{self._root}/pulls/{number}"
        return _shaped(self._http.call("PATCH", path, {"title": title, "body": body}).body, _pull_request)

    def default_branch(self) -> str:
        """The branch that pull requests go to. repos/repos#get-a-repository"""
        return _shaped(self._http.call("GET", self._root).body, lambda data: _text(data["default_branch"]))


def checked_repository(name: str) -> str:
    """`owner/name`. Raises UserError for anything else."""
    if not _REPOSITORY.fullmatch(name) or ".." in name.split("/") or "." in name.split("/"):
        raise UserError(f"{name!r} is no repository", hint="GITHUB_REPOSITORY is owner/name")
    return name


def _pull_request(data: Mapping[str, Any]) -> PullRequest:
    head = data["head"]
    repository = head.get("repo")
    return PullRequest(
        number=_number(data["number"]),
        state=_text(data["state"]),
        head=_text(head["sha"]),
        head_ref=_text(head["ref"]),
        head_repository=_text(repository["full_name"]) if repository else None,
        labels=tuple(_text(label["name"]) for label in data.get("labels") or ()),
        title=_text(data["title"]),
        body=data.get("body") or "",
        url=_text(data.get("html_url") or ""),
    )


def _comment(data: Mapping[str, Any]) -> Comment:
    return Comment(_number(data["id"]), _login(data), data.get("body") or "", data.get("html_url") or "")


def _login(data: Mapping[str, Any]) -> str | None:
    user = data.get("user")
    return _text(user["login"]) if user else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no number")
    return value


def _shaped(data: Any, read: Callable[[Any], T]) -> T:
    """What `read` makes of an answer. Raises GitHubUnreachableError where it has another shape."""
    try:
        return read(data)
    except (KeyError, TypeError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        hint = "is GITHUB_API_URL the address of a GitHub API?"
        raise GitHubUnreachableError(
            f"GitHub's answer has another shape ({what[:200]})", hint=hint
        ) from error
