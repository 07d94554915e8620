"""`eval --changed-since REV`: which evalsets a change can touch, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmops_cli.domain.evalset import Evalset
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.settings import Settings
from llmops_cli.errors import UserError
from llmops_cli.files.settings_file import SETTINGS_FILE, read_settings
from llmops_cli.workflows.against import find_commit
from llmops_cli.workflows.project import Project, read_tracked_evalset
from llmops_cli.workflows.revisions import Revisions


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether an evalset is run, and the reason."""

    evalset: str
    chosen: bool
    why: str


def choose(revisions: Revisions, names: Sequence[str], revision: str) -> list[Choice]:
    """A choice for each evalset. Raises UserError for a revision that is not at hand."""
    repository = revisions.repository
    commit = find_commit(repository, revision)
    changed = repository.changed_paths(commit, None)
    base = Project(revisions.project.root, repository.tree(commit), _settings_at(revisions, commit))
    chooser = _Chooser(revisions.project, base, changed)
    return [chooser.choose(name) for name in names]


def _settings_at(revisions: Revisions, commit: str) -> Settings:
    try:
        return read_settings(revisions.repository.tree(commit))
    except UserError:  # settings that were wrong then differ from any that are right now
        return Settings(model="?")


class _Chooser:
    def __init__(self, project: Project, base: Project, changed: frozenset[str]) -> None:
        self._project = project
        self._base = base
        self._changed = changed

    def choose(self, name: str) -> Choice:
        evalset = self._project.evalset(name)
        hit = sorted(self._changed & self._closure(evalset))
        if hit:
            more = f" and {len(hit) - 1} more" if len(hit) > 1 else ""
            return Choice(name, True, f"{hit[0]}{more} changed")
        if SETTINGS_FILE in self._changed and self._settings_differ(evalset):
            return Choice(name, True, f"settings that matter to it changed in {SETTINGS_FILE}")
        return Choice(name, False, "nothing it depends on changed")

    def _closure(self, evalset: Evalset) -> set[str]:
        """Every file of today and of the base that can change a result of the evalset."""
        found = set(evalset.sources) | {evalset.baseline_path}
        base_path = self._base.evalset_paths.get(evalset.name)
        for project in (self._project, self._base):
            for name in (*evalset.prompts, *_judges(evalset)):
                found |= _sources(project, name)
        if base_path is not None:
            found |= read_tracked_evalset(self._base.tree, base_path)
        return found | _code(evalset, self._project)

    def _settings_differ(self, evalset: Evalset) -> bool:
        return self._settings_of(self._project, evalset) != self._settings_of(self._base, evalset)

    def _settings_of(self, project: Project, evalset: Evalset) -> tuple[Any, ...]:
        """What of the settings reaches this evalset; limits and keys change no answer."""
        settings = project.settings
        names = {settings.model, settings.judge_model, *evalset.models}
        for name in (*evalset.prompts, *_judges(evalset)):
            prompt = _prompt(self._project, name)
            names.add(prompt.model if prompt else None)
        aliases = [settings.models.get(name) for name in sorted(filter(None, names))]
        resolved = [(a.model, dict(a.params), a.api_base, a.price) if a else None for a in aliases]
        return settings.model, settings.judge_model, resolved, settings.gate, settings.redact


def _judges(evalset: Evalset) -> list[str]:
    specs = (*evalset.scorers, *(spec for case in evalset.cases for spec in case.scorers))
    return sorted({str(spec.arguments.get("prompt")) for spec in specs if spec.type == "judge"})


def _prompt(project: Project, name: str) -> Prompt | None:
    try:
        return project.prompt(name)
    except UserError:  # absent or wrong there; `prepare` reports today's mistakes
        return None


def _sources(project: Project, name: str) -> set[str]:
    prompt = _prompt(project, name)
    path = project.prompt_paths.get(name)
    return set(prompt.sources) if prompt else {path} if path else set()


def _code(evalset: Evalset, project: Project) -> set[str]:
    """Project files behind `python` scorers and `python:` models: the module's own file."""
    specs = (*evalset.scorers, *(spec for case in evalset.cases for spec in case.scorers))
    references = [str(spec.arguments.get("value")) for spec in specs if spec.type == "python"]
    models = [*evalset.models, *(p.model for n in evalset.prompts if (p := _prompt(project, n)))]
    models.append(project.settings.model)
    for name in filter(None, models):
        alias = project.settings.models.get(name)
        target = alias.model if alias else name
        if target.startswith("python:"):
            references.append(target.removeprefix("python:"))
    found: set[str] = set()
    for reference in references:
        module = reference.partition(":")[0].replace(".", "/")
        found |= {f"{module}.py", f"{module}/__init__.py"}
    return found
