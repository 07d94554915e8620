"""The gate from end to end: our own workflow files, run step by step on a real remote and GitHub's API on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.forge import Forge
from tests.support.github_server import GitHubServer

FORM = "Answer in exactly this form: "
PROMPT = "prompts/triage.system.j2"


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


@pytest.fixture
def forge(tmp_path: Path, server: GitHubServer) -> Forge:
    return Forge(tmp_path, server).start()


def verdict(forge: Forge, number: int) -> str | None:
    (comment,) = forge.comments(number)
    return next(
        (word for word in ("REGRESSION", "PASS", "INCONCLUSIVE", "UNAFFECTED") if word in comment[:200]), None
    )


def without_the_form(forge: Forge) -> str:
    """Delete the line that the answers' form depends on; the file as it was."""
    whole = forge.dev.read(PROMPT)
    kept = [line for line in whole.splitlines(keepends=True) if not line.startswith(FORM)]
    forge.dev.write({PROMPT: "".join(kept)})
    return whole


def test_red_with_one_comment_fixed_green_accepted_and_documentation_costs_nothing(forge: Forge) -> None:
    whole = without_the_form(forge)
    forge.dev.commit("worse")
    number = forge.open("change")
    red = forge.checked(number)

    assert red.conclusion == "success", "the jobs did their work; the check says what they found"
    assert forge.check(number) == "failure"
    assert verdict(forge, number) == "REGRESSION"
    assert "charged-twice" in forge.comments(number)[0]

    forge.dev.write({PROMPT: whole + "Be brief.\n"}).commit("fixed")
    forge.push(number)
    forge.checked(number)

    assert forge.check(number) == "success"
    assert verdict(forge, number) == "PASS"
    assert len(forge.server.comments[number]) == 1
    forge.merge(number)

    forge.dev.edit(PROMPT, ", torn or too small", " or torn").commit("a shorter list")
    second = forge.open("shorter")
    forge.checked(second)
    assert forge.check(second) == "failure"

    forge.dev.llmops("eval")
    assert forge.dev.llmops("accept").exit_code == 0
    forge.dev.commit("that is what we want")
    forge.push(second)
    forge.checked(second)

    assert forge.check(second) == "success"
    assert "ccepted" in forge.comments(second)[0]
    forge.merge(second)

    forge.dev.commit("words", {"docs/notes.md": "hello\n"})
    third = forge.open("docs")
    run = forge.checked(third)

    assert forge.check(third) == "neutral"
    assert forge.comments(third) == []
    outputs = json.loads((run.artifacts["llmops-report"] / "run.json").read_text(encoding="utf-8"))
    assert outputs["verdict"]["status"] == "UNAFFECTED"
