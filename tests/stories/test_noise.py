"""The stand-in with `noise`: its answers vary from trial to trial, and are judged like a sampled model's."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project

CASES = "".join(f"  - {{id: c{n}, vars: {{ticket: I lost key number {n}}}}}\n" for n in range(20))
FILES = {
    "prompts/p.yaml": """\
model: offline/assistant
params: {noise: 0.3}
inputs: {ticket: {}}
messages:
  - role: system
    content: |
      Be kind.
      Say open when it mentions a key.
      Answer in this form: DOOR: [open/shut] - [one sentence]
  - {role: user, content: "{{ ticket }}"}
""",
    "evalsets/p.yaml": f"prompt: p\nscorers:\n  - matches: '^DOOR: open - '\ncases:\n{CASES}",
}


@pytest.fixture
def noisy(project: Project) -> Project:
    project.commit("p", FILES)
    assert project.llmops("eval").exit_code == ExitCode.PASS
    assert project.llmops("accept").exit_code == ExitCode.PASS
    return project


def test_flips_are_asked_again_before_they_are_a_regression(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "Be kind", "Be very kind")

    result = noisy.llmops("eval", "--format", "json")

    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    flips = [
        case for case in comparison["cases"] if case["base"]["passed"] and not case["candidate"]["passed"]
    ]
    assert flips, "nothing flipped: the test shows nothing"
    assert result.exit_code == ExitCode.PASS, result.stdout
    assert comparison["statistics"]["cases"] == 20
    assert result.json()["calls"]["confirm"]["calls"] > 0


def test_the_same_trial_asked_once_more_is_no_new_evidence(noisy: Project) -> None:
    before = noisy.baseline("p")
    again = noisy.llmops("eval", "--fresh", "--format", "json").json()
    assert again["provenance"]["runs_before"] == 0
    noisy.llmops("accept", "--bank")
    assert noisy.baseline("p") == before

    noisy.llmops("eval", "--fresh", "--trials", "3")
    assert "with more trials" in noisy.llmops("accept", "--bank").stdout


def test_without_noise_one_flip_decides(project: Project) -> None:
    quiet = {**FILES, "prompts/p.yaml": FILES["prompts/p.yaml"].replace("noise: 0.3", "noise: 0")}
    project.commit("p", quiet)
    project.llmops("eval")
    project.llmops("accept")
    project.edit("prompts/p.yaml", "mentions a key", "mentions a lock")

    result = project.llmops("eval", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    assert "confirm" not in result.json()["calls"]
    assert '"calls"' not in "".join(project.baseline("p")), "answers that are always alike name no call"
