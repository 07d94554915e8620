"""The first call of a process: LiteLLM's own loading is neither the model's latency nor a timeout."""

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, Project

FOUR_CASES = """\
prompt: greet
scorers: [latency: 1s]
cases:
  - {id: a, vars: {name: Ada}}
  - {id: b, vars: {name: Bob}}
  - {id: c, vars: {name: Cid}}
  - {id: d, vars: {name: Dan}}
"""


def test_a_server_that_answers_at_once_is_quick_from_the_first_case(project: Project) -> None:
    with ModelServer() as server:
        settings = f"model: m\nmodels: {{m: {{model: openai/test-model, api_base: '{server.url}'}}}}\n"
        files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": FOUR_CASES, "llmops.yaml": settings}
        project.commit("x", files)

        result = project.run_process("eval", "--timeout", "1", "--format", "json")

    assert result.exit_code == ExitCode.PASS, result.both
    assert result.json()["retries"] == 0
    assert len(server.requests) == 4
    assert "RuntimeWarning" not in result.stderr
