"""Where a project was before its whole folder was moved, told by git's exact renames."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmops_cli.domain.evalset import EVALSETS_DIR
from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.domain.revision import CommitInfo
from llmops_cli.vcs.objects import Objects
from llmops_cli.vcs.records import plain


@dataclass(frozen=True, slots=True)
class Move:
    """A commit moved prompts here from another folder of the repository."""

    former: str
    parent: str
    """The commit before it."""
    gradual: bool
    """Whether some stayed behind for a while: both folders are the project's until the old one is empty."""


class Places:
    """The folders that are the project's at each commit, as far as a move of it was met in history."""

    def __init__(self, prefix: str, objects: Objects) -> None:
        """`prefix` is today's folder."""
        self._prefix = prefix
        self._objects = objects
        self._former: dict[str, bool] = {}
        """Former folders, and whether each stood beside a newer one for a while."""
        self._known: dict[str, list[str]] = {}

    def at(self, commit: str) -> list[str]:
        """The project's folders at a commit, newest first; today's where none of the known ones held prompts.

        They are several while the project was on its way from one to the other.
        """
        if not self._former:
            return [self._prefix]
        if commit not in self._known:
            places: list[str] = []
            for place, beside in ((self._prefix, False), *self._former.items()):
                if (beside or not places) and self._holds(commit, place, PROMPTS_DIR):
                    places.append(place)
            self._known[commit] = places or [self._prefix]
        return self._known[commit]

    def path(self, commit: str, path: str) -> str:
        """A path of the project as one of the repository at a commit."""
        first, *others = self.at(commit)
        if others and not self._holds(commit, first, path):
            first = next((place for place in others if self._holds(commit, place, path)), first)
        return plain(first, path)

    def before(
        self,
        commit: CommitInfo,
        prefix: str,
        paths: Sequence[str],
        tip: str,
        git: Callable[..., str],
        *,
        first_parent: bool = False,
    ) -> Move | None:
        """The move that brought the paths to a folder, if this commit, the oldest that knows them there, was one.

        `tip` is where history is read from: by then the old folder must hold no prompts, else it is another
        project that stays. `git` runs a command and gives what it prints.
        """
        for parent in commit.parents[:1] if first_parent else commit.parents:
            if any(self._holds(parent, prefix, path) for path in paths):
                continue
            former = former_folder(git, parent, commit.sha, prefix)
            if former is not None and not self._holds(tip, former, PROMPTS_DIR):
                gradual = self._holds(commit.sha, former, PROMPTS_DIR)
                beside = gradual or self._holds(parent, prefix, PROMPTS_DIR)
                self._former[former] = beside or self._former.get(former, False)
                self._known.clear()
                return Move(former, parent, gradual)
        return None

    def follow(self, base: str, tip: str, git: Callable[..., str]) -> bool:
        """Look for the project's folder at a commit that lacks today's, by what became of its files until `tip`.

        Other than in history, files that changed on the way count, too. Gives whether the commit holds the project.
        """
        if any(self._holds(base, place, PROMPTS_DIR) for place in self.at(base)):
            return True
        former = former_folder(git, base, tip, self._prefix, (PROMPTS_DIR, EVALSETS_DIR), "--find-renames")
        if (
            former is None
            or self._holds(tip, former, PROMPTS_DIR)
            or not self._holds(base, former, PROMPTS_DIR)
        ):
            return False
        self._former.setdefault(former, False)
        self._known.clear()
        return True

    def _holds(self, commit: str, prefix: str, path: str) -> bool:
        return self._objects.holds(f"{commit}:{plain(prefix, path)}")


def former_folder(
    git: Callable[..., str],
    parent: str,
    commit: str,
    prefix: str,
    folders: Sequence[str] = (PROMPTS_DIR,),
    renames: str = "--find-renames=100%",
) -> str | None:
    """The folder from which a commit moved a project's prompts to `prefix`, unchanged; None where it moved none.

    Only files that keep their content and their place in the project count: then it is the project that
    moved, and not a prompt that was copied or renamed. `renames` may let alike content do, of more `folders`.
    """
    options = ["-r", "-z", "--name-status", renames, "--diff-filter=R", "--no-relative"]
    tokens = iter(git("diff-tree", *options, parent, commit).split("\0"))
    found: Counter[str] = Counter()
    starts = {folder: f"{plain(prefix, folder)}/" for folder in folders}
    for status in tokens:
        if not status:
            continue
        old, new = next(tokens), next(tokens)
        for folder, start in starts.items():
            if not new.startswith(start):
                continue
            inner = f"{folder}/{new.removeprefix(start)}"
            if old == inner:
                found["."] += 1
            elif old.endswith(f"/{inner}"):
                found[old.removesuffix(f"/{inner}")] += 1
    return found.most_common(1)[0][0] if found else None
