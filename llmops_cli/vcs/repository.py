"""Reading git: the only importer of GitPython. Nothing is ever checked out, stashed, staged or committed.

Objects come from one long-lived `git cat-file --batch`; history from one `git log` a question.
"""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING
from weakref import WeakSet

from llmops_cli.domain.revision import Change, CommitInfo
from llmops_cli.errors import MissingHistoryError, UserError
from llmops_cli.vcs.cat_file import Process
from llmops_cli.vcs.failures import failure, no_such_revision, refuse_foreign_owner
from llmops_cli.vcs.git_tree import GitTree
from llmops_cli.vcs.grep import files_with
from llmops_cli.vcs.moves import Places
from llmops_cli.vcs.objects import Objects
from llmops_cli.vcs.records import FORMAT, inside, plain, read_blame, read_log, relative, tokens_of, widen
from llmops_cli.vcs.remotes import fetch_of, web_address

if TYPE_CHECKING:
    import git
    from git.cmd import Git

_EXPORTED_BY_HOOKS = (
    "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES", "GIT_LITERAL_PATHSPECS",
)  # fmt: skip

_OPEN: WeakSet[Repository] = WeakSet()


def close_all() -> None:
    """End the git processes of every repository that is still open, however a command ended."""
    for repository in list(_OPEN):
        repository.close()


class Repository:
    """The git repository around a project; paths are relative to the project's root, not the repository's."""

    def __init__(self, repo: git.Repo, root: Path) -> None:
        self._repo = repo
        _OPEN.add(self)
        self.bare = repo.working_tree_dir is None
        self._log: Git.AutoInterrupt | None = None
        self._objects = Objects(partial(_cat_file, repo.git))
        top = Path(os.path.realpath(repo.working_tree_dir or repo.git_dir))
        self.prefix = "." if self.bare else Path(os.path.realpath(root)).relative_to(top).as_posix()
        self._places = Places(self.prefix, self._objects)

    @property
    def head(self) -> str | None:
        """The commit of HEAD, or None before the first commit."""
        return self._find("HEAD")

    @property
    def branch(self) -> str | None:
        """The branch, or None when HEAD is detached."""
        return self._optional("symbolic-ref", "--quiet", "--short", "HEAD")

    @property
    def web_address(self) -> str | None:
        """Where `origin` is at home, as an https address that holds no name or key; None where it has none."""
        return web_address(self._optional("config", "--get", "remote.origin.url") or "")

    @property
    def shallow(self) -> bool:
        """Whether history was cut off when it was cloned."""
        return self._git("rev-parse", "--is-shallow-repository") == "true"

    def is_dirty(self) -> bool:
        """Whether prompts, evalsets or settings differ from HEAD (untracked files included)."""
        paths = [self._inside(name) for name in ("prompts", "evalsets", "llmops.yaml")]
        return bool(self._git("status", "--porcelain", "--untracked-files=normal", "--", *paths))

    def resolve(self, revision: str) -> str:
        """The commit a revision names. Raises UserError where it names none, or several."""
        if not revision or revision.startswith("-") or any(ord(character) < 33 for character in revision):
            raise UserError(f"{revision!r} is no revision", hint="a commit, branch, tag, or HEAD~2")
        found = self._find(revision)
        if found is not None:
            return found
        remotes, shallow = self._optional("config", "--get-regexp", r"^remote\.") or "", self.shallow
        raise no_such_revision(
            revision,
            born=self.head is not None,
            shallow=shallow,
            known=lambda other: self._find(other) is not None,
            fetch=lambda branch: fetch_of(branch, remotes, shallow=shallow),
            candidates=lambda: self._candidates(revision),
        )

    def merge_base(self, one: str, other: str) -> str:
        """The commit where two revisions part. Raises UserError where there is none at hand."""
        commits = self.resolve(one), self.resolve(other)
        found = self._optional("merge-base", *commits)
        if found is None:
            message = f"{one} and {other} have no common commit here"
            hint = f"their histories are unrelated: name a commit, such as {one} itself"
            if self.shallow:
                hint = f"this clone is shallow: `git fetch --unshallow origin {' '.join(commits)}` brings the rest"
            raise MissingHistoryError(message, hint=hint)
        return found

    def written_by(
        self, path: str, lines: Iterable[int], since: str, until: str | None = None
    ) -> dict[int, CommitInfo | None]:
        """Which commit after `since` wrote a line, for those lines that one did; None where none holds it yet.

        `until` is a commit, None the worktree. Raises UserError where git cannot tell.
        """
        spans = [f"-L{number},{number}" for number in sorted(set(lines))]
        range_ = [f"^{since}", *([until] if until else [])]
        # an empty name forgets what blame.ignoreRevsFile names, which need not exist here
        options = ["--line-porcelain", "--ignore-revs-file=", *spans, *range_]
        return read_blame(self._git("blame", *options, "--", plain(self.prefix, path))) if spans else {}

    def tree(self, commit: str) -> GitTree:
        """The project's files at a commit (a full hash, from `resolve`)."""
        return GitTree(self, commit)

    def changes(
        self, paths: tuple[str, ...], revision: str = "HEAD", *, first_parent: bool = False
    ) -> list[Change]:
        """Commits that changed any of the paths, newest first; merges only for what they add themselves.

        What a merge left behind is among them. With `first_parent` only the line of the branch itself: a merge
        then brings all of its side at once. Followed to where the project's folder was before it was moved.
        """
        start = self._find(revision)
        options = ["--topo-order", "--name-status", "-M", "-z", "--no-show-signature", "--no-color", FORMAT]
        options += ["--first-parent", "-m"] if first_parent else ["--full-history", "-c"]
        found: list[Change] = []
        while start is not None:
            prefix = self._places.at(start)
            text = self._git("log", *options, start, "--", *(inside(prefix, path) for path in paths))
            read = list(read_log(iter(text.split("\0")), prefix))
            found += read
            if not read:
                break
            start = self._places.before(read[-1].commit, self._git, first_parent=first_parent)
        return found

    def cut(self) -> CommitInfo | None:
        """The commit at which a shallow clone cuts the line of HEAD's first parents; None where it is whole."""
        if not self.shallow or self.head is None:
            return None
        text = self._git("log", "-1", "--first-parent", "--max-parents=0", FORMAT, self.head)
        oldest = next(read_log(iter(text.split("\0")), self.prefix)).commit
        raw = self._objects.read(oldest.sha, "commit") or b""
        return oldest if b"\nparent " in raw.partition(b"\n\n")[0] else None

    def outside(self, commits: Iterable[str], tip: str = "HEAD") -> frozenset[str]:
        """Those of the commits (full hashes) that the history of a tip does not hold."""
        asked = frozenset(commits)
        if not asked or self._find(tip) is None:
            return asked
        return asked & {*self._git("rev-list", *sorted(asked), f"^{self.resolve(tip)}").split()}

    def last_commits(self, folders: tuple[str, ...], but: str = "\0") -> Callable[[], dict[str, CommitInfo]]:
        """Lets git begin to read history, and gives a function that waits for the outcome.

        That is path to the newest commit that touched it, for the files of HEAD below the folders, those with
        the ending `but` left out. History is read until each of them was seen.
        """
        head = self.head
        if head is None:
            return dict
        waiting = {path for folder in folders for path in self.files_below(head, folder)}
        options = ["--name-status", "--no-renames", "-c", "-z", "--no-show-signature", "--no-color", FORMAT]
        command = ["git", "log", *options, head, "--", *map(self._inside, folders)]
        # GitPython ends it as soon as nothing refers to it; a frame of an error could outlive the command
        self._log = self._repo.git.execute(command, as_process=True)
        widen(self._log.stdout)
        return lambda: self._newest({path for path in waiting if not path.endswith(but)})

    def _newest(self, waiting: set[str]) -> dict[str, CommitInfo]:
        from git.exc import GitCommandError

        assert self._log is not None
        last: dict[str, CommitInfo] = {}
        for change in read_log(tokens_of(self._log.stdout), self.prefix):
            for path in change.paths:
                last.setdefault(path, change.commit)
            waiting -= change.paths
            if not waiting:
                return last
        try:
            self._log.wait()
        except GitCommandError as error:
            raise failure("log", error) from error
        return last

    def changed_paths(self, before: str, after: str | None) -> frozenset[str]:
        """Files of the project that may differ between two commits; a rename is two paths.

        `after` None is the worktree, with untracked files that are not ignored.
        """
        if after is not None:
            return self._differing(before, after)
        # `git diff` would write the index to note what it looked at; `git status` can be told not to
        options = ["--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all"]
        lines = self._git("status", *options, "--", self._inside(".")).split("\0")
        touched = frozenset(relative(line[3:], self.prefix) for line in lines if line)
        if self.head is None:
            everything = self._git("ls-tree", "-r", "-z", "--name-only", "--full-tree", before).split("\0")
            return touched | {relative(path, self.prefix) for path in everything if path}
        return touched | self._differing(before, self.head)

    def _differing(self, before: str, after: str) -> frozenset[str]:
        options = ["-r", "-z", "--name-only", "--no-renames", "--no-relative", before, after]
        text = self._git("diff-tree", *options, "--", self._inside("."))
        return frozenset(relative(path, self.prefix) for path in text.split("\0") if path)

    def mentioning(self, words: Iterable[str], commit: str | None, folder: str) -> frozenset[str]:
        """Files below a folder that hold one of the words, at a commit or in the worktree (None)."""
        found = files_with(self._repo.git.execute, words, commit, self._inside(folder))
        return frozenset(relative(path, self.prefix) for path in found)

    def renames_between(self, before: str, after: str, folder: str) -> list[Change]:
        """Commits of `after` that `before` lacks and that renamed files below a folder, newest first."""
        options = ["--topo-order", "--name-status", "-M", "-c", "-z", "--diff-filter=R"]
        options += ["--no-show-signature", "--no-color", FORMAT]
        text = self._git("log", *options, f"{before}..{after}", "--", self._inside(folder))
        return list(read_log(iter(text.split("\0")), self.prefix))

    def commit(self, revision: str) -> CommitInfo:
        """What is known of one commit. Raises UserError."""
        text = self._git("log", "-1", FORMAT, self.resolve(revision))
        return next(read_log(iter(text.split("\0")), self.prefix)).commit

    def blob(self, commit: str, path: str) -> bytes | None:
        """A file's bytes at a commit, or None where it has none there."""
        name = self._name(commit, path)
        return None if name is None else self._objects.read(name, "blob")

    def blob_id(self, commit: str, path: str) -> str | None:
        """The name of a file's content at a commit: equal names are equal bytes. None where it has none."""
        name = self._name(commit, path)
        return None if name is None else self._objects.find(name, "blob")

    def blob_by_id(self, blob_id: str) -> bytes:
        """The bytes of a blob; none where this clone lacks it."""
        return self._objects.read(blob_id, "blob") or b""

    def blobs_by_id(self, blob_ids: Sequence[str]) -> list[bytes | None]:
        """The bytes of many blobs, without waiting for git at each; None for those that this clone lacks."""
        return self._objects.read_many(blob_ids, "blob")

    def files_below(self, commit: str, folder: str) -> list[str]:
        """Files below a folder at a commit, sorted; links and submodules are left out."""
        return sorted(self.blob_ids(commit, folder))

    def blob_ids(self, commit: str, folder: str) -> dict[str, str]:
        """Path to `blob_id` of the files below a folder at a commit; links and submodules are left out."""
        name = self._name(commit, folder)
        tree = name and self._objects.find(name, "tree")
        if not tree:
            # there is no such folder, or the clone lacks it: this complains where it is lacking
            full = plain(self._places.at(commit), folder) + "/"
            self._git("ls-tree", "-r", "--name-only", "--full-tree", commit, "--", full)
            return {}
        above = posixpath.normpath(folder)
        found = self._objects.files_of(tree)
        return found if above == "." else {f"{above}/{path}": blob for path, blob in found.items()}

    def links_below(self, commit: str, folder: str) -> list[str]:
        """Links below a folder at a commit: what they lead to is not read."""
        name, above = self._name(commit, folder), posixpath.normpath(f"{folder}/x").removesuffix("x")
        tree = name and self._objects.find(name, "tree")
        return [above + path for path in self._objects.links_below(tree)] if tree else []

    def link_on(self, commit: str, path: str) -> str | None:
        """The link that stands at a path of a commit, or on the way there."""
        found = self._name(commit, path) and self._objects.link_on(commit, plain(self.prefix, path))
        return relative(found, self.prefix) if found else None

    def _name(self, commit: str, path: str) -> str | None:
        """A file or folder of the project as `cat-file` takes it; None where it could not be one."""
        full = plain(self._places.at(commit), path)
        return None if "\n" in full or full.startswith("..") else f"{commit}:{full if full != '.' else ''}"

    def close(self) -> None:
        """End the git processes that were started."""
        self._log = None
        self._objects.close()
        self._repo.close()

    def _inside(self, path: str) -> str:
        return inside(self.prefix, path)

    def _find(self, revision: str) -> str | None:
        wanted = f"{revision}^{{commit}}"
        return self._optional("rev-parse", "--verify", "--quiet", "--end-of-options", wanted)

    def _candidates(self, revision: str) -> list[str]:
        if len(revision) < 4 or set(revision.lower()) - set("0123456789abcdef"):
            return []
        return (self._optional("rev-parse", f"--disambiguate={revision}") or "").split()

    def _optional(self, *arguments: str) -> str | None:
        from git.exc import GitCommandError

        try:
            return str(self._repo.git.execute(["git", *arguments], stdout_as_string=True)) or None
        except GitCommandError as error:
            refuse_foreign_owner(error)
            return None

    def _git(self, *arguments: str) -> str:
        from git.exc import GitCommandError

        try:
            return str(self._repo.git.execute(["git", *arguments], stdout_as_string=True))
        except GitCommandError as error:
            raise failure(arguments[0], error) from error


def _cat_file(run: Git, option: str) -> Process:
    # GitPython ends the process as soon as nothing refers to it: no cycle of references may hold it
    process: Process = run.execute(["git", "cat-file", option], istream=PIPE, as_process=True)
    return process


def open_repository(root: Path) -> Repository | None:
    """The repository that holds a project, or None where there is none (or no git)."""
    for variable in _EXPORTED_BY_HOOKS:  # a hook's git would otherwise answer for another repository or index
        os.environ.pop(variable, None)
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    if shutil.which("git") is None:
        return None
    import git
    from git.exc import GitCommandNotFound, InvalidGitRepositoryError, NoSuchPathError

    try:
        repo = git.Repo(root, search_parent_directories=True)
        # `git status` must not write the index, and no question about history may go out to the network
        repo.git.update_environment(GIT_OPTIONAL_LOCKS="0", GIT_NO_LAZY_FETCH="1")
        return Repository(repo, root)
    except (InvalidGitRepositoryError, NoSuchPathError, GitCommandNotFound):
        return None
