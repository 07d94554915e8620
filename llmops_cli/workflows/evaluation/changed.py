"""`eval --changed-since REV`: which evalsets a change can touch, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from llmops_cli.domain.evalset import EVALSETS_DIR, Evalset
from llmops_cli.domain.prompt import PROMPTS_DIR, Prompt
from llmops_cli.domain.settings import Settings
from llmops_cli.errors import UserError
from llmops_cli.files.case_files import BASELINE_ENDING, CASE_ENDINGS
from llmops_cli.files.python_sources import python_sources
from llmops_cli.files.settings_file import SETTINGS_FILE, read_settings
from llmops_cli.files.worktree import WorkTree
from llmops_cli.workflows.project import Project, read_tracked_evalset
from llmops_cli.workflows.versions.revisions import Revisions

_LISTED = (f"{PROMPTS_DIR}/", f"{EVALSETS_DIR}/")


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether an evalset is run, and the reason."""

    evalset: str
    chosen: bool
    why: str


def choose(revisions: Revisions, names: Sequence[str], revision: str) -> list[Choice]:
    """A choice for each evalset. Raises UserError for a revision that is not at hand."""
    repository = revisions.repository
    commit = revisions.find_commit(revision)
    changed = repository.changed_paths(commit, revisions.project.commit)
    base = project_at(revisions, commit)
    chooser = _Chooser(revisions.project, base, changed)
    return [chooser.choose(name) for name in names]


def project_at(revisions: Revisions, commit: str) -> Project:
    """The project as it stands at a commit, whatever its settings say there."""
    return Project(revisions.project.root, revisions.repository.tree(commit), _settings_at(revisions, commit))


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
        self._here, self._there = _files(project), _files(base)
        self._case_files_changed = any(_may_hold_cases(path) for path in changed)
        self._sources_of: dict[str, set[str]] = {}

    def choose(self, name: str) -> Choice:
        evalset = self._project.evalset(name)
        hit = sorted(self._changed & self._with_links(self._closure(evalset)))
        if hit:
            more = f" and {len(hit) - 1} more" if len(hit) > 1 else ""
            return Choice(name, True, f"{hit[0]}{more} changed")
        if self._changed & self._with_links({SETTINGS_FILE}) and self._settings_differ(evalset):
            return Choice(name, True, f"settings that matter to it changed in {SETTINGS_FILE}")
        return Choice(name, False, "nothing it depends on changed")

    def _closure(self, evalset: Evalset) -> set[str]:
        """Every file of today and of the base that can change a result of the evalset."""
        found = set(evalset.sources) | {evalset.baseline_path}
        for name in (*evalset.prompts, *_judges(evalset)):
            if name not in self._sources_of:
                self._sources_of[name] = self._sources(name)
            found |= self._sources_of[name]
        base_path = self._base.evalset_paths.get(evalset.name)
        if base_path is not None and not self._same_evalset(evalset, base_path):
            found |= read_tracked_evalset(self._base.tree, base_path)
        return found | _code(evalset, self._project)

    def _with_links(self, paths: set[str]) -> set[str]:
        """Paths with what they lead to where they are links, which only a worktree follows."""
        tree = self._project.tree
        if not isinstance(tree, WorkTree):
            return paths
        return paths.union(*map(tree.trail, paths))

    def _sources(self, name: str) -> set[str]:
        """Files behind a prompt, today and at the base."""
        path, base_path = (project.prompt_paths.get(name) for project in (self._project, self._base))
        prompt = _prompt(self._project, name)
        if prompt is not None and path == base_path and self._same(prompt.sources):
            return set(prompt.sources)
        base = _prompt(self._base, name)
        return {
            *(prompt.sources if prompt else filter(None, [path])),
            *(base.sources if base else filter(None, [base_path])),
        }

    def _same_evalset(self, evalset: Evalset, base_path: str) -> bool:
        """Whether reading it at the base would open the files that were opened today."""
        if len(evalset.sources) > 1 and self._case_files_changed:  # `cases_from` may be a pattern
            return False
        return base_path == evalset.path and self._same(evalset.sources)

    def _same(self, opened: Iterable[str]) -> bool:
        """Whether files have the same content at the base, or are on neither side.

        What is read from them, and what else is opened for it, is then the same, too: it need not be read
        there. Nothing is known of files outside the listed folders, and of hidden ones.
        """
        return all(
            path not in self._changed
            and path.startswith(_LISTED)
            and "/." not in path
            and (path in self._here) == (path in self._there)
            for path in opened
        )

    def _settings_differ(self, evalset: Evalset) -> bool:
        return self._settings_of(self._project, evalset) != self._settings_of(self._base, evalset)

    def _settings_of(self, project: Project, evalset: Evalset) -> tuple[Any, ...]:
        """What of the settings reaches this evalset; limits and keys change no answer."""
        settings = project.settings
        judges = _judges(evalset)
        judge_model = settings.judge_model if judges else None
        names = {settings.model, judge_model, *evalset.models}
        for name in (*evalset.prompts, *judges):
            prompt = _prompt(self._project, name)
            names.add(prompt.model if prompt else None)
        aliases = [settings.models.get(name) for name in sorted(filter(None, names))]
        resolved = [(a.model, dict(a.params), a.api_base, a.price) if a else None for a in aliases]
        python = settings.allow_python if _code(evalset, self._project) else None
        return settings.model, judge_model, resolved, settings.gate, settings.redact, python


def _judges(evalset: Evalset) -> list[str]:
    specs = (*evalset.scorers, *(spec for case in evalset.cases for spec in case.scorers))
    return sorted({str(spec.arguments.get("prompt")) for spec in specs if spec.type == "judge"})


def _files(project: Project) -> set[str]:
    return {*project.tree.list(PROMPTS_DIR), *project.tree.list(EVALSETS_DIR)}


def _may_hold_cases(path: str) -> bool:
    return path.lower().endswith(CASE_ENDINGS) and not path.endswith(BASELINE_ENDING)


def _prompt(project: Project, name: str) -> Prompt | None:
    try:
        return project.unchecked_prompt(name)
    except UserError:  # absent or wrong there; `prepare` reports today's mistakes
        return None


def _code(evalset: Evalset, project: Project) -> set[str]:
    """Files behind `python` scorers and `python:` models, with all that they import.

    Of today: what the base imported and today does not is no longer imported because of a change of these.
    """
    specs = (*evalset.scorers, *(spec for case in evalset.cases for spec in case.scorers))
    references = {str(spec.arguments.get("value")) for spec in specs if spec.type == "python"}
    models = [*evalset.models, *(p.model for n in evalset.prompts if (p := _prompt(project, n)))]
    for name in filter(None, [*models, project.settings.model]):
        alias = project.settings.models.get(name)
        target = alias.model if alias else name
        if target.startswith("python:"):
            references.add(target.removeprefix("python:"))
    return {path for reference in references for path in python_sources(project.tree, reference)}
