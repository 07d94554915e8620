"""Two hundred cases against a server that misbehaves: every one answered, none twice."""

from llmops_cli.errors import ExitCode
from tests.support.model_server import FaultMix, ModelServer, Refusal
from tests.support.project import GREET, Project

CASES = 200


def _set_up(project: Project, server: ModelServer, more: str = "") -> Project:
    rows = "".join(f"  - {{id: c{n:03}, vars: {{name: n{n:03}}}}}\n" for n in range(CASES))
    settings = f"model: m\nmodels: {{m: {{model: openai/test-model, api_base: '{server.url}'}}}}\n{more}"
    evalset = f'prompt: greet\nscorers: [equals: "Name: {{{{ vars.name }}}}"]\ncases:\n{rows}'
    project.commit(
        "x", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": evalset, "llmops.yaml": settings}
    )
    return project


def test_every_case_is_answered_and_none_is_asked_again(project: Project) -> None:
    faults = FaultMix(7, {500: 0.05, 429: 0.05, "drop": 0.01})
    with ModelServer(faults=faults) as server:
        first = _set_up(project, server).llmops("eval")

        assert first.exit_code == ExitCode.PASS
        assert "200/200" in first.stdout
        assert "200 calls, 0 from the cache" in first.stdout
        assert set(server.succeeded.values()) == {1}
        assert len(server.succeeded) == CASES
        asked = len(server.requests)
        assert asked > CASES
        assert f"; {asked - CASES} retries" in " ".join(first.stdout.split())

        second = project.llmops("eval")

        assert second.exit_code == ExitCode.PASS
        assert "0 calls, 200 from the cache" in second.stdout
        assert len(server.requests) == asked


def test_a_server_that_is_down_is_no_verdict_and_names_every_case(project: Project) -> None:
    with ModelServer(faults=[Refusal(503)]) as server:
        result = _set_up(project, server).llmops("eval", "--retries", "0", "--format", "json")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    assert len(comparison["cases"]) == CASES
    assert all(case["candidate"]["passed"] is None for case in comparison["cases"])
    (reason,) = result.json()["verdict"]["reasons"]
    assert "200 cases could not be judged (c000, c001, c002, c003, c004 and 195 more)" in reason["text"]


def test_a_wrong_key_is_met_once_and_never_shown(project: Project) -> None:
    with ModelServer(key="right") as server:
        _set_up(project, server, "run: {concurrency: 2}\n")
        settings = project.read("llmops.yaml").replace("test-model,", "test-model, api_key_env: SOME_KEY,")
        project.write({"llmops.yaml": settings})

        result = project.llmops("eval", env={"SOME_KEY": "sk-wrong-0123456789abcdef"})

        assert result.exit_code == ExitCode.INCONCLUSIVE
        assert result.both.count("check the key in SOME_KEY") == 1
        assert len(server.requests) <= 2
    for path in [*(project.root / ".llmops/runs").iterdir(), project.root / ".llmops/cache.sqlite"]:
        assert b"sk-wrong" not in path.read_bytes()
    assert "sk-wrong" not in result.both


def test_never_more_calls_in_flight_than_allowed(project: Project) -> None:
    with ModelServer(delay=0.005) as server:
        result = _set_up(project, server).llmops("eval", "--concurrency", "5")

        assert result.exit_code == ExitCode.PASS
        assert 1 < server.in_flight_peak <= 5
