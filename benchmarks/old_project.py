"""A project with a long past, written by `git fast-import`: the same commits every time."""

import io
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, BinaryIO

from benchmarks.projects import PROMPT, SCORERS, question
from llmops_cli.domain.baseline import BaselineLine, VariantSummary
from llmops_cli.domain.prompt import Prompt
from llmops_cli.files.baseline_file import format_baseline
from llmops_cli.workflows.project import load_prompt

COMMITS, PROMPTS, EVALSETS, CASES = 10_000, 500, 500, 4
NAME = "team-0/prompt-0"
"""The prompt that has many versions; it was renamed once, from `_FIRST_NAME`."""
VERSIONS = 52
"""Of that prompt: the first, 49 edits, 2 changes of the partial it includes."""
_FIRST_NAME = "team-0/first-name"
_BASELINES = 100
"""So many evalsets have one, the first among them with every version of its prompt."""
_PARTIALS = 5
_EDIT_EVERY, _PARTIAL_EVERY, _RENAMED_AT = 200, 1000, 4001
"""Commits from one edit of `NAME` to the next, from one change of a partial to the next, and its rename."""
_START = 1_700_000_000
_MINUTES_10 = 600


def prompt_path(number: int, *, before: bool = False) -> str:
    """Where a prompt stands, or stood before the rename."""
    name = f"team-{number % 9}/prompt-{number}"
    return f"prompts/{_FIRST_NAME if before and name == NAME else name}.yaml"


@contextmanager
def old_project() -> Iterator[Path]:
    """The repository, packed as a clone has it, with its worktree."""
    with TemporaryDirectory(prefix="llmops-bench-") as folder:
        root = Path(folder)
        _git(root, "init", "--quiet", "--initial-branch=main")
        with subprocess.Popen(
            ["git", "fast-import", "--quiet"], cwd=root, stdin=subprocess.PIPE, env=_environment()
        ) as importer:
            assert importer.stdin is not None
            _History(importer.stdin).write()
        if importer.returncode:
            raise RuntimeError(f"git fast-import ended with {importer.returncode}")
        _git(root, "repack", "-adq")
        _git(root, "reset", "--quiet", "--hard", "main")
        yield root


@dataclass
class _History:
    """Writes commits; a third touches a prompt, a sixth an evalset, the rest what is none of our business."""

    stream: IO[bytes]
    files: dict[str, str] = field(default_factory=dict)
    """The project's files as of the last commit: a FileTree to read digests from."""
    label = "generated"

    def write(self) -> None:
        self._commit(0, "start", self._first())
        for number in range(1, COMMITS):
            if number == _RENAMED_AT:
                self._rename(number)
            elif number % _EDIT_EVERY == 0:
                self._commit(number, f"edit {number // _EDIT_EVERY}", self._version(number))
            elif number % _PARTIAL_EVERY == 7:
                path, text = _partial(number // _PARTIAL_EVERY % _PARTIALS, number)
                self._commit(number, "policy", {path: text})
            elif number % 6 in (1, 4):
                n = 1 + number * 7 % (PROMPTS - 1)
                self._commit(number, f"edit prompt {n}", {prompt_path(n): _prompt(n, number)})
            elif number % 6 == 2:
                n = 1 + number * 7 % (EVALSETS - 1)
                self._commit(number, f"edit evalset {n}", {_evalset_path(n): _evalset(n, number)})
            else:
                self._commit(number, "code", {f"src/module_{number % 300}.py": f"VALUE = {number}\n"})

    def open(self, path: str) -> BinaryIO | None:
        """See FileTree.open."""
        text = self.files.get(path)
        return None if text is None else io.BytesIO(text.encode())

    def list(self, folder: str) -> list[str]:
        """See FileTree.list."""
        return sorted(path for path in self.files if path.startswith(f"{folder}/"))

    def _first(self) -> dict[str, str]:
        files = {"llmops.yaml": "model: echo\n", **dict(_partial(n, 0) for n in range(_PARTIALS))}
        files |= {prompt_path(n, before=True): _prompt(n, 0) for n in range(PROMPTS)}
        files |= {_evalset_path(n): _evalset(n, 0) for n in range(EVALSETS)}
        self.files |= files
        return files | {_baseline_path(n): self._baseline(n, before=True) for n in range(_BASELINES)}

    def _version(self, number: int) -> dict[str, str]:
        before = number < _RENAMED_AT
        files = {prompt_path(0, before=before): _prompt(0, number)}
        self.files |= files
        return files | {_baseline_path(0): self._baseline(0, before=before)}

    def _rename(self, number: int) -> None:
        old, new = prompt_path(0, before=True), prompt_path(0)
        text = self.files[new] = self.files.pop(old)
        evalset = _evalset(0, number)
        self._commit(number, "a better name", {new: text, _evalset_path(0): evalset}, removed=old)

    def _baseline(self, number: int, *, before: bool) -> str:
        prompt = load_prompt(self, prompt_path(number, before=before))
        lines = [_line(prompt, case) for case in range(CASES)]
        summary = VariantSummary("default", latency_p50=0.5, latency_p95=0.9, cost=0.001, tokens=120.0)
        return format_baseline(f"set-{number}", [summary], lines)

    def _commit(self, number: int, subject: str, files: dict[str, str], removed: str | None = None) -> None:
        self.files |= files
        when = _START + number * _MINUTES_10
        out = [f"commit refs/heads/main\ncommitter Ada <ada@example.org> {when} +0000\n{_data(subject)}"]
        out += [f"D {removed}\n"] if removed else []
        out += [f"M 100644 inline {path}\n{_data(text)}" for path, text in files.items()]
        self.stream.write("".join(out).encode())


def _prompt(number: int, edit: int) -> str:
    """Every fifth one includes a partial."""
    text = PROMPT.format(model="echo").replace("brief.", f"brief. (Prompt {number}, edit {edit}.)")
    if number % 5:
        return text
    include = f"      {{% include '_policy-{number // 5 % _PARTIALS}.j2' %}}\n"
    return text.replace("  - role: assistant", f"{include}  - role: assistant")


def _partial(number: int, edit: int) -> tuple[str, str]:
    return f"prompts/_policy-{number}.j2", f"Policy {number}, as of edit {edit}: promise nothing.\n"


def _evalset_path(number: int) -> str:
    return f"evalsets/set-{number}.yaml"


def _baseline_path(number: int) -> str:
    return f"evalsets/set-{number}.baseline.jsonl"


def _evalset(number: int, edit: int) -> str:
    name = prompt_path(number, before=edit < _RENAMED_AT).removeprefix("prompts/").removesuffix(".yaml")
    rows = (
        f"  - id: case-{n}\n    vars: {{question: {json.dumps(question(n + edit))}}}\n"
        f"    expected: {json.dumps(question(n + edit))}\n    tags: [billing]\n"
        for n in range(CASES)
    )
    return f"prompt: {name}\n{SCORERS}cases:\n{''.join(rows)}"


def _line(prompt: Prompt, case: int) -> BaselineLine:
    return BaselineLine(
        case_id=f"case-{case}",
        variant="default",
        request=f"{case:064x}",
        prompt=prompt.digest,
        prompt_name=prompt.name,
        settings={"provider": "echo", "model": "echo", "params": {"temperature": 0}},
        output=question(case),
        inputs=dict.fromkeys(prompt.inputs),
    )


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _environment() -> dict[str, str]:
    return {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def _git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, env=_environment())
