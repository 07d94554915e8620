"""Commands that read history, on a repository of 10,000 commits, and reading git's objects."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import LLMOPS, Measured, against, cpu, function, peak, process, show, wall
from benchmarks.old_project import COMMITS, EVALSETS, NAME, PROMPTS, VERSIONS, old_project, prompt_path
from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.domain.tree import expect, read_bytes
from llmops_cli.vcs.repository import open_repository

_COMMANDS: Sequence[tuple[Sequence[str], float | None]] = (
    (["log", NAME], 1.0),
    (["diff", "HEAD~100"], 1.0),
    (["list"], 0.5),
    (["show", f"{NAME}@HEAD~{COMMITS // 2}"], None),
    (["blame", NAME], None),
    (["eval", "--changed-since", "HEAD~1"], None),
    (["check"], None),
)
READ_TARGET = 2.0
"""Reading many files through our door may take so many times as long as one `git cat-file --batch`."""
_REVISIONS = ("HEAD~100", f"HEAD~{COMMITS // 2}")


def main() -> None:
    """Whole processes, next to git's own log of the same files; then reading prompts at two revisions."""
    with old_project() as root:
        folders = ["--", "prompts", "evalsets"]
        git = process(["/usr/bin/env", "git", "log", "--name-status", "--format=%H", *folders], root)
        rows = [_row("git log --name-status -- prompts evalsets", git, None)]
        for arguments, target in _COMMANDS:
            rows.append(_row(f"llmops {' '.join(arguments)}", process([LLMOPS, *arguments], root), target))
        names = _names(root)
        batch = function(lambda: _cat_file(root, names))
        ahead = function(lambda: _read_ahead(root, names))
        alone = function(lambda: _read(root, names))
    title = f"{COMMITS:,} commits, {PROMPTS} prompts, {EVALSETS} evalsets, {VERSIONS} versions of {NAME}"
    show(title, ("command", "wall", "processor", "peak", "target"), rows)
    ratio, slow = (ours.seconds / batch.seconds for ours in (ahead, alone))
    reading = [
        ("git cat-file --batch", wall(batch), "1.0", ""),
        ("whole folders", wall(ahead), f"{ratio:.1f}", against(ratio, READ_TARGET, "{} ×")),
        ("each file alone", wall(alone), f"{slow:.1f}", ""),
    ]
    show(f"Reading {len(names):,} prompt files at {len(_REVISIONS)} revisions",
         ("how", "wall", "× git", "target"), reading)  # fmt: skip


def _row(name: str, found: Measured, target: float | None) -> tuple[str, ...]:
    met = "" if target is None else against(found.seconds, target, "{:g} s")
    return name, wall(found), cpu(found), peak(found), met


def _names(root: Path) -> list[tuple[str, str]]:
    """Commit and path of every prompt at each of the revisions."""
    repository = open_repository(root)
    assert repository is not None
    commits = [repository.resolve(revision) for revision in _REVISIONS]
    repository.close()
    return [(commit, prompt_path(n)) for commit in commits for n in range(PROMPTS)]


def _cat_file(root: Path, names: Sequence[tuple[str, str]]) -> None:
    asked = "".join(f"{commit}:{path}\n" for commit, path in names).encode()
    done = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=root, input=asked, stdout=subprocess.PIPE, check=True
    )
    if b" missing\n" in done.stdout:
        raise RuntimeError("a prompt is missing from the generated history")


def _read_ahead(root: Path, names: Sequence[tuple[str, str]]) -> None:
    """As commands read the prompts of a commit: listed, announced, opened one after the other."""
    repository = open_repository(root)
    assert repository is not None
    for commit in dict.fromkeys(commit for commit, _ in names):
        tree = repository.tree(commit)
        wanted = {path for of, path in names if of == commit}
        paths = [path for path in tree.list(PROMPTS_DIR) if path in wanted]
        expect(tree, paths)
        if len(paths) != len(wanted) or any(read_bytes(tree, path) is None for path in paths):
            raise RuntimeError("a prompt is missing from the generated history")
    repository.close()


def _read(root: Path, names: Sequence[tuple[str, str]]) -> None:
    repository = open_repository(root)
    assert repository is not None
    if any(repository.blob(commit, path) is None for commit, path in names):
        raise RuntimeError("a prompt is missing from the generated history")
    repository.close()


if __name__ == "__main__":
    main()
