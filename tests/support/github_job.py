"""A job of GitHub Actions: its event file, environment, outputs and summary, and the artifact between two jobs.

    job = Job(tmp_path, server).on_pull_request(12, head=HEAD)
    job.artifact(run, 1)
    result = project.llmops("ci", "publish", str(job.folder), env=job.environment)

Payloads hold what docs.github.com/en/webhooks/webhook-events-and-payloads says, as far as anybody here reads it.
"""

import json
import re
from pathlib import Path
from typing import Any, Self

from tests.support.github_server import REPOSITORY, GitHubServer

BASE = "b" * 40
NOBODY = "0" * 40


class Job:
    """See the module's docstring. `environment` is for the command; `event` is the payload."""

    def __init__(self, place: Path, server: GitHubServer | None = None) -> None:
        self.place = place
        self.folder = place / "llmops-report"
        self.folder.mkdir(parents=True)
        self.event: dict[str, Any] = {}
        self.name = ""
        self.environment: dict[str, str] = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_EVENT_PATH": str(place / "event.json"),
            "GITHUB_OUTPUT": str(place / "output.txt"),
            "GITHUB_STEP_SUMMARY": str(place / "summary.md"),
        }
        if server is not None:
            self.environment |= {"GITHUB_API_URL": server.url, "GITHUB_TOKEN": server.write_token}

    def on(self, name: str, payload: dict[str, Any], sha: str = NOBODY) -> Self:
        """Started by this event."""
        self.name = name
        self.event = {
            "repository": {"full_name": REPOSITORY, "default_branch": "main"},
            "sender": {"login": "ada"},
            **payload,
        }
        self.environment |= {"GITHUB_EVENT_NAME": name, "GITHUB_SHA": sha}
        return self.save()

    def save(self) -> Self:
        """Write the event file again, after a change of `event`."""
        Path(self.environment["GITHUB_EVENT_PATH"]).write_text(json.dumps(self.event), encoding="utf-8")
        return self

    def on_pull_request(
        self,
        number: int,
        head: str,
        *,
        name: str = "pull_request",
        action: str = "synchronize",
        label: str | None = None,
    ) -> Self:
        """A push to a pull request, or a label set."""
        payload: dict[str, Any] = {
            "action": action,
            "number": number,
            "pull_request": {
                "number": number,
                "head": {"sha": head, "ref": "change", "repo": {"full_name": REPOSITORY}},
                "base": {"sha": BASE, "ref": "main", "repo": {"full_name": REPOSITORY}},
            },
        }
        if label is not None:
            payload["label"] = {"name": label}
        return self.on(name, payload, sha="e" * 40)  # the merge commit, which nobody reads

    def on_workflow_run(
        self,
        head: str,
        *,
        event: str = "pull_request",
        fork: str | None = "eve/prompts",
        branch: str = "change",
    ) -> Self:
        """Another workflow has ended."""
        run = {
            "id": 55,
            "event": event,
            "head_sha": head,
            "head_branch": branch,
            "head_repository": None if fork is None else {"full_name": fork},
            "conclusion": "success",
            "pull_requests": [],  # empty for forks
        }
        return self.on("workflow_run", {"action": "completed", "workflow_run": run}, sha=BASE)

    def artifact(self, run: str | None, exit_code: int, /, **other: Any) -> Self:
        """What the evaluating job left for this event: the text of a run file, and a context."""
        producer = self.event.get("workflow_run")
        pull_request = self.event.get("pull_request")
        context: dict[str, Any] = {
            "llmops_context": 1,
            "pull_request": pull_request["number"] if pull_request else None,
            "head": pull_request["head"]["sha"] if pull_request else self.environment["GITHUB_SHA"],
            "base": BASE,
            "repository": REPOSITORY,
            "event": self.name,
            "attempt": 1,
            "exit_code": exit_code,
            "error": None,
        }
        if producer:
            context |= {"head": producer["head_sha"], "event": producer["event"]}
        context |= other
        (self.folder / "context.json").write_text(json.dumps(context), encoding="utf-8")
        (self.folder / "run.json").unlink(missing_ok=True)
        if run is not None:
            (self.folder / "run.json").write_bytes(run.encode("utf-8", "surrogatepass"))
        return self

    @property
    def summary(self) -> str:
        """The job's summary."""
        path = Path(self.environment["GITHUB_STEP_SUMMARY"])
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def outputs(self) -> dict[str, str]:
        """The step's outputs, read as the runner reads them."""
        path = Path(self.environment["GITHUB_OUTPUT"])
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return {
            found["name"]: found["value"]
            for found in re.finditer(
                r"^(?P<name>\w+)<<(?P<mark>\w+)\n(?P<value>.*?)\n(?P=mark)$", text, re.MULTILINE | re.DOTALL
            )
        }
