"""Loading prompts in an application, from a bundle of 500 prompts."""

import sys
from pathlib import Path

from benchmarks.harness import LLMOPS, against, function, once, peak, process, show, wall
from benchmarks.projects import PROMPT, project
from llmops_cli import load
from llmops_cli.domain.revision import parse_reference
from llmops_cli.workflows.application.loading import BundleSource

PROMPTS = 500
TARGET = 0.030
NAME = "team-0/prompt-0"
_FIRST = f"from llmops_cli import load; load({NAME!r}, bundle='b.json')"


def main() -> None:
    """Writing the bundle, the first load of a process, a first load in a warm one, and the next ones."""
    files = {f"prompts/team-{n % 9}/prompt-{n}.yaml": PROMPT.format(model="echo") for n in range(PROMPTS)}
    with project(files) as root:
        worktree = once([LLMOPS, "bundle", "-o", "b.json"], root)
        commit = once([LLMOPS, "bundle", "--ref", "HEAD", "-o", "b.json"], root)
        bare = process([sys.executable, "-c", "pass"], root)
        whole = process([sys.executable, "-c", _FIRST], root)
        path = root / "b.json"
        size = path.stat().st_size / 1024
        opening = function(lambda: BundleSource(path).load(parse_reference(NAME)))
        known = function(lambda: _load_all(path))
    rows = [
        ("llmops bundle", wall(worktree), peak(worktree), ""),
        ("llmops bundle --ref HEAD", wall(commit), peak(commit), ""),
        ("python -c pass", wall(bare), peak(bare), ""),
        ("a process: import, check, load one", wall(whole), peak(whole), ""),
        ("read and check the bundle, load one", wall(opening), "", against(opening.seconds, TARGET, "{} s")),
        (f"load all {PROMPTS} again", wall(known), "", against(known.seconds, TARGET, "{} s")),
    ]
    show(f"A bundle of {PROMPTS} prompts, {size:,.0f} KiB", ("what", "wall", "peak", "target"), rows)


def _load_all(path: Path) -> None:
    for number in range(PROMPTS):
        load(f"team-{number % 9}/prompt-{number}", bundle=path)


if __name__ == "__main__":
    main()
