"""The client of GitHub's API against a server that behaves and misbehaves as GitHub does."""

import random
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest

from llmops_cli.errors import ExitCode, UserError
from llmops_cli.integrations.github import CheckRun, Comment, GitHub
from llmops_cli.integrations.github_http import (
    LONGEST_WAIT,
    PATIENCE,
    GitHubRefusedError,
    GitHubUnreachableError,
)
from tests.support.github_server import ACTIONS, REPOSITORY, GitHubServer, Refusal

HEAD = "1" * 40
TOKEN = GitHubServer.write_token


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        server.open(12, head=HEAD)
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


Connect = Callable[..., GitHub]


@pytest.fixture
def connect(server: GitHubServer, waits: list[float]) -> Iterator[Connect]:
    clients: list[GitHub] = []

    def make(token: str = TOKEN) -> GitHub:
        client = GitHub(REPOSITORY, token, server.url, sleep=waits.append, rng=random.Random(1))
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.__exit__(None, None, None)


def mine(comment: Comment) -> bool:
    return comment.author == ACTIONS and comment.body.endswith("mark")


def check_run(**parts: str) -> CheckRun:
    known = {"name": "llmops", "head": HEAD, "title": "t", "summary": "s", "external_id": "one", **parts}
    return CheckRun(conclusion="success", **known)


def test_a_pull_request_is_read(connect: Connect, server: GitHubServer) -> None:
    server.open(7, head="7" * 40, branch="patch-1", fork="eve/prompts", labels=("a", "b"), body="why")

    found = connect().pull_request(7)

    assert (found.number, found.state, found.head, found.head_ref) == (7, "open", "7" * 40, "patch-1")
    assert (found.head_repository, found.labels, found.body) == ("eve/prompts", ("a", "b"), "why")


def test_a_fork_that_was_deleted_and_an_account_that_was_deleted(
    connect: Connect, server: GitHubServer
) -> None:
    server.pulls[12]["head"]["repo"] = None
    server.comment(12, "old", author=None)
    server.review(12, None, HEAD)

    assert connect().pull_request(12).head_repository is None
    assert [comment.author for comment in connect().comments(12)] == [None]
    assert [review.author for review in connect().reviews(12)] == [None]


def test_comments_of_all_pages_come_in_order(connect: Connect, server: GitHubServer) -> None:
    for number in range(250):
        server.comment(12, f"number {number}")

    found = [comment.body for comment in connect().comments(12)]

    assert found == [f"number {number}" for number in range(250)]
    assert [one.query.get("per_page") for one in server.seen("GET", "/comments")] == ["100"] * 3


def test_a_next_page_on_another_server_is_not_asked(connect: Connect, server: GitHubServer) -> None:
    with GitHubServer() as other:
        elsewhere = {"Link": f'<{other.url}/repos/{REPOSITORY}/issues/12/comments>; rel="next"'}
        server.fail("GET", "/comments", Refusal(200, elsewhere, body=[]))

        with pytest.raises(GitHubUnreachableError, match="lies on another server"):
            list(connect().comments(12))

        assert other.requests == []


def test_who_the_token_belongs_to(connect: Connect) -> None:
    assert connect().login() is None
    assert connect(GitHubServer.person_token).login() == "ada"


@pytest.mark.parametrize(
    ("login", "permission"),
    [("ada", "admin"), ("bob", "write"), ("eve", "read"), ("dependabot[bot]", "read")],
)
def test_what_somebody_may_do(connect: Connect, login: str, permission: str) -> None:
    assert connect().permission(login) == permission


def test_outages_are_tried_again_and_waited_for_in_growing_steps(
    connect: Connect, server: GitHubServer, waits: list[float]
) -> None:
    server.fail("GET", "/pulls/12", 502, "drop", 500, 503)

    assert connect().pull_request(12).number == 12
    assert len(waits) == 4
    assert all(0 <= wait <= ceiling for wait, ceiling in zip(waits, (1, 2, 4, 8), strict=True))


def test_an_outage_that_lasts_is_said_and_is_no_verdict(connect: Connect, server: GitHubServer) -> None:
    server.fail("GET", "/pulls/12", *[503] * 20)

    with pytest.raises(GitHubUnreachableError, match="status 503") as caught:
        connect().pull_request(12)

    assert caught.value.exit_code == ExitCode.INCONCLUSIVE
    assert len(server.requests) == 6


def test_nobody_listens(waits: list[float]) -> None:
    with GitHubServer() as server:
        url = server.url
    client = GitHub(REPOSITORY, TOKEN, url, sleep=waits.append)
    with client, pytest.raises(GitHubUnreachableError, match="ConnectError"):
        client.pull_request(1)

    assert len(waits) == 5


LIMITS = [
    Refusal(429, {"Retry-After": "7"}, "Too many requests"),
    Refusal(403, {"Retry-After": "7"}, "You have exceeded a secondary rate limit."),
    Refusal(403, {"Retry-After": "7"}, "slow down"),
]


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: f"{limit.status} {limit.message[:8]}")
def test_a_limit_of_requests_is_waited_out(
    connect: Connect, server: GitHubServer, waits: list[float], limit: Refusal
) -> None:
    server.fail("POST", "/comments", limit)

    assert connect().create_comment(12, "hello", mine).body == "hello"
    assert len(waits) == 1
    assert 7 <= waits[0] < 8.1
    assert len(server.comments[12]) == 1
    assert server.seen("GET") == [], "what was refused was not done: there is nothing to look for"


def test_the_hour_of_the_primary_limit_is_waited_for_by_githubs_clock(
    connect: Connect, server: GitHubServer, waits: list[float]
) -> None:
    then = 1_700_000_000
    headers = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(then + 20),
        "Date": formatdate(then, usegmt=True),
    }
    server.fail("GET", "/pulls/12", Refusal(403, headers, "API rate limit exceeded for installation ID 1."))

    connect().pull_request(12)

    assert waits == [21.0]


def test_a_secondary_limit_without_a_header_waits_a_minute(
    connect: Connect, server: GitHubServer, waits: list[float]
) -> None:
    server.fail("GET", "/pulls/12", Refusal(403, {}, "You have exceeded a secondary rate limit"))

    connect().pull_request(12)

    assert waits == [60.0]


def test_a_wait_of_an_hour_is_not_waited(connect: Connect, server: GitHubServer, waits: list[float]) -> None:
    reset = str(int(time.time()) + 3000)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    server.fail("GET", "/pulls/12", Refusal(429, headers, "API rate limit exceeded"))

    with pytest.raises(GitHubUnreachableError, match=f"more than {LONGEST_WAIT:.0f} s"):
        connect().pull_request(12)

    assert waits == []


def test_waiting_has_an_end_over_all_requests(
    connect: Connect, server: GitHubServer, waits: list[float]
) -> None:
    client = connect()
    server.fail("GET", "/pulls/12", *[Refusal(429, {"Retry-After": "50"})] * 9)

    with pytest.raises(GitHubUnreachableError, match="of waiting"):
        client.pull_request(12)

    assert sum(waits) <= PATIENCE
    assert len(waits) == 3


def test_a_comment_whose_answer_was_lost_is_not_written_twice(connect: Connect, server: GitHubServer) -> None:
    server.fail("POST", "/comments", "drop after")

    found = connect().create_comment(12, "text mark", mine)

    assert [comment["id"] for comment in server.comments[12]] == [found.id]


@pytest.mark.parametrize("fault", ["drop", 502])
def test_a_comment_that_was_not_written_is_written(
    connect: Connect, server: GitHubServer, fault: object
) -> None:
    server.comment(12, "text mark", author="another[bot]")
    server.fail("POST", "/comments", fault)  # type: ignore[arg-type]

    connect().create_comment(12, "text mark", mine)

    assert [comment["user"]["login"] for comment in server.comments[12]] == ["another[bot]", ACTIONS]


def test_a_check_run_whose_answer_was_lost_is_not_made_twice(connect: Connect, server: GitHubServer) -> None:
    client = connect()
    client.create_check_run(check_run(external_id="zero"))
    server.fail("POST", "/check-runs", "drop after", "drop")

    client.create_check_run(check_run(external_id="one"))
    client.create_check_run(check_run(external_id="two"))

    assert [run["external_id"] for run in server.check_runs] == ["zero", "one", "two"]


def test_a_pull_request_whose_answer_was_lost_is_found(connect: Connect, server: GitHubServer) -> None:
    server.branches["llmops/baseline"] = "b" * 40
    server.fail("POST", "/pulls", "drop after")

    found = connect().create_pull_request("llmops/baseline", "main", "New answers", "text")

    assert (found.number, len(server.pulls)) == (13, 2)


def test_a_branch_of_a_fork_with_the_same_name_is_not_ours(connect: Connect, server: GitHubServer) -> None:
    server.open(13, head="3" * 40, branch="llmops/baseline", fork="octo-fork/prompts")

    assert connect().open_pull_request("llmops/baseline") is None


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_a_refusal_is_told_once(connect: Connect, server: GitHubServer, status: int) -> None:
    server.fail("GET", "/pulls/12", Refusal(status, {}, "because"))

    with pytest.raises(GitHubRefusedError, match=f"GitHub answers {status} to GET .*: because") as caught:
        connect().pull_request(12)

    assert caught.value.exit_code == ExitCode.USAGE
    assert len(server.requests) == 1


def test_a_redirection_is_not_followed(connect: Connect, server: GitHubServer) -> None:
    server.fail("GET", "/pulls/12", Refusal(301, {"Location": "http://127.0.0.1:9/"}, "Moved Permanently"))

    with pytest.raises(GitHubRefusedError, match="301"):
        connect().pull_request(12)


def test_what_is_wrong_with_a_body_is_told(connect: Connect) -> None:
    with pytest.raises(GitHubRefusedError, match="body is too long"):
        connect().create_comment(12, "x" * 65_537, mine)
    with pytest.raises(GitHubRefusedError, match="Only 65535 characters are allowed"):
        connect().create_check_run(check_run(summary="x" * 65_536))


@pytest.mark.parametrize(
    "body", [[], {}, {"number": "12"}, {"number": 12, "state": "open", "head": []}, "text", 7]
)
def test_an_answer_of_another_shape_is_no_bug(connect: Connect, server: GitHubServer, body: object) -> None:
    server.pulls[12] = body  # type: ignore[assignment]

    with pytest.raises(GitHubUnreachableError, match="another shape"):
        connect().pull_request(12)


def test_the_token_stands_in_no_message(connect: Connect, server: GitHubServer) -> None:
    server.fail("GET", "/pulls/12", Refusal(403, {}, f"the token {TOKEN} may not"))

    with pytest.raises(GitHubRefusedError) as caught:
        connect().pull_request(12)

    assert TOKEN not in str(caught.value)
    assert "[token]" in str(caught.value)


@pytest.mark.parametrize("token", ["", "ghs_abc\n", "two words", "ghs_é"])
def test_a_token_that_is_none_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(UserError) as caught:
        GitHub(REPOSITORY, token)

    assert not token or token.strip() not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com", "http://127.0.0.1.example.com", "ftp://api.github.com", "api.github.com", "",
        "https://", "https://user:password@api.github.com", "https://api.github.com?x=1", "https://[", "file:///etc",
    ],
)  # fmt: skip
def test_an_address_that_would_send_the_token_in_the_open_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="GITHUB_API_URL"):
        GitHub(REPOSITORY, TOKEN, url)


@pytest.mark.parametrize(
    "url", ["https://api.github.com/", "https://ghe.example/api/v3", "http://localhost:3000"]
)
def test_good_addresses(url: str) -> None:
    assert GitHub(REPOSITORY, TOKEN, url).repository == REPOSITORY


@pytest.mark.parametrize(
    "name", ["", "octo", "octo/", "a/b/c", "../..", "octo/..", "octo/pro mpts", "octo/p?x"]
)
def test_what_is_no_repository(name: str) -> None:
    with pytest.raises(UserError, match="is no repository"):
        GitHub(name, TOKEN)
