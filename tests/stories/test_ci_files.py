"""`llmops ci github`, `llmops ci gitlab` and `llmops init --ci`: files that a stranger can commit as they are."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from llmops_cli import __version__
from llmops_cli.errors import ExitCode
from tests.support.project import GREET, Project

PUBLISHED = "acme/llmops@" + "a" * 40
PLAIN = {".github/workflows/llmops.yml", ".github/workflows/llmops-nightly.yml"}
FORKS = PLAIN | {".github/workflows/llmops-report.yml", ".github/workflows/llmops-keys.yml"}
COPIES = {
    ".github/actions/llmops-evaluate/action.yml",
    ".github/actions/llmops-report/action.yml",
    ".github/actions/llmops-requirements.lock",
}


@pytest.fixture
def home(project: Project) -> Project:
    """A project that asks a model of OpenAI's."""
    project.commit("start", {"prompts/greet.yaml": GREET, "llmops.yaml": "model: openai/gpt-4o-mini\n"})
    return project


def written(project: Project) -> set[str]:
    """The files that git sees as new."""
    return set(project.git("ls-files", "--others", "--exclude-standard").splitlines())


@pytest.mark.parametrize(
    ("flags", "files"),
    [((), PLAIN | COPIES), (("--forks",), FORKS | COPIES), (("--uses", PUBLISHED), PLAIN)],
)
def test_the_files_of_each_form(home: Project, flags: tuple[str, ...], files: set[str]) -> None:
    result = home.llmops("ci", "github", *flags)

    assert result.exit_code == 0
    assert written(home) == files
    assert result.stdout.splitlines() == [f"wrote {name}" for name in result.stdout.split()[1::2]]
    assert set(result.stdout.split()[1::2]) == files
    assert "add the secret OPENAI_API_KEY" in result.stderr


def test_the_copied_actions_install_this_version_with_what_it_needs_by_hash(home: Project) -> None:
    home.llmops("ci", "github")

    for name in ("evaluate", "report"):
        action = yaml.safe_load(home.read(f".github/actions/llmops-{name}/action.yml"))
        assert action["inputs"]["version"]["default"] == __version__
    lock = home.read(".github/actions/llmops-requirements.lock")
    assert re.search(r"^litellm==\S+ .*\n    --hash=sha256:", lock, re.MULTILINE)


def test_a_run_names_only_the_keys_that_the_models_need(home: Project) -> None:
    home.edit("llmops.yaml", "openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5").llmops("ci", "github")

    text = home.read(".github/workflows/llmops.yml")
    assert "ANTHROPIC_API_KEY: ${{ secrets.ANTHROPIC_API_KEY }}" in text
    assert "OPENAI" not in text


def test_without_a_key_the_example_is_a_comment(home: Project) -> None:
    home.edit("llmops.yaml", "openai/gpt-4o-mini", "offline/assistant").llmops("ci", "github")

    text = home.read(".github/workflows/llmops.yml")
    assert "#   OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}" in text
    assert "env" not in str(yaml.safe_load(text)["jobs"]["evaluate"]["steps"])


def test_a_project_below_the_top_is_named_and_the_files_are_written_at_the_top(tmp_path: Path) -> None:
    home = Project.create(tmp_path / "repository", "apps/help desk")
    home.commit("start", {"prompts/greet.yaml": GREET})

    assert home.llmops("ci", "github").exit_code == 0
    assert home.llmops("ci", "gitlab").exit_code == 0

    job = yaml.safe_load((tmp_path / "repository/.github/workflows/llmops.yml").read_text(encoding="utf-8"))
    assert job["jobs"]["evaluate"]["steps"][-1]["with"]["working-directory"] == "apps/help desk"
    pipeline = (tmp_path / "repository/.gitlab/llmops.gitlab-ci.yml").read_text(encoding="utf-8")
    assert "cd 'apps/help desk'" in yaml.safe_load(pipeline)[".llmops"]["before_script"]
    assert not (home.root / ".github").exists()


def test_a_changed_file_is_overwritten_only_by_force(home: Project) -> None:
    home.llmops("ci", "github")
    home.edit(".github/workflows/llmops.yml", "timeout-minutes: 30", "timeout-minutes: 5")
    mine = home.read(".github/workflows/llmops.yml")

    refused = home.llmops("ci", "github", "--forks")
    assert refused.exit_code == ExitCode.USAGE
    assert ".github/workflows/llmops.yml" in refused.stderr
    assert "--force" in refused.stderr
    assert home.read(".github/workflows/llmops.yml") == mine
    assert not (home.root / ".github/workflows/llmops-keys.yml").exists()

    assert home.llmops("ci", "github", "--forks", "--force").exit_code == 0
    assert "no-python" in home.read(".github/workflows/llmops.yml")


def test_written_twice_nothing_changes_and_the_other_form_is_named(home: Project) -> None:
    home.llmops("ci", "github", "--forks")
    again = home.llmops("ci", "github", "--forks")
    plain = home.llmops("ci", "github", "--force")

    assert again.stdout == ""
    assert "is there already, just so" in again.stderr
    assert ".github/workflows/llmops-keys.yml belongs to the form for forks" in plain.stderr


@pytest.mark.parametrize("uses", ["acme/llmops@v1", "acme/llmops", "a b/c@" + "a" * 40, PUBLISHED + "; x"])
def test_published_actions_are_named_by_the_hash_of_a_commit(home: Project, uses: str) -> None:
    result = home.llmops("ci", "github", "--uses", uses)

    assert result.exit_code == ExitCode.USAGE
    assert "a tag can be moved" in result.stderr
    assert written(home) == set()


def test_a_pipeline_of_ones_own_stays_and_how_to_include_is_said(home: Project) -> None:
    home.commit("mine", {".gitlab-ci.yml": "build: {script: make}\n"})

    first = home.llmops("ci", "gitlab")
    home.write(
        {".gitlab-ci.yml": "include: [{local: .gitlab/llmops.gitlab-ci.yml}]\nbuild: {script: make}\n"}
    )
    second = home.llmops("ci", "gitlab")

    assert "add `include: [{local: .gitlab/llmops.gitlab-ci.yml}]`" in first.stderr
    assert "stays as it is" not in second.stderr
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "--rerun-baseline" in home.read(".gitlab/llmops.gitlab-ci.yml")


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ("stages: [build, deploy]", True),
        ("stages:\n- build  # test is no more\n- deploy", True),
        ("stages: [build, test]", False),
        ("variables: {stages: none}", False),
        ("stages: [build\n", False),
    ],
)
def test_a_pipeline_without_our_stage_is_told(home: Project, stages: str, said: bool) -> None:
    own = "job:\n  script: !reference [.setup, script]\n"
    home.commit(
        "mine", {".gitlab-ci.yml": f"include: [{{local: .gitlab/llmops.gitlab-ci.yml}}]\n{own}{stages}\n"}
    )

    done = home.llmops("ci", "gitlab")

    assert done.exit_code == 0
    assert ("lists `stages:` without test, where the jobs run" in done.stderr) == said
    assert yaml.safe_load(home.read(".gitlab/llmops.gitlab-ci.yml"))[".llmops"]["stage"] == "test"


def test_a_merge_request_fails_for_a_regression_and_warns_without_a_verdict(home: Project) -> None:
    home.llmops("ci", "gitlab")
    pipeline = yaml.safe_load(home.read(".gitlab/llmops.gitlab-ci.yml"))

    assert pipeline[".llmops"]["allow_failure"] == {"exit_codes": [int(ExitCode.INCONCLUSIVE)]}
    assert pipeline[".llmops"]["artifacts"]["reports"]["junit"] == "llmops-report/junit.xml"
    assert "junit=llmops-report/junit.xml" in pipeline["llmops"]["script"][-1]
    assert yaml.safe_load(home.read(".gitlab-ci.yml")) == {
        "include": [{"local": ".gitlab/llmops.gitlab-ci.yml"}]
    }


def test_the_pipelines_own_line_judges_a_merge_request(home: Project) -> None:
    """The script's options are options of `eval`, and its exit code is the verdict."""
    home.llmops("ci", "gitlab")
    script = yaml.safe_load(home.read(".gitlab/llmops.gitlab-ci.yml"))["llmops"]["script"]
    fetch, line = [step for step in script if "eval" in step or "git" in step]
    demo = Project.create(home.root / "demo")
    demo.llmops("init")
    base = demo.commit("start")
    demo.edit("prompts/triage.system.j2", "Answer in exactly this form: ", "").commit("worse")
    demo.git("branch", "target", base)
    demo.git("remote", "add", "origin", str(demo.root))
    demo.git(*shlex.split(fetch.replace("$CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "target"))[1:])
    words = shlex.split(line.replace("$CI_MERGE_REQUEST_DIFF_BASE_SHA", base))[1:]
    (demo.root / "llmops-report").mkdir()

    assert demo.llmops(*words).exit_code == ExitCode.REGRESSION
    assert "<failure" in demo.read("llmops-report/junit.xml")


@pytest.mark.parametrize(("service", "file"), [("github", ".github/workflows/llmops.yml"),
                                               ("gitlab", ".gitlab-ci.yml")])  # fmt: skip
def test_a_new_project_may_begin_with_them(tmp_path: Path, service: str, file: str) -> None:
    home = Project.create(tmp_path / "new")

    result = home.llmops("init", "--ci", service)

    assert result.exit_code == 0
    assert f"wrote {file}" in result.stdout
    assert (home.root / file).is_file()
    assert home.llmops("eval").exit_code == 0


def test_a_folder_that_cannot_stand_in_a_workflow_is_refused(tmp_path: Path) -> None:
    home = Project.create(tmp_path / "repository", "a${{ github.token }}")
    home.commit("start", {"prompts/greet.yaml": GREET})

    assert home.llmops("ci", "github").exit_code == ExitCode.USAGE


def test_a_scheduled_pipeline_fails_without_a_verdict_and_asks_accepted_prompts_only(home: Project) -> None:
    home.llmops("ci", "gitlab")
    nightly = yaml.safe_load(home.read(".gitlab/llmops.gitlab-ci.yml"))["llmops nightly"]

    assert nightly["allow_failure"] is False
    assert "eval --fresh --unchanged" in nightly["script"][-1]


def test_a_second_project_in_the_repository_is_told_what_to_do(tmp_path: Path) -> None:
    """Its files would lie where the first one's do."""
    one = Project.create(tmp_path / "repository", "apps/desk")
    one.commit("start", {"prompts/greet.yaml": GREET})
    other = Project(tmp_path / "repository/apps/shop", tmp_path / "repository")
    other.root.mkdir()
    other.write({"prompts/greet.yaml": GREET})
    assert one.llmops("ci", "github").exit_code == 0

    result = other.llmops("ci", "github")

    assert result.exit_code == ExitCode.USAGE
    assert '"Two projects in one repository"' in result.stderr


@pytest.mark.parametrize(("options", "said"), [((), True), (("--uses", PUBLISHED), False)])
def test_what_is_not_on_the_index_cannot_be_installed_by_the_copies(
    home: Project, options: tuple[str, ...], said: bool
) -> None:
    result = home.llmops("ci", "github", *options)

    assert (f"pip can install llmops-cli {__version__} from your package index" in result.stderr) is said


def test_every_event_of_the_gate_has_its_own_group_and_steps_end_before_their_job(home: Project) -> None:
    """A step that takes too long fails, and is reported; a job that does counts as cancelled."""
    home.llmops("ci", "github", "--forks")

    for name in ("llmops", "llmops-keys", "llmops-nightly"):
        job = yaml.safe_load(home.read(f".github/workflows/{name}.yml"))["jobs"]["evaluate"]
        assert job["steps"][-1]["timeout-minutes"] < job["timeout-minutes"]
    gate = yaml.safe_load(home.read(".github/workflows/llmops.yml"))
    assert set(gate[True]) == {"pull_request", "merge_group"}  # YAML 1.1 reads `on` as true
    assert gate["concurrency"]["group"] == "llmops-${{ github.ref }}"
