"""A key that is not there is said once, before the first call, where a call would need it."""

from collections.abc import Iterator

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project

HAVE = {"HERE_KEY": "here-key-0123456789"}
GONE = {"GONE_KEY": "gone-key-0123456789"}
ECHOES = TWO_CASES.replace("Hello, {{ vars.name }}!", "Name: {{ vars.name }}")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model that answers with what it is asked, a judge that gives the best mark."""
    with ModelServer(reply=_reply) as running:
        yield running


def _reply(body: dict[str, object]) -> str:
    text = str(body["messages"])
    return '{"rationale": "good", "score": 5}' if "Grade" in text else text


def set_up(project: Project, server: ModelServer, evalset: str, more: str = "") -> Project:
    settings = (
        "model: here\nmodels:\n"
        f"  here: {{model: openai/one, api_base: '{server.url}', api_key_env: HERE_KEY}}\n"
        f"  gone: {{model: openai/two, api_base: '{server.url}', api_key_env: GONE_KEY}}\n" + more
    )
    judge = "model: gone\nmessages:\n  - role: user\n    content: 'Grade this from 1 to 5: {{ output }}'\n"
    judge += "inputs: {output: {type: string}}\n"
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": evalset, "prompts/judges/nice.yaml": judge}
    project.commit("x", {**files, "llmops.yaml": settings})
    return project


def test_one_message_names_every_variable_and_nothing_is_asked(project: Project, server: ModelServer) -> None:
    evalset = ECHOES.replace("scorers:", "models: [here, gone, openai/gpt-4o-mini]\nscorers:")

    result = set_up(project, server, evalset).llmops("eval", env=HAVE)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert result.stderr == (
        "error: nothing was asked: no API key for openai/two and openai/gpt-4o-mini; "
        "set GONE_KEY and OPENAI_API_KEY\n"
    )
    assert server.requests == []


def test_on_a_pull_request_it_says_why_that_may_be(project: Project, server: ModelServer) -> None:
    set_up(project, server, ECHOES)

    result = project.llmops("eval", env={"CI": "true", "HERE_KEY": ""})

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "set HERE_KEY; a pull request from a fork sees no secrets" in result.stderr


def test_a_judge_that_decides_is_looked_at_too(project: Project, server: ModelServer) -> None:
    judge = "  - judge: {prompt: judges/nice, pass_at: 4, severity: fail}\n"
    set_up(project, server, ECHOES.replace("scorers:\n", f"scorers:\n{judge}"))

    without = project.llmops("eval", env=HAVE)

    assert without.exit_code == ExitCode.INCONCLUSIVE
    assert "no API key for openai/two; set GONE_KEY" in without.stderr
    assert server.requests == []
    assert project.llmops("eval", env={**HAVE, **GONE}).exit_code == ExitCode.PASS


def test_a_judge_that_only_warns_does_not_keep_the_others_from_judging(
    project: Project, server: ModelServer
) -> None:
    judge = "  - judge: {prompt: judges/nice, pass_at: 4}\n"
    set_up(project, server, ECHOES.replace("scorers:\n", f"scorers:\n{judge}"))

    result = project.llmops("eval", env=HAVE)

    assert result.exit_code == ExitCode.PASS
    assert "set GONE_KEY" in result.both


def test_what_is_known_needs_no_key(project: Project, server: ModelServer) -> None:
    set_up(project, server, ECHOES)
    project.llmops("eval", env=HAVE)
    asked = len(server.requests)

    cached = project.llmops("eval")
    project.llmops("accept")
    recorded = project.llmops("eval", "--no-cache")
    fresh = project.llmops("eval", "--fresh")
    project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}")
    new = project.llmops("eval")

    assert (cached.exit_code, recorded.exit_code) == (ExitCode.PASS, ExitCode.PASS)
    assert (fresh.exit_code, new.exit_code) == (ExitCode.INCONCLUSIVE, ExitCode.INCONCLUSIVE)
    assert "nothing was asked: no API key for openai/one; set HERE_KEY" in new.stderr
    assert len(server.requests) == asked


def test_a_replay_and_an_unaffected_change_need_none(project: Project, server: ModelServer) -> None:
    set_up(project, server, ECHOES)
    project.llmops("eval", "--record", "tape.jsonl", env=HAVE)

    assert project.llmops("eval", "--no-cache", "--replay", "tape.jsonl").exit_code == ExitCode.PASS
    assert project.llmops("eval", "--fresh", "--changed-since", "HEAD").exit_code == ExitCode.PASS
