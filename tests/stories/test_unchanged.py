"""`eval --unchanged`: prompts that are not accepted yet are left out, so that what got worse is the model."""

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, SCRIPTED, TWO_CASES, Project, greeting_project

OTHER = {
    "prompts/other.yaml": GREET.replace("Greet", "Salute"),
    "evalsets/other.yaml": TWO_CASES.replace("greet", "other"),
}


def nightly(project: Project, *options: str) -> dict[str, object]:
    """The run of a night, with its exit code and what it told."""
    result = project.llmops("eval", "--unchanged", "--fresh", "--format", "json", *options)
    run = result.json()
    return {
        "code": result.exit_code,
        "sets": [part["name"] for part in run["evalsets"]],
        "verdict": run["verdict"]["status"],
        "why": run["verdict"]["reasons"][0]["text"] if run["verdict"]["reasons"] else "",
        "told": result.stderr,
    }


def test_a_prompt_that_is_changed_and_not_accepted_is_left_out_by_name(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult").commit("worse, and merged")
    project.commit("another", OTHER)
    project.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    project.llmops("eval", "other")
    project.llmops("accept")

    found = nightly(project)

    assert (found["code"], found["sets"], found["verdict"]) == (ExitCode.PASS, ["other"], "PASS")
    assert "left out greet: the prompt greet is not the accepted version (p1:" in str(found["told"])
    assert "run other: its prompts stand as accepted" in str(found["told"])
    assert project.llmops("eval", "--fresh").exit_code == ExitCode.REGRESSION, "without the option"


def test_the_model_that_got_worse_is_still_seen(project: Project) -> None:
    greeting_project(project).replies(("", "Go away!"))

    assert nightly(project)["verdict"] == "REGRESSION"


def test_nothing_that_stands_as_accepted_is_unaffected_and_says_so(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
    calls = project.calls

    found = nightly(project)

    assert (found["code"], found["sets"], found["verdict"]) == (ExitCode.PASS, [], "UNAFFECTED")
    assert "no evalset's prompts stand as they were accepted" in str(found["why"])
    assert project.calls == calls


def test_an_evalset_without_a_baseline_is_left_out(project: Project) -> None:
    greeting_project(project).write(OTHER)

    found = nightly(project)

    assert found["sets"] == ["greet"]
    assert "left out other: nothing is accepted yet" in str(found["told"])


def test_another_parameter_than_the_accepted_one_is_another_request(project: Project) -> None:
    greeting_project(project)
    project.write({"llmops.yaml": f"models:\n  cool: {{model: '{SCRIPTED}', params: {{temperature: 0}}}}\n"
                   "model: cool\nallow_python: true\n"})  # fmt: skip

    found = nightly(project)

    assert found["verdict"] == "UNAFFECTED"
    assert "another model or other settings than the accepted ones" in str(found["told"])


def test_every_variant_must_stand_as_accepted(project: Project) -> None:
    two = TWO_CASES.replace("prompt: greet", "prompts: [greet, other]")
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    project.commit("both", {"prompts/greet.yaml": GREET, "prompts/other.yaml": OTHER["prompts/other.yaml"],
                            "evalsets/greet.yaml": two})  # fmt: skip
    project.llmops("eval")
    project.llmops("accept")
    assert nightly(project)["sets"] == ["greet"]

    project.edit("prompts/other.yaml", "Salute", "Hail")
    found = nightly(project)

    assert found["sets"] == []
    assert "the prompt other is not the accepted version" in str(found["told"])
    assert "(variant other)" in str(found["told"])


def test_keys_of_what_is_left_out_are_not_asked_for(project: Project) -> None:
    greeting_project(project).write({
        "prompts/other.yaml": "model: openai/gpt-4o-mini\n" + OTHER["prompts/other.yaml"],
        "evalsets/other.yaml": OTHER["evalsets/other.yaml"],
    })  # fmt: skip

    assert nightly(project)["verdict"] == "PASS"


def test_a_case_that_was_edited_or_added_leaves_its_set_in(project: Project) -> None:
    greeting_project(project).edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}")
    project.replies(("Ada", "Hello, Ada!"), ("Robert", "Hello, Robert!"))

    assert nightly(project)["sets"] == ["greet"]
