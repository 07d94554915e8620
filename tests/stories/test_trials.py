"""Repeated trials: on record, of a case's own, banked, and never counted twice."""

import json
from typing import Any

from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project, greeting_project

MODEL = 'model: served\nmodels:\n  served: {{model: openai/test, api_base: "{url}"}}\n'


def served(project: Project, server: ModelServer) -> Project:
    project.write({"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    return project.write({"llmops.yaml": MODEL.format(url=server.url)})


def counts(project: Project) -> list[int]:
    return [json.loads(line).get("count", 1) for line in project.baseline()]


def greet(request: dict[str, object]) -> str:
    return "Hello, Ada! Hello, Bob!"


def test_a_case_may_ask_for_more_trials_and_the_command_line_has_the_last_word(project: Project) -> None:
    greeting_project(project).edit("evalsets/greet.yaml", "tags: [first]", "trials: 3")

    def trials(*options: str) -> list[int]:
        result = project.llmops("eval", "--fresh", "--format", "json", *options).json()
        return [case["candidate"]["trials"] for case in result["evalsets"][0]["comparisons"][0]["cases"]]

    assert trials() == [3, 1]
    assert trials("--trials", "2") == [2, 2]


def test_banking_adds_fresh_calls_and_accepting_twice_adds_nothing(project: Project) -> None:
    with ModelServer(reply=greet) as server:
        served(project, server).llmops("eval", "--trials", "2")
        project.llmops("accept")
        assert counts(project) == [2, 2]
        project.llmops("accept")
        assert counts(project) == [2, 2]

        project.llmops("eval", "--trials", "3", "--fresh")
        banked = project.llmops("accept", "--bank")
        assert counts(project) == [5, 5]
        project.llmops("accept", "--bank")

    assert counts(project) == [5, 5]
    assert "2 with more trials" in banked.stdout


def test_a_record_is_capped_and_the_oldest_answers_go(project: Project) -> None:
    with ModelServer(reply=greet) as server:
        served(project, server).edit("evalsets/greet.yaml", "prompt: greet", "prompt: greet\nmax_trials: 4")
        for _ in range(3):
            project.llmops("eval", "--trials", "3", "--fresh")
            project.llmops("accept", "--bank")

    assert counts(project) == [4, 4]


def test_banking_leaves_a_changed_prompt_to_accept(project: Project) -> None:
    with ModelServer(reply=greet) as server:
        served(project, server).llmops("eval")
        project.llmops("accept")
        before = project.baseline()
        project.edit("prompts/greet.yaml", "Greet", "Welcome")
        project.llmops("eval")
        project.llmops("accept", "--bank")

    assert project.baseline() == before


def test_accepting_a_part_of_the_trials_on_record_keeps_them_all(project: Project) -> None:
    with ModelServer(reply=greet) as server:
        served(project, server).llmops("eval", "--trials", "4")
        project.llmops("accept")
        project.llmops("eval", "--trials", "1")
        project.llmops("accept")

    assert counts(project) == [4, 4]


def test_a_provider_that_always_answers_alike_fills_no_record(project: Project) -> None:
    project.write({"prompts/p.yaml": "model: echo\nprompt: hi\n",
                   "evalsets/p.yaml": "prompt: p\nscorers: [{equals: hi}]\ncases: [{id: a}]\n"})  # fmt: skip
    for _ in range(3):
        project.llmops("eval", "--fresh")
        project.llmops("accept", "--bank")

    assert '"count"' not in project.read("evalsets/p.baseline.jsonl")


def test_accepting_under_a_changed_ruler_renews_the_marks_and_nothing_else(project: Project) -> None:
    greeting_project(project)
    before = [json.loads(line) for line in project.baseline()]
    project.edit("evalsets/greet.yaml", "contains:", "starts_with:")
    project.llmops("eval")
    project.llmops("accept")

    after = [json.loads(line) for line in project.baseline()]

    assert [sorted(line["scores"]) for line in after] == [["starts_with"], ["starts_with"]]
    assert [{**line, "scores": {}} for line in after] == [{**line, "scores": {}} for line in before]


def test_a_record_that_cannot_hold_one_run_is_a_mistake(project: Project) -> None:
    project.write({"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    project.edit("evalsets/greet.yaml", "prompt: greet", "prompt: greet\ntrials: 3\nmax_trials: 2")

    result = project.llmops("check")

    assert result.exit_code == 2
    said = "evalsets/greet.yaml:3:13: 'max_trials' is 2, and a run asks 3 times; make it as large as `trials` at least"
    assert said in result.both


def varying(project: Project) -> Project:
    """A model that answers well in three runs of four."""
    model = "import itertools\nN = itertools.count()\n\ndef answer(messages, params):\n"
    model += "    return ['Hello, Ada! Hello, Bob!', 'no'][next(N) % 4 == 0]\n"
    return project.write({"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES, "varies.py": model,
                          "llmops.yaml": "model: python:varies:answer\nallow_python: true\n"})  # fmt: skip


def test_accepting_keeps_the_trials_of_all_runs_of_the_version_not_those_of_the_last(
    project: Project,
) -> None:
    varying(project)
    for _ in range(3):
        project.llmops("eval", "--fresh", "--trials", "2")

    accepted = project.llmops("accept")

    assert accepted.stdout.endswith(", with 8 trials of 2 other runs of the same prompt\n")
    assert sum(counts(project)) == 12
    calls = [call for line in project.baseline() for call in json.loads(line)["calls"]]
    assert len(set(calls)) == 12
    again = project.llmops("accept")
    assert "other run" not in again.stdout
    assert sum(counts(project)) == 12


def test_runs_before_the_last_accept_and_of_other_prompts_have_had_their_say(project: Project) -> None:
    varying(project)
    project.llmops("eval", "--fresh", "--trials", "2")
    project.llmops("accept")
    project.edit("prompts/greet.yaml", "Greet", "Welcome")
    project.llmops("eval", "--fresh", "--trials", "2", "--confirm", "never")
    project.edit("prompts/greet.yaml", "Welcome", "Greet")
    project.llmops("eval", "--fresh", "--trials", "3", "--confirm", "never")

    assert "other run" not in project.llmops("accept").stdout
    assert sum(counts(project)) == 10


def test_answers_of_a_part_of_the_set_count_and_the_oldest_go_first(project: Project) -> None:
    varying(project).edit("evalsets/greet.yaml", "prompt: greet", "prompt: greet\nmax_trials: 4")
    project.llmops("eval", "--fresh", "--case", "ada", "--trials", "4")
    project.llmops("eval", "--fresh", "--trials", "3")

    accepted = project.llmops("accept")

    assert ", with 1 trial of 1 other run of the same prompt" in accepted.stdout
    assert sorted(json.loads(line)["id"] for line in project.baseline() for _ in json.loads(line)["calls"]) == [
        "ada", "ada", "ada", "ada", "bob", "bob", "bob",
    ]  # fmt: skip


def runs_before(project: Project, *options: str) -> tuple[int | None, list[str]]:
    """What a run says of those before it, and the notes that speak of them."""
    result = project.llmops("eval", "--format", "json", *options).json()
    notes = [note for note in result["verdict"]["notes"] if "run of this prompt" in note]
    return result["provenance"].get("runs_before"), notes


def test_a_run_says_how_often_the_same_was_asked_since_the_last_accept(project: Project) -> None:
    varying(project)
    counted, notes = zip(*(runs_before(project, "--trials", "4") for _ in range(4)), strict=True)

    assert counted == (0, 1, 2, 3)
    assert notes[0] == []
    assert notes[3] == [
        "the 4th run of this prompt since the last `accept`; the runs before it count in `accept`"
    ]
    assert "note: the 4th run of this prompt since the last `accept`" in project.llmops("report").both
    assert "24 trials of 3 other runs" in project.llmops("accept").both
    assert runs_before(project, "--fresh", "--trials", "4", "--confirm", "never")[0] == 0
    assert runs_before(project, "--fresh", "--trials", "4", "--confirm", "never")[0] == 1
    project.edit("prompts/greet.yaml", "Greet", "Welcome")
    assert runs_before(project)[0] == 0


def test_answers_from_the_cache_and_questions_that_are_new_are_no_second_look(project: Project) -> None:
    down: set[str] = {"Bob"}

    def reply(request: dict[str, Any]) -> str:
        if any(name in str(request["messages"]) for name in down):
            raise RuntimeError("down")
        return "Hello, Ada! Hello, Bob! Hello, Cleo!"

    with ModelServer(reply=reply) as server:
        served(project, server)
        assert runs_before(project, "--retries", "0") == (0, [])
        down.clear()
        assert runs_before(project) == (0, []), "what an outage left out"
        assert runs_before(project) == (0, []), "nothing was asked"
        cleo = "  - {id: cleo, vars: {name: Cleo}}\n"
        project.write({"evalsets/greet.yaml": TWO_CASES + cleo})
        assert runs_before(project) == (0, []), "a case that is new"
        count, (note,) = runs_before(project, "--trials", "2")
        assert (count, note[:11]) == (1, "the 2nd run"), "each was asked in one run before"
        project.edit("evalsets/greet.yaml", "Cleo", "Dora")
        assert runs_before(project, "--case", "cleo") == (0, [])


def test_a_run_that_was_cut_short_or_cannot_be_read_is_no_look(project: Project) -> None:
    varying(project)
    for _ in range(3):
        project.llmops("eval", "--trials", "2")
    oldest, middle, _ = sorted((project.root / ".llmops/runs").glob("*.json"))
    oldest.write_text(json.dumps(json.loads(oldest.read_text()) | {"interrupted": True}))
    middle.write_text(middle.read_text()[:-1])

    assert runs_before(project, "--trials", "2")[0] == 1


def test_a_run_that_failed_counts_its_predecessors_without_a_word(project: Project) -> None:
    varying(project).edit("evalsets/greet.yaml", "tags: [first]", "critical: true")
    for expected in (0, 1):
        result = project.llmops("eval", "--trials", "9", "--format", "json").json()
        assert result["verdict"]["status"] == "REGRESSION"
        assert result["provenance"]["runs_before"] == expected
        assert "run of this prompt" not in str(result["verdict"]["notes"])
