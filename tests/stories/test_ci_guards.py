"""`llmops ci authorize` and `propose`, against GitHub's API on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from llmops_cli.integrations import github_http
from tests.support.github_job import Job
from tests.support.github_server import GitHubServer, Refusal
from tests.support.project import Project, Result

HEAD, OLD = "1" * 40, "0" * 39 + "1"
LABEL = "llmops-run"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    monkeypatch.setattr(github_http, "_pause", lambda seconds: None)
    with GitHubServer() as server:
        server.open(12, head=HEAD, fork="eve/prompts", labels=(LABEL, "bug"))
        yield server


@pytest.fixture
def job(tmp_path: Path, server: GitHubServer) -> Job:
    job = Job(tmp_path / "job", server)
    return job.on_pull_request(12, HEAD, name="pull_request_target", action="labeled", label=LABEL)


def llmops(job: Job, *arguments: str) -> Result:
    return Project(job.place, None).llmops("ci", *arguments, env=job.environment)


def refused(job: Job, *options: str) -> str:
    """What is said by a guard that lets nobody through."""
    result = llmops(job, "authorize", *options)
    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert result.stdout == ""
    assert job.outputs == {}, "no commit goes to the next step"
    return result.stderr


@pytest.mark.parametrize("state", ["APPROVED", "COMMENTED"])
def test_a_review_of_that_commit_by_somebody_who_may_write(
    job: Job, server: GitHubServer, state: str
) -> None:
    server.review(12, "bob", HEAD, state)
    result = llmops(job, "authorize")

    assert result.exit_code == ExitCode.PASS
    assert job.outputs == {"sha": HEAD, "pull_request": "12"}
    assert "was reviewed by bob" in result.stdout
    assert server.writes == []


def test_no_review(job: Job) -> None:
    said = refused(job)

    assert "nobody with write permission has reviewed 1111111" in said
    assert f"take the label {LABEL} off and set it again" in said


@pytest.mark.parametrize(
    ("author", "commit", "state"),
    [
        ("bob", OLD, "APPROVED"),
        ("eve", HEAD, "APPROVED"),
        ("stranger", HEAD, "APPROVED"),
        (None, HEAD, "APPROVED"),
        ("bob", HEAD, "DISMISSED"),
        ("bob", HEAD, "PENDING"),
        ("bob", HEAD, "CHANGES_REQUESTED"),
    ],
)
def test_a_review_that_does_not_count(
    job: Job, server: GitHubServer, author: str | None, commit: str, state: str
) -> None:
    server.review(12, author, commit, state)

    assert "nobody with write permission" in refused(job)


def test_among_many_reviews_the_one_that_counts_is_found_and_each_person_asked_for_once(
    job: Job, server: GitHubServer
) -> None:
    server.review(12, "bob", HEAD)
    for _ in range(150):
        server.review(12, "eve", HEAD, "COMMENTED")

    assert llmops(job, "authorize").exit_code == ExitCode.PASS
    assert len(server.seen("GET", "/permission")) == 3, "who set the label, and both reviewers"
    assert len(server.seen("GET", "/reviews")) == 2


@pytest.mark.parametrize(
    ("states", "through"),
    [
        (("APPROVED", "CHANGES_REQUESTED"), False),
        (("APPROVED", "DISMISSED"), False),
        (("CHANGES_REQUESTED", "APPROVED"), True),
        (("APPROVED", "PENDING"), True),
        (("APPROVED", "COMMENTED"), True),
    ],
)
def test_the_latest_review_of_a_person_decides(
    job: Job, server: GitHubServer, states: tuple[str, ...], through: bool
) -> None:
    for state in states:
        server.review(12, "bob", HEAD, state)

    assert (llmops(job, "authorize").exit_code == ExitCode.PASS) is through


def test_an_approval_of_an_older_commit_does_not_outlive_a_later_word_on_this_one(
    job: Job, server: GitHubServer
) -> None:
    server.review(12, "bob", HEAD, "CHANGES_REQUESTED")
    server.review(12, "bob", OLD, "APPROVED")

    assert "without asking for changes" in refused(job)


@pytest.mark.parametrize("sender", ["eve", "stranger", None])
def test_a_label_that_somebody_without_write_permission_set(
    job: Job, server: GitHubServer, sender: str | None
) -> None:
    """Who may only sort issues may set labels."""
    server.review(12, "bob", HEAD)
    job.event["sender"] = None if sender is None else {"login": sender}

    assert "set the label and has no write permission" in refused(job.save())


def test_a_refusal_is_said_in_the_jobs_summary(job: Job) -> None:
    refused(job)

    assert "The keys may not be used" in job.summary
    assert "nobody with write permission has reviewed 1111111" in job.summary
    assert f"take the label {LABEL} off" in job.summary


def test_a_head_that_moved_after_the_label(job: Job, server: GitHubServer) -> None:
    server.review(12, "bob", HEAD)
    server.push(12, "2" * 40)

    assert "moved on from 1111111 to 2222222 after the label was set" in refused(job)


def test_a_label_that_was_taken_off_again(job: Job, server: GitHubServer) -> None:
    server.review(12, "bob", HEAD)
    server.pulls[12]["labels"] = [{"name": "bug"}]

    assert f"lacks the label {LABEL}" in refused(job)


def test_another_label(job: Job, server: GitHubServer) -> None:
    server.review(12, "bob", HEAD)
    job.event["label"] = {"name": "bug"}

    assert "another label" in refused(job.save())


def test_a_label_of_ones_own(job: Job, server: GitHubServer) -> None:
    server.review(12, "bob", HEAD)
    server.pulls[12]["labels"] = [{"name": "Run With Keys"}]
    job.event["label"] = {"name": "Run With Keys"}
    job.save()

    assert llmops(job, "authorize", "--label", "run with keys").exit_code == ExitCode.PASS


def test_a_pull_request_that_is_closed(job: Job, server: GitHubServer) -> None:
    server.review(12, "bob", HEAD)
    server.pulls[12]["state"] = "closed"

    assert "pull request 12 is closed" in refused(job)


def test_an_event_of_no_pull_request(job: Job) -> None:
    result = llmops(job.on("push", {}, sha=HEAD), "authorize")

    assert result.exit_code == ExitCode.USAGE
    assert "push is no event of a pull request" in result.stderr


def test_an_outage_authorizes_nobody(job: Job, server: GitHubServer) -> None:
    server.review(12, "bob", HEAD)
    server.fail("GET", "/permission", *[500] * 9)

    assert "gives no answer" in refused(job)


def test_a_permission_that_may_not_be_asked_authorizes_nobody(job: Job, server: GitHubServer) -> None:
    server.review(12, "bob", HEAD)
    server.fail("GET", "/permission", Refusal(403, {}, "Resource not accessible by integration"))
    result = llmops(job, "authorize")

    assert result.exit_code == ExitCode.USAGE
    assert "Resource not accessible by integration" in result.stderr
    assert job.outputs == {}


# propose


@pytest.fixture
def nightly(job: Job, server: GitHubServer) -> Job:
    server.branches["llmops/baseline"] = "b" * 40
    return job.on("schedule", {}, sha=HEAD)


def propose(job: Job, *options: str, branch: str = "llmops/baseline", title: str = "Fresh answers") -> Result:
    return llmops(job, "propose", "--branch", branch, "--title", title, *options)


def test_a_pull_request_is_opened_then_updated_then_left_alone(nightly: Job, server: GitHubServer) -> None:
    first = propose(nightly, "--body", "Monday")
    second = propose(nightly, "--body", "Tuesday", title="Fresher answers")
    third = propose(nightly, "--body", "Tuesday", title="Fresher answers")

    assert [result.stdout.split(" https")[0] for result in (first, second, third)] == [
        "pull request 13 created",
        "pull request 13 updated",
        "pull request 13 already says so",
    ]
    assert list(server.pulls) == [12, 13]
    found = server.pulls[13]
    assert (found["title"], found["body"], found["base"]["ref"]) == ("Fresher answers", "Tuesday", "main")
    assert [one.method for one in server.writes] == ["POST", "PATCH"]
    assert nightly.outputs == {"pull_request": "13", "url": "https://github.com/octo/prompts/pull/13"}


def test_a_closed_one_is_not_opened_again(nightly: Job, server: GitHubServer) -> None:
    propose(nightly)
    server.pulls[13]["state"] = "closed"

    assert "pull request 14 created" in propose(nightly).stdout


def test_the_same_branch_of_a_fork_is_somebody_elses(nightly: Job, server: GitHubServer) -> None:
    server.open(13, head="3" * 40, branch="llmops/baseline", fork="octo/fork")
    server.open(14, head="3" * 40, branch="llmops/baseline", fork="eve/prompts")
    server.pulls[13]["head"]["ref"] = "llmops/baseline"
    server.fail(
        "POST", "/pulls", Refusal(403, {}, "GitHub Actions is not permitted to create pull requests.")
    )
    result = propose(nightly)

    assert server.seen("PATCH") == []
    assert result.exit_code == ExitCode.USAGE


def test_a_lost_answer_does_not_open_two(nightly: Job, server: GitHubServer) -> None:
    server.fail("POST", "/pulls", "drop after")

    assert propose(nightly).exit_code == ExitCode.PASS
    assert list(server.pulls) == [12, 13]


def test_another_base(nightly: Job, server: GitHubServer) -> None:
    server.branches["release/1"] = "c" * 40
    propose(nightly, "--base", "release/1")

    assert server.pulls[13]["base"]["ref"] == "release/1"


def test_the_default_branch_is_asked_where_the_event_does_not_say(nightly: Job, server: GitHubServer) -> None:
    del nightly.event["repository"]["default_branch"]
    nightly.save()

    assert propose(nightly).exit_code == ExitCode.PASS
    assert server.pulls[13]["base"]["ref"] == "main"


def test_nothing_to_propose(nightly: Job, server: GitHubServer) -> None:
    server.branches["llmops/baseline"] = server.branches["main"]
    result = propose(nightly)

    assert result.exit_code == ExitCode.USAGE
    assert "has nothing that main has not" in result.stderr


def test_a_branch_that_was_not_pushed(nightly: Job) -> None:
    result = propose(nightly, branch="nowhere")

    assert result.exit_code == ExitCode.USAGE
    assert "Validation Failed" in result.stderr


def test_a_token_that_may_not_says_where_it_is_allowed(nightly: Job, server: GitHubServer) -> None:
    nightly.environment["GITHUB_TOKEN"] = server.read_token
    result = propose(nightly)

    assert result.exit_code == ExitCode.USAGE
    assert "allow GitHub Actions to create pull requests" in result.both


@pytest.mark.parametrize("ref", ["refs/heads/feature", "refs/tags/main", "refs/pull/12/merge", ""])
def test_what_another_branch_has_pushed_is_not_proposed(job: Job, server: GitHubServer, ref: str) -> None:
    server.branches["llmops/baseline"] = "b" * 40
    job.on("workflow_dispatch", {}, sha=HEAD).environment["GITHUB_REF"] = ref

    result = propose(job)

    assert result.exit_code == ExitCode.USAGE
    assert "its commits would go into the pull request to main" in result.stderr
    assert server.writes == []


def test_started_by_hand_on_the_branch_that_it_goes_to(job: Job, server: GitHubServer) -> None:
    server.branches |= {"llmops/baseline": "b" * 40, "release/1": "c" * 40}
    job.on("workflow_dispatch", {}, sha=HEAD).environment["GITHUB_REF"] = "refs/heads/main"
    assert propose(job, "--base", "release/1").exit_code == ExitCode.USAGE

    assert "pull request 13 created" in propose(job).stdout


@pytest.mark.parametrize("name", ["", "-x", "a b", "a..b", "a:b", "/a", "a/", "a\nb", "a&state=all"])
def test_what_is_no_branch(nightly: Job, server: GitHubServer, name: str) -> None:
    result = llmops(nightly, "propose", f"--branch={name}", "--title", "t")

    assert result.exit_code == ExitCode.USAGE
    assert "is no name of a branch" in result.stderr
    assert server.requests == []
