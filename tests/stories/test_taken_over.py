"""Cases that a change takes to another evalset are compared with what the base has on record for them."""

import json
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, Result, greeting_project, kinds_of

WORSE = ("prompts/greet.yaml", "Greet", "Insult")
GATE = ("--against", "main...", "--changed-since", "main...", "--rerun-baseline", "--trust", "main")
HEAD, ADA, BOB = TWO_CASES.split("  - id: ")
LINES = '{"id": "ada", "vars": {"name": "Ada"}}\n{"id": "bob", "vars": {"name": "Bob"}}\n'
PEOPLE = """\
prompt: greet
description: All whom we greet, as JSON lines, since there will be many
scorers: [{contains: "Hello, {{ vars.name }}!"}]
cases_from: [people.cases.jsonl]
"""
SETTINGS = "model: fast\nallow_python: true\nmodels:\n  fast: {model: 'python:scripted:answer'}\n"


def started(project: Project) -> Project:
    """A branch on which nothing happened yet: good answers are on record, an insulted Bob is answered badly."""
    project.write({"llmops.yaml": SETTINGS})
    greeting_project(project).git("switch", "--quiet", "--create", "change")
    project.replies(
        ("Insult the person by name.\nName: Bob", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"),
        ("", "Hello!"),
    )  # fmt: skip
    return project


def drop(project: Project, name: str = "greet") -> Project:
    project.git("rm", "--quiet", f"evalsets/{name}.yaml", f"evalsets/{name}.baseline.jsonl")
    return project


def on_main(project: Project, message: str) -> None:
    """Commit to main, and begin the branch anew from there."""
    project.commit(message)
    project.git("switch", "--quiet", "-C", "change")


def gate(project: Project, *more: str) -> Result:
    return project.llmops("eval", *(more or GATE), "--format", "json")


def kinds_by_set(result: Result) -> dict[str, dict[str, str]]:
    return {
        one["name"]: {case["id"]: case["kind"] for case in one["comparisons"][0]["cases"]}
        for one in result.json()["evalsets"]
    }


def notes(result: Result) -> str:
    return "\n".join(result.json()["verdict"]["notes"])


def grounds(result: Result) -> list[dict[str, Any]]:
    return list(result.json()["verdict"]["reasons"])


@pytest.fixture
def change(project: Project) -> Project:
    return started(project)


def rewritten(change: Project, text: str = PEOPLE, lines: str = LINES) -> Project:
    drop(change.edit(*WORSE)).write({"evalsets/people.yaml": text, "evalsets/people.cases.jsonl": lines})
    return change


class TestAnotherName:
    """A set whose file is written anew under another name is the old one by what it asks."""

    def test_its_cases_are_compared(self, change: Project) -> None:
        rewritten(change).commit("as JSON lines, and worse")

        result = gate(change)

        assert result.exit_code == ExitCode.REGRESSION
        assert kinds_of(result) == {"ada": "unchanged", "bob": "regressed"}
        assert result.calls == 2
        assert (
            "2 cases of evalsets/people.yaml ask what evalsets/greet.yaml asked at main..., "
            "and are compared with its answers" in notes(result)
        )

    def test_under_other_ids_and_scorers(self, change: Project) -> None:
        text = PEOPLE.replace('contains: "Hello, {{ vars.name }}!"', "starts_with: Hello")
        lines = LINES.replace('"ada"', '"x1"').replace('"bob"', '"x2"')
        rewritten(change, text, lines + '{"id": "x3", "vars": {"name": "Cleo"}}\n').commit("other ids")

        result = gate(change)

        assert kinds_of(result) == {"x1": "unchanged", "x2": "regressed", "x3": "unchanged"}
        assert "other scorers or rules than those of evalsets/greet.yaml at main..." in notes(result)
        assert "scorers contains removed, starts_with added" in notes(result)
        assert "removed (" not in notes(result)

    def test_of_a_prompt_that_stays_nothing_is_asked(self, change: Project) -> None:
        drop(change).write({"evalsets/people.yaml": PEOPLE, "evalsets/people.cases.jsonl": LINES})
        change.commit("as JSON lines")

        result = gate(change)

        assert result.exit_code == ExitCode.PASS
        assert kinds_of(result) == {"ada": "unchanged", "bob": "unchanged"}
        assert result.calls == 0
        assert "evalsets/people.yaml has no baseline of its own in this change" in notes(result)

    def test_of_a_prompt_that_was_renamed_too(self, change: Project) -> None:
        change.git("mv", "prompts/greet.yaml", "prompts/mail.yaml")
        drop(change.edit("prompts/mail.yaml", "Greet", "Insult"))
        change.write(
            {
                "evalsets/people.yaml": PEOPLE.replace("prompt: greet", "prompt: mail"),
                "evalsets/people.cases.jsonl": LINES,
            }
        ).commit("all is new")

        assert kinds_of(gate(change)) == {"ada": "unchanged", "bob": "regressed"}

    def test_what_the_old_set_took_in_time_is_still_a_bound(self, change: Project) -> None:
        change.git("switch", "--quiet", "main")
        path = change.root / "evalsets/greet.baseline.jsonl"
        path.write_text(
            "\n".join(
                json.dumps({**json.loads(line), "latency_p95": 1e-9, "latency_p50": 1e-9})
                if '"summary"' in line
                else line
                for line in path.read_text().splitlines()
            )
            + "\n"
        )
        on_main(change, "fast")
        rewritten(change, PEOPLE + "gate: {max_latency_increase: 0.5}\n").commit("slower")

        result = gate(change)

        assert any("latency" in reason["text"] for reason in grounds(result))

    def test_the_models_of_a_matrix_keep_their_columns(self, project: Project) -> None:
        project.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("", "Hello, Bob!"))
        two = SETTINGS + "  slow: {model: 'python:scripted:answer', params: {temperature: 0.5}}\n"
        matrix = TWO_CASES.replace("prompt: greet\n", "prompt: greet\nmodels: [fast, slow]\n")
        project.commit(
            "two", {"llmops.yaml": two, "prompts/greet.yaml": GREET, "evalsets/greet.yaml": matrix}
        )
        assert project.llmops("eval").exit_code == ExitCode.PASS
        project.llmops("accept")
        on_main(project, "accept")
        rewritten(project, PEOPLE.replace("scorers", "models: [slow, fast]\nscorers")).commit("worse")

        compared = gate(project).json()["evalsets"][0]["comparisons"]

        assert [one["variant"]["name"] for one in compared] == ["slow", "fast"]
        for one in compared:
            assert {delta["kind"] for delta in one["cases"]} == {"regressed"}
            assert not one["changes"] or "temperature" not in str(one["changes"])

    def test_an_answer_that_the_branch_accepts_does_not_block(self, change: Project) -> None:
        rewritten(change)
        change.llmops("eval")
        change.llmops("accept")
        change.commit("accepted")

        result = gate(change)

        assert result.exit_code == ExitCode.PASS, result.both
        assert kinds_of(result) == {"ada": "unchanged", "bob": "regressed"}
        assert "no baseline of its own" not in notes(result)


class TestSplitAndJoined:
    """What one set asked, others ask."""

    def test_each_half_has_its_base_and_nothing_was_removed(self, change: Project) -> None:
        drop(change.edit(*WORSE)).write(
            {
                "evalsets/greet/first.yaml": f"{HEAD}  - id: {ADA}",
                "evalsets/greet/second.yaml": f"{HEAD}  - id: {BOB}",
            }
        ).commit("split")

        result = gate(change)

        assert result.exit_code == ExitCode.REGRESSION
        assert kinds_by_set(result) == {
            "greet/first": {"ada": "unchanged"},
            "greet/second": {"bob": "regressed"},
        }
        assert "removed" not in notes(result)

    def test_a_case_that_left_a_set_which_stays(self, change: Project) -> None:
        change.edit(*WORSE).write(
            {"evalsets/greet.yaml": f"{HEAD}  - id: {ADA}", "evalsets/bobs.yaml": f"{HEAD}  - id: {BOB}"}
        ).commit("one left")

        result = gate(change)

        assert result.exit_code == ExitCode.REGRESSION
        assert "1 case of evalsets/bobs.yaml asks what evalsets/greet.yaml asked" in notes(result)
        assert "removed" not in notes(result)

    def test_a_case_that_goes_with_a_weaker_scorer_is_said(self, change: Project) -> None:
        weak = f"{HEAD}  - id: {BOB}".replace('contains: "Hello, {{ vars.name }}!"', "length: {max: 400}")
        change.edit(*WORSE).write(
            {"evalsets/greet.yaml": f"{HEAD}  - id: {ADA}", "evalsets/bobs.yaml": weak}
        ).commit("one left")

        assert "scorers contains removed, length added" in notes(gate(change))

    def test_what_stays_where_it_was_gives_nothing_away(self, change: Project) -> None:
        change.edit(*WORSE).write({"evalsets/more.yaml": TWO_CASES}).commit("asked twice")

        compared = kinds_by_set(gate(change))

        assert compared["more"] == {"ada": "new", "bob": "new"}
        assert compared["greet"] == {"ada": "unchanged", "bob": "regressed"}

    def test_two_sets_become_one(self, change: Project) -> None:
        change.git("switch", "--quiet", "main")
        change.write(
            {"evalsets/greet.yaml": f"{HEAD}  - id: {ADA}", "evalsets/b.yaml": f"{HEAD}  - id: {BOB}"}
        )
        change.llmops("eval")
        change.llmops("accept")
        on_main(change, "two sets")
        drop(rewritten(change), "b").commit("joined")

        result = gate(change)

        assert kinds_of(result) == {"ada": "unchanged", "bob": "regressed"}
        for path in ("greet", "b"):
            assert f"1 case of evalsets/people.yaml asks what evalsets/{path}.yaml asked" in notes(result)


class TestNothingToCompareWith:
    """Where the answers cannot be had, there is no verdict: never a pass."""

    def test_a_baseline_that_was_broken(self, change: Project) -> None:
        change.git("switch", "--quiet", "main")
        change.write({"evalsets/greet.baseline.jsonl": "<<<<<<< ours\n"}).commit("broken")
        change.git("switch", "--quiet", "-C", "change")
        rewritten(change).commit("as JSON lines, and worse")

        result = gate(change)

        assert result.exit_code == ExitCode.INCONCLUSIVE
        (ground,) = grounds(result)
        assert "evalsets/people.yaml asks what evalsets/greet.yaml asked at main..." in ground["text"]
        assert "its baseline cannot be read" in ground["text"]

    def test_a_case_that_had_no_answer_among_others_that_had(self, change: Project) -> None:
        change.git("switch", "--quiet", "main")
        path = change.root / "evalsets/greet.baseline.jsonl"
        path.write_text("".join(li for li in path.read_text().splitlines(True) if '"id": "bob"' not in li))
        on_main(change, "bob was never accepted")
        change.edit(*WORSE).write(
            {"evalsets/greet.yaml": f"{HEAD}  - id: {ADA}", "evalsets/bobs.yaml": f"{HEAD}  - id: {BOB}"}
        ).commit("one left")

        result = gate(change)

        assert result.exit_code == ExitCode.INCONCLUSIVE
        assert "evalsets/bobs.yaml asks what evalsets/greet.yaml asked" in str(grounds(result))

    def test_a_base_that_had_no_answers_at_all(self, change: Project) -> None:
        change.git("switch", "--quiet", "main")
        (change.root / "evalsets/greet.baseline.jsonl").write_text("")
        on_main(change, "nothing on record")
        rewritten(change).commit("as JSON lines")

        assert gate(change).exit_code == ExitCode.PASS

    def test_without_a_base_to_look_at(self, change: Project) -> None:
        rewritten(change).commit("as JSON lines, and worse")

        result = gate(change, "--changed-since", "main...")

        assert result.exit_code == ExitCode.INCONCLUSIVE
        (ground,) = grounds(result)
        assert "evalsets/greet.yaml, which tests the prompt greet at main..., was deleted" in ground["text"]
        assert "evalsets/people.yaml asks its cases now" in ground["text"]

    def test_what_was_taken_over_by_a_set_that_does_not_run(self, change: Project) -> None:
        change.git("mv", "evalsets/greet.yaml", "evalsets/team-greet.yaml")
        change.git("mv", "evalsets/greet.baseline.jsonl", "evalsets/team-greet.baseline.jsonl")
        change.git("switch", "--quiet", "main")
        change.git("reset", "--quiet", "--hard")
        other = TWO_CASES.replace("Ada", "Cleo").replace("Bob", "Dan")
        change.write({"evalsets/team/a.yaml": TWO_CASES, "evalsets/team/b.yaml": other})
        change.llmops("eval")
        change.llmops("accept")
        on_main(change, "a team's")
        drop(change.edit(*WORSE), "team/a")
        drop(change).write({"evalsets/people.yaml": PEOPLE, "evalsets/people.cases.jsonl": LINES})
        change.commit("taken out of the team's folder")

        result = gate(change, "evalsets/team/", *GATE)

        assert result.exit_code == ExitCode.INCONCLUSIVE, result.both
        assert "nothing that runs asks its cases" in str(grounds(result))
