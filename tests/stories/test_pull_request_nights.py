"""What the nightly run does: trials for the record, and a word for everything that is no pass."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.test_pull_request_odds import APP, CODED
from tests.support.forge import Forge
from tests.support.github_server import GitHubServer
from tests.support.model_server import ModelServer
from tests.support.workflow_runner import Run

KEY = "a-key-that-nobody-may-see"


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


@pytest.fixture
def forge(tmp_path: Path, server: GitHubServer) -> Forge:
    return Forge(tmp_path, server)


def ends(run: Run) -> list[str]:
    return [run.jobs[name].conclusion for name in ("evaluate", "verdict", "propose")]


def accepted(forge: Forge, says: Path) -> Forge:
    """A greeting that is on record, said by a model that reads a file."""
    says.write_text("Hello!", encoding="utf-8")
    return forge.start({**CODED, "app.py": APP.format(place=str(says))}).accept()


def test_a_night_adds_trials_in_a_pull_request_and_a_drift_fails(forge: Forge, tmp_path: Path) -> None:
    says = tmp_path / "says.txt"
    main = accepted(forge, says).main

    says.write_text("Hello there!", encoding="utf-8")
    calm = forge.nightly()
    assert [calm.jobs[name].conclusion for name in ("evaluate", "verdict", "propose")] == [
        "success", "skipped", "success",
    ], calm.jobs["propose"].log.text  # fmt: skip
    (proposal,) = forge.server.pulls.values()
    assert proposal["head"]["ref"] == "llmops/baseline"
    assert forge.main == main, "nothing is pushed to main"
    assert "Hello there!" in forge.on("llmops/baseline", "evalsets/greet.baseline.jsonl")
    assert forge.changed_on("llmops/baseline") == ["evalsets/greet.baseline.jsonl"]

    says.write_text("Hello again!", encoding="utf-8")
    forge.nightly()
    assert len(forge.server.pulls) == 1, "the same pull request is brought up to date"
    both = forge.on("llmops/baseline", "evalsets/greet.baseline.jsonl")
    assert "Hello there!" in both, "what nobody has merged yet is not lost"
    assert "Hello again!" in both

    says.write_text("Go away!", encoding="utf-8")
    drifted = forge.nightly()
    assert drifted.conclusion == "failure"
    assert drifted.jobs["verdict"].conclusion == "failure"
    (said,) = drifted.jobs["verdict"].annotations("error")
    assert "greet: trial pass rate dropped by 100.0 points" in said
    assert "the model changed, not the prompt" in said
    assert said.endswith("see the job evaluate")
    assert drifted.jobs["propose"].conclusion == "skipped"


def test_by_hand_only_the_default_branch_brings_answers(forge: Forge, tmp_path: Path) -> None:
    says = tmp_path / "says.txt"
    accepted(forge, says)
    says.write_text("Hello there!", encoding="utf-8")
    forge.dev.git("switch", "--quiet", "--create", "feature")
    forge.dev.write({"notes.md": "nobody should see this yet\n"}).commit("unfinished")
    forge.dev.git("push", "--quiet", "origin", "HEAD:refs/heads/feature")

    assert ends(forge.nightly_by_hand("feature")) == ["success", "skipped", "skipped"]
    assert forge.server.pulls == {}

    assert ends(forge.nightly_by_hand()) == ["success", "skipped", "success"]
    assert forge.changed_on("llmops/baseline") == ["evalsets/greet.baseline.jsonl"]


def test_a_prompt_that_nobody_accepted_yet_is_no_drift(forge: Forge, tmp_path: Path) -> None:
    says = tmp_path / "says.txt"
    accepted(forge, says).dev.edit("prompts/greet.yaml", "Greet", "Insult").commit(
        "merged without its answers"
    )
    forge.push_main()
    says.write_text("Go away!", encoding="utf-8")

    night = forge.nightly()

    assert ends(night) == ["success", "skipped", "skipped"]
    assert "left out greet: the prompt greet is not the accepted version" in night.jobs["evaluate"].log.text
    assert night.jobs["evaluate"].outputs["verdict"] == "UNAFFECTED"


def test_a_mistake_in_a_file_is_said(forge: Forge, tmp_path: Path) -> None:
    accepted(forge, tmp_path / "says.txt").dev.edit("evalsets/greet.yaml", "cases:", "casse:").commit(
        "a typo"
    )
    forge.push_main()

    night = forge.nightly()

    assert ends(night) == ["failure", "failure", "skipped"]
    (said,) = night.jobs["verdict"].annotations("error")
    assert said.startswith("a mistake: error: evalsets/greet.yaml:")


def test_a_job_that_failed_before_a_verdict_is_said(forge: Forge, tmp_path: Path) -> None:
    accepted(forge, tmp_path / "says.txt").runner.broken = {("evaluate", "install")}

    night = forge.nightly()

    assert ends(night) == ["failure", "failure", "skipped"]
    assert "ended before there was a verdict" in night.jobs["verdict"].annotations("error")[0]


class TestWithoutAVerdict:
    """It would be green for ever, and nobody would see that nothing is watched any more."""

    @pytest.fixture
    def names(self) -> list[str]:
        """What the model calls itself."""
        return ["model-1"]

    @pytest.fixture
    def model(self, names: list[str]) -> Iterator[ModelServer]:
        def answer(body: dict[str, object]) -> dict[str, object]:
            who = "Ada" if "Ada" in str(body["messages"]) else "Bob"
            return {"content": f"Hello, {who}!" if names[-1] == "model-1" else "No.", "model": names[-1]}

        with ModelServer(answer, key=KEY) as model:
            yield model

    @pytest.fixture
    def forge(self, tmp_path: Path, server: GitHubServer, model: ModelServer) -> Forge:
        return Forge(tmp_path, server, secrets={"VLLM_KEY": KEY}).start_with_key(model.url, KEY)

    def test_a_model_that_changed_under_its_name_fails_the_night_and_is_named(
        self, forge: Forge, names: list[str]
    ) -> None:
        assert ends(forge.nightly())[1] == "skipped"
        names.append("model-2")

        night = forge.nightly()

        assert ends(night) == ["success", "failure", "skipped"]
        assert night.conclusion == "failure"
        (said,) = night.jobs["verdict"].annotations("error")
        assert said.startswith("no verdict: ")
        assert "model-1" in said
        assert "model-2" in said
        assert said.endswith("see the job evaluate")

    def test_a_key_that_is_missing_fails_the_night_and_is_named(self, forge: Forge) -> None:
        forge.runner.secrets.clear()

        night = forge.nightly()

        assert ends(night) == ["success", "failure", "skipped"]
        (said,) = night.jobs["verdict"].annotations("error")
        assert said.startswith("no verdict: ")
        assert "VLLM_KEY" in said

    def test_a_key_that_expired_fails_the_night(self, forge: Forge, model: ModelServer) -> None:
        model.key = "another"

        night = forge.nightly()

        assert ends(night) == ["success", "failure", "skipped"]
        assert night.jobs["verdict"].annotations("error")[0].startswith("no verdict: ")
