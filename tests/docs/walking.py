"""Runs the commands of a page, one after the other, as somebody who follows it would."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.docs.markdown import ROOT, Command, commands_of, story
from tests.support.project import Project

PEOPLE = {f"GIT_{who}_{what}": "ada@example.invalid" if what == "EMAIL" else "Ada"
          for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}  # fmt: skip
_COMMIT = re.compile(r"\b(?:[0-9a-f]{40}|[0-9a-f]{12}|[0-9a-f]{10})\b")
_LAST = "…"


@dataclass(frozen=True)
class Step:
    """A command that was run."""

    command: Command
    exit_code: int
    output: str

    @property
    def wrong(self) -> str | None:
        """What differs from the page."""
        if self.exit_code == self.command.exit_code:
            return None
        return f"{self.command.line}: exit code {self.exit_code}, the page says {self.command.exit_code}"


class Walk:
    """`llmops` runs in this process, all else in a shell. Commits are made one a day from 2 March 2026 on."""

    def __init__(self, start: Path) -> None:
        self.here = start
        self._day = 2

    def run(self, command: Command) -> Step:
        """Run one command where the last `cd` led."""
        words = shlex.split(command.line)
        if words[0] == "cd":
            self.here /= words[1]
            return Step(command, 0, "")
        if words[0] == "llmops":
            result = Project(self.here, None).llmops(*words[1:])
            return Step(command, result.exit_code, result.stdout)
        done = subprocess.run(
            command.line, shell=True, cwd=self.here, env=self._environment(),
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        self._day += words[:2] == ["git", "commit"]
        return Step(command, done.returncode, done.stdout)

    def run_all(self, commands: list[Command]) -> list[Step]:
        """Run them in order."""
        return [self.run(command) for command in commands]

    def _environment(self) -> Mapping[str, str]:
        when = f"2026-03-{self._day:02}T12:00:00Z"
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        return {**os.environ, **PEOPLE, **dates, "PATH": path, "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True)
class Told:
    """An output that a page shows beside what the command really printed."""

    command: str
    page: str
    real: str

    @property
    def same(self) -> bool:
        """Names of commits aside; a page may break off with an ellipsis."""
        page, real = (_COMMIT.sub("COMMIT", text).rstrip("\n") for text in (self.page, self.real))
        return real.startswith(page.removesuffix(_LAST)) if page.endswith(_LAST) else page == real


def follow(page: Path, start: Path) -> tuple[list[Step], list[Told]]:
    """Run every `run` block of a page in order; pair each `output` block with the command before it."""
    walk, steps, told = Walk(start), list[Step](), list[Told]()
    for mark, body in story(page):
        if mark == "run":
            steps += walk.run_all(commands_of(body))
        elif mark == "output":
            told.append(Told(steps[-1].command.line, body, steps[-1].output))
    return steps, told
