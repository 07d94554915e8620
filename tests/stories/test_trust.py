"""`eval --trust REV`: a pull request does not say where keys go, whether its code runs, or what a call costs."""

from collections.abc import Iterator

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project, greeting_project

KEYS = {"TEAM_KEY": "team-key-0123456789", "OTHER_KEY": "other-key-0123456789"}
ECHOES = TWO_CASES.replace("Hello, {{ vars.name }}!", "Name: {{ vars.name }}")


def settings(url: str, more: str = "", name: str = "m", model: str = "openai/test-model") -> str:
    return f"model: {name}\nmodels: {{{name}: {{model: {model}, api_base: '{url}'{more}}}}}\n"


@pytest.fixture
def home() -> Iterator[ModelServer]:
    """The server that main's settings name."""
    with ModelServer() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[ModelServer]:
    """A server that only the pull request names."""
    with ModelServer() as server:
        yield server


@pytest.fixture
def branch(project: Project, home: ModelServer) -> Project:
    """A branch off a main whose model answers at home, with the team's key."""
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": ECHOES}
    project.commit("main", {**files, "llmops.yaml": settings(home.url, ", api_key_env: TEAM_KEY")})
    project.git("switch", "--quiet", "--create", "change")
    return project


def keys_sent(server: ModelServer) -> set[str]:
    return {request.headers["authorization"] for request in server.requests}


def test_an_alias_that_the_branch_redirects_is_asked_where_main_says(
    branch: Project, home: ModelServer, elsewhere: ModelServer
) -> None:
    branch.write({"llmops.yaml": settings(elsewhere.url, ", api_key_env: OTHER_KEY")})

    result = branch.llmops("eval", "--trust", "main", env=KEYS)

    assert result.exit_code == ExitCode.PASS, result.stderr
    assert keys_sent(home) == {"Bearer team-key-0123456789"}
    assert elsewhere.requests == []
    assert "the model m: api_base and api_key_env as in llmops.yaml at main" in result.both
    branch.llmops("eval", "--fresh", env=KEYS)
    assert keys_sent(elsewhere) == {
        "Bearer other-key-0123456789"
    }  # which is what was to be kept from happening


@pytest.mark.parametrize("brings", ["api_base", "api_key_env"])
def test_a_new_alias_with_an_address_or_a_key_of_its_own_is_no_verdict(
    branch: Project, home: ModelServer, elsewhere: ModelServer, brings: str
) -> None:
    value = f"'{elsewhere.url}'" if brings == "api_base" else "OTHER_KEY"
    alias = f"  new: {{model: openai/test-model, {brings}: {value}}}\n"
    known = f"  m: {{model: openai/test-model, api_base: '{home.url}'}}\n"
    branch.write({"llmops.yaml": f"model: new\nmodels:\n{known}{alias}"})

    result = branch.llmops("eval", "--trust", "main", env=KEYS)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert len(result.stderr.splitlines()) == 1
    assert f"llmops.yaml:4:8: the model new brings its own {brings}" in result.stderr
    assert "merge the change of llmops.yaml first" in result.stderr
    assert home.requests == elsewhere.requests == []


def test_a_new_alias_that_no_evalset_of_the_run_uses_is_left_alone(
    branch: Project, home: ModelServer, elsewhere: ModelServer
) -> None:
    more = f"  new: {{model: openai/test-model, api_base: '{elsewhere.url}'}}\n"
    known = f"  m: {{model: openai/test-model, api_base: '{home.url}', api_key_env: TEAM_KEY}}\n"
    branch.write({"llmops.yaml": f"model: m\nmodels:\n{known}{more}"})

    assert branch.llmops("eval", "--trust", "main", env=KEYS).exit_code == ExitCode.PASS


@pytest.mark.parametrize("where", ["judge", "variant", "judge prompt"])
def test_no_way_leads_to_a_new_alias(
    branch: Project, elsewhere: ModelServer, home: ModelServer, where: str
) -> None:
    new = f"{{model: openai/test-model, api_base: '{elsewhere.url}', api_key_env: OTHER_KEY}}"
    known = f"{{model: openai/test-model, api_base: '{home.url}', api_key_env: TEAM_KEY}}"
    judge = "judge: {model: new}\n" if where == "judge" else ""
    branch.write({
        "llmops.yaml": f"model: m\n{judge}models:\n  m: {known}\n  new: {new}\n",
        "prompts/judges/nice.yaml": ("model: new\n" if where == "judge prompt" else "") + "prompt: hi\n",
    })  # fmt: skip
    if where == "variant":
        branch.edit("evalsets/greet.yaml", "scorers:", "models: [m, new]\nscorers:")
    else:
        branch.edit("evalsets/greet.yaml", "scorers:\n", "scorers:\n  - judge: {prompt: judges/nice}\n")

    result = branch.llmops("eval", "--trust", "main", env=KEYS)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "the model new brings its own api_base and api_key_env" in result.stderr
    assert home.requests == elsewhere.requests == []


def test_the_teams_key_does_not_go_to_another_vendor(branch: Project, home: ModelServer) -> None:
    branch.write(
        {"llmops.yaml": settings(home.url, ", api_key_env: TEAM_KEY", model="deepseek/deepseek-chat")}
    )

    result = branch.llmops("eval", "--trust", "main", env=KEYS)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "the model m goes from openai to deepseek" in result.stderr
    assert home.requests == []


@pytest.mark.parametrize(
    "model",
    [
        "huggingface/https://collects.example/v1",
        "oobabooga/http://collects.example",
        "bedrock/agentcore/arn:aws:bedrock-agentcore:collects.example/x:123456789012:runtime/r",
        "openai/x?y",
    ],
)
def test_a_models_name_says_nowhere_to_send_a_key(project: Project, model: str) -> None:
    """In every run, and wherever the name stands: LiteLLM would take it for an address."""
    project.commit("x", {"prompts/greet.yaml": f"model: '{model}'\n{GREET}", "evalsets/greet.yaml": ECHOES})
    in_prompt = project.llmops("eval")
    project.write(
        {"prompts/greet.yaml": GREET, "llmops.yaml": f"model: m\nmodels: {{m: {{model: '{model}'}}}}\n"}
    )
    in_alias = project.llmops("eval")

    for result in (in_prompt, in_alias):
        assert result.exit_code == ExitCode.USAGE
        assert "carries an address; an alias in llmops.yaml says where with `api_base:`" in result.stderr


def test_recorded_answers_are_asked_again_only_where_main_says(
    branch: Project, home: ModelServer, elsewhere: ModelServer
) -> None:
    branch.llmops("eval", env=KEYS)
    branch.llmops("accept")
    accepted = branch.read("evalsets/greet.baseline.jsonl")
    branch.write({"evalsets/greet.baseline.jsonl": accepted.replace(home.url, elsewhere.url)})
    branch.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}")
    branch.commit("a baseline that names another address, and an alias for it")
    known = f"  m: {{model: openai/test-model, api_base: '{home.url}', api_key_env: TEAM_KEY}}\n"
    theirs = f"  t: {{model: openai/test-model, api_base: '{elsewhere.url}', api_key_env: TEAM_KEY}}\n"
    branch.write({"llmops.yaml": f"model: m\nmodels:\n{known}{theirs}"})

    branch.llmops("eval", "--rerun-baseline", "--trust", "main", env=KEYS)
    assert elsewhere.requests == []

    branch.llmops("eval", "--rerun-baseline", env=KEYS)
    assert len(elsewhere.requests) > 0  # so there was something to keep


def test_code_of_the_branch_runs_only_where_main_allows_code(project: Project) -> None:
    project.commit("main", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES, "llmops.yaml": ""})
    (project.root / "llmops.yaml").unlink()
    greeting_project(project)

    refused = project.llmops("eval", "--trust", "HEAD~2", "--fresh")
    allowed = project.llmops("eval", "--trust", "HEAD", "--fresh")

    assert (refused.exit_code, refused.calls) == (ExitCode.INCONCLUSIVE, 0)
    assert "llmops.yaml at HEAD~2" in refused.stderr
    assert "does not allow it; merge the change of llmops.yaml first" in refused.stderr
    assert (allowed.exit_code, allowed.calls) == (ExitCode.PASS, 2)


def test_a_base_without_settings_vouches_for_nothing(project: Project, elsewhere: ModelServer) -> None:
    first = project.commit("nothing", {"README.md": "soon\n"})
    files = {
        "prompts/greet.yaml": GREET,
        "evalsets/greet.yaml": ECHOES,
        "llmops.yaml": settings(elsewhere.url),
    }
    project.commit("all of it", files)

    result = project.llmops("eval", "--trust", first)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert elsewhere.requests == []


def test_settings_of_main_that_cannot_be_read_are_no_verdict(branch: Project, home: ModelServer) -> None:
    branch.git("switch", "--quiet", "main")
    good = branch.read("llmops.yaml")
    branch.commit("broken", {"llmops.yaml": "models: 7\n"})
    branch.git("switch", "--quiet", "change")
    assert branch.read("llmops.yaml") == good

    result = branch.llmops("eval", "--trust", "main", env=KEYS)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "cannot be read, and it says where keys may go" in result.stderr
    assert home.requests == []


def test_the_budget_and_the_price_that_keeps_it_are_mains(branch: Project, home: ModelServer) -> None:
    price = ", price: {input: 1000000, output: 1000000}"
    branch.git("switch", "--quiet", "main")
    branch.commit("priced", {"llmops.yaml": settings(home.url, price) + "run: {max_cost: 0.5}\n"})
    branch.git("switch", "--quiet", "change")
    branch.write(
        {"llmops.yaml": settings(home.url, ", price: {input: 0, output: 0}") + "run: {max_cost: 99}\n"}
    )

    held = branch.llmops("eval", "--trust", "main")
    free = branch.llmops("eval")

    assert held.exit_code == ExitCode.INCONCLUSIVE
    assert "the budget of $0.50 does not allow a call" in held.both
    assert "price as in llmops.yaml at main" in held.both
    assert "run.max_cost as in llmops.yaml at main" in held.both
    assert free.exit_code == ExitCode.PASS


def test_a_change_of_what_leads_nowhere_is_judged_as_it_is(branch: Project, home: ModelServer) -> None:
    """Another model of the same vendor, other params, a new alias without address: what gates are for."""
    known = f"{{model: openai/other-model, api_base: '{home.url}', api_key_env: TEAM_KEY, params: {{temperature: 1}}}}"
    branch.write({"llmops.yaml": f"model: m\nmodels:\n  m: {known}\n  plain: {{model: echo}}\n"})
    branch.edit("evalsets/greet.yaml", "scorers:", "models: [m, plain]\nscorers:")

    result = branch.llmops("eval", "--trust", "main", env=KEYS)

    assert result.exit_code == ExitCode.PASS, result.stderr
    assert {request.body["model"] for request in home.requests} == {"other-model"}
    assert "llmops.yaml at main" not in result.both


def test_trust_and_tree_together_are_the_keyed_job_of_a_fork(
    branch: Project, home: ModelServer, elsewhere: ModelServer
) -> None:
    branch.write({"llmops.yaml": settings(elsewhere.url, ", api_key_env: OTHER_KEY")})
    branch.edit("prompts/greet.yaml", "Name: ", "Their name: ")
    head = branch.commit("theirs")
    branch.git("switch", "--quiet", "main")

    result = branch.llmops("eval", "--tree", head, "--trust", "main", "--against", "main...", env=KEYS)

    assert result.exit_code == ExitCode.PASS, result.stderr
    assert keys_sent(home) == {"Bearer team-key-0123456789"}
    assert "Their name: Ada" in str(home.requests[0].body) + str(home.requests[1].body)
    assert elsewhere.requests == []
