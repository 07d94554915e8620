"""`llmops init`: a working project in one command, and nothing of the user's is touched."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from llmops_cli.providers.offline.provider import OfflineProvider
from llmops_cli.workflows.init import template_files
from tests.support.project import Project, Result

PROMPT = "prompts/triage.system.j2"
BASELINE = "evalsets/triage.baseline.jsonl"
FORM = "Answer in exactly this form: "
PASSING = [
    "charged-twice", "voucher", "parcel-late", "too-small", "german-parcel", "opening-hours", "gives-orders",
]  # fmt: skip
CRITICAL = "parcel-late"


@pytest.fixture
def home(tmp_path: Path) -> Project:
    """A folder that is in no git repository and holds no project."""
    return Project.create(tmp_path / "somewhere", git=False)


@pytest.fixture
def demo(home: Project) -> Project:
    """The project that `llmops init demo` writes."""
    assert home.llmops("init", "demo").exit_code == ExitCode.PASS
    return Project(home.root / "demo", None)


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def refuses_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    async def complete(*arguments: Any) -> None:
        raise AssertionError("the model was asked")

    monkeypatch.setattr(OfflineProvider, "complete", complete)


def test_a_regression_is_seen_and_undone_in_the_first_five_minutes(
    home: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home.llmops("init", "demo").exit_code == 0
    demo = Project(home.root / "demo", None)
    first = demo.llmops("eval")
    assert first.exit_code == 0
    assert "PASS  nothing got worse" in first.stdout

    whole = demo.read(PROMPT)
    kept = [line for line in whole.splitlines(keepends=True) if not line.startswith(FORM)]
    assert len(kept) == len(whole.splitlines()) - 1, "the form of the answer stands on one line"
    demo.write({PROMPT: "".join(kept)})
    worse = demo.llmops("eval")

    assert worse.exit_code == 1
    broken = [line.split()[1] for line in worse.stdout.splitlines() if line.startswith("REGRESSED ")]
    assert broken == [CRITICAL, *(name for name in PASSING if name != CRITICAL)]
    before, after = (
        [line for line in worse.stdout.splitlines() if line.startswith(f"  {side} ")]
        for side in ("before", "after")
    )
    assert len(before) == len(after) == len(PASSING)
    assert all("TEAM" in line for line in before)
    assert not any("TEAM" in line for line in after)

    demo.write({PROMPT: whole})
    refuses_calls(monkeypatch)
    undone = demo.llmops("eval")

    assert undone.exit_code == 0
    assert "0 calls, 0 from the cache, 8 on record" in undone.stdout


def test_the_form_is_the_last_line_as_the_next_steps_say(home: Project) -> None:
    said = home.llmops("init", "demo").stderr
    demo = Project(home.root / "demo", None)

    assert f"delete the last line of {PROMPT}" in said
    assert demo.read(PROMPT).splitlines()[-1].startswith(FORM)


def test_the_shipped_baseline_is_what_the_tool_writes(demo: Project) -> None:
    """Byte for byte, but for the latency: it is no fact of the prompt and is left out of what is shipped."""
    shipped = demo.read(BASELINE)
    (demo.root / BASELINE).unlink()
    assert demo.llmops("eval").exit_code == 0
    assert demo.llmops("accept").exit_code == 0

    written = demo.read(BASELINE).splitlines(keepends=True)
    summary = json.loads(written[1])
    timed = {key: summary.pop(key) for key in ("latency_p50", "latency_p95")}
    written[1] = json.dumps(summary) + "\n"

    assert "".join(written) == shipped
    assert all(seconds > 0 for seconds in timed.values())


def test_what_is_written_has_no_mistakes_and_is_said(home: Project) -> None:
    result = home.llmops("init", "demo")
    written = files_below(home.root / "demo")

    assert written == template_files()
    assert result.stdout == "".join(f"wrote demo/{name}\n" for name in sorted(written))
    assert "cd demo" in result.stderr
    checked = Project(home.root / "demo", None).llmops("check")
    assert checked.exit_code == 0
    assert "warning" not in checked.stderr


def test_here_is_the_default_and_no_cd_is_advised(home: Project) -> None:
    result = home.llmops("init")

    assert result.exit_code == 0
    assert (home.root / "llmops.yaml").is_file()
    assert "cd " not in result.stderr
    assert home.llmops("eval").exit_code == 0


def test_git_is_left_alone(project: Project) -> None:
    project.commit("mine", {"README.md": "mine\n"})
    before = project.git("rev-parse", "HEAD")

    assert project.llmops("init").exit_code == 0

    assert project.git("rev-parse", "HEAD") == before
    assert project.git("diff", "--cached", "--name-only") == ""
    assert "?? llmops.yaml" in project.git("status", "--porcelain")


def test_no_repository_is_made(demo: Project) -> None:
    assert not (demo.root / ".git").exists()


def test_an_existing_readme_and_hook_file_stay_and_are_named(home: Project) -> None:
    mine = {"README.md": "mine\n", ".pre-commit-config.yaml": "repos: []\n"}
    home.write(mine)

    result = home.llmops("init")

    assert result.exit_code == 0
    for name, text in mine.items():
        assert home.read(name) == text
        assert f"{name} is there already and stays as it is" in result.stderr
        assert f"wrote {name}" not in result.stdout
    assert home.llmops("eval").exit_code == 0


@pytest.mark.parametrize("name", ["llmops.yaml", "prompts/mine.yaml", "evalsets/mine.yaml", "prompts"])
def test_a_folder_that_holds_a_project_is_refused_whole(home: Project, name: str) -> None:
    home.write({name: "mine\n"})
    before = files_below(home.root)

    result = home.llmops("init")

    assert result.exit_code == ExitCode.USAGE
    assert "is already a project" in result.stderr
    assert name.partition("/")[0] in result.stderr
    assert result.stderr.count("error:") == 1
    assert files_below(home.root) == before


def test_everything_in_the_way_is_named_at_once(demo: Project) -> None:
    before = files_below(demo.root)

    result = demo.llmops("init")

    assert "llmops.yaml, prompts and evalsets are there" in result.stderr
    assert files_below(demo.root) == before


def test_a_link_that_leads_nowhere_is_not_written_through(home: Project) -> None:
    (home.root / "README.md").symlink_to("elsewhere.md")

    assert home.llmops("init").exit_code == 0

    assert not (home.root / "elsewhere.md").exists()


@pytest.mark.parametrize("where", ["file", "file/below", "x" * 300])
def test_a_place_that_cannot_be_written_is_one_error_and_leaves_nothing(home: Project, where: str) -> None:
    home.write({"file": "mine\n"})

    result = home.llmops("init", where)

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr.count("error:") == 1
    assert "cannot be written" in result.stderr
    assert files_below(home.root) == {"file": b"mine\n"}


def test_a_disk_that_fills_up_half_way_leaves_nothing(home: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write({"README.md": "mine\n"})
    real = Path.open

    def full(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "llmops.yaml" and arguments == ("xb",):
            raise OSError(28, "No space left on device", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    result = home.llmops("init")

    assert result.exit_code == ExitCode.USAGE
    assert "No space left on device" in result.stderr
    assert os.listdir(home.root) == ["README.md"]  # noqa: PTH208
    assert home.read("README.md") == "mine\n"


def test_the_wheel_brings_the_project_along(home: Project) -> None:
    """Built by the project's own back end, and run from the zip: nothing is read from the source tree."""
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(home.root)!r}))"
    source = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True, timeout=60)
    (wheel,) = home.root.glob("*.whl")

    result = home.run_process("init", "demo", env={"PYTHONPATH": str(wheel)})

    assert result.exit_code == 0, result.stderr
    assert files_below(home.root / "demo") == template_files()


def test_a_project_may_stand_below_another(demo: Project) -> None:
    result: Result = demo.llmops("init", "prompts-of-a-friend")

    assert result.exit_code == 0
    assert Project(demo.root / "prompts-of-a-friend", None).llmops("eval").exit_code == 0
