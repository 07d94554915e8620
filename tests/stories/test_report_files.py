"""`--report FORMAT=PATH`: files beside the output, tried before the first call, whole or not there at all."""

import errno
import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from llmops_cli import plugins
from llmops_cli.errors import ExitCode, NoVerdictError, SourceLocation
from llmops_cli.store import atomic
from llmops_cli.workflows import report_files
from tests.support.project import GREET, Project, greeting_project

FORMATS = plugins.built_in("reporters")


@pytest.fixture
def worse(project: Project) -> Project:
    """Two cases that passed and fail now."""
    return greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")


def test_every_format_is_written_at_once_and_is_what_report_prints(worse: Project) -> None:
    wanted = [part for name in FORMATS for part in ("--report", f"{name}=out/deep/{name}.txt")]

    result = worse.llmops("eval", *wanted)

    assert result.exit_code == ExitCode.REGRESSION
    assert result.stdout == worse.llmops("report").stdout
    for name in FORMATS:
        printed = worse.llmops("report", "--format", name)
        assert worse.read(f"out/deep/{name}.txt") == printed.stdout, name
        assert (printed.exit_code, printed.stderr) == (ExitCode.PASS, "")
        assert printed.stdout
    assert sorted(path.name for path in (worse.root / "out/deep").iterdir()) == sorted(
        f"{n}.txt" for n in FORMATS
    )


def test_report_writes_files_of_a_kept_run(worse: Project) -> None:
    run = worse.llmops("eval", "--format", "json").json()["id"]
    worse.llmops("eval", "--case", "ada")

    result = worse.llmops("report", run, "--report", "json=again.json", "--report", "markdown=again.md")

    assert (result.exit_code, result.stderr) == (ExitCode.PASS, "")
    assert json.loads(worse.read("again.json"))["id"] == run
    assert worse.read("again.md").startswith("## ")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("junit", "--report 'junit' names no file; write --report FORMAT=PATH, such as junit=out/junit.xml"),
        ("json=", "--report 'json=' names no file"),
        ("json= ", "--report 'json= ' names no file"),
        ("=x.json", "--report '=x.json' names no format"),
        ("jsno=x", "unknown format 'jsno'; did you mean 'json'?"),
        ("out.xml=json", "unknown format 'out.xml'"),
        ("json=prompts", "prompts: is a folder; name a file in it"),
        ("json=new/", "new/: is a folder"),
        ("json=llmops.yaml/x.json", "llmops.yaml/x.json: cannot be written: "),
        ("json=a\0b", "cannot be written: "),
        ("json=" + "x" * 300, "cannot be written: File name too long"),
        ("json=pipe", "pipe: is no regular file; --format prints a report"),
    ],
)  # fmt: skip
def test_a_mistake_is_known_before_the_first_call(worse: Project, option: str, said: str) -> None:
    os.mkfifo(worse.root / "pipe")

    result = worse.llmops("eval", "--report", option)

    assert (result.exit_code, result.calls, result.stdout) == (ExitCode.USAGE, 0, "")
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


INPUTS = {
    "prompts/greet.yaml": "lies below prompts/, where the project is read from",
    "prompts/new/report.json": "lies below prompts/",
    "evalsets/greet.baseline.jsonl": "lies below evalsets/",
    "Evalsets/x.jsonl": "lies below evalsets/",
    "link.json": "lies below prompts/",
    "llmops.yaml": "holds the project's settings",
    "scripted.py": "is code of the project",
    "untracked.py": "is code of the project",
    "NOTES.md": "is a file that git tracks",
    ".git/hooks/pre-push": "lies where git keeps its own files",
    ".git": "is a folder",
    ".llmops": "is a folder",
    ".llmops/runs": "",
    ".llmops/runs/2026.json": "is where llmops keeps what it knows",
}


@pytest.mark.parametrize("path", INPUTS)
@pytest.mark.parametrize("command", ["eval", "tree", "report"])
def test_no_report_takes_the_place_of_what_the_project_is_made_of(
    worse: Project, path: str, command: str
) -> None:
    (worse.root / "link.json").symlink_to("prompts/greet.yaml")
    worse.commit("more", {"NOTES.md": "kept\n"})
    worse.write({"untracked.py": "kept = 1\n"})
    if command != "report":
        shutil.rmtree(worse.root / ".llmops")
    before = {p: p.read_bytes() for p in worse.root.rglob("*") if p.is_file() and ".llmops" not in p.parts}
    arguments = {"eval": ["eval"], "tree": ["eval", "--tree", "HEAD"], "report": ["report"]}[command]

    result = worse.llmops(*arguments, "--report", f"json={path}")

    assert (result.exit_code, result.calls, result.stdout) == (ExitCode.USAGE, 0, "")
    assert len(result.stderr.splitlines()) == 1
    assert f"{path}: {INPUTS[path]}" in result.stderr
    assert {p: p.read_bytes() for p in before} == before
    assert not (worse.root / "prompts/new").exists()


@pytest.mark.parametrize(
    "path", ["prompts/greet.yaml", "evalsets/g.new.jsonl", "empty.txt", ".git/config", "x.py"]
)
def test_no_recording_does_either(worse: Project, path: str) -> None:
    worse.commit("more", {"empty.txt": "", "x.py": ""})
    before = (worse.root / path).read_bytes() if (worse.root / path).exists() else None

    result = worse.llmops("eval", "--record", path)

    assert (result.exit_code, result.calls) == (ExitCode.USAGE, 0)
    assert result.stderr.startswith(f"error: {path}: ")
    assert ((worse.root / path).read_bytes() if (worse.root / path).exists() else None) == before


def test_a_recording_that_is_committed_is_written_on(worse: Project) -> None:
    assert worse.llmops("eval", "--record", "tape.jsonl").exit_code == ExitCode.REGRESSION
    worse.commit("a tape")

    assert worse.llmops("eval", "--record", "tape.jsonl").exit_code == ExitCode.REGRESSION
    assert worse.llmops("eval", "--report", "json=tape.jsonl").exit_code == ExitCode.USAGE


def test_no_bundle_does_either_and_a_committed_one_is_made_anew(worse: Project) -> None:
    refused = worse.llmops("bundle", "--output", "prompts/greet.yaml")

    assert refused.exit_code == ExitCode.USAGE
    assert "prompts/greet.yaml: lies below prompts/" in refused.stderr
    assert "Insult" in worse.read("prompts/greet.yaml")
    assert worse.llmops("bundle", "--output", "app/bundle.json").exit_code == ExitCode.PASS
    worse.commit("a bundle")
    assert worse.llmops("bundle", "--output", "app/bundle.json").exit_code == ExitCode.PASS


def test_a_report_may_stand_in_the_folder_of_what_is_local(worse: Project) -> None:
    assert worse.llmops("eval", "--report", "json=.llmops/report.json").exit_code == ExitCode.REGRESSION
    assert worse.llmops("eval", "--report", "json=.llmops/report.json").exit_code == ExitCode.REGRESSION


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_known_before_the_first_call(worse: Project) -> None:
    locked = worse.root / "locked"
    locked.mkdir(mode=0o500)

    for path in ("locked/x.json", "locked/deep/x.json"):
        result = worse.llmops("eval", "--report", f"json={path}")

        assert (result.exit_code, result.calls) == (ExitCode.USAGE, 0)
        assert f"{path}: cannot be written: Permission denied" in result.stderr


def test_a_folder_that_refuses_is_known_before_the_first_call(
    worse: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, for those who are root: the try itself is refused."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("llmops_cli.workflows.report_files.tempfile.NamedTemporaryFile", refuse)

    result = worse.llmops("eval", "--report", "json=x.json")

    assert (result.exit_code, result.calls) == (ExitCode.USAGE, 0)
    assert (
        "x.json: cannot be written: Permission denied; --report needs a file that can be written"
        in result.stderr
    )


def test_two_reports_never_share_a_file(worse: Project) -> None:
    (worse.root / "link.json").symlink_to("x.json")

    for other in ("json=x.json", "junit=./x.json", "markdown=sub/../x.json", "markdown=link.json"):
        result = worse.llmops("eval", "--report", "json=x.json", "--report", other)

        assert (result.exit_code, result.calls) == (ExitCode.USAGE, 0)
        assert "would overwrite" in result.stderr
    tape = worse.llmops("eval", "--record", "x.json", "--report", "json=x.json")
    assert (tape.exit_code, tape.calls) == (ExitCode.USAGE, 0)
    assert "--report 'json=x.json' would overwrite 'x.json'" in tape.stderr


def test_all_mistakes_are_said_at_once(worse: Project) -> None:
    result = worse.llmops("eval", "--report", "jsno=x", "--report", "json", "--report", "json=prompts")

    assert result.exit_code == ExitCode.USAGE
    assert len(result.stderr.splitlines()) == 4


def test_paths_may_hold_anything_else(worse: Project) -> None:
    named = ["a=b.json", "C:\\reports\\x.json", "with blank.json", "über.json", "-x.json"]
    wanted = [part for name in named for part in ("--report", f"json={name}")]

    assert worse.llmops("eval", *wanted).exit_code == ExitCode.REGRESSION
    for name in named:
        assert json.loads(worse.read(name))["verdict"]["status"] == "REGRESSION"


def test_a_home_and_a_place_elsewhere(worse: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "x.json"
    options = ("--report", "json=~/out/x.json", "--report", f"json={elsewhere}")

    worse.llmops("eval", *options, env={"HOME": str(tmp_path / "home")})

    assert elsewhere.is_file()
    assert (tmp_path / "home/out/x.json").is_file()
    assert not (worse.root / "~").exists()


def test_paths_are_relative_to_where_one_stands(worse: Project) -> None:
    (worse.root / "sub").mkdir()

    worse.llmops("eval", "-C", "..", "--report", "json=x.json", cwd="sub")

    assert (worse.root / "sub/x.json").is_file()


def test_a_link_stays_a_link_and_an_old_report_keeps_its_mode(worse: Project) -> None:
    worse.write({"real.json": "old"})
    (worse.root / "real.json").chmod(0o640)
    (worse.root / "link.json").symlink_to("real.json")

    worse.llmops("eval", "--report", "json=link.json")

    assert (worse.root / "link.json").is_symlink()
    assert json.loads(worse.read("real.json"))["llmops_run"] == 1
    assert (worse.root / "real.json").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("edit", "code"),
    [("Insult", ExitCode.REGRESSION), ("Greet", ExitCode.INCONCLUSIVE)],
    ids=["worse", "same"],
)
def test_a_disk_that_is_full_at_the_end_hides_no_regression_and_is_no_pass(
    project: Project, monkeypatch: pytest.MonkeyPatch, edit: str, code: ExitCode
) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", edit)
    project.write({"full.json": "old"})
    write = atomic.write_bytes

    def full(path: Path, data: bytes) -> None:
        if path.name == "full.json":
            raise NoVerdictError(
                "cannot be written: No space left on device", where=SourceLocation("full.json")
            )
        write(path, data)

    monkeypatch.setattr(report_files, "write_bytes", full)

    result = project.llmops("eval", "--report", "json=full.json", "--report", "json=good.json")

    assert result.exit_code == code
    assert result.stderr == "error: report full.json: cannot be written: No space left on device\n"
    assert ("REGRESSION" in result.stdout) == (code == ExitCode.REGRESSION)
    assert project.read("full.json") == "old"
    assert json.loads(project.read("good.json"))["verdict"]["status"] == (
        "REGRESSION" if edit == "Insult" else "PASS"
    )
    again = project.llmops("report", "--report", "json=full.json")
    assert again.exit_code == ExitCode.INCONCLUSIVE
    assert "full.json: cannot be written" in again.stderr


def test_an_interrupted_run_leaves_reports_of_what_there_is(project: Project) -> None:
    slow = "import time\n\n\ndef answer(messages, params):\n    time.sleep(0.05)\n    return 'Hello, Ada!'\n"
    cases = "prompt: greet\nscorers: [contains: Hello]\ncases:\n" + "".join(
        f"  - {{id: c{n}, vars: {{name: N{n}}}}}\n" for n in range(400)
    )
    settings = "model: python:slow:answer\nallow_python: true\nrun: {concurrency: 2}\n"
    files = {
        "slow.py": slow,
        "prompts/greet.yaml": GREET,
        "evalsets/greet.yaml": cases,
        "llmops.yaml": settings,
    }
    project.commit("slow", files)
    wanted = [part for name in FORMATS for part in ("--report", f"{name}=out/{name}.txt")]

    process = project.spawn("eval", *wanted)
    until = time.monotonic() + 30
    while not (project.root / "out").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert process.returncode == ExitCode.INTERRUPTED
    assert json.loads(project.read("out/json.txt"))["interrupted"] is True
    assert all(project.read(f"out/{name}.txt") for name in FORMATS)
    assert len(list((project.root / "out").iterdir())) == len(FORMATS), "nothing half-written stays"


def test_an_unknown_format_is_one_clear_error(worse: Project) -> None:
    for command in (("eval",), ("report",)):
        result = worse.llmops(*command, "--format", "junti")

        assert (result.exit_code, result.calls, result.stdout) == (ExitCode.USAGE, 0, "")
        assert result.stderr == "error: unknown format 'junti'; did you mean 'junit'?\n"


def test_what_is_no_run_has_no_such_format(worse: Project) -> None:
    for command in (("eval", "--estimate"), ("report", "--list")):
        result = worse.llmops(*command, "--format", "markdown")

        assert result.exit_code == ExitCode.USAGE
        assert "printed as terminal or json, not as markdown" in result.stderr
    assert worse.llmops("report", "--list", "--report", "json=x").exit_code == ExitCode.USAGE
    assert worse.llmops("list", "--format", "markdown").exit_code == ExitCode.USAGE, "other commands keep two"


def test_a_reporter_of_a_third_party_is_as_good(worse: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        @staticmethod
        def load() -> object:
            return lambda result: f"{result.verdict.status} it is\n"

    monkeypatch.setattr(plugins, "_third_party", lambda _: {"mine": Entry})
    plugins.load.cache_clear()
    try:
        assert worse.llmops("eval", "--format", "mine", "--report", "mine=x").stdout == "REGRESSION it is\n"
        assert worse.read("x") == "REGRESSION it is\n"
    finally:
        plugins.load.cache_clear()
