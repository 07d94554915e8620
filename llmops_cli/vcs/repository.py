"""Reading a repository's history. Nothing is ever checked out, stashed, staged or committed.

Objects come from one long-lived `git cat-file --batch`; history from one `git log` a question.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from weakref import WeakSet

from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.domain.revision import Change, CommitInfo
from llmops_cli.errors import MissingHistoryError, UserError
from llmops_cli.vcs.contents import Contents
from llmops_cli.vcs.failures import no_such_revision
from llmops_cli.vcs.git_tree import GitTree
from llmops_cli.vcs.grep import files_with
from llmops_cli.vcs.records import FORMAT, inside, plain, read_blame, read_log, relative, tokens_of, widen
from llmops_cli.vcs.remotes import fetch_of, fetch_of_own, remotes_of, web_address
from llmops_cli.vcs.running import Running, Started, open_git

_HASH = re.compile(r"[0-9a-f]{4,64}")
_COMMITS_AT_ONCE = 500
"""So many hashes fit into a command line on every system."""

_OPEN: WeakSet[Repository] = WeakSet()


def close_all() -> None:
    """End the git processes of every repository that is still open, however a command ended."""
    for repository in list(_OPEN):
        repository.close()


class Repository(Contents):
    """The git repository around a project: its revisions and its history, beside the contents of each commit."""

    def __init__(self, git: Running, root: Path) -> None:
        self.bare = git.top is None
        prefix = "." if git.top is None else Path(os.path.realpath(root)).relative_to(git.top).as_posix()
        super().__init__(git, prefix)
        self._log: Started | None = None
        _OPEN.add(self)

    @property
    def head(self) -> str | None:
        """The commit of HEAD, or None before the first commit."""
        return self._find("HEAD")

    @property
    def branch(self) -> str | None:
        """The branch, or None when HEAD is detached."""
        return self._git.optional("symbolic-ref", "--quiet", "--short", "HEAD")

    @property
    def web_address(self) -> str | None:
        """Where `origin` is at home, as an https address that holds no name or key; None where it has none."""
        return web_address(self._git.optional("config", "--get", "remote.origin.url") or "")

    @property
    def shallow(self) -> bool:
        """Whether history was cut off when it was cloned."""
        return self._git.run("rev-parse", "--is-shallow-repository") == "true"

    def is_dirty(self) -> bool:
        """Whether prompts, evalsets or settings differ from HEAD (untracked files included)."""
        paths = [self._inside(name) for name in ("prompts", "evalsets", "llmops.yaml")]
        return bool(self._git.run("status", "--porcelain", "--untracked-files=normal", "--", *paths))

    def resolve(self, revision: str) -> str:
        """The commit a revision names. Raises UserError where it names none, or several."""
        if not revision or revision.startswith("-") or any(ord(character) < 33 for character in revision):
            raise UserError(f"{revision!r} is no revision", hint="a commit, branch, tag, or HEAD~2")
        found = self._find(revision)
        if found is not None:
            return found
        remotes, shallow = self._git.optional("config", "--get-regexp", r"^remote\.") or "", self.shallow

        def tracked(branch: str) -> str | None:
            names = (f"{remote}/{branch}" for remote in remotes_of(remotes))
            return next((name for name in names if self._find(f"refs/remotes/{name}") is not None), None)

        raise no_such_revision(
            revision,
            born=self.head is not None,
            shallow=shallow,
            known=lambda other: self._find(other) is not None,
            fetch=lambda branch: fetch_of(branch, remotes, shallow=shallow),
            fetch_own=lambda branch: fetch_of_own(branch, remotes, shallow=shallow),
            tracked=tracked,
            candidates=lambda: self._candidates(revision),
        )

    def merge_base(self, one: str, other: str) -> str:
        """The commit where two revisions part. Raises UserError where there is none at hand."""
        commits = self.resolve(one), self.resolve(other)
        found = self._git.optional("merge-base", *commits)
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
        return read_blame(self._git.run("blame", *options, "--", plain(self.prefix, path))) if spans else {}

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
            folders = self._places.at(start)
            while True:
                inner = [inside(folder, path) for folder in folders for path in paths]
                text = self._git.run("log", *options, start, "--", *inner)
                read = list(read_log(iter(text.split("\0")), *folders))
                oldest = read[-1].commit if read else None
                move = oldest and self._places.before(
                    oldest, folders[-1], paths, start, self._git.run, first_parent=first_parent
                )
                if not move or not move.gradual or move.former in folders:
                    break
                folders = [*folders, move.former]
            found += read
            if move and move.former in folders:  # it went to and fro, and all of it was read
                break
            start = move.parent if move else None
        return found

    def follow(self, base: str, tip: str) -> bool:
        """Look for the folder that the project had at a commit before `tip`. Gives whether it is there."""
        if self._places.follow(base, tip, self._git.run):
            return True
        self.changes((PROMPTS_DIR,), tip)  # each commit of a longer way by itself
        return self._places.follow(base, tip, self._git.run)

    def gone_elsewhere(self, base: str, tip: str, folder: str, ending: str) -> list[str]:
        """Files of such a folder of other projects, by their path in the repository, that are gone since a commit."""
        options = ["-r", "-z", "--name-only", "--no-renames", "--diff-filter=D", "--no-relative"]
        paths = self._git.run("diff-tree", *options, base, tip).split("\0")
        own = f"{plain(self.prefix, folder)}/"
        return sorted(
            path
            for path in paths
            if path.endswith(ending) and f"/{folder}/" in f"/{path}" and not path.startswith(own)
        )

    def cut(self) -> CommitInfo | None:
        """The commit at which a shallow clone cuts the line of HEAD's first parents; None where it is whole."""
        if not self.shallow or self.head is None:
            return None
        text = self._git.run("log", "-1", "--first-parent", "--max-parents=0", FORMAT, self.head)
        oldest = next(read_log(iter(text.split("\0")), self.prefix)).commit
        raw = self._objects.read(oldest.sha, "commit") or b""
        return oldest if b"\nparent " in raw.partition(b"\n\n")[0] else None

    def outside(self, commits: Iterable[str], tip: str = "HEAD") -> frozenset[str]:
        """Those of the commits (full hashes) that the history of a tip does not hold."""
        asked = sorted({*commits})
        end = self._find(tip) if asked else None
        if end is None:
            return frozenset(asked)
        found: set[str] = set()
        for start in range(0, len(asked), _COMMITS_AT_ONCE):
            found |= {*self._git.run("rev-list", *asked[start : start + _COMMITS_AT_ONCE], f"^{end}").split()}
        return frozenset(asked) & found

    def held(self, hashes: Iterable[str], tip: str = "HEAD") -> dict[str, str]:
        """Hash to commit, for those hashes, whole or short, of commits that the history of a tip holds."""
        wanted = [name for name in dict.fromkeys(hashes) if _HASH.fullmatch(name)]
        found = self._objects.find_many([f"{name}^{{commit}}" for name in wanted], "commit")
        known = {name: commit for name, commit in zip(wanted, found, strict=True) if commit is not None}
        outside = self.outside(known.values(), tip)
        return {name: commit for name, commit in known.items() if commit not in outside}

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
        # held here and nowhere else: a frame of an error could outlive the command
        self._log = self._git.start("log", *options, head, "--", *map(self._inside, folders))
        widen(self._log.stdout)
        return lambda: self._newest({path for path in waiting if not path.endswith(but)})

    def _newest(self, waiting: set[str]) -> dict[str, CommitInfo]:
        assert self._log is not None
        last: dict[str, CommitInfo] = {}
        for change in read_log(tokens_of(self._log.stdout), self.prefix):
            for path in change.paths:
                last.setdefault(path, change.commit)
            waiting -= change.paths
            if not waiting:
                return last
        self._log.finish()
        return last

    def changed_paths(self, before: str, after: str | None) -> frozenset[str]:
        """Files of the project that may differ between two commits; a rename is two paths.

        `after` None is the worktree, with untracked files that are not ignored.
        """
        if after is not None:
            return self._differing(before, after)
        # `git diff` would write the index to note what it looked at; `git status` can be told not to
        options = ["--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all"]
        lines = self._git.run("status", *options, "--", self._inside(".")).split("\0")
        touched = frozenset(relative(line[3:], self.prefix) for line in lines if line)
        if self.head is None:
            everything = self._git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", before).split(
                "\0"
            )
            return touched | {relative(path, self.prefix) for path in everything if path}
        return touched | self._differing(before, self.head)

    def _differing(self, before: str, after: str) -> frozenset[str]:
        options = ["-r", "-z", "--name-only", "--no-renames", "--no-relative", before, after]
        text = self._git.run("diff-tree", *options, "--", self._inside("."))
        return frozenset(relative(path, self.prefix) for path in text.split("\0") if path)

    def mentioning(self, words: Iterable[str], commit: str | None, folder: str) -> frozenset[str]:
        """Files below a folder that hold one of the words, at a commit or in the worktree (None)."""
        found = files_with(self._git.execute, words, commit, self._inside(folder))
        return frozenset(relative(path, self.prefix) for path in found)

    def renames_between(self, before: str, after: str, folder: str) -> list[Change]:
        """Commits of `after` that `before` lacks and that renamed files below a folder, newest first."""
        options = ["--topo-order", "--name-status", "-M", "-c", "-z", "--diff-filter=R"]
        options += ["--no-show-signature", "--no-color", FORMAT]
        text = self._git.run("log", *options, f"{before}..{after}", "--", self._inside(folder))
        return list(read_log(iter(text.split("\0")), self.prefix))

    def commit(self, revision: str) -> CommitInfo:
        """What is known of one commit. Raises UserError."""
        text = self._git.run("log", "-1", FORMAT, self.resolve(revision))
        return next(read_log(iter(text.split("\0")), self.prefix)).commit

    def close(self) -> None:
        """End the git processes that were started."""
        self._log = None
        self._objects.close()
        self._git.close()

    def _inside(self, path: str) -> str:
        return inside(self.prefix, path)

    def _find(self, revision: str) -> str | None:
        wanted = f"{revision}^{{commit}}"
        return self._git.optional("rev-parse", "--verify", "--quiet", "--end-of-options", wanted)

    def _candidates(self, revision: str) -> list[str]:
        if len(revision) < 4 or set(revision.lower()) - set("0123456789abcdef"):
            return []
        return (self._git.optional("rev-parse", f"--disambiguate={revision}") or "").split()


def open_repository(root: Path) -> Repository | None:
    """The repository that holds a project, or None where there is none (or no git)."""
    git = open_git(root)
    return None if git is None else Repository(git, root)
