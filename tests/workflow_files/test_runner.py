"""The runner that the stories use: it reads expressions as GitHub does, and passes over nothing it does not know."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.workflow_expressions import ExpressionError, evaluate, fill, holds
from tests.support.workflow_runner import Event, Log, Runner, _assignments
from tests.support.workflow_stand_ins import git

CONTEXT: dict[str, Any] = {
    "github": {"event": {"pull_request": {"number": 12, "head": {"sha": "abc"}}}, "repository": "a/b"},
    "inputs": {"base": "", "cache": "true"},
    "steps": {"history": {"outputs": {"base": "main"}}},
    "needs": {"evaluate": {"result": "failure", "outputs": {}}},
}


def success(word: str) -> bool:
    return word == "success"


def failed(word: str) -> bool:
    return word == "failure"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("github.event.pull_request.head.sha", "abc"),
        ("github.event.issue.number", None),
        ("inputs.base || github.event.pull_request.head.sha", "abc"),
        ("inputs.cache == 'TRUE' && steps.history.outputs.base != ''", True),
        ("steps.history.outputs.other || 'llmops'", "llmops"),
        ("!(github.event.pull_request.number == 12)", False),
        ("always() && needs.evaluate.result != 'cancelled'", True),
        ("'it''s'", "it's"),
        ("null == ''", True),
    ],
)
def test_expressions(text: str, value: Any) -> None:
    assert evaluate(text, CONTEXT, success) == value


@pytest.mark.parametrize(
    "text",
    ["steps.histroy.outputs.base", "inputs.bsae", "needs.other.result", "matrix.os", "hashFiles('x')", "always(",
     "inputs.base ==", "inputs.base inputs.base", "github['event']", "toJSON(github)", "a ? b"],
)  # fmt: skip
def test_what_is_not_known_fails(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, CONTEXT, success)


def test_a_condition_means_success_unless_it_asks_for_the_status() -> None:
    assert holds(None, CONTEXT, success)
    assert not holds(None, CONTEXT, failed)
    assert not holds("inputs.cache == 'true'", CONTEXT, failed)
    assert holds("always() && inputs.cache == 'true'", CONTEXT, failed)
    assert holds("${{ failure() }}", CONTEXT, failed)


def test_texts_are_filled() -> None:
    assert (
        fill("llmops-${{ github.event.pull_request.number }}-${{ inputs.base }}", CONTEXT, success)
        == "llmops-12-"
    )
    assert fill(False, CONTEXT, success) == "false"


def test_commands_are_obeyed_but_not_while_they_are_stopped() -> None:
    log = Log()
    log.add(
        "::error file=a::one\n  ::notice::two\n::stop-commands::t0ken\n::error::three\n::t0ken::\n##[add-path]x\n"
    )

    assert [(name, text) for name, _, text in log.commands] == [
        ("error", "one"), ("notice", "two"), ("add-path", "##[add-path]x"),
    ]  # fmt: skip


def test_outputs_are_read_as_github_writes_them() -> None:
    text = "one=1\ntwo<<END\na\n\nb=c\nEND\nempty<<X\nX\nthree=\n"

    assert dict(_assignments(text)) == {"one": "1", "two": "a\n\nb=c", "empty": "", "three": ""}
    with pytest.raises(AssertionError):
        dict(_assignments("nonsense\n"))


@pytest.mark.parametrize(
    "step",
    [
        "uses: actions/unknown@" + "a" * 40,
        "uses: actions/checkout@v4",
        "uses: ./.github/actions/x",
        "run: echo ${{ github.sha }}",
        "working-directory: x",
    ],
)
def test_a_step_that_is_not_known_fails_the_test(tmp_path: Path, step: str) -> None:
    remote, work = tmp_path / "remote.git", tmp_path / "work"
    for folder, bare in ((remote, ["--bare"]), (work, [])):
        folder.mkdir()
        git(folder, "init", "--quiet", *bare)
    text = (
        f"name: x\non: [push]\npermissions: {{}}\njobs:\n  a:\n    steps:\n      - name: y\n        {step}\n"
    )
    (work / "x.yml").write_text(text, encoding="utf-8")
    git(work, "add", "x.yml")
    git(work, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "x")
    git(work, "push", "--quiet", remote.as_uri(), "HEAD:refs/heads/main")
    sha = git(work, "rev-parse", "HEAD")

    with pytest.raises(AssertionError):
        Runner(remote, tmp_path / "runner", "http://localhost").run(
            "x.yml", Event("push", sha, "refs/heads/main", {})
        )
