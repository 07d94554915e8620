"""A/B: two prompts or two models within one run."""

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project

FORMATS = TWO_CASES.replace("prompt: greet", "prompts: [plain, kind]")


def _two_formats(project: Project, plain: str, kind: str) -> Project:
    files = {"prompts/plain.yaml": GREET, "prompts/kind.yaml": GREET.replace("Greet", "Kindly greet")}
    project.commit("formats", {**files, "evalsets/formats.yaml": FORMATS})
    return project.replies(("Kindly", kind), ("", plain))


def test_a_variant_that_is_worse_than_the_reference_fails(project: Project) -> None:
    both = "Hello, Ada! Hello, Bob!"
    result = _two_formats(project, both, "Hello, Ada!").llmops("eval", "--reference", "plain")

    assert result.exit_code == ExitCode.REGRESSION
    assert "formats · plain" in result.stdout
    assert "REGRESSED  bob  kind  evalsets/formats.yaml:8" in result.stdout


def test_a_variant_that_is_better_passes(project: Project) -> None:
    both = "Hello, Ada! Hello, Bob!"
    result = _two_formats(project, "No.", both).llmops("eval", "--reference", "plain")

    assert result.exit_code == ExitCode.PASS
    assert "2 improved, +100 pts" in result.stdout


def test_an_unknown_reference_is_refused_before_a_call(project: Project) -> None:
    result = _two_formats(project, "x", "x").llmops("eval", "--reference", "plane")

    assert (result.exit_code, result.calls) == (ExitCode.USAGE, 0)
    assert "formats has no variant 'plane' to compare others with; did you mean 'plain'?" in result.stderr


def test_a_run_with_a_reference_is_not_accepted_as_it_holds_no_side_of_the_reference(
    project: Project,
) -> None:
    both = "Hello, Ada! Hello, Bob!"
    _two_formats(project, both, both).llmops("eval", "--reference", "plain")

    accepted = project.llmops("accept")

    assert accepted.exit_code == ExitCode.USAGE
    assert "evalsets/formats.yaml:1: the run compared its variants with each other" in accepted.stderr
    assert not (project.root / "evalsets/formats.baseline.jsonl").exists()
    project.llmops("eval")
    assert project.llmops("accept").exit_code == ExitCode.PASS
    assert len(project.baseline("formats")) == 4


def test_two_models_are_two_variants(project: Project) -> None:
    evalset = TWO_CASES + "models: [scripted, echo]\n"
    project.commit("m", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": evalset})
    project.replies(("", "Hello, Ada! Hello, Bob!"))

    result = project.llmops("eval", "--reference", "scripted")

    assert result.exit_code == ExitCode.REGRESSION
    assert "greet · echo: model python:scripted:answer → echo" in result.stdout
