"""`llmops ci outcome`: the end of the evaluating job, on real runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.support.github_job import BASE, Job
from tests.support.project import Project, Result, greeting_project

HEAD = "1" * 40


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "job").on_pull_request(12, HEAD)


def evaluate(project: Project, job: Job, *options: str) -> Result:
    """`eval` as the action runs it: the run file into the artifact, what it says into a file."""
    report = f"json={job.folder / 'run.json'}"
    result = project.llmops("eval", "--report", report, *options)
    (job.place / "errors.txt").write_text(result.stderr, encoding="utf-8")
    return result


def end(project: Project, job: Job, exit_code: int, env: dict[str, str] | None = None) -> Result:
    return project.llmops(
        "ci", "outcome", "--out", str(job.folder), "--exit-code", str(exit_code),
        "--errors", str(job.place / "errors.txt"), env={**job.environment, **(env or {})},
    )  # fmt: skip


def context(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((job.folder / "context.json").read_text(encoding="utf-8"))
    return found


def test_a_regression_ends_the_job_in_green_and_says_everything(project: Project, job: Job) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
    code = evaluate(project, job).exit_code

    result = end(project, job, code)

    assert (code, result.exit_code) == (ExitCode.REGRESSION, ExitCode.PASS)
    assert job.outputs == {
        "verdict": "REGRESSION", "regressions": "2", "cost": job.outputs["cost"], "report": str(job.folder),
        "reason": "greet: 2 cases that passed fail now (ada, bob)",
    }  # fmt: skip
    assert context(job) == {
        "llmops_context": 1, "pull_request": 12, "head": HEAD, "base": BASE, "repository": "octo/prompts",
        "event": "pull_request", "attempt": 1, "exit_code": 1, "error": None,
    }  # fmt: skip
    assert "REGRESSION: 2 cases got worse" in job.summary
    assert "::error file=evalsets/greet.yaml,line=" in result.stdout
    assert all(line.startswith("::") for line in result.stdout.splitlines())


def test_a_pass(project: Project, job: Job) -> None:
    greeting_project(project)
    result = end(project, job, evaluate(project, job).exit_code)

    assert result.exit_code == ExitCode.PASS
    assert (job.outputs["verdict"], job.outputs["regressions"], job.outputs["cost"]) == (
        "PASS",
        "0",
        "0.000000",
    )


def test_a_documentation_only_change(project: Project, job: Job) -> None:
    greeting_project(project)
    result = end(project, job, evaluate(project, job, "--changed-since", "HEAD").exit_code)

    assert result.exit_code == ExitCode.PASS
    assert (job.outputs["verdict"], job.outputs["regressions"]) == ("UNAFFECTED", "0")


def test_an_unknown_cost_is_no_nought(project: Project, job: Job) -> None:
    project.commit("greet", {"prompts/greet.yaml": "model: python:app:answer\nprompt: hello\n",
                             "evalsets/greet.yaml": "prompt: greet\nscorers: [{contains: x}]\ncases: [{id: a}]\n",
                             "llmops.yaml": "allow_python: true\n",
                             "app.py": "def answer(messages, params):\n    return {'text': 'x'}\n"})  # fmt: skip
    code = evaluate(project, job).exit_code
    run = json.loads((job.folder / "run.json").read_text(encoding="utf-8"))
    outcomes = run["evalsets"][0]["comparisons"][0]["cases"][0]["candidate"]["outcomes"]
    result = end(project, job, code)

    assert result.exit_code == ExitCode.PASS
    assert "cost" not in outcomes[0]["response"]
    assert job.outputs["cost"] == ""


def test_a_mistake_in_a_file_fails_the_job_and_is_said_once(project: Project, job: Job) -> None:
    greeting_project(project).edit("evalsets/greet.yaml", "contains", "contians")
    code = evaluate(project, job).exit_code

    result = end(project, job, code)

    assert (code, result.exit_code) == (ExitCode.USAGE, ExitCode.USAGE)
    assert result.stdout.startswith("::error title=llmops eval ended with 2::error: evalsets/greet.yaml:3:")
    assert result.stdout.count("contians") == 1
    assert len(result.stdout.splitlines()) == 1
    assert "mistake in a file" in job.summary
    assert job.outputs["verdict"] == "ERROR"
    assert "unknown scorer 'contians'" in context(job)["error"]


def test_no_verdict_without_a_run_is_neutral_with_a_word(project: Project, job: Job) -> None:
    (job.place / "errors.txt").write_text(
        "run greet: it changed\nerror: there is no key for openai/x\n", "utf-8"
    )
    result = end(project, job, 3)

    assert result.exit_code == ExitCode.PASS
    assert result.stdout.startswith("::notice ")
    assert context(job)["error"] == "error: there is no key for openai/x"
    assert (job.outputs["verdict"], job.outputs["regressions"]) == ("INCONCLUSIVE", "")
    assert "That says nothing about the change" in job.summary


@pytest.mark.parametrize("code", [4, 5, 130, 137])
def test_what_is_no_verdict_at_all_ends_as_eval_ended(project: Project, job: Job, code: int) -> None:
    (job.place / "errors.txt").write_text("", encoding="utf-8")
    arguments = [
        "--out",
        str(job.folder),
        "--exit-code",
        str(code),
        "--errors",
        str(job.place / "errors.txt"),
    ]
    result = project.run_process("ci", "outcome", *arguments, env=job.environment)

    assert result.exit_code == code
    assert job.outputs["verdict"] == "ERROR"
    assert context(job)["error"] is None


def test_a_bug_after_the_run_file_is_no_verdict(project: Project, job: Job) -> None:
    greeting_project(project)
    evaluate(project, job)
    (job.place / "errors.txt").write_text("a report ready to paste", encoding="utf-8")
    arguments = ["--out", str(job.folder), "--exit-code", "4", "--errors", str(job.place / "errors.txt")]
    result = project.run_process("ci", "outcome", *arguments, env=job.environment)

    assert result.exit_code == ExitCode.BUG
    assert job.outputs["verdict"] == "ERROR"
    assert context(job)["error"] == "a report ready to paste"


@pytest.mark.parametrize("code", [0, 1])
def test_a_verdict_without_a_run_file_is_a_mistake(project: Project, job: Job, code: int) -> None:
    (job.place / "errors.txt").write_text("", encoding="utf-8")
    result = end(project, job, code)

    assert result.exit_code == ExitCode.USAGE
    assert "left no run.json" in result.stderr
    assert "--report json=" in result.stderr
    assert context(job)["exit_code"] == code, "the report job can still say what happened"


def test_the_run_file_of_another_run_is_a_mistake(project: Project, job: Job) -> None:
    greeting_project(project)
    evaluate(project, job)
    result = end(project, job, 1)

    assert result.exit_code == ExitCode.USAGE
    assert "contradictory: it says PASS, and eval ended with 1" in result.stderr


def test_errors_are_cut_and_hold_no_key(project: Project, job: Job) -> None:
    key = "sk-" + "a" * 40
    said = f"progress\nerror: refused by openai: {key}\n" + "more\n" * 5000
    (job.place / "errors.txt").write_text(said, encoding="utf-8")
    end(project, job, 3, {"MY_API_KEY": "another-secret"})

    error = context(job)["error"]
    assert error.startswith("error: refused by openai: [key]\nmore")
    assert len(error) <= 4000


def test_the_newest_words_count_where_none_is_an_error(project: Project, job: Job) -> None:
    (job.place / "errors.txt").write_text("".join(f"line {n}\n" for n in range(9000)), encoding="utf-8")
    end(project, job, 137)

    error = context(job)["error"]
    assert error.endswith("line 8999")
    assert error.startswith("line ")
    assert 3900 < len(error) <= 4000


def test_model_output_sets_no_output_and_no_command(project: Project, job: Job) -> None:
    evil = "no\nverdict=PASS\nllmops_\n::set-output name=verdict::PASS\n::error::x\n%0A::warning::y"
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult").replies(("", evil))
    code = evaluate(project, job).exit_code
    result = end(project, job, code)

    assert job.outputs["verdict"] == "REGRESSION"
    commands = [line.split(" ", 1)[0] for line in result.stdout.splitlines()]
    assert set(commands) <= {"::error", "::warning", "::notice"}
    assert not any(line.startswith(("::set-output", "::error::x")) for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("push", {"before": "0" * 40}),
        ("schedule", {"schedule": "0 3 * * *"}),
        ("workflow_dispatch", {"inputs": {}}),
    ],
)
def test_events_without_a_pull_request(
    project: Project, job: Job, event: str, payload: dict[str, Any]
) -> None:
    greeting_project(project)
    code = evaluate(project, job).exit_code
    result = end(project, job.on(event, payload, sha=HEAD), code)

    found = context(job)
    assert result.exit_code == ExitCode.PASS
    assert (found["pull_request"], found["head"], found["base"], found["event"]) == (None, HEAD, None, event)


def test_what_it_leaves_is_what_publish_takes(project: Project, tmp_path: Path) -> None:
    from tests.support.github_server import GitHubServer

    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
    with GitHubServer() as server:
        server.open(12, head=HEAD)
        job = Job(tmp_path / "both", server).on_pull_request(12, HEAD)
        end(project, job, evaluate(project, job).exit_code)
        result = project.llmops("ci", "publish", str(job.folder), env=job.environment)

        assert result.exit_code == ExitCode.PASS
        assert len(server.comments[12]) == 1
        assert server.check_runs[0]["conclusion"] == "failure"


def test_the_summary_keeps_below_its_limit(project: Project, job: Job) -> None:
    summary = Path(job.environment["GITHUB_STEP_SUMMARY"])
    summary.write_text("x" * (1024 * 1024 - 200) + "\n", encoding="utf-8")
    greeting_project(project)
    end(project, job, evaluate(project, job).exit_code)

    assert summary.stat().st_size <= 1024 * 1024
    assert "cut here" in job.summary


def test_outside_a_workflow_it_says_so(project: Project, job: Job) -> None:
    result = project.llmops("ci", "outcome", "--out", str(job.folder), "--exit-code", "0")

    assert result.exit_code == ExitCode.USAGE
    assert "there is no event" in result.stderr


def test_why_there_is_no_verdict_is_an_output_of_one_visible_line(project: Project, job: Job) -> None:
    """It goes into an annotation of another job."""
    errors = "error: the key \u202eOPENAI_API_KEY\x1b is not set" + "!" * 400 + "\nerror: more\n"
    (job.place / "errors.txt").write_text(errors, encoding="utf-8")

    assert end(project, job, 3).exit_code == ExitCode.PASS
    assert job.outputs["reason"].startswith("error: the key OPENAI_API_KEY is not set!!!")
    assert job.outputs["reason"].isprintable()
    assert len(job.outputs["reason"]) == 300


def test_a_merge_queues_group_has_its_own_base(project: Project, job: Job) -> None:
    job.on("merge_group", {"merge_group": {"head_sha": HEAD, "base_sha": BASE, "base_ref": "refs/heads/main"}},
           sha=HEAD)  # fmt: skip
    (job.place / "errors.txt").write_text("error: x\n", encoding="utf-8")

    end(project, job, 3)

    assert (context(job)["head"], context(job)["base"], context(job)["pull_request"]) == (HEAD, BASE, None)
