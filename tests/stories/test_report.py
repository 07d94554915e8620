"""`llmops report`: any run again, from its file alone."""

import json
from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project, Result, greeting_project

FORMATS = TWO_CASES.replace("prompt: greet", "prompts: [plain, kind]")


def same_again(project: Project, *options: str) -> Result:
    """An `eval`, and the check that `report` prints it byte for byte."""
    result = project.llmops("eval", *options)
    printed = project.llmops("report")
    assert printed.stdout == result.stdout
    assert (printed.exit_code, printed.stderr) == (ExitCode.PASS, "")
    found = project.llmops("report", "--format", "json").json()
    kept = (project.root / f".llmops/runs/{found['id']}.json").read_bytes()
    assert found == json.loads(kept.decode("utf-8", "surrogatepass"))
    return result


def test_a_pass_a_regression_and_no_verdict_are_printed_as_eval_printed_them(project: Project) -> None:
    greeting_project(project)
    assert same_again(project).exit_code == ExitCode.PASS
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    assert same_again(project).exit_code == ExitCode.REGRESSION
    assert same_again(project, "--case", "ada").exit_code == ExitCode.REGRESSION
    project.edit("prompts/greet.yaml", "Insult", "Salute").replies(
        ("Ada", "Hello, Ada!"), ("", "!it is down")
    )
    assert same_again(project).exit_code == ExitCode.INCONCLUSIVE


def test_the_json_is_the_one_that_eval_printed(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")

    result = project.llmops("eval", "--format", "json")

    assert project.llmops("report", "--format", "json").stdout == result.stdout


def test_a_first_run_without_a_baseline(project: Project) -> None:
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "No."))

    assert "no baseline" in same_again(project).stdout


def test_trials_and_confirmations(project: Project) -> None:
    with ModelServer(
        lambda body: "Go away!" if "Insult" in str(body) else "Hello, Ada! Hello, Bob!"
    ) as server:
        settings = f"model: m\nmodels: {{m: {{model: openai/test, api_base: '{server.url}'}}}}\n"
        files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES, "llmops.yaml": settings}
        project.commit("served", files)
        same_again(project, "--trials", "5")
        project.llmops("accept")
        project.commit("accept").strip()
        project.edit("prompts/greet.yaml", "Greet", "Insult")
        confirmed = same_again(project, "--trials", "3")
        unconfirmed = same_again(project, "--trials", "2", "--confirm", "never", "--fresh")

    assert confirmed.exit_code == ExitCode.REGRESSION
    assert "fresh trials passed" in confirmed.stdout
    assert unconfirmed.exit_code in (ExitCode.REGRESSION, ExitCode.INCONCLUSIVE)


def test_two_variants_with_a_reference(project: Project) -> None:
    files = {"prompts/plain.yaml": GREET, "prompts/kind.yaml": GREET.replace("Greet", "Kindly greet")}
    project.commit("formats", {**files, "evalsets/formats.yaml": FORMATS})
    project.replies(("Kindly", "Hello, Ada!"), ("", "Hello, Ada! Hello, Bob!"))

    result = same_again(project, "--reference", "plain")

    assert result.exit_code == ExitCode.REGRESSION
    assert "4 answers in" in result.stdout


def test_regressions_that_the_branch_accepts(project: Project) -> None:
    greeting_project(project).git("switch", "--quiet", "--create", "change")
    project.edit("prompts/greet.yaml", "Greet", "Insult").llmops("eval")
    project.llmops("accept")
    project.commit("worse, and accepted")

    result = same_again(project, "--against", "main...")

    assert "accepted in this branch's baseline: ada, bob" in result.both
    assert result.exit_code == ExitCode.PASS


def test_a_run_that_was_not_affected(project: Project) -> None:
    greeting_project(project)

    assert "UNAFFECTED" in same_again(project, "--changed-since", "HEAD").stdout


def test_new_removed_edited_critical_and_hostile(project: Project) -> None:
    greeting_project(project)
    project.edit("evalsets/greet.yaml", "id: bob", "id: robert")
    project.edit("evalsets/greet.yaml", "tags: [first]", "critical: true")
    project.edit("prompts/greet.yaml", "Greet", "Salute")
    project.replies(("", "\x1b[31mno\u202e \x85 \ud800 \r\n[bold]x[/bold]"))

    result = same_again(project)

    assert "1 removed: bob" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_set_level_figure(project: Project) -> None:
    labels = "scorers:\n  - one_of: {labels: ['yes', 'no'], value: '{{ expected }}'}\n"
    cases = "cases:\n" + "".join(
        f"  - {{id: {name}, vars: {{name: {name}}}, expected: '{label}'}}\n"
        for name, label in (("ada", "yes"), ("bo", "no"))
    )
    project.commit(
        "labels", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": "prompt: greet\n" + labels + cases}
    )
    project.replies(("", "yes"))

    assert "recall" in same_again(project).stdout


def test_an_older_run_by_id_or_path_and_the_list_newest_first(project: Project) -> None:
    greeting_project(project)
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    worse = project.llmops("eval")
    listed = project.llmops("report", "--list", "--format", "json").json()
    project.edit("prompts/greet.yaml", "Insult", "Greet").llmops("eval", "--case", "ada")

    newest, before, first = project.llmops("report", "--list", "--format", "json").json()

    assert [before, first] == listed
    assert (before["verdict"], before["pass_rate"], before["cases"]) == ("REGRESSION", 0.0, 2)
    assert (newest["verdict"], newest["pass_rate"], newest["cases"]) == ("PASS", 1.0, 1)
    assert newest["evalsets"] == ["greet"]
    for name in (before["id"], f".llmops/runs/{before['id']}.json"):
        assert project.llmops("report", name).stdout == worse.stdout
    lines = project.llmops("report", "--list", "-n", "2").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["run", newest["id"], before["id"]]
    assert "REGRESSION" in lines[2]


def test_a_file_that_is_no_run_has_a_row_and_does_not_hide_the_others(project: Project) -> None:
    greeting_project(project)
    runs = project.root / ".llmops/runs"
    (runs / "20990101-000000-000000.json").write_text("{", encoding="utf-8")

    listed = project.llmops("report", "--list")
    newest = project.llmops("report")

    assert listed.exit_code == ExitCode.PASS
    assert "unreadable" in listed.stdout.splitlines()[1]
    assert "PASS" in listed.stdout.splitlines()[2]
    assert newest.exit_code == ExitCode.USAGE
    assert "is no readable run file" in newest.stderr


def test_a_run_file_without_the_newer_keys_is_read(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
    printed = project.llmops("eval").stdout
    path = max((project.root / ".llmops/runs").glob("*.json"))
    document = json.loads(path.read_text(encoding="utf-8"))
    for part in document["evalsets"]:
        del part["variants"]
        for comparison in part["comparisons"]:
            del comparison["statistics"]
    path.write_text(json.dumps(document), encoding="utf-8")

    assert project.llmops("report").stdout == printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no run 'nowhere'"),
        ([], "there is no run yet; `llmops eval` makes one"),
        (["some", "--list"], "--list takes no run"),
        (["-n", "3"], "-n goes with --list"),
    ],
)
def test_mistakes_are_told(project: Project, tmp_path: Path, arguments: list[str], said: str) -> None:
    result = project.write({"prompts/greet.yaml": GREET}).llmops("report", *arguments)

    assert result.exit_code == ExitCode.USAGE
    assert said in result.stderr


def test_no_runs_make_an_empty_list(project: Project) -> None:
    project.write({"prompts/greet.yaml": GREET})

    assert project.llmops("report", "--list", "--format", "json").json() == []
    assert len(project.llmops("report", "--list").stdout.splitlines()) == 1
