"""A repository on GitHub, in small: a bare remote, the API on loopback, and the runner of its workflows.

    forge = Forge(folder, server).start()
    forge.dev.edit("prompts/triage.system.j2", …)
    number = forge.open("worse")
    run = forge.checked(number)          # llmops.yml, as a push to the pull request starts it

`dev` is a developer's clone. Merging, forks and labels are what GitHub makes of them: refs and events.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from llmops_cli.workflows.ci.files import LABEL
from tests.support import warm
from tests.support.github_server import ACTIONS, REPOSITORY, GitHubServer, Token
from tests.support.project import GREET, TWO_CASES, Project
from tests.support.workflow_runner import Event, Run, Runner
from tests.support.workflow_stand_ins import git

GATE = ".github/workflows/llmops.yml"
REPORT = ".github/workflows/llmops-report.yml"
KEYED = ".github/workflows/llmops-keys.yml"
NIGHTLY = ".github/workflows/llmops-nightly.yml"
_RIGHTS = {"comments": "pull-requests", "pulls": "pull-requests", "check-runs": "checks"}


class Branches(dict[str, str]):
    """The branches of a remote, as the API sees them: what was pushed is there."""

    def __init__(self, remote: Path) -> None:
        super().__init__()
        self._remote = remote

    def get(self, name: str, default: Any = None) -> Any:
        """The newest commit of a branch."""
        found = git(self._remote, "for-each-ref", "--format=%(objectname)", f"refs/heads/{name}")
        return found or default

    def __contains__(self, name: object) -> bool:
        return self.get(str(name)) is not None

    def __getitem__(self, name: str) -> str:
        return str(self.get(name))


class Forge:
    """See the module's docstring."""

    def __init__(
        self, folder: Path, server: GitHubServer, *flags: str, secrets: Mapping[str, str] | None = None
    ) -> None:
        self.server = server
        self.remote = folder / "remote.git"
        self.remote.mkdir(parents=True)
        git(self.remote, "init", "--quiet", "--bare", "--initial-branch=main")
        git(self.remote, "config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub has it
        server.branches = Branches(self.remote)
        self.dev = Project.create(folder / "dev")
        self.dev.git("remote", "add", "origin", self.remote.as_uri())
        # the step `install` has tests of its own (tests/workflow_files/test_install.py)
        installed = {"install": {"llmops": warm.llmops()}}
        self.runner = Runner(
            self.remote, folder / "runner", server.url, secrets=secrets, token=self._token, instead=installed
        )
        self.dev.commit("Nothing yet", {"README.md": "Soon.\n"})
        self.push_main()
        self.flags = flags

    def start(self, files: Mapping[str, str] | None = None) -> Self:
        """A project with a gate on main: these files, or those of `llmops init`."""
        if files is None:
            assert self.dev.llmops("init").exit_code == 0
        self.dev.write(files or {})
        assert self.dev.llmops("ci", "github", *self.flags).exit_code == 0
        self.dev.commit("A project with a gate")
        self.push_main()
        return self

    def start_with_key(self, url: str, key: str) -> Self:
        """A project on main that greets, accepted with three trials; VLLM_KEY is for the model at this address."""
        alias = f'model: openai/own, api_base: "{url}", api_key_env: VLLM_KEY'
        settings = f"model: own\nmodels:\n  own: {{{alias}}}\n"
        self.start({"llmops.yaml": settings, "prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
        return self.accept("--trials", "3", env={"VLLM_KEY": key})

    def accept(self, *options: str, env: Mapping[str, str] | None = None) -> Self:
        """Accept on main what a run with these options of `eval` gets."""
        assert self.dev.llmops("eval", *options, env=env).exit_code == 0
        assert self.dev.llmops("accept").exit_code == 0
        self.dev.commit("accept")
        self.push_main()
        return self

    def _token(self, permissions: Mapping[str, str]) -> str:
        """A token of a job: it may write what the job's permissions say."""
        writes = frozenset(what for what, right in _RIGHTS.items() if permissions.get(right) == "write")
        token = "ghs_" + "-".join(sorted(f"{name}.{right}" for name, right in permissions.items()))
        self.server.tokens[token] = Token(may_write=writes)
        return token

    def push_main(self) -> str:
        """Push main as it stands in `dev`."""
        self.dev.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main")
        sha = self.dev.git("rev-parse", "HEAD")
        self.server.commits.add(sha)
        return sha

    def open(self, branch: str, *, fork: str = REPOSITORY) -> int:
        """Open a pull request with what `dev` has checked out."""
        number = max(self.server.pulls, default=0) + 1
        self.server.open(number, self._push(number, branch, fork), branch=branch, fork=fork)
        return number

    def push(self, number: int) -> str:
        """Push `dev` to a pull request, by force where history was rewritten."""
        pull = self.server.pulls[number]
        head = self._push(number, pull["head"]["ref"], pull["head"]["repo"]["full_name"])
        self.server.push(number, head)
        return head

    def _push(self, number: int, branch: str, fork: str) -> str:
        refs = [f"refs/pull/{number}/head"] + ([f"refs/heads/{branch}"] if fork == REPOSITORY else [])
        self.dev.git("push", "--quiet", "--force", "origin", *(f"HEAD:{ref}" for ref in refs))
        return self.dev.git("rev-parse", "HEAD")

    def event(
        self,
        number: int,
        *,
        target: bool = False,
        label: str | None = None,
        merged: str | None = None,
        by: str = "ada",
    ) -> Event:
        """A pull request's event. Workflows of `pull_request` are those of the merge, of `_target` the base's."""
        pull = self.server.pulls[number]
        pull["base"]["sha"] = self.main
        fork = pull["head"]["repo"]["full_name"] != REPOSITORY
        payload = {**self._repository(), "action": "labeled" if label else "synchronize", "number": number,
                   "pull_request": pull, "sender": {"login": by}}  # fmt: skip
        if label:
            payload["label"] = {"name": label}
        if target:
            return Event("pull_request_target", self.main, "refs/heads/main", payload)
        return Event(
            "pull_request",
            merged or self._merged(number),
            f"refs/pull/{number}/merge",
            payload,
            from_fork=fork,
        )

    @property
    def main(self) -> str:
        """The newest commit of the default branch."""
        return git(self.remote, "rev-parse", "refs/heads/main")

    def _merged(self, number: int) -> str:
        head = self.server.pulls[number]["head"]["sha"]
        tree = git(self.remote, "merge-tree", "--write-tree", self.main, head)
        who = ["-c", "user.name=GitHub", "-c", "user.email=noreply@github.com"]
        merge = git(self.remote, *who, "commit-tree", tree, "-p", self.main, "-p", head, "-m", "merge")
        git(self.remote, "update-ref", f"refs/pull/{number}/merge", merge)
        return merge

    def _repository(self) -> dict[str, Any]:
        return {"repository": {"full_name": REPOSITORY, "default_branch": "main"}}

    def feed(self, stream: str) -> None:
        """Let the remote import commits (git fast-import)."""
        subprocess.run(
            ["git", "fast-import", "--quiet", "--force"], cwd=self.remote, input=stream, text=True, check=True
        )

    def on(self, branch: str, path: str) -> str:
        """A file of a branch of the remote."""
        return git(self.remote, "show", f"refs/heads/{branch}:{path}")

    def changed_on(self, branch: str) -> list[str]:
        """What a branch changes of main."""
        return git(self.remote, "diff", "--name-only", f"main...{branch}").splitlines()

    def try_push(self, environment: Mapping[str, str]) -> int:
        """How a push ends that is made in such an environment."""
        command = ["git", "push", "--quiet", "origin", "HEAD:refs/heads/tried"]
        done = subprocess.run(
            command, cwd=self.dev.root, env={**os.environ, **environment}, capture_output=True, check=False
        )
        return done.returncode

    def checked_as(self, number: int, sha: str) -> Run:
        """As `checked`, with the workflow of this commit: what GitHub cannot merge has no other."""
        return self.runner.run(GATE, self.event(number, merged=sha))

    def checked(self, number: int) -> Run:
        """The gate, as it runs on a push to a pull request."""
        return self.runner.run(GATE, self.event(number))

    def labelled(self, number: int, label: str = LABEL, by: str = "ada") -> Run:
        """Somebody sets a label; ada is a maintainer."""
        self.server.pulls[number]["labels"] = [{"name": label}]
        return self.runner.run(KEYED, self.event(number, target=True, label=label, by=by))

    def reported(self, run: Run) -> Run:
        """The workflow that reports on another one, after its end."""
        event = run.event
        if event.name == "pull_request":
            pull = event.payload["pull_request"]["head"]
            head, branch, home = pull["sha"], pull["ref"], pull["repo"]["full_name"]
        else:
            head, branch, home = event.sha, "main", REPOSITORY
        told = {"id": run.id, "event": event.name, "head_sha": head, "head_branch": branch,
                "head_repository": {"full_name": home}, "conclusion": run.conclusion}  # fmt: skip
        payload = {**self._repository(), "action": "completed", "workflow_run": told}
        return self.runner.run(REPORT, Event("workflow_run", self.main, "refs/heads/main", payload))

    def queued(self, number: int) -> Run:
        """The gate, as it runs on a merge queue's group of this one pull request."""
        merge = self._merged(number)
        self.server.commits.add(merge)
        group = {"head_sha": merge, "base_sha": self.main, "base_ref": "refs/heads/main"}
        ref = f"refs/heads/gh-readonly-queue/main/pr-{number}-{self.main}"
        git(self.remote, "update-ref", ref, merge)
        payload = {**self._repository(), "action": "checks_requested", "merge_group": group}
        return self.runner.run(GATE, Event("merge_group", merge, ref, payload))

    def nightly(self) -> Run:
        """The run of the night. Its event does not say which repository it is."""
        return self.runner.run(
            NIGHTLY, Event("schedule", self.main, "refs/heads/main", {"schedule": "17 3 * * *"})
        )

    def nightly_by_hand(self, branch: str = "main") -> Run:
        """The same, started by a person on a branch."""
        sha = git(self.remote, "rev-parse", f"refs/heads/{branch}")
        self.server.commits.add(sha)
        payload = {**self._repository(), "ref": f"refs/heads/{branch}", "sender": {"login": "ada"}}
        return self.runner.run(NIGHTLY, Event("workflow_dispatch", sha, f"refs/heads/{branch}", payload))

    def merge(self, number: int) -> None:
        """Merge a pull request, and fetch main."""
        git(self.remote, "update-ref", "refs/heads/main", self._merged(number))
        self.server.pulls[number]["state"] = "closed"
        self.server.commits.add(self.main)
        self.dev.git("fetch", "--quiet", "origin")
        self.dev.git("switch", "--quiet", "--detach", "origin/main")

    def comments(self, number: int) -> list[str]:
        """What our own account wrote."""
        return [one["body"] for one in self.server.comments[number] if one["user"] == {"login": ACTIONS}]

    def check(self, number: int) -> str | None:
        """What the newest check run says of the head of a pull request."""
        return self.check_on(self.server.pulls[number]["head"]["sha"])

    def check_on(self, commit: str) -> str | None:
        """What the newest check run says of a commit."""
        found = [run["conclusion"] for run in self.server.check_runs if run["head_sha"] == commit]
        return found[-1] if found else None
