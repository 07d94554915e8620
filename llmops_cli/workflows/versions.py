"""Finding an old version of a prompt by its digest: worktree first, then HEAD, then history."""

from llmops_cli.domain.prompt import PROMPTS_DIR, Prompt
from llmops_cli.errors import UserError
from llmops_cli.vcs.repository import Repository
from llmops_cli.workflows.project import Project, load_prompt

MAX_COMMITS = 1000
"""How far back a version is looked for; beyond it a baseline is compared by its recorded inputs."""


class Versions:
    """Remembers every version it met, so that each commit is read at most once."""

    def __init__(self, project: Project, repository: Repository | None) -> None:
        self._project = project
        self._repository = repository
        self._known: dict[tuple[str, str], Prompt] = {}
        self._read: dict[str, int] = {}
        self._commits: list[str] | None = None

    def find(self, name: str, digest: str) -> Prompt | None:
        """The version of a prompt with this digest, or None where the history at hand does not hold it."""
        if (name, digest) in self._known:
            return self._known[name, digest]
        if name in self._project.prompt_paths:
            self._remember(self._project.prompt(name))
        while (name, digest) not in self._known and self._read_next(name):
            pass
        return self._known.get((name, digest))

    def _read_next(self, name: str) -> bool:
        """Read the prompt at the next older commit; False at the end of history."""
        if self._commits is None:
            repository = self._repository
            self._commits = list(repository.commits_touching(PROMPTS_DIR, MAX_COMMITS)) if repository else []
        place = self._read.get(name, 0)
        if place >= len(self._commits) or self._repository is None:
            return False
        self._read[name] = place + 1
        tree = self._repository.tree(self._commits[place])
        for ending in (".yaml", ".yml"):
            try:
                self._remember(load_prompt(tree, f"{PROMPTS_DIR}/{name}{ending}"))
            except UserError:  # absent or invalid at that commit: not the version that gave an answer
                continue
        return True

    def _remember(self, prompt: Prompt) -> None:
        self._known.setdefault((prompt.name, prompt.digest), prompt)
