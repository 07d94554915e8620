"""A project with its history: prompts at revisions and behind labels."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from llmops_cli.domain.prompt import PROMPTS_DIR, Prompt, short_digest
from llmops_cli.domain.revision import Change, CommitInfo, Reference, parse_reference
from llmops_cli.errors import (
    FileError,
    MissingHistoryError,
    NoVerdictError,
    SourceLocation,
    UserError,
    did_you_mean,
)
from llmops_cli.files.labels_file import LABELS_FILE, Labels, LabelTarget, read_labels
from llmops_cli.vcs.repository import Repository, open_repository
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.versions.versions import Versions

UNSHALLOW = "this clone is shallow: `git fetch --unshallow` brings the rest"
_MERGE_BASE = "..."
_DIGEST = "p1:"
_SHORTEST_DIGEST = 8


@dataclass(frozen=True)
class ResolvedPrompt:
    """A prompt with where it was found: at a commit, behind a label, or in the worktree."""

    prompt: Prompt
    commit: CommitInfo | None = None
    label: str | None = None


class Revisions:
    """Opens the repository at the first question that needs it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._held: dict[str, dict[str, str | None]] = {}
        """Tip to what labels name as commits to the commits that the tip's history holds, as far as asked."""

    @cached_property
    def repository_if_any(self) -> Repository | None:
        """The repository around the project, if there is one."""
        return open_repository(self.project.root)

    @property
    def repository(self) -> Repository:
        """The repository. Raises UserError where there is none."""
        if self.repository_if_any is None:
            if shutil.which("git") is None:
                raise UserError("there is no git on the PATH, and history is what this needs")
            message = f"{self.project.root} is in no git repository, and history is what this needs"
            raise UserError(message, hint="`git init` starts one; eval, check and render work without")
        return self.repository_if_any

    @cached_property
    def versions(self) -> Versions:
        """The versions of the project's prompts."""
        return Versions(self.project, self.repository_if_any, tips=[self.tip])

    @property
    def tip(self) -> str:
        """Where the project's own history ends: HEAD, or the commit that its files are read from."""
        return self.project.commit or "HEAD"

    def find_commit(self, revision: str) -> str:
        """The commit of `REV`, or of the merge base with the project's own commit for `REV...`.

        Raises NoVerdictError where history is cut before it, UserError where it is none.
        """
        try:
            if revision.endswith(_MERGE_BASE):
                return self.repository.merge_base(revision.removesuffix(_MERGE_BASE), self.tip)
            return self.repository.resolve(revision)
        except MissingHistoryError as error:
            raise NoVerdictError(str(error), problems=error.problems) from error

    def follow(self, commit: str) -> bool:
        """Look for the folder that the project had at a commit; whether there was one."""
        tip = self.project.commit or self.repository.head
        return tip is not None and self.repository.follow(commit, tip)

    def renames_since(self, commit: str) -> list[Change]:
        """Commits of the project's own history that renamed prompts since another commit, newest first."""
        tip = self.project.commit or self.repository.head
        return self.repository.renames_between(commit, tip, PROMPTS_DIR) if tip else []

    @cached_property
    def labels(self) -> Labels:
        """The labels as they stand in the worktree. Raises FileError."""
        return read_labels(self.project.tree)

    def labels_of(self, name: str, digest: str | None) -> list[str]:
        """The labels that point at a version; none where the labels cannot be read, as `label_notes` says."""
        return [
            label for label, target in self.readable_labels.get(name, {}).items() if target.digest == digest
        ]

    @cached_property
    def readable_labels(self) -> Labels:
        """The labels, or none where they cannot be read: what only shows them goes on without."""
        try:
            return self.labels
        except FileError:
            return {}

    def label_notes(self) -> list[str]:
        """Why labels are not shown."""
        try:
            _ = self.labels
        except FileError as error:
            return [f"without labels: {problem}" for problem in error.problems]
        return []

    def prompt(self, text: str) -> ResolvedPrompt:
        """The prompt that `NAME[@REV]` names. Raises UserError."""
        reference = parse_reference(text)
        if reference.label is not None:
            return self._labelled(reference, reference.label)
        if reference.revision is None:
            return ResolvedPrompt(self.project.prompt(reference.name))
        if reference.revision.startswith(_DIGEST):
            return self._by_digest(reference.name, reference.revision)
        commit = self.repository.resolve(reference.revision)
        return ResolvedPrompt(self.at(reference.name, commit), self.repository.commit(commit))

    def require_prompt(self, name: str) -> None:
        """Raises UserError for a name that is neither a prompt here nor a labelled one."""
        if name not in self.project.prompt_paths and name not in self.labels:
            hint = did_you_mean(name, list(self.project.prompt_paths))
            raise UserError(f"there is no prompt {name!r}", hint=hint)

    def at(self, name: str, commit: str) -> Prompt:
        """A prompt at a commit. Raises UserError where it was not there, or was invalid."""
        there = self.versions.name_at(name, commit)
        if there is None:
            known = name in self.project.prompt_paths
            hint = f"`llmops log {name}` lists its versions" if known else "`llmops list` names the prompts"
            raise UserError(f"there was no prompt {name!r} at {commit[:10]}", hint=hint)
        try:
            return self.versions.at(there, commit)
        except FileError as error:
            raise UserError(f"{name!r} was invalid at {commit[:10]}: {error}") from error

    def history_notes(self) -> list[str]:
        """What a clone without its whole history kept from being found, so that recorded inputs had to decide."""
        missing, cut = self.versions.missing, self.cut_history()
        if not missing or cut is None:
            return []
        kind, remedy = cut
        names = ", ".join(dict.fromkeys(f"{name} {short_digest(digest)}" for name, digest in missing))
        what = f"this clone is {kind} and lacks accepted versions ({names}): recorded inputs decided what compares"
        return [f"{what}; {remedy}"]

    def cut_history(self) -> tuple[str, str] | None:
        """Of what kind a clone is that lacks history, and what brings it; None where nothing was lacking."""
        repository = self.repository_if_any
        if repository is None:
            return None
        if self.versions.lacking is not None:
            return "partial", "`git fetch --refetch --no-filter` brings them"
        return ("shallow", "`git fetch --unshallow` brings them") if repository.shallow else None

    def close(self) -> None:
        """End git's processes."""
        opened: Repository | None = vars(self).get("repository_if_any")
        if opened is not None:
            opened.close()

    def _labelled(self, reference: Reference, label: str) -> ResolvedPrompt:
        target = self.target(reference.name, label)
        found = self.find(reference.name, target)
        if found is None:
            raise FileError(
                f"label {label!r} points at {short_digest(target.digest)}, which is no version of "
                f"{reference.name!r} that this branch's history holds",
                where=SourceLocation(LABELS_FILE, target.where.line),
                hint=self.missing_hint(reference.name, target),
            )
        return ResolvedPrompt(found, label=label)

    def target(self, name: str, label: str) -> LabelTarget:
        """What a label points at. Raises UserError for an unknown one."""
        labels = self.labels.get(name, {})
        if label not in labels:
            hint = did_you_mean(label, list(labels)) or f"`llmops label {name} {label}` sets it"
            raise UserError(f"the prompt {name!r} has no label {label!r}", hint=hint)
        return labels[label]

    def find(self, name: str, target: LabelTarget) -> Prompt | None:
        """The version behind a label: at its commit if that still holds it, else wherever history does."""
        hinted = self.hinted(name, target)
        return self.versions.find(name, target.digest) if hinted is None else hinted

    def hinted(self, name: str, target: LabelTarget, tip: str | None = None) -> Prompt | None:
        """The version behind a label at the commit that it names, if a history holds that commit.

        That is the history that ends at `tip`, else this branch's.
        """
        if not target.commit or self.repository_if_any is None:
            return None
        try:
            self.expect([target], tip)
            commit = self._held[tip or self.tip][target.commit]
            prompt = None if commit is None else self.at(name, commit)
        except UserError:  # a hint that no longer holds: the digest decides
            return None
        return prompt if prompt is not None and prompt.digest == target.digest else None

    def expect(self, targets: Iterable[LabelTarget], tip: str | None = None) -> None:
        """Asks git at once about the commits of many labels; `hinted` alone would ask for each. Raises UserError."""
        repository, known = self.repository_if_any, self._held.setdefault(tip or self.tip, {})
        asked = {target.commit for target in targets if target.commit} - known.keys()
        if asked and repository is not None:
            held = repository.held(asked, tip or self.tip)
            known |= {commit: held.get(commit) for commit in asked}

    def _by_digest(self, name: str, start: str) -> ResolvedPrompt:
        """The version whose digest begins so, in the worktree or in this branch's history."""
        if len(start) < len(_DIGEST) + _SHORTEST_DIGEST:
            raise UserError(
                f"{start!r} is too short", hint=f"give {_SHORTEST_DIGEST} characters after {_DIGEST}"
            )
        found: dict[str, ResolvedPrompt] = {}
        if self.repository_if_any is not None:
            for version in self.versions.history(name, self.tip):
                if version.prompt is not None and version.commit is not None:
                    found.setdefault(version.prompt.digest, ResolvedPrompt(version.prompt, version.commit))
        if name in self.project.prompt_paths:
            with suppress(UserError):  # a worktree that is wrong just now does not hide history
                prompt = self.project.prompt(name)
                found.setdefault(prompt.digest, ResolvedPrompt(prompt))
        fitting = [one for digest, one in found.items() if digest.startswith(start)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            digests = ", ".join(one.prompt.digest for one in fitting[:5])
            raise UserError(
                f"several versions of {name!r} begin with {start}", hint=f"give more of {digests}"
            )
        raise UserError(
            f"{name!r} has no version {start} in this branch's history", hint=self.missing_hint(name)
        )

    def missing_hint(self, name: str, target: LabelTarget | None = None) -> str:
        """Why a version, perhaps a label's, is not in this branch's history, and what would help."""
        repository = self.repository_if_any
        if repository is None:
            return "this is no git repository, so that older versions cannot be had"
        if repository.shallow:
            return UNSHALLOW
        if target is not None and target.commit and self._elsewhere(name, target.commit, target.digest):
            return f"the commit {target.commit} holds it, and is not in this branch's history: merge it first"
        return f"`llmops log {name}` lists the versions there are"

    def _elsewhere(self, name: str, hash_: str, digest: str) -> bool:
        """Whether a commit that this branch's history lacks holds a version."""
        try:
            return self.at(name, self.repository.resolve(hash_)).digest == digest
        except UserError:
            return False
