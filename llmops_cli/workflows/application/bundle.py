"""`llmops bundle`: prompts, labels and models of a revision as one value."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase

from llmops_cli.domain.bundle import Bundle, BundledLabel, make_bundle
from llmops_cli.domain.prompt import PROMPTS_DIR, Prompt, short_digest
from llmops_cli.domain.tree import expect
from llmops_cli.errors import NothingSelectedError, Problems, SourceLocation, UserError, did_you_mean
from llmops_cli.files.labels_file import LABELS_FILE, Labels, LabelTarget, read_labels
from llmops_cli.files.settings_file import read_settings
from llmops_cli.files.worktree import WorkTree
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.versions.revisions import Revisions


def bundle(project: Project, names: Sequence[str], revision: str | None = None) -> Bundle:
    """The named prompts (all where none is named) with their labels, at a revision or in the worktree.

    A version that a label points at is in it too, however old. Raises FileError with every prompt that is
    invalid and every label whose version history does not hold, NothingSelectedError, UserError.
    """
    revisions = Revisions(project)
    try:
        if revision is None:  # of a bare clone HEAD is read
            return _Bundling(project, revisions, commit_of(project)).bundle(names)
        commit = revisions.repository.resolve(revision)
        tree = revisions.repository.tree(commit)
        at = Project(project.root, tree, read_settings(tree))
        return _Bundling(at, revisions, commit).bundle(names)
    finally:
        revisions.close()


def commit_of(project: Project) -> str | None:
    """The commit whose files a project's are; None for a worktree."""
    return None if project.tree.label == WorkTree.label else project.tree.label


class _Bundling:
    """One bundle in the making; `project` is read at the revision, `commit` is None for the worktree."""

    def __init__(self, project: Project, revisions: Revisions, commit: str | None) -> None:
        self.project = project
        self.revisions = revisions
        self.commit = commit
        self.problems = Problems()
        self._tips = list(dict.fromkeys((commit or "HEAD", "HEAD")))

    def bundle(self, wanted: Sequence[str]) -> Bundle:
        labels = read_labels(self.project.tree)
        names = _chosen(wanted, [*self.project.prompt_paths, *labels])
        prompts = self._prompts(name for name in names if name in self.project.prompt_paths)
        self.problems.raise_if_any()
        labels = {name: labels[name] for name in names if name in labels}
        self._expect(labels)
        labelled = [(name, prompt) for name in labels for prompt in self._labelled(name, labels, prompts)]
        self.problems.raise_if_any()
        return make_bundle(prompts, labelled, _plain(labels), self.commit, self.project.settings)

    def _prompts(self, names: Iterable[str]) -> dict[str, Prompt]:
        found: dict[str, Prompt] = {}
        names = list(names)
        expect(self.project.tree, [self.project.prompt_paths[name] for name in names])
        for name in names:
            try:
                found[name] = self.project.prompt(name)
            except UserError as error:  # every prompt's mistakes are wanted
                self.problems.take(error)
        return found

    def _expect(self, labels: Labels) -> None:
        targets = [target for found in labels.values() for target in found.values()]
        for tip in self._tips:
            with suppress(UserError):  # what git cannot tell of them is found out label by label
                self.revisions.expect(targets, tip)

    def _labelled(self, name: str, labels: Labels, prompts: dict[str, Prompt]) -> list[Prompt]:
        found: list[Prompt] = []
        for label, target in labels[name].items():
            own = prompts.get(name)
            prompt = own if own and own.digest == target.digest else self._from_history(name, target)
            if prompt is not None:
                found.append(prompt)
                continue
            self.problems.add(
                f"label {label!r} points at {short_digest(target.digest)}, which is no version of {name!r} "
                "that the history holds",
                SourceLocation(LABELS_FILE, target.where.line),
                self.revisions.missing_hint(name, target),
            )
        return found

    def _from_history(self, name: str, target: LabelTarget) -> Prompt | None:
        """From the revision's history, else from HEAD's; the commit that the label names only saves a search."""
        for tip in self._tips:
            hinted = self.revisions.hinted(name, target, tip)
            if hinted is not None:
                return hinted
            for version in self.revisions.versions.history(name, tip):
                if version.digest == target.digest:
                    return version.prompt
        return None


def _chosen(wanted: Sequence[str], known: Sequence[str]) -> list[str]:
    """Names, paths, folders and patterns as names, sorted. Raises NothingSelectedError."""
    if not known:
        raise NothingSelectedError(
            f"there is no prompt under {PROMPTS_DIR}/", hint="`llmops init` starts one"
        )
    if not wanted:
        return sorted({*known})
    chosen: set[str] = set()
    for word in wanted:
        plain = word.removeprefix("./").removeprefix(f"{PROMPTS_DIR}/").rstrip("/")
        plain = plain.removesuffix(".yaml").removesuffix(".yml")
        found = [n for n in known if n == plain or n.startswith(f"{plain}/") or fnmatchcase(n, plain)]
        if not found:
            raise NothingSelectedError(
                f"no prompt is called {word!r}", hint=did_you_mean(plain, sorted({*known}))
            )
        chosen.update(found)
    return sorted(chosen)


def _plain(labels: Labels) -> dict[str, dict[str, BundledLabel]]:
    return {
        name: {label: BundledLabel(target.digest, target.commit) for label, target in found.items()}
        for name, found in labels.items()
    }
