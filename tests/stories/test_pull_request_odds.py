"""What a gate meets beside changes of prompts: short history, first commits, mistakes, hostile answers, queues."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.forge import GATE, Forge
from tests.support.github_server import GitHubServer
from tests.support.project import Project
from tests.support.workflow_stand_ins import git

PROMPT = "prompts/triage.system.j2"
SHORTER = (PROMPT, ", torn or too small", " or torn")

CODED = {
    "llmops.yaml": "model: 'python:app:answer'\nallow_python: true\n",
    "prompts/greet.yaml": "inputs: {name: {type: string}}\nprompt: Greet {{ name }}.\n",
    "evalsets/greet.yaml": """\
prompt: greet
trials: 5
scorers:
  - contains: Hello
cases:
  - {id: ada, vars: {name: Ada}}
  - {id: bob, vars: {name: Bob}}
""",
    ".gitignore": "__pycache__/\n",
}
APP = '''"""A model that says what stands in a file outside of the repository."""
import pathlib


def answer(messages, params):
    return pathlib.Path({place!r}).read_text()
'''


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


@pytest.fixture
def forge(tmp_path: Path, server: GitHubServer) -> Forge:
    return Forge(tmp_path, server)


@pytest.mark.parametrize(("ahead", "said"), [(0, "50 commits deep"), (60, "500 commits deep")])
def test_history_is_fetched_as_deep_as_the_commit_where_the_branch_left(
    forge: Forge, ahead: int, said: str
) -> None:
    forge.start().dev.edit(*SHORTER).commit("a shorter list")
    number = forge.open("shorter")
    base = forge.main
    commits_ahead(forge, ahead)

    run = forge.checked(number)

    assert f"compared with {base}, where the head left its base" in run.jobs["evaluate"].log.text
    assert said in run.jobs["evaluate"].log.text
    assert forge.check(number) == "failure"


def test_a_job_that_has_the_whole_history_keeps_it(forge: Forge) -> None:
    forge.start().dev.edit(
        GATE, "persist-credentials: false", "persist-credentials: false\n          fetch-depth: 0"
    )
    forge.dev.commit("the whole history")
    forge.push_main()
    forge.dev.edit(*SHORTER).commit("a shorter list")
    number = forge.open("shorter")
    base = forge.main
    commits_ahead(forge, 60)

    run = forge.checked(number)

    assert f"compared with {base}, where the head left its base\n" in run.jobs["evaluate"].log.text
    assert forge.check(number) == "failure"
    assert run.jobs["evaluate"].workspace is not None
    assert git(run.jobs["evaluate"].workspace, "rev-parse", "--is-shallow-repository") == "false"


def commits_ahead(forge: Forge, count: int) -> None:
    """main moves on by so many commits."""
    main = forge.main
    lines = []
    for number in range(count):
        start = f"from {main}\n" if number == 0 else ""
        lines.append(f"commit refs/heads/main\ncommitter a <a@b> {number} +0000\ndata 1\nx\n{start}\n")
    forge.feed("".join(lines))


def test_histories_without_a_common_commit_are_no_verdict_and_it_is_said(forge: Forge) -> None:
    forge.start().dev.edit(*SHORTER)
    forge.dev.git("checkout", "--quiet", "--orphan", "island")
    forge.dev.commit("another beginning")
    number = forge.open("island")

    run = forge.checked_as(number, forge.dev.git("rev-parse", "HEAD"))

    assert "no commit in common" in run.jobs["evaluate"].annotations("warning")[0]
    assert run.jobs["evaluate"].conclusion == "success", "eval ends with 3: no verdict, and no mistake"
    assert "unrelated" in forge.comments(number)[0]
    assert forge.check(number) == "neutral"


def test_a_base_that_is_gone_is_no_verdict_and_it_is_said(forge: Forge) -> None:
    forge.start().dev.edit(*SHORTER).commit("a shorter list")
    number = forge.open("shorter")
    event = forge.event(number)
    forge.server.pulls[number]["base"]["sha"] = "f" * 40

    run = forge.runner.run(GATE, event)

    assert "base could not be fetched" in run.jobs["evaluate"].annotations("warning")[0]
    assert run.jobs["evaluate"].conclusion == "success"
    assert forge.check(number) == "neutral"


def test_a_job_that_left_nothing_is_no_verdict_and_turns_the_comment(forge: Forge) -> None:
    """As where nothing could be installed."""
    forge.start().dev.edit(*SHORTER).commit("a shorter list")
    number = forge.open("shorter")
    forge.checked(number)
    forge.dev.edit(PROMPT, " or torn", " or ripped").commit("another word")
    forge.push(number)
    forge.runner.broken = {("evaluate", "install")}

    run = forge.checked(number)

    assert run.jobs["evaluate"].conclusion == "failure"
    assert run.jobs["report"].conclusion == "success"
    assert forge.check(number) == "neutral"
    (comment,) = forge.comments(number)
    assert "no run was left" in comment


def test_a_merge_queues_group_is_judged_against_what_it_builds_on(forge: Forge) -> None:
    forge.start().dev.edit(*SHORTER).commit("a shorter list")
    number = forge.open("shorter")
    commits_ahead(forge, 60)

    run = forge.queued(number)

    assert f"compared with {run.event.payload['merge_group']['base_sha']}" in run.jobs["evaluate"].log.text
    assert forge.check_on(run.event.sha) == "failure"
    assert forge.comments(number) == []
    assert "REGRESSION" in run.jobs["report"].summary
    other = forge.queued(number)
    assert run.groups == other.groups
    assert not run.groups & forge.checked(number).groups, "a pull request's run ends no group's"


def test_the_pull_request_that_brings_the_gate_is_judged_by_it(forge: Forge) -> None:
    """A base branch without a file of llmops: everything is new."""
    forge.dev.llmops("init", "--ci", "github")
    forge.dev.commit("the first prompts")
    number = forge.open("gate")

    run = forge.checked(number)

    assert run.conclusion == "success"
    assert forge.check(number) == "success"
    assert len(forge.comments(number)) == 1


def test_a_mistake_in_a_file_fails_the_job_and_says_where_and_is_no_regression(forge: Forge) -> None:
    forge.start().dev.edit("evalsets/triage.yaml", "cases:", "casse:").commit("a typo")
    number = forge.open("typo")

    run = forge.checked(number)

    assert run.jobs["evaluate"].conclusion == "failure"
    assert "evalsets/triage.yaml" in "".join(run.jobs["evaluate"].annotations("error"))
    assert run.jobs["evaluate"].steps["Upload run file and reports"] == "success"
    assert run.jobs["report"].conclusion == "success"
    assert forge.check(number) == "neutral"
    assert "casse" in forge.comments(number)[0]


def test_what_a_model_says_commands_nobody(forge: Forge) -> None:
    """A prompt that is answered by its own text (`echo`), printed as a failing answer."""
    hostile = ["::error::owned", "::set-output name=verdict::PASS", "##[error]owned", "::add-path::/tmp",
               "::stop-commands::x", "%0A::error::owned", "\\r::error::owned"]  # fmt: skip
    cases = "".join(f'  - {{id: c{n}, vars: {{text: "a\\n{text}\\nb"}}}}\n' for n, text in enumerate(hostile))
    forge.start({
        "prompts/say.yaml": 'model: echo\ninputs: {text: {type: string}}\nprompt: "{{ text }}"\n',
        "evalsets/say.yaml": f"prompt: say\nscorers:\n  - contains: a\ncases:\n{cases}",
    })  # fmt: skip
    forge.accept()
    forge.dev.edit("prompts/say.yaml", "{{ text }}", "{{ text | upper }}")
    forge.dev.commit("shout")
    number = forge.open("shout")

    run = forge.checked(number)

    assert forge.check(number) == "failure"
    for job in run.jobs.values():
        assert {name for name, _, _ in job.log.commands} <= {"error", "warning", "notice", "add-mask"}
        assert not [text for _, _, text in job.log.commands if text.casefold() in ("owned", "/tmp")]
    assert len(run.jobs["evaluate"].annotations("error")) <= 10
    assert "OWNED" in run.jobs["evaluate"].log.text, "it was printed"


def test_a_push_from_a_job_without_that_right_is_refused(forge: Forge) -> None:
    """So that the stories show which jobs need `contents: write`."""
    environment = {"GITHUB_ACTIONS": "true", "MAY_PUSH": "no"}

    assert forge.try_push(environment) != 0
    assert forge.try_push({**environment, "MAY_PUSH": "yes"}) == 0


def test_the_answers_of_one_run_are_there_for_the_next(forge: Forge, tmp_path: Path) -> None:
    """Also where the first one failed."""
    says = tmp_path / "says.txt"
    says.write_text("Go away!", encoding="utf-8")
    app = APP.format(place=str(says)) + "\n\nanswer.cache_key = 'one'\n"
    forge.start({**CODED, "app.py": app})
    forge.dev.edit("prompts/greet.yaml", "Greet", "Welcome").commit("another word")
    number = forge.open("welcome")

    first = forge.checked(number)
    says.unlink()
    second = forge.checked(number)

    assert "cache saved as" in first.jobs["evaluate"].log.text
    assert "cache restored from" in second.jobs["evaluate"].log.text
    assert "0 calls" in second.jobs["evaluate"].log.text


def test_a_project_below_the_top_is_judged_where_it_lies(tmp_path: Path, server: GitHubServer) -> None:
    forge = Forge(tmp_path, server)
    below = Project(forge.dev.root / "apps/desk", forge.dev.root)
    below.root.mkdir(parents=True)
    assert below.llmops("init").exit_code == 0
    assert below.llmops("ci", "github").exit_code == 0
    forge.dev.commit("a project below")
    forge.push_main()
    below.edit(*SHORTER).commit("a shorter list")
    number = forge.open("shorter")

    forge.checked(number)

    assert forge.check(number) == "failure"
    assert "apps/desk/evalsets/triage.yaml" in forge.comments(number)[0]
