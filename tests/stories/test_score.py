"""`llmops score`: recorded answers by today's scorers, without asking the model again."""

import re
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.stories.test_judge import _by_name, _judged, _paired, _prefers, _verdict
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project, Result, greeting_project, kinds_of

POLITE = "scorers:\n  - contains: {value: '!', name: polite}\n"
BASELINE = "evalsets/greet.baseline.jsonl"


def tightened(project: Project) -> Project:
    """Accepted answers, and then a scorer that Bob's answer does not please."""
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob."))
    loose = TWO_CASES.replace("Hello, {{ vars.name }}!", "Hello, {{ vars.name }}")
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": loose})
    assert project.llmops("eval").exit_code == ExitCode.PASS
    project.llmops("accept")
    project.commit("accept")
    return project.edit("evalsets/greet.yaml", "scorers:\n", POLITE)


def part(result: Result) -> dict[str, Any]:
    (found,) = result.json()["evalsets"]
    assert isinstance(found, dict)
    return found


def marks(result: Result) -> dict[str, tuple[bool | None, bool | None]]:
    """Case id to its mark then and today."""
    return {case["id"]: (case["then"]["passed"], case["today"]["passed"]) for case in part(result)["cases"]}


def test_a_tightened_scorer_shows_which_marks_it_changes_and_does_not_blame_the_new_prompt(
    project: Project,
) -> None:
    tightened(project).edit("prompts/greet.yaml", "Greet the", "Please greet the")

    run = project.llmops("eval", "--format", "json")
    scored = project.llmops("score", "--baseline")

    assert kinds_of(run) == {"ada": "unchanged", "bob": "unchanged"}
    assert run.exit_code == ExitCode.PASS
    assert (scored.exit_code, scored.calls) == (ExitCode.PASS, 0)
    assert "greet     2/2  100%    1/2   50%  1.00 → 0.75  1 fail now, −50 pts" in scored.stdout
    assert "FAILS NOW  bob  evalsets/greet.yaml:9" in scored.stdout
    assert "polite, then  no scorer of this case" in scored.stdout
    assert "polite, now   fail: " in scored.stdout
    assert "Hello, Bob." in scored.stdout
    assert "ada" not in scored.stdout  # it pleases the new scorer, too
    assert "2 scores stand, 2 given anew; no call" in scored.stdout


@pytest.mark.parametrize("what", [(), (BASELINE,), ("greet", "--baseline"), ("--baseline",)])
def test_a_run_a_baseline_file_and_an_evalset_are_scored_alike(
    project: Project, what: tuple[str, ...]
) -> None:
    result = tightened(project).llmops("score", *what, "--format", "json")

    assert marks(result) == {"ada": (True, True), "bob": (True, False)}
    assert (result.exit_code, result.calls) == (ExitCode.PASS, 0)


def test_scorers_that_did_not_change_keep_every_score(project: Project) -> None:
    result = greeting_project(project).llmops("score", "--format", "json")

    assert result.json()["scores"] == {"kept": 2, "anew": 0}
    assert marks(result) == {"ada": (True, True), "bob": (True, True)}
    assert "no mark changed, ±0 pts" in project.llmops("score").stdout


def test_a_run_is_named_by_id_and_the_newest_is_the_default(project: Project) -> None:
    greeting_project(project)
    first = project.llmops("eval", "--format", "json").json()["id"]
    project.edit("prompts/greet.yaml", "Greet", "Insult").llmops("eval")

    assert marks(project.llmops("score", first, "--format", "json"))["ada"] == (True, True)
    assert marks(project.llmops("score", "--format", "json"))["ada"] == (False, False)


def test_a_new_input_leaves_recorded_cases_comparable(project: Project) -> None:
    greeting_project(project)
    project.edit("prompts/greet.yaml", "inputs:\n", "inputs:\n  tone: {type: string, default: kind}\n")
    project.edit("prompts/greet.yaml", "by name.", "by name, {{ tone }}.")
    project.edit("evalsets/greet.yaml", "{name: Ada}", "{name: Ada, tone: warm}")

    scored = project.llmops("score", "--format", "json")
    run = project.llmops("eval", "--format", "json")

    assert marks(scored) == {"ada": (True, True), "bob": (True, True)}
    assert kinds_of(run) == {"ada": "unchanged", "bob": "unchanged"}


def test_a_run_is_scored_again_after_its_prompt_changed_or_went(project: Project) -> None:
    tightened(project).edit("prompts/greet.yaml", "Greet", "Insult")
    changed = project.llmops("score", "--format", "json")
    (project.root / "prompts/greet.yaml").unlink()
    gone = project.llmops("score", "--format", "json")

    assert marks(changed) == marks(gone) == {"ada": (True, True), "bob": (True, False)}
    assert (changed.exit_code, gone.exit_code, gone.calls) == (ExitCode.PASS, ExitCode.PASS, 0)


def test_a_changed_expectation_is_todays_and_changed_variables_are_another_question(project: Project) -> None:
    expecting = TWO_CASES.replace("Hello, {{ vars.name }}!", "{{ expected }}")
    expecting = expecting.replace("tags: [first]", "expected: Hello").replace("tags: [second]", "expected: H")
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": expecting})
    project.llmops("eval")
    project.edit("evalsets/greet.yaml", "expected: Hello", "expected: Good day")
    project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}")

    result = project.llmops("score", "--format", "json")

    assert marks(result) == {"ada": (True, False)}
    assert part(result)["asked_otherwise"] == ["bob"]
    assert "1 asked with other variables then, not scored: bob" in project.llmops("score").stdout


def test_cases_that_came_or_went_are_named(project: Project) -> None:
    greeting_project(project).edit("evalsets/greet.yaml", "id: bob", "id: robert")

    result = project.llmops("score")

    assert result.exit_code == ExitCode.PASS
    assert "greet: 1 no longer in the set: bob" in result.stdout
    assert "greet: 1 without a recorded answer: robert" in result.stdout


def test_a_scorer_that_only_warns_now_changes_the_mark_without_a_new_score(project: Project) -> None:
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    project.replies(("", "Hello, Ada!")).llmops("eval")
    project.edit(
        "evalsets/greet.yaml",
        '"Hello, {{ vars.name }}!"',
        '{value: "Hello, {{ vars.name }}!", severity: warn}',
    )

    result = project.llmops("score")

    assert "PASSES NOW  bob" in result.stdout
    assert "2 scores stand, 0 given anew" in result.stdout


@pytest.mark.parametrize(
    ("gate", "said"), [("", "warns"), ("gate: {metrics: [short]}\n", "gates over all cases")]
)
def test_a_score_that_gates_over_all_cases_is_not_said_to_warn(
    project: Project, gate: str, said: str
) -> None:
    """Ada's mark falls by a scorer of its own, and another one says otherwise as well."""
    evalset = gate + TWO_CASES.replace("cases:", "  - length: {max: 20, name: short, severity: warn}\ncases:")
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": evalset})
    project.replies(("Ada", "Hello, Ada!"), ("", "Hello, Bob!")).llmops("eval")
    project.edit("evalsets/greet.yaml", "Hello, {{ vars.name }}!", "Hello, {{ vars.name }}.")
    project.edit("evalsets/greet.yaml", "max: 20", "max: 3")

    result = project.llmops("score")

    assert re.search(rf"short, then +pass \({said}\)", result.stdout)
    assert re.search(rf"short, now +fail \({said}\): expected at most 3", result.stdout)


def test_the_rule_of_the_set_is_todays(project: Project) -> None:
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": "trials: 3\n" + TWO_CASES})
    project.replies(("Ada", ["Hello, Ada!", "Hello, Ada!", "No."]), ("Bob", "Hello, Bob!")).llmops("eval")
    project.write({"evalsets/greet.yaml": "trials: 3\npass: 3/3\n" + TWO_CASES})

    result = project.llmops("score")

    assert "FAILS NOW  ada" in result.stdout
    assert "the set's `pass` rule is another one" in result.stdout
    assert "2 of 3 passed then, 2 of 3 passed now" in result.stdout


def test_a_judge_is_asked_again_only_where_it_changed(project: Project) -> None:
    with ModelServer(_by_name) as server:
        _judged(project, server).llmops("eval")
        project.llmops("accept")
        asked = len(server.requests)

        same = project.llmops("score", "--format", "json")
        assert len(server.requests) == asked
        assert same.json()["judge"] == {"calls": 0, "cost": 0.0}

        project.edit("prompts/judges/kind.yaml", "Grade", "Strictly grade")
        changed = project.llmops("score", "--baseline")
        assert len(server.requests) == asked + 2
        assert {str(body.body["messages"])[:60] for body in server.requests[asked:]}
        assert all("Strictly grade" in str(one.body) for one in server.requests[asked:])
        assert "Asked: Name: Ada" in str(server.requests[asked].body) + str(server.requests[asked + 1].body)
        again = project.llmops("score", "--baseline", "--no-calls")

        assert len(server.requests) == asked + 2

    assert "2 judge calls" in changed.stdout
    assert (same.calls, changed.calls, changed.exit_code, again.exit_code) == (0, 0, ExitCode.PASS, 0)


def test_a_judge_that_compares_is_asked_about_what_the_run_compared_with(project: Project) -> None:
    with ModelServer(_prefers("Hello!")) as server:
        _paired(project, server, "warn").llmops("eval")
        project.llmops("accept")
        project.edit("evalsets/greet.yaml", "warn", "fail")
        project.edit("prompts/greet.yaml", "Greet", "Insult").replies(("", "Go away!"))
        project.llmops("eval")
        (project.root / ".llmops/cache.sqlite").unlink()
        asked = len(server.requests)
        same = project.llmops("score", "--format", "json")
        assert len(server.requests) == asked

        project.edit("prompts/judges/kind.yaml", "Which", "In your opinion, which")
        changed = project.llmops("score", "--format", "json")
        texts = [str(request.body) for request in server.requests[asked:]]

    # no trial fails by losing: that is decided over the cases
    assert marks(same) == marks(changed) == {"ada": (True, True), "bob": (True, True)}
    assert "worse than the accepted answer" in changed.stdout
    assert part(changed)["gated_over_all_cases"] == ["kind"]
    assert len(texts) == 4  # both cases were answered alike: each is judged by itself, in both orders
    assert all("Hello!" in text and "Go away!" in text for text in texts)


def test_a_judge_sees_what_was_asked_then_and_not_todays_prompt(project: Project) -> None:
    with ModelServer(_by_name) as server:
        _judged(project, server).llmops("eval")
        project.edit("prompts/greet.yaml", '"Name: {{ name }}"', '"Who: {{ name }}"')
        project.edit("prompts/judges/kind.yaml", "Grade", "Strictly grade")
        seen = len(server.requests)
        project.llmops("score")
        texts = [str(request.body) for request in server.requests[seen:]]

    assert len(texts) == 2
    assert all("Asked: Name: " in text for text in texts)


def test_where_the_version_is_not_at_hand_todays_prompt_stands_in_and_it_is_said(project: Project) -> None:
    with ModelServer(_by_name) as server:
        _judged(project, server)
        project.edit("prompts/greet.yaml", "Greet", "Welcome").llmops("eval")
        project.edit("prompts/greet.yaml", "Welcome", "Hail")
        project.edit("prompts/judges/kind.yaml", "Grade", "Strictly grade")
        result = project.llmops("score")
        (project.root / "prompts/greet.yaml").unlink()
        project.edit("prompts/judges/kind.yaml", "Strictly", "Kindly")
        gone = project.llmops("score")

    assert "is not in the history at hand" in result.both
    assert result.exit_code == ExitCode.PASS
    assert gone.exit_code == ExitCode.INCONCLUSIVE
    assert "what was asked cannot be told: the prompt 'greet' is gone" in gone.stdout


@pytest.mark.parametrize("reply", ["It is fine.", _verdict("maybe")])
def test_a_judge_without_a_verdict_is_no_mark(project: Project, reply: str) -> None:
    answers = [_verdict("pass")]
    with ModelServer(lambda _: answers[-1]) as server:
        _judged(project, server).llmops("eval")
        project.edit("prompts/judges/kind.yaml", "Grade", "Strictly grade")
        answers.append(reply)
        result = project.llmops("score")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "2 could not be scored (ada, bob): kind: the judge" in result.stdout
    assert "0/0 of 2" in result.stdout


def test_marks_beside_an_edited_answer_are_unknown_and_it_is_scored_as_it_stands(project: Project) -> None:
    greeting_project(project).edit(BASELINE, '"output": "Hello, Ada!"', '"output": "Bye!"')

    result = project.llmops("score", BASELINE, "--format", "json")

    assert marks(result) == {"ada": (None, False), "bob": (True, True)}


def test_both_prompts_of_an_a_b_are_scored(project: Project) -> None:
    formats = TWO_CASES.replace("prompt: greet", "prompts: [plain, kind]")
    files = {"prompts/plain.yaml": GREET, "prompts/kind.yaml": GREET.replace("Greet", "Kindly greet")}
    project.commit("formats", {**files, "evalsets/formats.yaml": formats})
    project.replies(("Kindly", "Hello, Ada!"), ("", "Hello, Ada! Hello, Bob!"))
    project.llmops("eval", "--reference", "plain")
    project.edit("evalsets/formats.yaml", "scorers:\n", "scorers:\n  - contains: {value: Bob, name: bob}\n")

    found = project.llmops("score", "--format", "json").json()["evalsets"]

    assert {one["variant"]: one["today"]["passed"] for one in found} == {"plain": 2, "kind": 0}
    assert {one["variant"]: one["then"]["passed"] for one in found} == {"plain": 2, "kind": 1}


def test_a_baseline_of_another_branch_is_read_from_any_file(project: Project) -> None:
    tightened(project)
    text = project.git("show", f"HEAD:{BASELINE}") + "\n"
    (project.root.parent / "main.baseline.jsonl").write_text(text, encoding="utf-8")

    result = project.llmops("score", "../main.baseline.jsonl", "--format", "json")

    assert marks(result) == {"ada": (True, True), "bob": (True, False)}


def test_redacted_answers_are_named_and_nothing_leaks(project: Project) -> None:
    project.write({"llmops.yaml": project.replies().read("llmops.yaml") + "redact: [email]\n"})
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES}
    project.commit("greet", files).strip()
    project.replies(("Ada", "Hello, Ada! ada@example.org"), ("Bob", "Hello, Bob!")).llmops("eval")
    address = "scorers:\n  - contains: {value: ada@example.org, name: address}\n"
    project.edit("evalsets/greet.yaml", "scorers:\n", address)

    result = project.llmops("score")

    assert "1 answer was redacted when written down" in result.stdout
    assert "ada@example.org" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "there is no run 'nowhere'"),
        (("greet",), "score greet --baseline"),
        (("evalsets/gret.baseline.jsonl",), "there is no file 'evalsets/gret.baseline.jsonl'"),
        (("other", "--baseline"), "has no accepted answers"),
    ],
)
def test_what_cannot_be_found_is_a_mistake_with_a_hint(
    project: Project, arguments: tuple[str, ...], said: str
) -> None:
    greeting_project(project).write({"evalsets/other.yaml": TWO_CASES})

    result = project.llmops("score", *arguments)

    assert result.exit_code == ExitCode.USAGE
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_mistake_in_a_scorer_is_found_before_a_judge_is_asked(project: Project) -> None:
    greeting_project(project).edit("evalsets/greet.yaml", "contains:", "contians:")

    result = project.llmops("score")

    assert result.exit_code == ExitCode.USAGE
    assert "did you mean 'contains'?" in result.stderr


def test_an_evalset_that_is_gone_leaves_nothing_to_score(project: Project) -> None:
    greeting_project(project)
    (project.root / "evalsets/greet.yaml").unlink()

    result = project.llmops("score")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "holds no answer to a case that is still there" in result.stderr
