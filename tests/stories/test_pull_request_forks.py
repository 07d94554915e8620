"""Pull requests of strangers: no keys for what nobody reviewed, and then only to where the base branch sends them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_cli.workflows.ci.files import LABEL
from tests.support.forge import KEYED, Forge
from tests.support.github_server import GitHubServer
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES
from tests.support.workflow_runner import JobResult

FORK = "mallory/prompts"
KEY = "a-key-that-nobody-may-see"


def answer(body: dict[str, object]) -> str:
    """Greets by name, unless told to insult."""
    text = str(body["messages"])
    return "Go away!" if "Insult" in text else f"Hello, {'Ada' if 'Ada' in text else 'Bob'}!"


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer(answer, key=KEY) as model:
        yield model


@pytest.fixture
def forge(tmp_path: Path, server: GitHubServer, model: ModelServer) -> Forge:
    """A public repository with the form for forks, whose model needs a key; its baseline is on main."""
    forge = Forge(tmp_path, server, "--forks", secrets={"VLLM_KEY": KEY}).start_with_key(model.url, KEY)
    model.requests.clear()
    return forge


def test_a_strangers_change_is_judged_with_keys_only_after_a_review_of_that_commit(
    forge: Forge, model: ModelServer
) -> None:
    forge.dev.edit("prompts/greet.yaml", "Greet", "Insult").commit("worse")
    number = forge.open("worse", fork=FORK)

    without = forge.checked(number)
    forge.reported(without)
    assert model.requests == []
    assert forge.check(number) == "neutral"
    assert "No verdict" in forge.comments(number)[0]
    assert "VLLM_KEY" in forge.comments(number)[0], "the word says what is missing"

    refused = forge.labelled(number)
    assert refused.jobs["evaluate"].conclusion == "skipped"
    assert "may not be used" in refused.jobs["authorize"].annotations("warning")[0]
    assert "nobody with write permission has reviewed" in refused.jobs["authorize"].log.text
    forge.reported(refused)
    assert forge.check(number) == "neutral"

    head = forge.server.pulls[number]["head"]["sha"]
    forge.server.review(number, "bob", head, "COMMENTED")
    keyed = forge.labelled(number)
    assert keyed.conclusion == "success", keyed.jobs["evaluate"].log.text
    assert {request.headers["authorization"] for request in model.requests} == {f"Bearer {KEY}"}
    assert KEY not in "".join(job.log.text + job.summary for job in keyed.jobs.values())

    forge.reported(keyed)
    assert forge.check(number) == "failure"
    (comment,) = forge.comments(number)
    assert "REGRESSION" in comment
    assert "ada" in comment


def test_a_pull_request_cannot_bring_code_nor_send_the_key_elsewhere(
    forge: Forge, model: ModelServer
) -> None:
    """Not even where a maintainer overlooks it."""
    with ModelServer(answer) as thief:
        settings = forge.dev.read("llmops.yaml").replace(model.url, thief.url) + "allow_python: true\n"
        forge.dev.write({
            "llmops.yaml": settings,
            "prompts/greet.yaml": GREET.replace("Greet", "Salute"),
            "evalsets/greet.yaml": TWO_CASES.replace("scorers:\n", "scorers:\n  - python: steal:steal\n"),
            "steal.py": "raise SystemExit('ran')\n",
        })  # fmt: skip
        forge.dev.commit("harmless")
        number = forge.open("harmless", fork=FORK)
        with_code = keyed(forge, number)
        forge.dev.write({"evalsets/greet.yaml": TWO_CASES}).commit("no code, then")
        forge.push(number)
        elsewhere = keyed(forge, number)

    assert "a python scorer is code of this project, which may not run here" in with_code.log.text
    assert "SystemExit" not in with_code.log.text
    assert thief.requests == []
    assert {request.headers["authorization"] for request in model.requests} == {f"Bearer {KEY}"}
    assert KEY not in with_code.log.text + elsewhere.log.text


def test_where_keys_go_is_read_from_the_base_branch_as_it_is_now(forge: Forge, model: ModelServer) -> None:
    """The event's own base is as old as the last push to the pull request."""
    with ModelServer(answer) as left:
        right = forge.dev.read("llmops.yaml")
        forge.dev.edit("llmops.yaml", model.url, left.url).commit("elsewhere")
        old = forge.push_main()
        forge.dev.git("switch", "--quiet", "--create", "salute")
        forge.dev.edit("prompts/greet.yaml", "Greet", "Salute").commit("a change")
        number = forge.open("salute", fork=FORK)
        forge.dev.git("switch", "--quiet", "--detach", old)
        forge.dev.write({"llmops.yaml": right}).commit("not there any more")
        forge.push_main()
        forge.server.review(number, "bob", forge.server.pulls[number]["head"]["sha"])
        forge.server.pulls[number]["labels"] = [{"name": LABEL}]
        event = forge.event(number, target=True, label=LABEL)
        forge.server.pulls[number]["base"]["sha"] = old

        run = forge.runner.run(KEYED, event)

    assert run.jobs["evaluate"].conclusion == "success", run.jobs["evaluate"].log.text
    assert f"compared with {old}" in run.jobs["evaluate"].log.text
    assert left.requests == []
    assert {request.headers["authorization"] for request in model.requests} == {f"Bearer {KEY}"}


def test_a_base_branch_that_cannot_be_fetched_is_no_verdict_and_nothing_is_asked(
    forge: Forge, model: ModelServer
) -> None:
    forge.dev.edit("prompts/greet.yaml", "Greet", "Salute").commit("a change")
    number = forge.open("salute", fork=FORK)
    forge.server.review(number, "bob", forge.server.pulls[number]["head"]["sha"])
    forge.server.pulls[number]["base"]["ref"] = "gone"

    run = forge.labelled(number)
    forge.reported(run)

    assert "tip of the base branch could not be fetched" in run.jobs["evaluate"].annotations("warning")[0]
    assert run.jobs["evaluate"].conclusion == "success"
    assert forge.check(number) == "neutral"
    assert "where keys go is read from it: nothing was asked" in forge.comments(number)[0]
    assert model.requests == []


def test_only_a_run_that_may_use_the_keys_ends_another_one(forge: Forge) -> None:
    forge.dev.edit("prompts/greet.yaml", "Greet", "Salute").commit("a change")
    number = forge.open("salute", fork=FORK)
    refused = forge.labelled(number)
    forge.server.review(number, "bob", forge.server.pulls[number]["head"]["sha"])

    paid, again, other = forge.labelled(number), forge.labelled(number), forge.labelled(number, "bug")
    keys = {group for group in paid.groups if group.startswith("llmops-keys")}

    assert other.conclusion == "skipped"
    assert other.groups == set()
    assert keys
    assert keys <= again.groups
    assert not keys & refused.groups
    assert "may not be used" in refused.jobs["authorize"].summary


def test_a_refusal_is_no_fault_of_the_workflow_that_reports(forge: Forge) -> None:
    forge.dev.edit("prompts/greet.yaml", "Greet", "Salute").commit("a change")
    number = forge.open("salute", fork=FORK)

    report = forge.reported(forge.labelled(number, by="eve"))

    assert report.conclusion == "success"
    assert "nobody can say which commit it was about" in report.jobs["report"].log.text
    assert forge.check(number) is None


def test_a_forks_job_that_left_nothing_is_a_neutral_check(forge: Forge) -> None:
    forge.dev.edit("prompts/greet.yaml", "Greet", "Salute").commit("a change")
    number = forge.open("salute", fork=FORK)
    forge.runner.broken = {("evaluate", "install")}

    report = forge.reported(forge.checked(number))

    assert report.conclusion == "success"
    assert forge.check(number) == "neutral"
    assert forge.comments(number) == []


def test_in_a_merge_queue_the_group_is_judged_with_keys_and_has_a_check(forge: Forge) -> None:
    """What is in the queue was let in by somebody who may merge it."""
    forge.dev.edit("prompts/greet.yaml", "Greet", "Insult").commit("worse")
    number = forge.open("worse", fork=FORK)

    run = forge.queued(number)
    forge.reported(run)

    assert forge.check_on(run.event.sha) == "failure"
    assert forge.comments(number) == []


def keyed(forge: Forge, number: int) -> JobResult:
    """A maintainer reviews the newest commit and sets the label."""
    forge.server.review(number, "bob", forge.server.pulls[number]["head"]["sha"])
    return forge.labelled(number).jobs["evaluate"]
