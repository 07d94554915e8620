"""Several cases that ask the same, each with a scorer of its own, are one draw of the model."""

from collections.abc import Iterator

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, Project

CASES = "prompt: greet\nscorers: [{contains: Hello}]\ncases:\n" + "".join(
    f"  - {{id: '{name}-{n}', vars: {{name: {name}}}, scorers: [{{contains: {{value: Hello, name: s{n}}}}}]}}\n"
    for name in ("Ada", "Bob")
    for n in range(4)
)


class Vendor:
    """Says "Hello" until it is in a bad mood."""

    mood = "Hello!"

    def __call__(self, body: dict[str, object]) -> str:
        return self.mood


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def accepted(project: Project, vendor: Vendor) -> Iterator[Project]:
    with ModelServer(reply=vendor) as server:
        settings = f"model: m\nmodels: {{m: {{model: openai/test, api_base: '{server.url}'}}}}\n"
        files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": CASES, "llmops.yaml": settings}
        project.commit("greet", files)
        project.llmops("eval")
        assert len(server.requests) == 2  # two questions of eight cases
        assert project.llmops("accept").exit_code == ExitCode.PASS
        project.commit("accept")
        project.edit("prompts/greet.yaml", "Greet", "Welcome")
        yield project


def test_a_call_speaks_once_however_many_cases_it_answers(accepted: Project, vendor: Vendor) -> None:
    vendor.mood = "Goodbye."

    result = accepted.llmops("eval", "--confirm", "never", "--format", "json")

    assert result.exit_code == ExitCode.INCONCLUSIVE  # 8 cases fell, by two calls
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    (test,) = comparison["statistics"]["tests"]
    # of two calls to each question the worse one is the candidate's: one order of four, half of it counts
    assert test["p"] == pytest.approx(1 / 8)
    assert test["drop"] == 1.0
    assert comparison["statistics"]["linked"] == 8
    assert "8 cases share calls with others: each call counts once" in accepted.llmops("report").stdout


def test_cases_with_requests_of_their_own_are_evidence_each(accepted: Project, vendor: Vendor) -> None:
    own = CASES
    for n in range(4):
        own = own.replace(f"-{n}', vars: {{name: Ada}}", f"-{n}', vars: {{name: Ada{n}}}")
        own = own.replace(f"-{n}', vars: {{name: Bob}}", f"-{n}', vars: {{name: Bob{n}}}")
    accepted.git("checkout", "--quiet", "prompts")
    accepted.write({"evalsets/greet.yaml": own})
    accepted.llmops("eval")
    accepted.llmops("accept")
    accepted.edit("prompts/greet.yaml", "Greet", "Welcome")
    vendor.mood = "Goodbye."

    result = accepted.llmops("eval", "--confirm", "never", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    statistics = result.json()["evalsets"][0]["comparisons"][0]["statistics"]
    assert statistics["linked"] == 0
    assert statistics["tests"][0]["p"] == pytest.approx(1 / 512)
