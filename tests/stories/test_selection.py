"""Runs that take only a part, and what may not be done with them."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, greeting_project

PART = "a partial run of greet: it cannot be accepted as a whole"


@pytest.mark.parametrize(
    "filters",
    [("--case", "bob"), ("--tag", "second"), ("-k", "BOB"), ("--sample", "1", "--seed", "3")],
)
def test_a_partial_run_says_so_and_cannot_be_accepted(project: Project, filters: tuple[str, ...]) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Please greet")
    before = project.read("evalsets/greet.baseline.jsonl")

    result = project.llmops("eval", *filters)
    accepted = project.llmops("accept")

    assert (result.exit_code, result.calls) == (ExitCode.PASS, 1)
    assert PART in result.stdout
    assert "removed" not in result.stdout
    assert accepted.exit_code == ExitCode.USAGE
    assert "the run took only a part of this evalset" in accepted.stderr
    assert project.read("evalsets/greet.baseline.jsonl") == before


def test_a_selection_that_takes_everything_is_no_partial_run(project: Project) -> None:
    greeting_project(project)

    result = project.llmops("eval", "--sample", "2")

    assert PART not in result.stdout
    assert project.llmops("accept").exit_code == ExitCode.PASS


def test_last_failed_takes_what_failed_last_time(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Please greet")
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "No.")).llmops("eval")

    result = project.replies(("Bob", "Hello, Bob!")).llmops("eval", "--last-failed")

    assert (result.exit_code, result.calls) == (ExitCode.PASS, 1)
    assert "1/1" in result.stdout
    assert PART in result.stdout
    nothing = project.llmops("eval", "--last-failed")
    assert nothing.exit_code == ExitCode.NOTHING_SELECTED
    assert "the last run had no failing case" in nothing.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--case", "bop"), "there is no case 'bop'; did you mean 'bob'?"),
        (("--tag", "secnd"), "there is no tag 'secnd'; did you mean 'second'?"),
        (("-k", "nobody"), "no case matches the selection; drop a filter"),
        (("--case", "ada", "--tag", "second"), "no case matches the selection"),
        (("gret",), "no evalset is called 'gret'; did you mean 'greet'?"),
        (("--prompt", "gret"), "no evalset uses the prompt 'gret'; did you mean 'greet'?"),
    ],
)
def test_a_filter_that_selects_nothing_is_an_exit_of_its_own(
    project: Project, arguments: tuple[str, ...], said: str
) -> None:
    result = greeting_project(project).llmops("eval", *arguments)

    assert result.exit_code == ExitCode.NOTHING_SELECTED
    assert said in result.stderr
    assert result.calls == 0
    assert result.stdout == ""


def test_no_evalset_at_all_selects_nothing(project: Project) -> None:
    assert project.llmops("eval").exit_code == ExitCode.NOTHING_SELECTED
    assert project.llmops("check").exit_code == ExitCode.NOTHING_SELECTED


def test_the_same_seed_takes_the_same_sample(project: Project) -> None:
    rows = "".join(f"  - {{id: c{n}, vars: {{name: n{n}}}}}\n" for n in range(30))
    evalset = f"prompt: greet\nscorers: [contains: n]\ncases:\n{rows}"
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": evalset})
    project.replies(("", "n"))

    def ids(seed: str) -> list[str]:
        document = project.llmops("eval", "--sample", "5", "--seed", seed, "--format", "json").json()
        return [case["id"] for case in document["evalsets"][0]["cases"]]

    first = ids("7")
    assert len(first) == 5
    assert ids("7") == first
    assert ids("8") != first


def test_evalsets_are_chosen_by_name_path_folder_and_pattern(project: Project) -> None:
    files = {"prompts/greet.yaml": GREET, "evalsets/a/one.yaml": TWO_CASES, "evalsets/a/two.yaml": TWO_CASES}
    project.commit("sets", {**files, "evalsets/b.yaml": TWO_CASES})
    project.replies(("", "x"))

    def names(*arguments: str) -> list[str]:
        document = project.llmops("eval", *arguments, "--format", "json").json()
        return [part["name"] for part in document["evalsets"]]

    assert names() == ["a/one", "a/two", "b"]
    assert names("b") == ["b"]
    assert names("evalsets/a/two.yaml") == ["a/two"]
    assert names("./evalsets/a") == ["a/one", "a/two"]
    assert names("a/*") == ["a/one", "a/two"]
    assert names("--prompt", "greet") == ["a/one", "a/two", "b"]


def test_no_calls_answers_only_from_the_record(project: Project) -> None:
    greeting_project(project)
    assert project.llmops("eval", "--no-calls").exit_code == ExitCode.PASS
    project.edit("prompts/greet.yaml", "Greet", "Please greet")

    result = project.llmops("eval", "--no-calls")

    assert (result.exit_code, result.calls) == (ExitCode.INCONCLUSIVE, 0)
    assert (
        "2 cases could not be judged (ada, bob): not on record, and --no-calls forbids asking"
        in result.stdout
    )


def test_fresh_asks_although_all_is_on_record(project: Project) -> None:
    assert greeting_project(project).llmops("eval", "--fresh").calls == 2
