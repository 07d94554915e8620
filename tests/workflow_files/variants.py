"""Every form of the files that `llmops ci` writes, and our own, as folders that checkers can be pointed at."""

from itertools import product
from pathlib import Path

from llmops_cli.workflows.ci.files import github_files, gitlab_files
from llmops_cli.workflows.ci.keys import Keys

ROOT = Path(__file__).parents[2]
PUBLISHED = "acme/llmops@" + "a" * 40
_KEYS = (Keys(), Keys(("ANTHROPIC_API_KEY", "OPENAI_API_KEY"), ("python:app:answer",)))


def write_variants(folder: Path) -> list[Path]:
    """A folder for each combination of flags, folders and keys. Returns them."""
    found = []
    for number, (forks, uses, below, keys) in enumerate(
        product((False, True), (None, PUBLISHED), (".", "apps/help desk"), _KEYS)
    ):
        top = folder / str(number)
        found.append(top)
        files = github_files(below, keys, forks=forks, uses=uses) | gitlab_files(below, keys)
        for name, text in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text, encoding="utf-8")
    return found


def workflows(folder: Path) -> list[Path]:
    """Workflows of GitHub below a repository's top."""
    return sorted(folder.glob(".github/workflows/*.yml"))


def action_files(folder: Path) -> list[Path]:
    """Composite actions below a repository's top."""
    return sorted(folder.glob(".github/actions/*/action.yml"))
