"""`llmops ci publish`: a report on a pull request, against GitHub's API on loopback."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from llmops_cli.integrations import github_http
from llmops_cli.reporters import markdown
from tests.support.github_job import Job
from tests.support.github_server import ACTIONS, GitHubServer, Refusal
from tests.support.project import Project, Result, greeting_project

HEAD, NEXT, OTHER = "1" * 40, "2" * 40, "3" * 40
MARK = "<!-- llmops:llmops -->"
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        server.open(12, head=HEAD)
        yield server


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nothing sleeps; what would have been waited is noted."""
    waited: list[float] = []
    monkeypatch.setattr(github_http, "_pause", waited.append)
    return waited


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Run files of real runs, by verdict."""
    project = greeting_project(Project.create(tmp_path_factory.mktemp("runs") / "project"))

    def run(*options: str) -> str:
        project.llmops("eval", *options)
        newest = max((project.root / ".llmops/runs").glob("*.json"))
        return newest.read_text(encoding="utf-8")

    found = {"UNAFFECTED": run("--changed-since", "HEAD"), "PASS": run()}
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    found["REGRESSION"] = run()
    project.edit("prompts/greet.yaml", "Insult", "Salute").replies(
        ("Ada", "Hello, Ada!"), ("", "!it is down")
    )
    found["INCONCLUSIVE"] = run()
    assert {name: json.loads(text)["verdict"]["status"] for name, text in found.items()} == {
        n: n for n in found
    }
    return found


@pytest.fixture
def job(tmp_path: Path, server: GitHubServer) -> Job:
    return Job(tmp_path / "job", server).on_pull_request(12, HEAD)


def publish(job: Job, *options: str) -> Result:
    """The command, where there is no project: the report job checks nothing out."""
    project = Project(job.place, None)
    result = project.llmops("ci", "publish", str(job.folder), *options, env=job.environment)
    assert "Traceback" not in result.stderr
    assert GitHubServer.write_token not in result.stdout + result.stderr + job.summary
    return result


def ours(server: GitHubServer, number: int = 12) -> list[str]:
    return [c["body"] for c in server.comments[number] if (c["user"] or {}).get("login") == ACTIONS]


def edited(run: str, edit: Edit) -> str:
    document = json.loads(run)
    edit(document)
    return json.dumps(document)


def test_a_regression_is_one_comment_and_a_red_check(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    result = publish(job.artifact(runs["REGRESSION"], 1))

    (body,), (check,) = ours(server), server.check_runs
    assert result.exit_code == ExitCode.PASS, "the check is red, the job that made it is not"
    assert "REGRESSION: 2 cases got worse" in body.splitlines()[0]
    assert body.endswith(f"\n\n{MARK}")
    assert (check["conclusion"], check["head_sha"], check["name"]) == ("failure", HEAD, "llmops")
    assert check["output"]["title"] == "REGRESSION: 2 cases got worse"
    assert check["output"]["summary"] in body
    assert check["details_url"] == "https://github.com/octo/prompts/actions/runs/77"
    assert job.summary == ""
    assert job.outputs == {"verdict": "REGRESSION"}


def test_the_same_comment_turns_green(job: Job, server: GitHubServer, runs: dict[str, str]) -> None:
    publish(job.artifact(runs["REGRESSION"], 1))
    (before,) = server.comments[12]
    server.push(12, NEXT)
    publish(job.on_pull_request(12, NEXT).artifact(runs["PASS"], 0))

    (after,) = server.comments[12]
    assert after["id"] == before["id"]
    assert "PASS" in after["body"].splitlines()[0]
    assert "REGRESSION" not in after["body"]
    assert [(run["head_sha"], run["conclusion"]) for run in server.check_runs] == [
        (HEAD, "failure"),
        (NEXT, "success"),
    ]


def test_a_comment_that_says_so_already_is_not_edited(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    publish(job.artifact(runs["PASS"], 0))
    result = publish(job)

    assert "already says so" in result.stderr
    assert len(server.comments[12]) == 1
    assert server.seen("PATCH") == []


def test_links_lead_to_the_events_repository_and_commit(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    def edit(run: dict[str, Any]) -> None:
        run["provenance"] |= {"repository_url": "https://evil.example/x", "commit": OTHER, "dirty": True}

    publish(job.artifact(edited(runs["REGRESSION"], edit), 1))

    (body,) = ours(server)
    assert f"https://github.com/octo/prompts/blob/{HEAD}/evalsets/greet.yaml#L" in body
    assert "evil.example" not in body
    assert OTHER not in body


def test_our_comment_is_found_among_more_than_a_hundred(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    for number in range(130):
        server.comment(12, f"talk {number}")
    publish(job.artifact(runs["REGRESSION"], 1))
    for number in range(130):
        server.comment(12, f"more talk {number}")
    publish(job.artifact(runs["PASS"], 0))

    assert len(server.comments[12]) == 261
    assert len(ours(server)) == 1
    assert "PASS" in server.comments[12][130]["body"].splitlines()[0]


@pytest.mark.parametrize("author", ["another[bot]", "eve", None])
def test_a_comment_of_somebody_else_with_the_mark_is_left_alone(
    job: Job, server: GitHubServer, runs: dict[str, str], author: str | None
) -> None:
    server.comment(12, f"not yours\n\n{MARK}", author=author)

    publish(job.artifact(runs["PASS"], 0))

    assert server.comments[12][0]["body"] == f"not yours\n\n{MARK}"
    assert len(server.comments[12]) == 2


def test_our_own_comment_that_only_mentions_the_mark_is_another_one(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    server.comment(12, f"the mark is `{MARK}`, says our other workflow", author=ACTIONS)

    publish(job.artifact(runs["PASS"], 0))

    assert len(server.comments[12]) == 2


def test_two_gates_have_a_comment_and_a_check_each(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    publish(job.artifact(runs["PASS"], 0), "--name", "support")
    publish(job, "--name", "sales")
    publish(job, "--name", "support")

    assert [body.splitlines()[-1] for body in ours(server)] == [
        "<!-- llmops:support -->",
        "<!-- llmops:sales -->",
    ]
    assert [run["name"] for run in server.check_runs] == ["support", "sales", "support"]


@pytest.mark.parametrize("name", ["a --> b", "", "x" * 51, "-x", "a\nb"])
def test_a_name_that_could_break_out_of_the_mark_is_refused(job: Job, name: str) -> None:
    result = publish(job, f"--name={name}")

    assert result.exit_code == ExitCode.USAGE
    assert "is no name" in result.stderr


def test_a_persons_token_knows_its_own_comments(job: Job, server: GitHubServer, runs: dict[str, str]) -> None:
    job.environment["GITHUB_TOKEN"] = server.person_token
    publish(job.artifact(runs["REGRESSION"], 1))
    publish(job.artifact(runs["PASS"], 0))

    assert [comment["user"]["login"] for comment in server.comments[12]] == ["ada"]


def test_an_apps_token_knows_its_own_comments_by_author(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    server.tokens[server.write_token].writes_as = "our-gate[bot]"
    publish(job.artifact(runs["REGRESSION"], 1), "--author", "our-gate[bot]")
    publish(job.artifact(runs["PASS"], 0), "--author", "our-gate[bot]")

    assert len(server.comments[12]) == 1


def test_an_unaffected_pull_request_gets_no_comment(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    result = publish(job.artifact(runs["UNAFFECTED"], 0))

    assert server.comments[12] == []
    assert [run["conclusion"] for run in server.check_runs] == ["neutral"]
    assert "none was made" in result.stderr


def test_an_unaffected_pull_request_turns_the_comment_there_is(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    publish(job.artifact(runs["REGRESSION"], 1))
    publish(job.artifact(runs["UNAFFECTED"], 0))

    (body,) = ours(server)
    assert "UNAFFECTED" in body.splitlines()[0]
    assert "REGRESSION" not in body


def test_no_verdict_is_neutral_unless_told_otherwise(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    job.artifact(runs["INCONCLUSIVE"], 3)
    usual, strict = publish(job), publish(job, "--inconclusive", "fail")

    assert (usual.exit_code, strict.exit_code) == (0, 0)
    assert [run["conclusion"] for run in server.check_runs] == ["neutral", "failure"]
    assert "INCONCLUSIVE" in ours(server)[0].splitlines()[0]


def test_missing_secrets_are_a_calm_comment_and_a_neutral_check(job: Job, server: GitHubServer) -> None:
    error = "error: no key for openai/gpt-4o-mini\n@octo ![x](https://evil.example/p.png) ```` <img src=x>"
    result = publish(job.artifact(None, 3, error=error))

    (body,) = ours(server)
    assert result.exit_code == ExitCode.PASS
    assert "That says nothing about the change" in body
    assert f"`````text\n{error}\n`````" in body
    assert server.check_runs[0]["conclusion"] == "neutral"
    assert server.check_runs[0]["output"]["title"] == "no verdict"
    assert job.outputs == {"verdict": "INCONCLUSIVE"}


def test_no_verdict_without_a_run_fails_where_a_verdict_is_wanted(job: Job, server: GitHubServer) -> None:
    publish(job.artifact(None, 3, error="error: no key"), "--inconclusive", "fail")

    assert server.check_runs[0]["conclusion"] == "failure"


@pytest.mark.parametrize(
    ("code", "said"), [(2, "mistake in a file"), (4, "llmops itself"), (137, "ended with 137")]
)
def test_a_mistake_or_a_bug_is_said_and_is_never_a_regression(
    job: Job, server: GitHubServer, code: int, said: str
) -> None:
    publish(job.artifact(None, code, error="error: evalsets/greet.yaml:3:1: unknown scorer"))

    assert said in ours(server)[0]
    assert server.check_runs[0]["conclusion"] == "neutral"


def test_a_bug_after_the_run_file_was_written_is_no_verdict(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    publish(job.artifact(runs["PASS"], 4, error="a bug in llmops"))

    assert server.check_runs[0]["conclusion"] == "neutral"
    assert "llmops itself failed" in ours(server)[0]


# tokens and outages


def test_a_read_only_token_leaves_the_report_in_the_summary_with_a_word(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    job.environment["GITHUB_TOKEN"] = server.read_token
    good, bad = publish(job.artifact(runs["PASS"], 0)), publish(job.artifact(runs["REGRESSION"], 1))
    neutral = publish(job.artifact(runs["INCONCLUSIVE"], 3))
    strict = publish(job.artifact(runs["INCONCLUSIVE"], 3), "--inconclusive", "fail")

    assert server.comments[12] == server.check_runs == []
    assert "the token may not write a comment" in good.stderr
    assert "`pull-requests: write`" in good.both
    assert "Resource not accessible by integration" in good.stderr
    assert "REGRESSION: 2 cases got worse" in job.summary
    assert [one.exit_code for one in (good, bad, neutral, strict)] == [0, 1, 0, 1]
    assert "so this step's exit code does" in bad.stderr


def test_a_token_that_may_only_comment_says_the_verdict_by_its_exit_code(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    server.tokens[server.write_token].may_write = frozenset({"comments"})
    result = publish(job.artifact(runs["REGRESSION"], 1))

    assert result.exit_code == ExitCode.REGRESSION
    assert len(ours(server)) == 1
    assert job.summary == ""


def test_without_a_check_the_exit_code_is_the_verdict(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    codes = [publish(job.artifact(runs[name], code), "--no-check").exit_code
             for name, code in (("REGRESSION", 1), ("PASS", 0), ("INCONCLUSIVE", 3))]  # fmt: skip

    assert codes == [1, 0, 0]
    assert server.check_runs == []


def test_without_a_comment_nobody_is_asked_who_we_are(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    publish(job.artifact(runs["PASS"], 0), "--no-comment")

    assert (server.comments[12], len(server.check_runs)) == ([], 1)
    assert server.seen("GET", "/user") == []


def test_outages_and_limits_are_waited_out(
    job: Job, server: GitHubServer, runs: dict[str, str], waits: list[float]
) -> None:
    server.fail("GET", "/pulls/12", 502, Refusal(429, {"Retry-After": "0"}))
    server.fail(
        "POST", "/check-runs", Refusal(403, {"Retry-After": "3"}, "You have exceeded a secondary rate limit")
    )
    server.fail("GET", "/comments", 503, "drop")
    server.fail("POST", "/comments", "drop after", 500)

    result = publish(job.artifact(runs["REGRESSION"], 1))

    assert result.exit_code == ExitCode.PASS
    assert (len(server.comments[12]), len(server.check_runs)) == (1, 1)
    assert len(waits) == 6
    assert any(wait >= 3 for wait in waits)


@pytest.mark.parametrize(("name", "code", "expected"), [("PASS", 0, 3), ("REGRESSION", 1, 1)])
def test_an_outage_that_lasts_is_said_and_the_report_is_kept(
    job: Job, server: GitHubServer, runs: dict[str, str], name: str, code: int, expected: int
) -> None:
    server.fail("POST", "/check-runs", *[503] * 9)

    result = publish(job.artifact(runs[name], code))

    assert result.exit_code == expected
    assert "gives no answer" in result.stderr
    assert name in job.summary
    assert server.seen("POST", "/comments") == [], "nobody waits three minutes twice"


def test_a_wrong_token_is_a_mistake(job: Job, server: GitHubServer, runs: dict[str, str]) -> None:
    job.environment["GITHUB_TOKEN"] = "ghs_expired0123456789"
    result = publish(job.artifact(runs["PASS"], 0))

    assert result.exit_code == ExitCode.USAGE
    assert "Bad credentials" in result.stderr
    assert "ghs_expired0123456789" not in result.stderr


@pytest.mark.parametrize("token", [None, "", "ghs_1\nX-Evil: 1"])
def test_no_token(job: Job, runs: dict[str, str], token: str | None) -> None:
    del job.environment["GITHUB_TOKEN"]
    if token is not None:
        job.environment["GITHUB_TOKEN"] = token
    result = publish(job.artifact(runs["PASS"], 0))

    assert result.exit_code == ExitCode.USAGE
    assert "GITHUB_TOKEN" in result.stderr
    assert "X-Evil" not in result.stderr


def test_a_token_is_not_sent_in_the_open(job: Job, runs: dict[str, str]) -> None:
    job.environment["GITHUB_API_URL"] = "http://api.github.com"
    result = publish(job.artifact(runs["PASS"], 0))

    assert result.exit_code == ExitCode.USAGE
    assert "https://" in result.stderr


# whose artifact it is


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"pull_request": 13}, "names pull request 13, but the pull request is 12"),
        ({"pull_request": None}, "names pull request None"),
        ({"head": OTHER}, f"names commit {OTHER}"),
        ({"repository": "eve/prompts"}, "names repository eve/prompts"),
        ({"event": "push"}, "names event push"),
    ],
)
def test_an_artifact_of_another_pull_request_is_refused(
    job: Job, server: GitHubServer, runs: dict[str, str], other: dict[str, Any], said: str
) -> None:
    server.open(13, head=HEAD)
    result = publish(job.artifact(runs["PASS"], 0, **other))

    assert result.exit_code == ExitCode.USAGE
    assert said in result.stderr
    assert "nothing was written" in result.stderr
    assert server.writes == []
    assert job.summary == ""


def test_a_head_that_moved_on_keeps_its_comment(job: Job, server: GitHubServer, runs: dict[str, str]) -> None:
    publish(job.artifact(runs["PASS"], 0))
    server.push(12, NEXT)

    result = publish(job.artifact(runs["REGRESSION"], 1))

    assert result.exit_code == ExitCode.PASS
    assert "has moved on from 1111111 to 2222222" in result.stderr
    assert "PASS" in ours(server)[0].splitlines()[0]
    assert [(run["head_sha"], run["conclusion"]) for run in server.check_runs] == [
        (HEAD, "success"),
        (HEAD, "failure"),
    ]


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch", "merge_group"])
def test_an_event_without_a_pull_request_has_a_check_and_a_summary(
    job: Job, server: GitHubServer, runs: dict[str, str], event: str
) -> None:
    server.commits.add(NEXT)
    result = publish(job.on(event, {}, sha=NEXT).artifact(runs["REGRESSION"], 1))

    assert result.exit_code == ExitCode.PASS
    assert f"no pull request ({event})" in result.stderr
    assert [(run["head_sha"], run["conclusion"]) for run in server.check_runs] == [(NEXT, "failure")]
    assert "REGRESSION" in job.summary
    assert server.seen("GET", "/comments") == []


class TestOfAnotherWorkflow:
    """A fork's artifact, reported by `workflow_run`."""

    @pytest.fixture
    def job(self, tmp_path: Path, server: GitHubServer) -> Job:
        server.open(12, head=HEAD, fork="eve/prompts")
        return Job(tmp_path / "job", server).on_workflow_run(HEAD)

    def test_the_forks_own_pull_request(self, job: Job, server: GitHubServer, runs: dict[str, str]) -> None:
        result = publish(job.artifact(runs["REGRESSION"], 1, pull_request=12))

        assert result.exit_code == ExitCode.PASS
        assert (len(ours(server)), server.check_runs[0]["conclusion"]) == (1, "failure")
        assert server.check_runs[0]["details_url"].endswith("/actions/runs/55")

    @pytest.mark.parametrize(
        ("other", "said"),
        [
            ({"pull_request": 13}, "names pull request 13, but the run came from eve/prompts"),
            ({"pull_request": 14}, "names pull request 14, but the run came from another branch"),
            ({"pull_request": 99}, "names pull request 99, but GitHub knows none"),
            ({"pull_request": None}, "names no pull request"),
            ({"pull_request": 12, "head": OTHER}, f"names commit {OTHER}"),
            ({"pull_request": 12, "event": "pull_request_target"}, "names event pull_request_target"),
            ({"pull_request": 12, "event": "push"}, "names event push"),
            ({"pull_request": 12, "repository": "eve/prompts"}, "names repository eve/prompts"),
        ],
    )
    def test_somebody_elses_is_refused(
        self, job: Job, server: GitHubServer, runs: dict[str, str], other: dict[str, Any], said: str
    ) -> None:
        server.open(13, head=OTHER, fork="ada/prompts")
        server.open(14, head=OTHER, fork="eve/prompts", branch="another")

        result = publish(job.artifact(runs["PASS"], 0, **other))

        assert result.exit_code == ExitCode.USAGE
        assert said in result.stderr
        assert server.writes == []

    def test_the_same_commit_in_another_repository_is_refused(
        self, job: Job, server: GitHubServer, runs: dict[str, str]
    ) -> None:
        server.open(13, head=HEAD, fork="ada/prompts")

        assert publish(job.artifact(runs["PASS"], 0, pull_request=13)).exit_code == ExitCode.USAGE
        assert server.writes == []

    def test_a_fork_that_was_deleted_is_refused(
        self, job: Job, server: GitHubServer, runs: dict[str, str]
    ) -> None:
        server.pulls[12]["head"]["repo"] = None
        result = publish(job.on_workflow_run(HEAD, fork=None).artifact(runs["PASS"], 0, pull_request=12))

        assert result.exit_code == ExitCode.USAGE
        assert "a deleted repository" in result.stderr

    def test_a_head_that_moved_on(self, job: Job, server: GitHubServer, runs: dict[str, str]) -> None:
        server.push(12, NEXT)
        result = publish(job.artifact(runs["REGRESSION"], 1, pull_request=12))

        assert "has moved on" in result.stderr
        assert server.comments[12] == []
        assert [run["head_sha"] for run in server.check_runs] == [HEAD]

    def test_a_run_with_keys_is_bound_to_the_pull_requests_head(
        self, job: Job, server: GitHubServer, runs: dict[str, str]
    ) -> None:
        base = "d" * 40
        job.on_workflow_run(base, event="pull_request_target")
        wrong = publish(job.artifact(runs["PASS"], 0, pull_request=12))
        right = publish(job.artifact(runs["PASS"], 0, pull_request=12, head=HEAD))

        assert (wrong.exit_code, right.exit_code) == (ExitCode.PASS, ExitCode.PASS)
        assert "moved on from ddddddd to 1111111 while keys were used" in wrong.stderr
        assert [run["head_sha"] for run in server.check_runs] == [HEAD]

    def test_what_a_fork_says_of_itself_is_never_green(
        self, job: Job, server: GitHubServer, runs: dict[str, str]
    ) -> None:
        publish(job.artifact(runs["PASS"], 0, pull_request=12))

        assert server.check_runs[0]["conclusion"] == "neutral"
        assert server.check_runs[0]["output"]["title"] == "PASS: 2 cases (the fork's own run)"
        assert "what the fork's own workflow run says" in ours(server)[0]

    def test_a_branch_of_the_repository_itself_is_trusted(
        self, job: Job, server: GitHubServer, runs: dict[str, str]
    ) -> None:
        server.open(12, head=HEAD)
        publish(job.on_workflow_run(HEAD, fork="octo/prompts").artifact(runs["PASS"], 0, pull_request=12))

        assert server.check_runs[0]["conclusion"] == "success"
        assert "fork" not in ours(server)[0]

    def test_a_fork_cannot_wash_away_the_verdict_of_a_run_with_keys(
        self, job: Job, server: GitHubServer, runs: dict[str, str]
    ) -> None:
        publish(job.artifact(runs["PASS"], 0, pull_request=12))
        job.on_workflow_run("d" * 40, event="pull_request_target")
        publish(job.artifact(runs["REGRESSION"], 1, pull_request=12, head=HEAD))
        washed = publish(job.on_workflow_run(HEAD).artifact(runs["PASS"], 0, pull_request=12))

        (body,) = ours(server)
        assert [run["conclusion"] for run in server.check_runs] == ["neutral", "failure"]
        assert "REGRESSION" in body.splitlines()[0]
        assert "a trusted run has judged 1111111 already" in washed.stderr
        assert washed.exit_code == ExitCode.PASS

    def test_a_fork_may_bring_its_own_verdict_up_to_date(
        self, job: Job, server: GitHubServer, runs: dict[str, str]
    ) -> None:
        publish(job.artifact(runs["INCONCLUSIVE"], 3, pull_request=12))
        publish(job.artifact(runs["REGRESSION"], 1, pull_request=12))

        assert [run["conclusion"] for run in server.check_runs] == ["neutral", "failure"]
        assert len(ours(server)) == 1

    @pytest.mark.parametrize("event", ["schedule", "push"])
    def test_a_run_without_a_pull_request(
        self, job: Job, server: GitHubServer, runs: dict[str, str], event: str
    ) -> None:
        job.on_workflow_run(HEAD, event=event, fork="octo/prompts")
        named = publish(job.artifact(runs["PASS"], 0, pull_request=12))
        alone = publish(job.artifact(runs["PASS"], 0))

        assert (named.exit_code, alone.exit_code) == (ExitCode.USAGE, ExitCode.PASS)
        assert (len(server.check_runs), server.comments[12]) == (1, [])


# what the artifact holds


def break_verdict(status: str) -> Edit:
    return lambda run: run["verdict"].update(status=status)


def set_reasons(*reasons: dict[str, Any]) -> Edit:
    return lambda run: run["verdict"].update(reasons=list(reasons))


def both(*edits: Edit) -> Edit:
    return lambda run: [edit(run) for edit in edits]


REASON = {"status": "INCONCLUSIVE", "text": "nobody knows", "where": None}
CONTRADICTORY: list[tuple[str, Edit, int]] = [
    ("REGRESSION", break_verdict("PASS"), 0),
    ("REGRESSION", break_verdict("UNAFFECTED"), 0),
    ("REGRESSION", break_verdict("INCONCLUSIVE"), 3),
    ("REGRESSION", both(break_verdict("PASS"), set_reasons()), 0),
    ("REGRESSION", both(break_verdict("INCONCLUSIVE"), set_reasons(REASON)), 3),
    ("REGRESSION", both(break_verdict("UNAFFECTED"), set_reasons()), 0),
    ("PASS", break_verdict("REGRESSION"), 1),
    ("PASS", break_verdict("INCONCLUSIVE"), 3),
    ("PASS", lambda run: None, 1),
    ("REGRESSION", lambda run: None, 0),
]


@pytest.mark.parametrize(("name", "edit", "code"), CONTRADICTORY)
def test_a_run_file_that_contradicts_itself_is_refused(
    job: Job, server: GitHubServer, runs: dict[str, str], name: str, edit: Edit, code: int
) -> None:
    result = publish(job.artifact(edited(runs[name], edit), code))

    assert result.exit_code == ExitCode.USAGE
    assert "contradictory" in result.stderr
    assert server.writes == []


BROKEN = {
    "empty": "",
    "cut": '{"llmops_run": 1, "id"',
    "a list": "[]",
    "a number": "7",
    "no run": "{}",
    "newer": '{"llmops_run": 99}',
    "true": '{"llmops_run": true}',
    "deep": "[" * 200_000,
    "deep enough": '{"llmops_run": 1, "x": ' + "[" * 150 + "]" * 150 + "}",
    "NaN": '{"llmops_run": 1, "seconds": NaN}',
    "infinite": '{"llmops_run": 1, "seconds": 1e999}',
    "many digits": '{"llmops_run": 1, "seconds": ' + "9" * 5000 + "}",
    "large": '{"llmops_run": 1, "seconds": ' + "9" * 400 + "}",
    "not utf-8": "\udce4",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_run_file_is_one_clear_error(job: Job, server: GitHubServer, text: str) -> None:
    job.artifact(text, 0)
    if text == BROKEN["not utf-8"]:
        (job.folder / "run.json").write_bytes(b"\xe4\xff")
    result = publish(job)

    assert result.exit_code == ExitCode.USAGE
    assert len(result.stderr.splitlines()) == 1
    assert "run.json" in result.stderr
    assert server.writes == []


def test_what_has_the_right_types_and_cannot_be_shown_is_one_clear_error(
    job: Job, server: GitHubServer, runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(result: object) -> str:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(markdown, "_sections", fail)
    result = publish(job.artifact(runs["PASS"], 0))

    assert result.exit_code == ExitCode.USAGE
    assert "cannot be shown (ZeroDivisionError: division by zero)" in result.stderr
    assert server.writes == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda run: run["evalsets"][0].update(path="../../../../evil/x"),
        lambda run: run["evalsets"][0]["cases"][0].update(where="a/../../b.yaml:1:1"),
        lambda run: run["verdict"]["reasons"][0].update(where="..\\..\\b.yaml:1:1"),
        lambda run: run["provenance"].update(folder="../.."),
        lambda run: run["verdict"]["reasons"][0].update(where="/etc/passwd:1"),
    ],
)
def test_a_place_outside_the_repository_is_refused(
    job: Job, server: GitHubServer, runs: dict[str, str], edit: Edit
) -> None:
    result = publish(job.artifact(edited(runs["REGRESSION"], edit), 1))

    assert result.exit_code == ExitCode.USAGE
    assert "is no path inside the project" in result.stderr
    assert server.writes == []


CONTEXTS: list[dict[str, Any]] = [
    {"pull_request": "12"}, {"pull_request": -1}, {"pull_request": True}, {"pull_request": 12.0},
    {"pull_request": 2**31}, {"head": "1" * 39}, {"head": "HEAD"}, {"head": None}, {"head": "1" * 40 + "\n"},
    {"base": "x"}, {"repository": "a/b/c"}, {"repository": None}, {"event": "x; rm"}, {"event": None},
    {"attempt": 0}, {"attempt": None}, {"exit_code": "0"}, {"exit_code": None}, {"exit_code": -1},
    {"error": 5}, {"error": "x" * 4001}, {"llmops_context": 2}, {"llmops_context": True}, {"llmops_context": None},
]  # fmt: skip


@pytest.mark.parametrize("other", CONTEXTS, ids=str)
def test_a_context_is_checked_to_the_letter(
    job: Job, server: GitHubServer, runs: dict[str, str], other: dict[str, Any]
) -> None:
    result = publish(job.artifact(runs["PASS"], 0, **other))

    assert result.exit_code == ExitCode.USAGE
    assert "is no context" in result.stderr
    assert server.requests == []


@pytest.mark.parametrize("name", ["run.json", "context.json"])
def test_a_link_in_the_artifact_is_refused(
    job: Job, server: GitHubServer, runs: dict[str, str], tmp_path: Path, name: str
) -> None:
    job.artifact(runs["PASS"], 0)
    (job.folder / name).rename(tmp_path / name)
    (job.folder / name).symlink_to(tmp_path / name)
    result = publish(job)

    assert result.exit_code == ExitCode.USAGE
    assert "is a link" in result.stderr
    assert server.requests == []


def test_pipes_folders_and_sizes_in_the_artifact(
    job: Job, server: GitHubServer, runs: dict[str, str]
) -> None:
    job.artifact(runs["PASS"], 0)
    run = job.folder / "run.json"
    run.unlink()
    os.mkfifo(run)
    pipe = publish(job)
    run.unlink()
    run.mkdir()
    folder = publish(job)
    run.rmdir()
    with run.open("wb") as stream:
        stream.truncate(64 * 1024 * 1024 + 1)
    large = publish(job)

    assert [one.exit_code for one in (pipe, folder, large)] == [ExitCode.USAGE] * 3
    assert "is no plain file" in pipe.stderr
    assert "is larger than 65536 KiB" in large.stderr
    assert server.writes == []


def test_an_artifact_without_a_context_says_what_is_missing(job: Job, runs: dict[str, str]) -> None:
    (job.artifact(runs["PASS"], 0).folder / "context.json").unlink()
    result = publish(job)

    assert result.exit_code == ExitCode.USAGE
    assert "there is no context.json" in result.stderr
    assert "llmops ci outcome" in result.stderr


def test_a_megabyte_of_hostile_model_output(job: Job, server: GitHubServer, runs: dict[str, str]) -> None:
    hostile = "@octo ![x](https://evil.example/p.png) fixes #1 <script>\u202e\n````\n\x00\ud800 | a | b |\n::error::x\n"

    def edit(run: dict[str, Any]) -> None:
        for case in run["evalsets"][0]["comparisons"][0]["cases"]:
            case["candidate"]["outcomes"][0]["response"]["text"] = hostile * (1024 * 1024 // len(hostile))

    result = publish(job.artifact(edited(runs["REGRESSION"], edit), 1))

    (body,) = ours(server)
    assert result.exit_code == ExitCode.PASS
    assert len(body) <= 65_536
    assert body.endswith(MARK)
    assert "\u202e" not in body
    assert "::error::x" not in result.stdout


# the event


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ("[]", "is no event file"),
        ("{}", "is no event file of pull_request"),
        ('{"pull_request": {"number": "12"}}', "is no event file of pull_request"),
        (
            '{"pull_request": {"number": 12, "head": {"sha": "main"}, "base": {"sha": "x"}}}',
            "'main' is no commit",
        ),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_a_broken_event_file_is_one_clear_error(job: Job, runs: dict[str, str], text: str, said: str) -> None:
    Path(job.environment["GITHUB_EVENT_PATH"]).write_text(text, encoding="utf-8")
    result = publish(job.artifact(runs["PASS"], 0))

    assert result.exit_code == ExitCode.USAGE
    assert len(result.stderr.splitlines()) == 1
    assert said in result.stderr


def test_no_event_at_all(job: Job) -> None:
    Path(job.environment["GITHUB_EVENT_PATH"]).unlink()
    gone = publish(job)
    del job.environment["GITHUB_EVENT_PATH"], job.environment["GITHUB_EVENT_NAME"]
    outside = publish(job)

    assert (gone.exit_code, outside.exit_code) == (ExitCode.USAGE, ExitCode.USAGE)
    assert "cannot be read: No such file" in gone.stderr
    assert "there is no event" in outside.stderr
