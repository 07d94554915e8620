"""What somebody found who had only the README: each stays mended."""

import json
import resource

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project, greeting_project, kinds_of

ECHO = {"prompts/p.yaml": "model: echo\ninputs: {q: {}}\nprompt: '{{ q }}'\n"}


def echo_set(scorer: str, text: str = "Sorry, I cannot.") -> dict[str, str]:
    body = f"prompt: p\nscorers:\n  - {scorer}\ncases:\n  - {{id: a, vars: {{q: {json.dumps(text)}}}}}\n"
    return {**ECHO, "evalsets/p.yaml": body}


def test_two_files_of_one_name_are_a_mistake_and_no_set_vanishes(project: Project) -> None:
    greeting_project(project).write({"evalsets/greet.yml": TWO_CASES})

    for command in ("check", "eval"):
        result = project.llmops(command)
        assert result.exit_code == ExitCode.USAGE
        assert (
            "two files are the evalset 'greet': evalsets/greet.yaml and evalsets/greet.yml" in result.stderr
        )


def test_a_lost_format_is_a_failed_score_whatever_not_says(project: Project) -> None:
    project.write(echo_set('contains: {value: abc, of: "{{ json.team }}", not: true}'))

    (comparison,) = project.llmops("eval", "--format", "json").json()["evalsets"][0]["comparisons"]

    assert comparison["candidate"]["passed"] == 0


def test_a_redacted_answer_is_not_judged_by_a_changed_ruler(project: Project) -> None:
    project.write(
        {
            **echo_set("contains: 'joe.doe@'", "write to joe.doe@example.org"),
            "llmops.yaml": "redact: [email]\n",
        }
    )
    assert project.llmops("eval").exit_code == ExitCode.PASS
    project.llmops("accept")
    assert (
        "joe"
        not in project.read("evalsets/p.baseline.jsonl").partition('"output"')[2].partition('"scores"')[0]
    )
    project.edit("evalsets/p.yaml", "contains: 'joe.doe@'", "contains: 'joe.doe@ex'")

    stale = project.llmops("eval")
    fresh = project.llmops("eval", "--fresh")

    assert stale.exit_code == ExitCode.INCONCLUSIVE
    assert "the accepted answer is redacted" in stale.both
    assert "--fresh asks anew" in stale.both
    assert fresh.exit_code != ExitCode.REGRESSION


def test_a_cost_of_less_than_a_millionth_is_kept(project: Project) -> None:
    settings = (
        'model: m\nmodels:\n  m: {{model: openai/test, api_base: "{}", price: {{input: 0.2, output: 0.2}}}}\n'
    )
    with ModelServer(lambda _: "Hello, Ada! Hello, Bob!") as server:
        project.write({"prompts/greet.yaml": GREET, "llmops.yaml": settings.format(server.url)})
        project.write({"evalsets/greet.yaml": TWO_CASES + "gate: {max_cost_increase: 20%}\n"})
        project.llmops("eval")
        project.llmops("accept")
        again = project.llmops("eval", "--fresh")

    assert again.exit_code == ExitCode.PASS, again.both


def test_a_recording_that_cannot_be_written_is_said_and_is_no_bug(project: Project) -> None:
    project.write(echo_set("contains: x", "x" * 4000))

    result = project.run_process(
        "eval", "--record", "tape.jsonl", "--no-cache",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )  # fmt: skip

    assert result.exit_code == ExitCode.INCONCLUSIVE, result.both
    assert "tape.jsonl cannot be written" in result.both


def test_a_new_case_that_fails_is_shown_with_its_answer(project: Project) -> None:
    greeting_project(project).edit(
        "evalsets/greet.yaml", "  - id: bob", "  - id: eve\n    vars: {name: Eve}\n  - id: bob"
    )
    project.replies(("Eve", "No."), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))

    result = project.llmops("eval")

    assert "FAILED  eve" in result.stdout
    assert kinds_of(project.llmops("eval", "--format", "json"))["eve"] == "new"


def test_names_of_files_reach_no_terminal_raw(project: Project) -> None:
    project.write({"evalsets/\x1b[31m\nz.yaml": "x: 1\n"})

    result = project.llmops("eval")

    assert "\x1b" not in result.both
    assert all(line.startswith("error: ") for line in result.stderr.splitlines()[:-1])


def test_what_a_reviewer_could_not_see_is_escaped_in_the_baseline(project: Project) -> None:
    project.write(echo_set("contains: a", "a\u202eb\x9b")).llmops("eval")
    project.llmops("accept")

    text = project.read("evalsets/p.baseline.jsonl")

    assert "\u202e" not in text
    assert "\\u202e" in text
    assert project.llmops("eval").exit_code == ExitCode.PASS
