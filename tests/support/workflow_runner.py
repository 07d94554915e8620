"""A small runner of our own workflow files: what GitHub does with them, as far as they ask for it.

    runner = Runner(remote, folder, server.url)
    run = runner.run(".github/workflows/llmops.yml", event)
    assert run.conclusion == "success"

It reads the file from a commit of a real bare repository, resolves expressions, runs the steps of composite actions
with bash as GitHub does, and puts `tests/support/workflow_stand_ins.py` in the place of the actions of others. What
it does not know fails: it must never pass over a part of a workflow.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml

from tests.support.github_server import REPOSITORY
from tests.support.workflow_expressions import fill, holds
from tests.support.workflow_log import Log
from tests.support.workflow_stand_ins import STAND_INS, Caches, Job, Outputs, StandInError, base_environment

__all__ = ["BASH", "Event", "JobResult", "Log", "Run", "Runner"]

BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
"""https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell"""

_PUBLISHED = re.compile(r"(?P<name>[\w.-]+/[\w./-]+)@(?P<commit>[0-9a-f]{40})")
_OUTPUT = re.compile(
    r"(?P<long>[\w-]+)<<(?P<mark>\S+)\n(?P<lines>(?:.*\n)*?)(?P=mark)\n|(?P<name>[\w-]+)=(?P<value>.*)\n"
)


@dataclass(frozen=True)
class Event:
    """What starts a workflow: the commit and ref that GitHub gives it, and the payload."""

    name: str
    sha: str
    ref: str
    payload: Mapping[str, Any]
    from_fork: bool = False


@dataclass
class JobResult:
    """How a job ended."""

    conclusion: str = "success"
    outputs: Outputs = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    log: Log = field(default_factory=Log)
    summary: str = ""
    workspace: Path | None = None

    def annotations(self, level: str) -> list[str]:
        """The texts of the annotations of a level."""
        return [text for name, _, text in self.log.commands if name == level]


@dataclass
class Run:
    """A run of a workflow."""

    id: int
    workflow: str
    event: Event
    jobs: dict[str, JobResult] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    """Every group of concurrency that it entered, with all its jobs: a newer run in one of them ends this one."""

    @property
    def conclusion(self) -> str:
        """As GitHub says it of the whole run."""
        ends = {job.conclusion for job in self.jobs.values()}
        if "failure" in ends:
            return "failure"
        return "skipped" if ends == {"skipped"} else "success"


class Runner:
    """See the module's docstring. `instead` replaces own steps by what they would put out, by their id."""

    def __init__(
        self,
        remote: Path,
        folder: Path,
        api: str,
        *,
        secrets: Mapping[str, str] | None = None,
        token: Callable[[Mapping[str, str]], str] = lambda permissions: "none",
        instead: Mapping[str, Outputs] | None = None,
        published: Mapping[str, Path] | None = None,
    ) -> None:
        self.remote = remote
        self.folder = folder
        self.api = api
        self.secrets = dict(secrets or {})
        self.token = token
        self.instead = dict(instead or {})
        self.published = dict(published or {})
        self.broken: set[tuple[str, str]] = set()
        """Job and step (by its id) that fail, as where nothing can be installed."""
        self.runs: dict[int, Run] = {}
        self.caches = Caches(folder / "caches")
        hook = remote / "hooks/pre-receive"
        hook.write_text('#!/bin/sh\n[ -z "$GITHUB_ACTIONS" ] || [ "$MAY_PUSH" = yes ]\n', encoding="utf-8")
        hook.chmod(0o755)

    def run(self, path: str, event: Event) -> Run:
        """One run of a workflow, from the file as it stands at the event's commit."""
        document = yaml.safe_load(self._show(event.sha, path))
        triggers = document[True]  # YAML 1.1 reads `on` as true
        assert event.name in triggers, f"{path} does not run on {event.name}"
        run = Run(len(self.runs) + 1, document["name"], event)
        self.runs[run.id] = run
        github = {"event": event.payload, "ref": event.ref, "event_name": event.name}
        if "concurrency" in document:
            run.groups.add(fill(document["concurrency"]["group"], {"github": github}, lambda word: False))
        for name, job in document["jobs"].items():
            run.jobs[name] = _JobRunner(self, run, name, job).run(document["permissions"])
        return run

    def _show(self, sha: str, path: str) -> str:
        return subprocess.run(
            ["git", "show", f"{sha}:{path}"], cwd=self.remote, capture_output=True, text=True, check=True
        ).stdout

    def repository_at(self, sha: str) -> Path:
        """All files of a commit, as GitHub downloads a repository for `$/`."""
        target = self.folder / "actions" / sha
        if not target.exists():
            packed = subprocess.run(["git", "archive", sha], cwd=self.remote, capture_output=True, check=True)
            with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
                archive.extractall(target, filter="data")
        return target


class _JobRunner:
    def __init__(self, runner: Runner, run: Run, name: str, job: Mapping[str, Any]) -> None:
        known = {"name", "runs-on", "timeout-minutes", "permissions", "steps", "needs", "if", "outputs",
                 "concurrency"}  # fmt: skip
        assert set(job) <= known, f"{name}: {set(job) - known} is not known here"
        self.runner = runner
        self.plan = job
        self.result = JobResult()
        self.name = name
        self.event = run.event
        self.groups = run.groups
        home = runner.folder / f"run{run.id}-{name}"
        self.temp, workspace = home / "temp", home / "work"
        self.result.workspace = workspace
        self.permissions: Mapping[str, str] = {}
        self.job = Job(
            workspace=workspace, temp=self.temp, remote=runner.remote, sha=run.event.sha, ref=run.event.ref,
            run_id=run.id, permissions={}, artifacts={key: one.artifacts for key, one in runner.runs.items()},
            artifact_folder=runner.folder / "artifacts", caches=runner.caches,
        )  # fmt: skip
        needs = job.get("needs", [])
        self.needs = {one: run.jobs[one] for one in ([needs] if isinstance(needs, str) else needs)}
        self.failed = False

    def run(self, default: Mapping[str, str]) -> JobResult:
        self.permissions = self.job.permissions = self.plan.get("permissions", default)
        if self.event.from_fork:  # https://docs.github.com/en/actions/concepts/security/github_token
            self.permissions = self.job.permissions = {
                name: "read" for name, right in self.permissions.items() if right != "none"
            }
        if not holds(self.plan.get("if"), self._context({}), self._of_needs):
            self.result.conclusion = "skipped"
            return self.result
        for folder in (self.temp, self.job.workspace):
            folder.mkdir(parents=True)
        if "concurrency" in self.plan:
            self.groups.add(fill(self.plan["concurrency"]["group"], self._context({}), self._of_needs))
        (self.temp / "event.json").write_text(json.dumps(self.event.payload), encoding="utf-8")
        steps = self._steps(self.plan["steps"], {}, {})
        told = self._context({"steps": steps})
        self.result.outputs = {
            name: fill(value, told, self._of_steps) for name, value in self.plan.get("outputs", {}).items()
        }
        self.result.conclusion = "failure" if self.failed else "success"
        summary = self.temp / "summary.md"
        self.result.summary = summary.read_text(encoding="utf-8") if summary.exists() else ""
        return self.result

    def _of_needs(self, word: str) -> bool:
        ends = [job.conclusion for job in self.needs.values()]
        found = {"success": all(end == "success" for end in ends), "failure": "failure" in ends}
        return {**found, "cancelled": False}[word]

    def _of_steps(self, word: str) -> bool:
        return {"success": not self.failed, "failure": self.failed, "cancelled": False}[word]

    def _context(self, more: Mapping[str, Any]) -> dict[str, Any]:
        event = self.event
        secret = {} if event.from_fork else self.runner.secrets
        github = {
            "event": event.payload, "event_name": event.name, "sha": event.sha, "ref": event.ref,
            "repository": REPOSITORY, "run_id": self.job.run_id, "run_attempt": 1,
            "token": self.runner.token(self.permissions), "workspace": str(self.job.workspace),
        }  # fmt: skip
        needs = {name: {"result": job.conclusion, "outputs": job.outputs} for name, job in self.needs.items()}
        here = {"github": github, "secrets": secret, "needs": needs, "runner": {"temp": str(self.temp)}}
        return {**here, **more}

    def _steps(
        self, plans: list[Mapping[str, Any]], more: Mapping[str, Any], environment: Mapping[str, str]
    ) -> dict[str, Any]:
        """Run steps in turn; the `steps` context that they leave."""
        seen: dict[str, Any] = {plan["id"]: {"outputs": {}, "outcome": ""} for plan in plans if "id" in plan}
        for plan in plans:
            known = {"name", "id", "if", "uses", "with", "env", "run", "shell", "continue-on-error",
                     "timeout-minutes"}  # fmt: skip
            assert set(plan) <= known, f"{set(plan) - known} is not known here"
            context = self._context({**more, "steps": seen, "env": environment})
            outcome, outputs = "skipped", Outputs()
            if holds(plan.get("if"), context, self._of_steps):
                outcome, outputs = self._step(plan, context, environment)
            self.result.steps[plan["name"]] = outcome
            if outcome == "failure" and not plan.get("continue-on-error"):
                self.failed = True
            if "id" in plan:
                seen[plan["id"]] = {"outputs": outputs, "outcome": outcome}
        return seen

    def _step(
        self, plan: Mapping[str, Any], context: Mapping[str, Any], environment: Mapping[str, str]
    ) -> tuple[str, Outputs]:
        filled = {key: fill(value, context, self._of_steps) for key, value in plan.get("env", {}).items()}
        given = {key: fill(value, context, self._of_steps) for key, value in plan.get("with", {}).items()}
        if (self.name, plan.get("id")) in self.runner.broken:
            return "failure", {}
        if plan.get("id") in self.runner.instead:
            return "success", self.runner.instead[plan["id"]]
        if "run" in plan:
            assert "${{" not in plan["run"], "an expression in a script is an injection"
            action = context.get("action_path", "")
            return self._script(plan["run"], {**environment, **filled}, action)
        place = self._composite(plan["uses"])
        if place is not None:
            return self._action(place, given, {**environment, **filled})
        name = plan["uses"].partition("@")[0]
        assert name in STAND_INS, f"nothing stands in for {plan['uses']}"
        try:
            outputs = STAND_INS[name](given, self.job)
        except StandInError as error:
            self.result.log.add(f"{error}\n")
            return "failure", {}
        for line in self.job.log:
            self.result.log.add(line + "\n")
        self.job.log.clear()
        return "success", outputs

    def _composite(self, uses: str) -> Path | None:
        """The folder of one of our own actions."""
        if uses.startswith("$/"):
            return self.runner.repository_at(self.event.sha) / uses[2:]
        assert not uses.startswith("./"), "what a job checked out may be a stranger's"
        found = _PUBLISHED.fullmatch(uses)
        assert found, f"{uses} is not pinned"
        owner = "/".join(found["name"].split("/")[:2])
        if owner in self.runner.published:
            return self.runner.published[owner] / "/".join(found["name"].split("/")[2:])
        return None

    def _action(
        self, place: Path, given: Mapping[str, str], environment: Mapping[str, str]
    ) -> tuple[str, Outputs]:
        action = yaml.safe_load((place / "action.yml").read_text(encoding="utf-8"))
        assert action["runs"]["using"] == "composite"
        unknown = set(given) - set(action["inputs"])
        assert not unknown, f"{place.name} has no inputs {unknown}"
        inputs = {
            name: given.get(name, fill(one.get("default", ""), self._context({}), self._of_steps))
            for name, one in action["inputs"].items()
        }
        before, self.failed = self.failed, False
        more = {"inputs": inputs, "action_path": str(place)}
        seen = self._steps(action["runs"]["steps"], more, environment)
        outcome = "failure" if self.failed else "success"
        self.failed = before
        context = self._context({"steps": seen, "inputs": inputs})
        outputs = {
            name: fill(one["value"], context, self._of_steps)
            for name, one in action.get("outputs", {}).items()
        }
        return outcome, outputs

    def _script(self, script: str, environment: Mapping[str, str], action: str) -> tuple[str, Outputs]:
        files = {name: self.temp / name for name in ("output", "summary.md")}
        files["output"].write_text("", encoding="utf-8")
        path = self.temp / "script.sh"
        path.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [*BASH, str(path)],
            cwd=self.job.workspace,
            env={**base_environment(), **self._variables(), "GITHUB_ACTION_PATH": action, **environment,
                 "GITHUB_OUTPUT": str(files["output"]), "GITHUB_STEP_SUMMARY": str(files["summary.md"])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )  # fmt: skip
        self.result.log.add(done.stdout)
        outputs = dict(_assignments(files["output"].read_text(encoding="utf-8")))
        return "success" if done.returncode == 0 else "failure", outputs

    def _variables(self) -> dict[str, str]:
        may_push = "yes" if self.permissions.get("contents") == "write" else "no"
        python = os.path.dirname(sys.executable)  # noqa: PTH120
        return {
            "PATH": f"{self.runner.folder / 'bin'}:{python}:/usr/local/bin:/usr/bin:/bin",
            "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": self.event.name,
            "GITHUB_EVENT_PATH": str(self.temp / "event.json"), "GITHUB_SHA": self.event.sha,
            "GITHUB_REF": self.event.ref, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": str(self.job.run_id), "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": self.runner.api, "GITHUB_WORKSPACE": str(self.job.workspace),
            "RUNNER_TEMP": str(self.temp), "RUNNER_OS": "Linux", "MAY_PUSH": may_push,
        }  # fmt: skip


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    """`name=value`, or `name<<MARK` with lines up to the mark."""
    at = 0
    while at < len(text):
        found = _OUTPUT.match(text, at)
        assert found, f"{text[at:]!r} sets no output"
        yield (found["long"], found["lines"][:-1]) if found["long"] else (found["name"], found["value"])
        at = found.end()
