"""Where a project was before its whole folder was moved, told by git's exact renames."""

from collections import Counter
from collections.abc import Callable

from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.domain.revision import CommitInfo
from llmops_cli.vcs.objects import Objects
from llmops_cli.vcs.records import plain


class Places:
    """The project's folder at each commit, as far as a move of it was met in history."""

    def __init__(self, prefix: str, objects: Objects) -> None:
        """`prefix` is today's folder."""
        self._prefix = prefix
        self._objects = objects
        self._former: dict[str, None] = {}

    def at(self, commit: str) -> str:
        """The project's folder at a commit; today's where none of the known ones held prompts."""
        if not self._former:
            return self._prefix
        places = (place for place in (self._prefix, *self._former) if self._holds_prompts(commit, place))
        return next(places, self._prefix)

    def before(self, commit: CommitInfo, git: Callable[..., str], *, first_parent: bool) -> str | None:
        """The parent at which the project stood in another folder, where this commit moved it.

        `git` runs a command and gives what it prints.
        """
        prefix = self.at(commit.sha)
        for parent in commit.parents[:1] if first_parent else commit.parents:
            if self._holds_prompts(parent, prefix):
                continue
            former = former_folder(git, parent, commit.sha, prefix)
            if former is not None and not self._holds_prompts(commit.sha, former):
                self._former[former] = None
                return parent
        return None

    def _holds_prompts(self, commit: str, prefix: str) -> bool:
        return self._objects.find(f"{commit}:{plain(prefix, PROMPTS_DIR)}", "tree") is not None


def former_folder(git: Callable[..., str], parent: str, commit: str, prefix: str) -> str | None:
    """The folder from which a commit moved a project's prompts to `prefix`, unchanged; None where it moved none.

    Only files that keep their content and their place in the
    project count: then it is the project that moved, and not a prompt that was copied or renamed.
    """
    options = ["-r", "-z", "--name-status", "--find-renames=100%", "--diff-filter=R", "--no-relative"]
    tokens = iter(git("diff-tree", *options, parent, commit).split("\0"))
    found: Counter[str] = Counter()
    inner_start = f"{plain(prefix, PROMPTS_DIR)}/"
    for status in tokens:
        if not status:
            continue
        old, new = next(tokens), next(tokens)
        if new.startswith(inner_start):
            inner = f"{PROMPTS_DIR}/{new.removeprefix(inner_start)}"
            if old == inner:
                found["."] += 1
            elif old.endswith(f"/{inner}"):
                found[old.removesuffix(f"/{inner}")] += 1
    return found.most_common(1)[0][0] if found else None
