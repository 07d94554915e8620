"""Prompts of a base that a change calls otherwise: a new name is no way out of an old evalset."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from llmops_cli.domain.revision import Change
from llmops_cli.domain.tree import read_bytes
from llmops_cli.errors import UserError
from llmops_cli.workflows.diff.pairs import MAX_PAIRS, pair_up
from llmops_cli.workflows.diff.sides import Loaded
from llmops_cli.workflows.project import Project

ALIKE = 0.5
"""Share of lines in common from which on a new file is the old one under another name, as in `git diff -M`."""


def renamed_prompts(
    project: Project, base: Project, history: Callable[[], Sequence[Change]]
) -> dict[str, str]:
    """Name at the base to name of today, of prompts that were renamed.

    By what the commits since the base say (`history` gives them, newest first), by YAML files, and by texts.
    """
    gone = {name: path for name, path in base.prompt_paths.items() if name not in project.prompt_paths}
    new = {name: path for name, path in project.prompt_paths.items() if name not in base.prompt_paths}
    if not gone or not new:
        return {}
    changes = history()
    known = {path: first_name(path, changes) for path in new.values()}
    known = {path: old for path, old in known.items() if old in gone.values()}
    before = {path: lines_of(base, path) for path in gone.values() if path not in known.values()}
    now = {path: lines_of(project, path) for path in new.values() if path not in known}
    if len(before) * len(now) <= MAX_PAIRS:
        known |= most_alike(before, now)
    pairs = pair_up([_loaded(base, name) for name in gone], [_loaded(project, name) for name in new], known)
    return {pair.before.name: pair.after.name for pair in pairs if pair.before and pair.after}


def first_name(path: str, changes: Iterable[Change]) -> str:
    """What a path was called before all these commits, given newest first."""
    for change in changes:
        path = change.name_before(path)
    return path


def data_of(project: Project, path: str) -> bytes:
    """The bytes of a file; none where it cannot be read."""
    try:
        return read_bytes(project.tree, path) or b""
    except UserError:  # a link; whoever needs the file says so
        return b""


def lines_of(project: Project, path: str) -> Counter[bytes]:
    """The lines of a file with how often each stands there, without space around them and empty ones."""
    return Counter(line.strip() for line in data_of(project, path).splitlines() if line.strip())


def most_alike(
    before: Mapping[str, Counter[bytes]],
    now: Mapping[str, Counter[bytes]],
    fits: Callable[[str, str], bool] = lambda _one, _old: True,
) -> dict[str, str]:
    """New files that have enough in common with an old one, by it: the most alike first, each at most once.

    `fits` may refuse a pair.
    """
    rated = sorted((-_alike(before[old], now[one]), one, old) for old in before for one in now)
    found: dict[str, str] = {}
    for likeness, one, old in rated:
        if -likeness < ALIKE:
            break
        if one not in found and old not in found.values() and fits(one, old):
            found[one] = old
    return found


def _alike(one: Counter[bytes], other: Counter[bytes]) -> float:
    most = max(one.total(), other.total())
    return (one & other).total() / most if most else 0.0


def _loaded(project: Project, name: str) -> Loaded:
    path = project.prompt_paths[name]
    raw = data_of(project, path).decode("utf-8", "replace")
    try:
        return Loaded(name, path, raw, project.unchecked_prompt(name))
    except UserError as error:
        return Loaded(name, path, raw, None, str(error.problems[0]))
