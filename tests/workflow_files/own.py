"""This repository's own actions and gate: what `llmops ci github` writes, for a repository that holds the tool."""

from llmops_cli.workflows.ci.files import OWN, actions, github_files
from llmops_cli.workflows.ci.keys import Keys

_NOT_NEEDED = ".github/workflows/llmops-nightly.yml"  # offline/assistant does not drift


def own_files() -> dict[str, str]:
    """Path to text of every file under `.github` that the package's templates decide."""
    found = {f".github/actions/{name}/action.yml": text for name, text in actions("").items()}
    gate = github_files(".", Keys(), forks=True, uses=OWN)
    return found | {path: text for path, text in gate.items() if path != _NOT_NEEDED}
