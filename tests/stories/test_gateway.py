"""An address in the environment, and servers that are no model: which key goes where, and what is said."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer, Page
from tests.support.project import GREET, Project

KEY = "sk-of-my-own-0123456789"
ONE_CASE = "prompt: greet\nscorers: [contains: Ada]\ncases: [{id: ada, vars: {name: Ada}}]\n"


def _set_up(project: Project, model: str, settings: str = "") -> Project:
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": ONE_CASE}
    project.commit("x", {**files, "llmops.yaml": f"model: {model}\n{settings}"})
    return project


def _sent(server: ModelServer) -> set[str | None]:
    """Every key that arrived."""
    return {
        request.headers.get("authorization") or request.headers.get("x-api-key")
        for request in server.requests
    }


@pytest.mark.parametrize(
    ("model", "address", "key", "sent"),
    [
        ("openai/gpt-4o-mini", "OPENAI_BASE_URL", "OPENAI_API_KEY", f"Bearer {KEY}"),
        ("openai/gpt-4o-mini", "OPENAI_API_BASE", "OPENAI_API_KEY", f"Bearer {KEY}"),
        ("mistral/mistral-small", "MISTRAL_API_BASE", "MISTRAL_API_KEY", f"Bearer {KEY}"),
        ("together_ai/any", "TOGETHER_AI_API_BASE", "TOGETHERAI_API_KEY", f"Bearer {KEY}"),
        ("anthropic/claude-haiku-4-5", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", KEY),
    ],
)
def test_the_vendors_key_goes_to_the_address_of_the_vendors_variable(
    project: Project, model: str, address: str, key: str, sent: str
) -> None:
    with ModelServer() as server:
        _set_up(project, model).llmops("eval", "--retries", "0", env={address: server.url, key: KEY})

    assert _sent(server) == {sent}


@pytest.mark.parametrize("model", ["mistral/mistral-small", "openrouter/any", "litellm_proxy/any"])
def test_a_key_of_another_vendor_does_not(project: Project, model: str) -> None:
    with ModelServer() as server:
        env = {f"{model.partition('/')[0].upper()}_API_BASE": server.url, "OPENAI_API_KEY": KEY}

        assert _set_up(project, model).llmops("eval", env=env).exit_code == ExitCode.PASS

    assert _sent(server) == {"Bearer not-needed"}


def test_an_address_of_the_settings_gets_no_key_whatever_the_environment_holds(project: Project) -> None:
    with ModelServer() as server:
        alias = f"models: {{own: {{model: openai/any, api_base: '{server.url}'}}}}\n"
        _set_up(project, "own", alias)

        result = project.llmops("eval", env={"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY})

    assert result.exit_code == ExitCode.PASS
    assert _sent(server) == {"Bearer not-needed"}


def test_a_server_without_keys_needs_none(project: Project) -> None:
    with ModelServer() as server:
        result = _set_up(project, "openai/any").llmops("eval", env={"OPENAI_BASE_URL": server.url})

    assert result.exit_code == ExitCode.PASS
    assert _sent(server) == {"Bearer not-needed"}


def test_an_empty_key_is_said_before_anything_is_asked(project: Project) -> None:
    with ModelServer() as server:
        env = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": ""}

        result = _set_up(project, "openai/any").llmops("eval", env=env)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "no API key for openai/any; set OPENAI_API_KEY" in result.stderr
    assert server.requests == []


def test_a_wrong_key_is_named_by_its_variable(project: Project) -> None:
    with ModelServer(key="right") as server:
        env = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY}

        result = _set_up(project, "openai/any").llmops("eval", env=env)

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "check the key in OPENAI_API_KEY" in result.both
    assert KEY not in result.both


def test_the_base_is_asked_anew_with_the_same_key(project: Project) -> None:
    with ModelServer() as server:
        env = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY}
        _set_up(project, "openai/any").llmops("eval", env=env)
        project.llmops("accept", env=env)
        project.commit("accepted")
        project.edit("evalsets/greet.yaml", "cases: [", "cases: [{id: new, vars: {name: Ada Lovelace}}, ")
        project.edit("prompts/greet.yaml", "Greet the person", "Greet this person")
        before = len(server.requests)

        result = project.llmops("eval", "--rerun-baseline", env=env)

    assert result.exit_code == ExitCode.PASS
    asked = [request.body["messages"][0]["content"] for request in server.requests[before:]]
    assert sorted(set(asked)) == ["Greet the person by name.", "Greet this person by name."]
    assert _sent(server) == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (Page("<html>\n<h1>Welcome to nginx</h1></html>"), ": <html> <h1>Welcome to nginx</h1></html>"),
        (Page("<html>no</html>", "application/json"), ": <html>no</html>"),
        (Page('{"detail": "Not Found"}', "application/json"), ": JSON without `choices`, but with detail"),
        (Page("", "application/json"), ": it is empty"),
        (Page(f"<p>\x1b[31m{KEY}</p>"), "[31m[key]</p>"),
    ],
)
def test_what_is_no_answer_of_a_model_is_shown_and_says_where_to_look(
    project: Project, page: Page, said: str
) -> None:
    with ModelServer(faults=[page]) as server:
        alias = f"models: {{own: {{model: openai/any, api_base: '{server.address}'}}}}\n"
        _set_up(project, "own", alias)

        result = project.llmops("eval", "--retries", "0", env={"OPENAI_API_KEY": KEY})

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "openai/any answered with something that is no answer of a model" in result.both
    assert said in result.both
    assert (
        f"is {server.address} the address of a model? See api_base in llmops.yaml, which usually ends in /v1"
        in result.both
    )
    assert "\x1b" not in result.stdout
    assert "no connection" not in result.both


def test_a_web_page_for_the_variables_address_names_the_variable(project: Project) -> None:
    with ModelServer(faults=[Page("<html></html>")]) as server:
        env = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY}

        result = _set_up(project, "openai/any").llmops("eval", "--retries", "0", env=env)

    assert f"is {server.url} the address of a model? See OPENAI_BASE_URL" in result.both
    assert "usually ends" not in result.both
