"""`llmops ci publish`: what a report may be bound to where a run left nothing, or where others made check runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.support.github_job import Job
from tests.support.github_server import ACTIONS, GitHubServer
from tests.support.project import Project, Result, greeting_project

HEAD, NEXT, BASE = "1" * 40, "2" * 40, "d" * 40


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        server.open(12, head=HEAD, fork="eve/prompts")
        yield server


@pytest.fixture
def job(tmp_path: Path, server: GitHubServer) -> Job:
    return Job(tmp_path / "job", server)


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The run file of a run that passes."""
    project = greeting_project(Project.create(tmp_path_factory.mktemp("runs") / "project"))
    project.llmops("eval")
    return max((project.root / ".llmops/runs").glob("*.json")).read_text(encoding="utf-8")


def publish(job: Job, *options: str) -> Result:
    return Project(job.place, None).llmops("ci", "publish", str(job.folder), *options, env=job.environment)


def comments(server: GitHubServer) -> list[str]:
    return [one["body"] for one in server.comments[12] if one["user"] == {"login": ACTIONS}]


def checks(server: GitHubServer) -> list[tuple[str, str]]:
    return [(run["head_sha"], run["conclusion"]) for run in server.check_runs]


def made(server: GitHubServer, external_id: str | None, conclusion: str | None) -> None:
    """A check run that is there already, of our name."""
    run: dict[str, Any] = {
        "name": "llmops",
        "head_sha": HEAD,
        "status": "completed",
        "conclusion": conclusion,
    }
    server.check_runs.append({**run, "external_id": external_id, "id": 1, "html_url": ""})


class TestTrustedJudgement:
    """The fork's own run changes nothing once a run with keys has judged: which check runs say so."""

    @pytest.mark.parametrize(
        ("external_id", "conclusion", "judged"),
        [
            (f"77-1-{'a' * 16}", "success", True),
            (f"77-1-{'a' * 16}", "failure", True),
            (f"77-1-{'a' * 16}", "neutral", False),  # no verdict, such as "eval ended with 2"
            (f"77-1-{'a' * 16}", None, False),
            ("1fa0f9a3-33a1-5f4e-a4c1-9d3f9b0c9d55", "success", False),  # a job of the fork's, called llmops
            ("", "failure", False),
            (None, "failure", False),
            (f"fork-77-1-{'a' * 16}", "failure", False),
            (f"77-1-{'a' * 16}\n", "failure", False),
        ],
    )
    def test_only_a_verdict_of_our_own_counts(
        self, job: Job, server: GitHubServer, passing: str, external_id: str | None, conclusion: str | None,
        judged: bool,
    ) -> None:  # fmt: skip
        made(server, external_id, conclusion)
        result = publish(job.on_workflow_run(HEAD).artifact(passing, 0, pull_request=12))

        assert result.exit_code == ExitCode.PASS
        assert ("a trusted run has judged 1111111 already" in result.stderr) is judged
        assert len(server.check_runs) == (1 if judged else 2)

    def test_ours_are_of_that_form(self, job: Job, server: GitHubServer, passing: str) -> None:
        server.open(12, head=HEAD)
        publish(job.on_pull_request(12, HEAD).artifact(passing, 0))
        publish(job.on_workflow_run(HEAD).artifact(passing, 0, pull_request=12))

        assert [run["conclusion"] for run in server.check_runs] == ["success"]


class TestNothingLeft:
    """The job that evaluates failed before it could upload anything: the event alone says what it was about."""

    @pytest.mark.parametrize("gone", [True, False], ids=["no folder", "an empty folder"])
    def test_of_a_pull_request_it_turns_comment_and_check(
        self, job: Job, server: GitHubServer, passing: str, gone: bool
    ) -> None:
        publish(job.on_pull_request(12, HEAD).artifact(passing, 0))
        server.push(12, NEXT)
        job.on_pull_request(12, NEXT)
        empty(job, gone=gone)
        result = publish(job)

        assert result.exit_code == ExitCode.PASS
        assert checks(server) == [(HEAD, "success"), (NEXT, "neutral")]
        assert server.check_runs[-1]["output"]["title"] == "no run was left"
        (comment,) = comments(server)
        assert "no run was left: the job that evaluates failed" in comment
        assert job.outputs["verdict"] == "INCONCLUSIVE"

    def test_it_is_red_where_a_verdict_is_wanted(self, job: Job, server: GitHubServer) -> None:
        empty(job.on_pull_request(12, HEAD))
        publish(job, "--inconclusive", "fail")

        assert checks(server) == [(HEAD, "failure")]

    def test_it_washes_no_verdict_of_the_same_commit_away(
        self, job: Job, server: GitHubServer, passing: str
    ) -> None:
        """A run that is started again and cancelled, say."""
        publish(job.on_pull_request(12, HEAD).artifact(passing, 0))
        before = comments(server)
        empty(job)
        result = publish(job)

        assert "a run that left nothing changes nothing" in result.stderr
        assert (checks(server), comments(server)) == ([(HEAD, "success")], before)

    def test_an_older_head_keeps_its_hands_off_the_comment(self, job: Job, server: GitHubServer) -> None:
        server.push(12, NEXT)
        empty(job.on_pull_request(12, HEAD))
        result = publish(job)

        assert "has moved on" in result.stderr
        assert (checks(server), comments(server)) == ([(HEAD, "neutral")], [])

    def test_of_a_fork_there_is_a_check_and_no_comment(self, job: Job, server: GitHubServer) -> None:
        """`workflow_run` names no pull request of a fork's."""
        empty(job.on_workflow_run(HEAD))
        result = publish(job)

        assert result.exit_code == ExitCode.PASS
        assert (checks(server), comments(server)) == ([(HEAD, "neutral")], [])
        assert server.check_runs[0]["external_id"].startswith("fork-")

    @pytest.mark.parametrize(
        ("named", "seen"), [((12,), 1), ((), 0), ((12, 13), 0), ((13,), 0)],
        ids=["one", "none", "two", "another branch's"],
    )  # fmt: skip
    def test_of_a_branch_here_the_event_may_name_the_pull_request(
        self, job: Job, server: GitHubServer, named: tuple[int, ...], seen: int
    ) -> None:
        server.open(12, head=HEAD)
        server.open(13, head=NEXT, branch="another")
        job.on_workflow_run(HEAD, fork="octo/prompts")
        job.event["workflow_run"]["pull_requests"] = [{"number": number} for number in named]
        empty(job.save())
        publish(job)

        assert checks(server) == [(HEAD, "neutral")]
        assert len(comments(server)) == seen
        assert server.comments[13] == []

    def test_of_a_run_with_keys_nobody_can_say_the_commit(self, job: Job, server: GitHubServer) -> None:
        """As where the keys were refused: its event's commit is the base's."""
        empty(job.on_workflow_run(BASE, event="pull_request_target"))
        result = publish(job)

        assert result.exit_code == ExitCode.PASS
        assert "nobody can say which commit it was about" in result.stderr
        assert server.writes == []

    def test_an_event_without_a_pull_request_has_a_check(self, job: Job, server: GitHubServer) -> None:
        server.commits.add(NEXT)
        empty(job.on("merge_group", {}, sha=NEXT))
        publish(job)

        assert checks(server) == [(NEXT, "neutral")]


def empty(job: Job, *, gone: bool = True) -> Job:
    """Nothing was downloaded."""
    for path in job.folder.iterdir():
        path.unlink()
    if gone:
        job.folder.rmdir()
    return job


def test_a_force_push_in_the_middle_of_a_run_with_keys_ends_calmly(
    job: Job, server: GitHubServer, passing: str
) -> None:
    job.on_workflow_run(BASE, event="pull_request_target").artifact(passing, 0, pull_request=12, head=HEAD)
    server.push(12, NEXT)
    result = publish(job)

    assert result.exit_code == ExitCode.PASS
    assert "pull request 12 has moved on from 1111111 to 2222222 while keys were used for it" in result.stderr
    assert server.writes == []
