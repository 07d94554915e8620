"""Names, places and files as they come: what is odd is said where it stands."""

import unicodedata

import pytest

import llmops_cli
from llmops_cli.errors import ExitCode, RenderError, UserError
from llmops_cli.vcs.failures import refuse_foreign_owner
from tests.support.project import GREET, Project, greeting_project


@pytest.fixture
def monorepo(project: Project) -> Project:
    """A repository whose project is in a folder."""
    project.commit("start", {"README.md": "many projects\n"})
    project.commit("greet", {"apps/greeter/prompts/greet.yaml": GREET})
    project.commit("edit", {"apps/greeter/prompts/greet.yaml": GREET.replace("by name", "by first name")})
    return project


@pytest.mark.parametrize(
    "arguments", [("diff", "HEAD~1", "--exit-code"), ("diff", "HEAD~1", "HEAD"), ("log", "greet")]
)
def test_above_the_project_it_is_no_answer_but_names_the_option(
    monorepo: Project, arguments: tuple[str, ...]
) -> None:
    above = monorepo.llmops(*arguments)
    inside = monorepo.llmops(*arguments, "-C", "apps/greeter")

    assert above.exit_code == ExitCode.NOTHING_SELECTED
    assert "-C" in above.stderr
    assert inside.exit_code in (ExitCode.PASS, ExitCode.REGRESSION)
    assert "greet" in inside.stdout or "message" in inside.stdout


def test_without_a_repository_no_revision_is_to_blame(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = Project.create(tmp_path_factory.mktemp("plain") / "in", git=False).write(
        {"prompts/greet.yaml": GREET}
    )

    result = project.llmops("diff", "HEAD~5")

    assert "is in no git repository" in result.both
    assert "neither a revision nor a prompt" not in result.both


def test_marks_of_a_merge_conflict_are_mistakes_in_templates(project: Project) -> None:
    greeting_project(project)
    prompt = GREET.replace("Greet the person by name.", "'{% include \"_tone.j2\" %}'")
    tone = "Be kind.\n<<<<<<< HEAD\nBe short.\n=======\nBe long.\n>>>>>>> other\n"
    project.write({"prompts/greet.yaml": prompt, "prompts/_tone.j2": tone})

    result = project.llmops("check")

    assert result.exit_code == ExitCode.USAGE
    assert "prompts/_tone.j2:2" in result.both
    assert "the marks of a merge conflict" in result.both


def test_a_name_is_found_however_its_accents_are_written(project: Project) -> None:
    composed, apart = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    project.write({f"prompts/{apart}.yaml": GREET})

    assert "by name" in project.llmops("show", composed).stdout
    assert "by name" in project.llmops("show", apart).stdout


@pytest.mark.parametrize("name", ["a@b", "two\nlines"])
def test_names_that_no_command_can_say_are_mistakes(project: Project, name: str) -> None:
    project.write({f"prompts/{name}.yaml": GREET})

    result = project.llmops("check")

    assert result.exit_code == ExitCode.USAGE
    assert "cannot be the name of a prompt" in result.both


def test_a_label_that_looks_like_an_option_is_a_mistake(project: Project) -> None:
    greeting_project(project)
    project.write({"prompts/labels.yaml": 'greet:\n  -x: {digest: "p1:aa"}\n'})

    result = project.llmops("check")

    assert result.exit_code == ExitCode.USAGE
    assert "'-x' is no label" in result.both


@pytest.mark.parametrize("reference", [None, 3, ["greet"]])
def test_load_wants_a_text(project: Project, reference: object) -> None:
    with pytest.raises(UserError, match="load wants the name of a prompt"):
        llmops_cli.load(reference, root=project.root)  # type: ignore[arg-type]


def test_render_wants_a_mapping(project: Project) -> None:
    project.write({"prompts/greet.yaml": GREET})

    with pytest.raises(RenderError, match="variables are a mapping, not str"):
        llmops_cli.load("greet", root=project.root).render("x")  # type: ignore[arg-type]


def test_the_graph_ends_its_lines_with_no_blanks(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "by name", "by first name").commit("edit")

    shown = project.llmops("log", "greet", "--graph").stdout.splitlines()

    assert len(shown) > 2
    assert shown == [line.rstrip() for line in shown]


def test_a_repository_of_another_owner_is_named_in_what_helps() -> None:
    said = "fatal: detected dubious ownership in repository at '/srv/their prompts'"

    with pytest.raises(UserError) as raised:
        refuse_foreign_owner(RuntimeError(said))

    assert raised.value.problems[0].hint == "git config --global --add safe.directory '/srv/their prompts'"


def test_nothing_is_put_into_a_bare_clone(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "by name", "by first name").commit("edit")
    project.git("clone", "--quiet", "--bare", ".", "bare.git")
    bare = Project(project.root / "bare.git", project.root / "bare.git")

    for arguments in (
        ("diff", "--run", "HEAD~1", "HEAD"),
        ("bisect", "greet", "--good", "HEAD~1"),
        ("log", "greet"),
    ):
        bare.llmops(*arguments)

    assert not (bare.root / ".llmops").exists()


def test_what_is_kept_in_no_cache_is_said(project: Project) -> None:
    project.write({"llmops.yaml": "model: offline/assistant\n"})
    cases = "cases:\n  - id: ada\n    vars: {name: Ada}\n"
    project.write({"evalsets/greet.yaml": f"prompt: greet\nscorers:\n  - contains: Ada\n{cases}"})
    project.commit("start", {"prompts/greet.yaml": GREET})
    project.edit("prompts/greet.yaml", "by name", "by first name").commit("edit")

    project.llmops("diff", "--run", "HEAD~1", "HEAD")
    again = project.llmops("diff", "HEAD~1", "HEAD")

    assert (
        "answers of offline/assistant are not kept in the cache; --run asks for them at no cost" in again.both
    )
