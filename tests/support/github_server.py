"""GitHub's REST API on loopback, as far as llmops asks it, which can misbehave on request.

    with GitHubServer() as github:
        github.open(12, head=SHA)
        github.fail("POST", "/comments", 502)
        ...  # github.url is the GITHUB_API_URL, github.write_token a GITHUB_TOKEN

Status codes, bodies and limits are those of docs.github.com/en/rest: lists are paged (30 a page, 100 at most) with
links to `/repositories/ID/...`, as GitHub's are; a token that may not write is a 403 "Resource not accessible by
integration"; a workflow's token may not ask who it is.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.loopback import Handler, LoopbackServer

REPOSITORY = "octo/prompts"
REPOSITORY_ID = 4242
ACTIONS = "github-actions[bot]"
DOCUMENTATION = "https://docs.github.com/rest"
MOST_BODY = 65_536
MOST_SUMMARY = 65_535

Json = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """An answer that is not the one asked for, with its headers."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "Server Error"
    body: Any = None
    """The whole body, where it is not GitHub's usual form of an error."""


Fault = int | Refusal | Literal["drop", "drop after"]
"""A status; an answer; to hang up before anything is done, or after it was done and before it is said."""


@dataclass(frozen=True)
class Received:
    """One request as it came; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Json


@dataclass
class Token:
    """Whose it is (None: a workflow's own, or an app's), as whom it writes, and what it may write."""

    login: str | None = None
    writes_as: str = ACTIONS
    may_write: frozenset[str] = frozenset({"comments", "check-runs", "pulls"})


class _RefusedError(Exception):
    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.more = more


class GitHubServer(LoopbackServer):
    """See the module's docstring. What it holds is plain: `comments[12]`, `check_runs`, `pulls`, `requests`."""

    write_token = "ghs_" + "w" * 36
    read_token = "ghs_" + "r" * 36
    person_token = "ghp_" + "p" * 36

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.tokens = {
            self.write_token: Token(),
            self.read_token: Token(may_write=frozenset()),
            self.person_token: Token(login="ada", writes_as="ada"),
        }
        self.permissions: dict[str, str] = {"ada": "admin", "bob": "write", "eve": "read"}
        self.pulls: dict[int, Json] = {}
        self.comments: dict[int, list[Json]] = {}
        self.reviews: dict[int, list[Json]] = {}
        self.check_runs: list[Json] = []
        self.commits: set[str] = set()
        self.branches: dict[str, str] = {"main": "0" * 40}
        self.requests: list[Received] = []
        self._faults: list[tuple[str, str, Fault]] = []
        self._ids = iter(range(1001, 10**9))
        self._lock = threading.RLock()

    @property
    def url(self) -> str:
        """The GITHUB_API_URL."""
        return self.address

    # what a test prepares

    def open(
        self,
        number: int,
        head: str,
        *,
        branch: str = "change",
        fork: str = REPOSITORY,
        labels: tuple[str, ...] = (),
        title: str = "A change",
        body: str = "",
        base: str = "main",
    ) -> None:
        """An open pull request."""
        self.commits.add(head)
        self.pulls[number] = {
            "number": number,
            "state": "open",
            "title": title,
            "body": body or None,
            "html_url": f"https://github.com/{REPOSITORY}/pull/{number}",
            "user": {"login": fork.partition("/")[0]},
            "head": {"sha": head, "ref": branch, "repo": {"full_name": fork}},
            "base": {"sha": self.branches.get(base), "ref": base, "repo": {"full_name": REPOSITORY}},
            "labels": [{"name": label} for label in labels],
        }
        self.comments.setdefault(number, [])
        self.reviews.setdefault(number, [])

    def push(self, number: int, head: str) -> None:
        """A new head of a pull request."""
        self.commits.add(head)
        self.pulls[number]["head"]["sha"] = head

    def comment(self, number: int, body: str, author: str | None = "somebody") -> Json:
        """A comment that is there already; no author: the account was deleted."""
        identity = next(self._ids)
        found: Json = {
            "id": identity,
            "body": body,
            "user": None if author is None else {"login": author},
            "html_url": f"https://github.com/{REPOSITORY}/pull/{number}#issuecomment-{identity}",
        }
        self.comments[number].append(found)
        return found

    def review(self, number: int, author: str | None, commit: str, state: str = "APPROVED") -> None:
        """A review of one commit."""
        user = None if author is None else {"login": author}
        self.reviews[number].append({"user": user, "state": state, "commit_id": commit, "body": ""})

    def fail(self, method: str, path: str, *faults: Fault) -> None:
        """Let the next requests of this kind, whose path holds this, go wrong in turn."""
        self._faults += [(method, path, fault) for fault in faults]

    def seen(self, method: str, path: str = "") -> list[Received]:
        """The requests of a kind."""
        return [one for one in self.requests if one.method == method and path in one.path]

    @property
    def writes(self) -> list[Received]:
        """Everything that was to change something."""
        return [one for one in self.requests if one.method != "GET"]

    # what it answers

    def take(self, received: Received) -> Fault | None:
        """Note a request, and say what is to go wrong with it."""
        with self._lock:
            self.requests.append(received)
            for place, (method, path, fault) in enumerate(self._faults):
                if method == received.method and path in received.path:
                    del self._faults[place]
                    return fault
        return None

    def answer(self, received: Received) -> tuple[int, Any]:
        """Status and body of an answer."""
        with self._lock:
            kind, _, given = received.headers.get("authorization", "").partition(" ")
            token = self.tokens.get(given)
            if kind != "Bearer" or token is None:
                return 401, _error("Bad credentials", 401)
            path = received.path.replace(f"/repositories/{REPOSITORY_ID}", f"/repos/{REPOSITORY}")
            for method, pattern, answer in _ROUTES:
                found = re.fullmatch(pattern, path)
                if method == received.method and found is not None:
                    try:
                        return answer(self, token, received, *map(unquote, found.groups()))
                    except _RefusedError as refused:
                        return refused.status, _error(str(refused), refused.status, **refused.more)
            return 404, _error("Not Found", 404)

    def user(self, token: Token, received: Received) -> tuple[int, Any]:
        if token.login is None:
            raise _RefusedError(403, "Resource not accessible by integration")
        return 200, {"login": token.login}

    def repository(self, token: Token, received: Received) -> tuple[int, Any]:
        return 200, {"id": REPOSITORY_ID, "full_name": REPOSITORY, "default_branch": "main"}

    def list_pulls(self, token: Token, received: Received) -> tuple[int, Any]:
        state, head = received.query.get("state", "open"), received.query.get("head", "")
        owner, _, branch = head.partition(":")
        found = [
            pull
            for pull in self.pulls.values()
            if state in ("all", pull["state"])
            and (
                ":" not in head  # GitHub passes over what it cannot read
                or (
                    pull["head"]["ref"] == branch
                    and pull["head"]["repo"]["full_name"].startswith(f"{owner}/")
                )
            )
        ]
        return 200, found

    def create_pull(self, token: Token, received: Received) -> tuple[int, Any]:
        if "pulls" not in token.may_write:
            raise _RefusedError(403, "Resource not accessible by integration")
        body = received.body
        if body["head"] not in self.branches:
            raise _RefusedError(
                422,
                "Validation Failed",
                errors=[{"resource": "PullRequest", "field": "head", "code": "invalid"}],
            )
        for wrong, said in (
            (self.branches[body["head"]] == self.branches.get(body["base"]), "No commits between"),
            (any(p["head"]["ref"] == body["head"] and p["state"] == "open" for p in self.pulls.values()),
             "A pull request already exists for"),
        ):  # fmt: skip
            if wrong:
                error = {"resource": "PullRequest", "code": "custom", "message": f"{said} {body['head']}"}
                raise _RefusedError(422, "Validation Failed", errors=[error])
        number = max(self.pulls, default=0) + 1
        self.open(
            number, self.branches[body["head"]], branch=body["head"], title=body["title"],
            body=body.get("body", ""), base=body["base"],
        )  # fmt: skip
        return 201, self.pulls[number]

    def pull(self, token: Token, received: Received, number: str) -> tuple[int, Any]:
        return 200, self._pull(number)

    def update_pull(self, token: Token, received: Received, number: str) -> tuple[int, Any]:
        if "pulls" not in token.may_write:
            raise _RefusedError(403, "Resource not accessible by integration")
        found = self._pull(number)
        found.update({key: received.body[key] for key in ("title", "body", "state") if key in received.body})
        return 200, found

    def list_reviews(self, token: Token, received: Received, number: str) -> tuple[int, Any]:
        self._pull(number)
        return 200, self.reviews[int(number)]

    def permission(self, token: Token, received: Received, login: str) -> tuple[int, Any]:
        # a public repository: everybody may read it
        return 200, {"permission": self.permissions.get(login, "read"), "user": {"login": login}}

    def list_comments(self, token: Token, received: Received, number: str) -> tuple[int, Any]:
        self._pull(number)
        return 200, self.comments[int(number)]

    def create_comment(self, token: Token, received: Received, number: str) -> tuple[int, Any]:
        if "comments" not in token.may_write:
            raise _RefusedError(403, "Resource not accessible by integration")
        self._pull(number)
        return 201, self.comment(int(number), _body_of(received), token.writes_as)

    def update_comment(self, token: Token, received: Received, identity: str) -> tuple[int, Any]:
        if "comments" not in token.may_write:
            raise _RefusedError(403, "Resource not accessible by integration")
        for comments in self.comments.values():
            for found in comments:
                if found["id"] == int(identity):
                    if (found["user"] or {}).get("login") != token.writes_as:
                        raise _RefusedError(403, "Resource not accessible by integration")
                    found["body"] = _body_of(received)
                    return 200, found
        raise _RefusedError(404, "Not Found")

    def create_check_run(self, token: Token, received: Received) -> tuple[int, Any]:
        if "check-runs" not in token.may_write:
            raise _RefusedError(403, "Resource not accessible by integration")
        body = received.body
        if body["head_sha"] not in self.commits:
            raise _RefusedError(422, f"No commit found for SHA: {body['head_sha']}")
        output = body["output"]
        for name in ("summary", "text"):
            size = len(output.get(name, ""))
            if size > MOST_SUMMARY:
                said = f"Only {MOST_SUMMARY} characters are allowed; {size} were supplied."
                raise _RefusedError(422, f"Invalid request.\n\n{said}")
        if body["status"] == "completed" and body["conclusion"] not in ("success", "failure", "neutral"):
            raise _RefusedError(422, "Invalid request.\n\nconclusion is not a member of the list")
        identity = next(self._ids)
        page = f"https://github.com/{REPOSITORY}/runs/{identity}"
        found = {**body, "id": identity, "html_url": page}
        self.check_runs.append(found)
        return 201, found

    def list_check_runs(self, token: Token, received: Received, commit: str) -> tuple[int, Any]:
        name = received.query.get("check_name")
        found = [run for run in self.check_runs if run["head_sha"] == commit and name in (None, run["name"])]
        return 200, {"total_count": len(found), "check_runs": found}

    def _pull(self, number: str) -> Json:
        found = self.pulls.get(int(number))
        if found is None:
            raise _RefusedError(404, "Not Found")
        return found


_R = re.escape(f"/repos/{REPOSITORY}")
_ROUTES: list[tuple[str, str, Callable[..., tuple[int, Any]]]] = [
    ("GET", "/user", GitHubServer.user),
    ("GET", _R, GitHubServer.repository),
    ("GET", f"{_R}/pulls", GitHubServer.list_pulls),
    ("POST", f"{_R}/pulls", GitHubServer.create_pull),
    ("GET", rf"{_R}/pulls/(\d+)", GitHubServer.pull),
    ("PATCH", rf"{_R}/pulls/(\d+)", GitHubServer.update_pull),
    ("GET", rf"{_R}/pulls/(\d+)/reviews", GitHubServer.list_reviews),
    ("GET", rf"{_R}/collaborators/([^/]+)/permission", GitHubServer.permission),
    ("GET", rf"{_R}/issues/(\d+)/comments", GitHubServer.list_comments),
    ("POST", rf"{_R}/issues/(\d+)/comments", GitHubServer.create_comment),
    ("PATCH", rf"{_R}/issues/comments/(\d+)", GitHubServer.update_comment),
    ("POST", rf"{_R}/check-runs", GitHubServer.create_check_run),
    ("GET", rf"{_R}/commits/(\w+)/check-runs", GitHubServer.list_check_runs),
]


def _body_of(received: Received) -> str:
    body = received.body.get("body")
    if not isinstance(body, str) or not body.strip():
        said = "body can't be blank"
    elif len(body) > MOST_BODY:
        said = f"body is too long (maximum is {MOST_BODY} characters)"
    else:
        return body
    error = {"resource": "IssueComment", "code": "custom", "field": "body", "message": said}
    raise _RefusedError(422, "Validation Failed", errors=[error])


def _error(message: str, status: int, **more: Any) -> Json:
    return {"message": message, "documentation_url": DOCUMENTATION, "status": str(status), **more}


class _Handler(Handler):
    def respond(self) -> None:
        owner = cast("GitHubServer", self.server.owner)
        headers, body = self.asked()
        parts = urlsplit(self.path)
        received = Received(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
        fault = owner.take(received)
        if isinstance(fault, int):
            fault = Refusal(fault)
        if isinstance(fault, Refusal):
            said = _error(fault.message, fault.status) if fault.body is None else fault.body
            self.send(fault.status, said, fault.headers)
            return
        if fault != "drop":
            status, found = owner.answer(received)
            if fault is None:
                self.send(status, *self._paged(status, found, received))
                return
        self.drop()

    def _paged(self, status: int, body: Any, received: Received) -> tuple[Any, Mapping[str, str]]:
        items = body.get("check_runs") if isinstance(body, dict) else body
        if status != 200 or not isinstance(items, list):
            return body, {}
        size = min(int(received.query.get("per_page", "30")), 100)
        page, last = int(received.query.get("page", "1")), max(1, -(-len(items) // size))
        part = items[(page - 1) * size : page * size]
        shown = {**body, "check_runs": part} if isinstance(body, dict) else part
        if page >= last:
            return shown, {}
        below = received.path.replace(f"/repos/{REPOSITORY}", f"/repositories/{REPOSITORY_ID}")
        rest = "&".join(f"{key}={value}" for key, value in received.query.items() if key != "page")
        address = f"{self.server.owner.address}{below}?{rest}"
        link = f'<{address}&page={page + 1}>; rel="next", <{address}&page={last}>; rel="last"'
        return shown, {"Link": link}
