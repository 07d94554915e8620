"""A project in a real git repository, and the command line run on it.

    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": CASES})
    project.replies(("Ada", "Hello, Ada!"), ("", "Hello!"))
    result = project.llmops("eval")

Most runs happen in this process through the console's own `_run`; `spawn` and `run_process` start the real
command where the process itself matters. The scripted model is a `python:` provider of the project.
"""

import contextlib
import functools
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from unittest import mock

import typer
from typer.main import get_command as _get_command

from llmops_cli.cli import main
from tests.support import warm

COMMAND = [sys.executable, "-m", "llmops_cli.cli.entry"]
SCRIPTED = "python:scripted:answer"
_QUICK = ("-c", "maintenance.auto=false", "-c", "core.fsync=none")
"""A repository that lives for a second needs neither care nor to outlive a power cut."""

_SCRIPT = '''"""Answers by the rules of replies.json; notes every call in calls.jsonl."""
import json
import pathlib
import threading

HERE = pathlib.Path(__file__).parent / ".scripted"
LOCK = threading.Lock()


def answer(messages, params):
    text = "\\n".join(str(message["content"]) for message in messages)
    with LOCK:
        rules = json.loads((HERE / "replies.json").read_text(encoding="utf-8"))
        log = HERE / "calls.jsonl"
        before = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        number = next((n for n, (when, _) in enumerate(rules) if when in text), None)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(number) + "\\n")
    if number is None:
        raise LookupError("no reply is scripted for: " + text)
    say = rules[number][1]
    if isinstance(say, list):
        say = say[min(before.count(number), len(say) - 1)]
    if isinstance(say, str) and say.startswith("!"):
        raise RuntimeError(say[1:])
    return say


answer.deterministic = True
'''

SCRIPT_FILES = {
    "scripted.py": _SCRIPT,
    "llmops.yaml": f"model: scripted\nallow_python: true\nmodels:\n  scripted: {{model: '{SCRIPTED}'}}\n",
    ".gitignore": ".scripted/\n__pycache__/\n",
}

GREET = """\
inputs:
  name: {type: string}
messages:
  - role: system
    content: Greet the person by name.
  - role: user
    content: "Name: {{ name }}"
"""

TWO_CASES = """\
prompt: greet
scorers:
  - contains: "Hello, {{ vars.name }}!"
cases:
  - id: ada
    vars: {name: Ada}
    tags: [first]
  - id: bob
    vars: {name: Bob}
    tags: [second]
"""


@dataclass(frozen=True)
class Result:
    """What a command left: exit code, both streams, and how often the scripted model was asked."""

    exit_code: int
    stdout: str
    stderr: str
    calls: int = 0

    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.stdout)

    @property
    def both(self) -> str:
        """Everything that was said, on one line: where a line is broken is the reporter's affair."""
        return " ".join((self.stdout + self.stderr).split())


class Project:
    """See the module's docstring. `root` is the project, `repository` the git repository around it."""

    def __init__(self, root: Path, repository: Path | None) -> None:
        self.root = root
        self.repository = repository

    @classmethod
    def create(cls, repository: Path, below: str = ".", *, git: bool = True) -> Self:
        """A new repository with a project in it."""
        root = repository / below
        root.mkdir(parents=True)
        project = cls(root, repository if git else None)
        if git:
            project.git("init", "--quiet", "--initial-branch=main")
        return project

    def git(self, *arguments: str) -> str:
        """Run git in the repository."""
        names = {f"GIT_{who}_{what}": "test@example.invalid" if what == "EMAIL" else "Test"
                 for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}  # fmt: skip
        done = subprocess.run(
            ["git", *_QUICK, *arguments],
            cwd=self.repository or self.root,
            env={**os.environ, **names},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes]) -> Self:
        """Write files, LF as given."""
        for path, content in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def read(self, path: str) -> str:
        """A file's text."""
        return (self.root / path).read_bytes().decode()

    def edit(self, path: str, old: str, new: str) -> Self:
        """Replace text that must be there."""
        before = self.read(path)
        assert old in before, f"{old!r} is not in {path}"
        return self.write({path: before.replace(old, new)})

    def commit(self, message: str, files: Mapping[str, str | bytes] | None = None) -> str:
        """Write files, commit everything, and return the commit."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head()

    def head(self) -> str:
        """The commit that is checked out; read from git's own files where they are plain."""
        assert self.repository is not None
        head = self.repository / ".git/HEAD"
        name = head.read_text(encoding="utf-8").removeprefix("ref: ").strip() if head.is_file() else ""
        branch = self.repository / ".git" / name
        if name.startswith("refs/heads/") and branch.is_file():
            return branch.read_text(encoding="utf-8").strip()
        return self.git("rev-parse", "HEAD")

    def replies(self, *rules: tuple[str, Any]) -> Self:
        """What the scripted model says: the first rule whose text stands in the messages. A list is said in
        turn, a mapping is an answer with usage and the like, and "!why" raises."""
        self.write(
            {".scripted/replies.json": json.dumps(rules), ".scripted/calls.jsonl": ""}
            | {path: text for path, text in SCRIPT_FILES.items() if not (self.root / path).exists()}
        )
        return self

    @property
    def calls(self) -> int:
        """How often the scripted model was asked since `replies`."""
        log = self.root / ".scripted/calls.jsonl"
        return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0

    def llmops(self, *arguments: str, env: Mapping[str, str] | None = None, cwd: str = ".") -> Result:
        """The command in this process; environment and working directory are put back afterwards."""
        out, err, before = io.StringIO(), io.StringIO(), self.calls
        with (
            _standing_in(self.root / cwd),
            mock.patch.dict(os.environ, env or {}),
            mock.patch.object(sys, "argv", ["llmops", *arguments]),
            mock.patch("typer.main.get_command", _command_line),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main._run()
        result = Result(int(code), out.getvalue(), err.getvalue(), self.calls - before)
        assert result.exit_code != 4, f"a bug in llmops:\n{result.stderr}"
        return result

    def run_process(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
        **options: Any,
    ) -> Result:
        """The real command in a process of its own."""
        before = self.calls
        done = subprocess.run(
            [*command, *arguments],
            cwd=options.pop("cwd", self.root),
            env=process_environment(env),
            capture_output="stdout" not in options,
            text=True,
            timeout=300,  # a machine has other work; a process that hangs still ends
            check=False,
            **options,
        )
        return Result(done.returncode, done.stdout or "", done.stderr or "", self.calls - before)

    def run_apart(self, *arguments: str) -> Result:
        """As `run_process`, but quickly: where a process matters that has not loaded the project's code before."""
        return self.run_process(*arguments, command=[warm.llmops()])

    def spawn(self, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """The real command, running on."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.root,
            env=process_environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def baseline(self, name: str = "greet") -> list[str]:
        """The lines of a baseline file without its head and summaries."""
        lines = self.read(f"evalsets/{name}.baseline.jsonl").splitlines()
        return [line for line in lines if '"id": ' in line[:10]]


@functools.cache
def _command_line(app: typer.Typer) -> Any:
    """Thirty commands with their options, made once: a process makes them anew, and has one command to run."""
    return _get_command(app)


def process_environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of a process: this one's, with the package on the path."""
    package = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": package, "PYTHONUTF8": "1", **(more or {})}


@contextlib.contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def greeting_project(project: Project) -> Project:
    """Two cases, committed and accepted: Ada and Bob are greeted."""
    project.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    assert project.llmops("eval").exit_code == 0
    assert project.llmops("accept").exit_code == 0
    project.commit("accept")
    return project


def kinds_of(result: Result) -> dict[str, str]:
    """Case id to kind, of a run printed with `--format json` over one evalset and variant."""
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    return {case["id"]: case["kind"] for case in comparison["cases"]}
