"""`llmops check`: everything that can be wrong without a call."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmops_cli.domain.calibration import calibration_path
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.settings import Settings
from llmops_cli.errors import NothingSelectedError, Problems, SourceLocation, UserError
from llmops_cli.files.calibration_file import calibration_paths, parse_calibration
from llmops_cli.files.labels_file import CONFLICT, LABELS_FILE
from llmops_cli.files.settings_file import SETTINGS_FILE
from llmops_cli.files.text import read_text
from llmops_cli.templating.closure import unused_inputs
from llmops_cli.workflows.project import Project, open_project, read_tracked_evalset
from llmops_cli.workflows.trials.planning import model_for
from llmops_cli.workflows.trials.preparing import prepare
from llmops_cli.workflows.trials.selection import Selection
from llmops_cli.workflows.versions.labels import check_labels
from llmops_cli.workflows.versions.revisions import Revisions


@dataclass(frozen=True, slots=True)
class Checked:
    """How much was looked at, and what is odd without being wrong."""

    prompts: int
    evalsets: int
    cases: int
    warnings: tuple[str, ...]


def check(directory: Path, paths: Sequence[str]) -> Checked:
    """Check the files under the given paths, or all. Raises FileError with every mistake of all files."""
    problems = Problems()
    project = open_project(directory, problems)
    wanted = _Wanted(project, paths)
    prompts = [name for name in project.prompt_paths if wanted.prompt(name)]
    evalsets = [name for name in project.evalset_paths if wanted.evalset(name)]
    if not paths and not prompts and not evalsets:
        hint = "prompts stand under prompts/, evalsets under evalsets/"
        raise NothingSelectedError("there is nothing to check", hint=hint)
    warnings: list[str] = []
    looked_at: frozenset[str] = frozenset()
    for name in prompts:
        if "@" in name or not name.isprintable():
            hint = "rename the file: what stands behind an @ is a revision, and a name is one line"
            problems.add(
                f"{name!r} cannot be the name of a prompt", SourceLocation(project.prompt_paths[name]), hint
            )
        try:
            prompt = project.prompt(name)
        except UserError as error:
            problems.take(error)
        else:
            unused = unused_inputs(prompt)
            for path in sorted(prompt.sources - looked_at):
                _check_marks(project, path, problems)
            looked_at |= prompt.sources
            warnings += [f"{prompt.path}: the input {i!r} is declared and used nowhere" for i in unused]
    if not paths or any(path.removeprefix("./") == SETTINGS_FILE for path in paths):
        _check_models(project.settings, problems)
    cases = sum(_check_evalset(project, name, problems) for name in evalsets)
    for path in calibration_paths(project.tree):
        if wanted.holds({path}):
            warnings += _check_calibration(project, path, problems)
    if not paths or any(path.removeprefix("./") == LABELS_FILE for path in paths):
        revisions = Revisions(project)
        warnings += check_labels(revisions, problems)
        revisions.close()
    problems.raise_if_any()
    return Checked(len(prompts), len(evalsets), cases, tuple(warnings))


def _check_models(settings: Settings, problems: Problems) -> None:
    """The models that llmops.yaml names, whether a prompt asks for them today or not."""
    nobody = Prompt(SETTINGS_FILE, SETTINGS_FILE, ())
    named = [(settings.model, settings.model_where), (settings.judge_model, settings.judge_model_where)]
    for name, where in [*named, *((alias.name, alias.model_where) for alias in settings.models.values())]:
        if name is None:
            continue
        try:
            model_for(
                nobody, replace(settings, allow_python=True), name, where or SourceLocation(SETTINGS_FILE)
            )
        except UserError as error:
            problems.take(error)


def _check_marks(project: Project, path: str, problems: Problems) -> None:
    """A template is any text, so the marks of a merge conflict would be sent to the model."""
    text = read_text(project.tree, path) or ""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(CONFLICT):
            hint = "decide for one side, and take the marks out"
            problems.add("the marks of a merge conflict", SourceLocation(path, number), hint)
            return


def _check_calibration(project: Project, path: str, problems: Problems) -> list[str]:
    """What eval would not use of `llmops judge`'s files; one that stands where nobody looks is only odd."""
    try:
        found = parse_calibration(read_text(project.tree, path) or "", path)
    except UserError as error:
        problems.take(error)
        return []
    place = calibration_path(found.judge)
    return [] if place == path else [f"{path}: the calibration of {found.judge!r} is read from {place} alone"]


def _check_evalset(project: Project, name: str, problems: Problems) -> int:
    try:
        prepared = prepare(project, [name], Selection())
    except UserError as error:
        problems.take(error)
        return 0
    return sum(len(plan.cases) for plan in prepared.plans)


class _Wanted:
    """What the given paths mean: files and folders, and whatever is made of them.

    A template stands for the prompts that use it, a file of cases for its evalset.
    """

    def __init__(self, project: Project, paths: Sequence[str]) -> None:
        self._project = project
        self._paths = [self._inside(path) for path in paths]

    def prompt(self, name: str) -> bool:
        path = self._project.prompt_paths[name]
        return self.holds({path}) or self.holds(self._sources_of_prompt(name))

    def evalset(self, name: str) -> bool:
        path = self._project.evalset_paths[name]
        return self.holds({path}) or self.holds(read_tracked_evalset(self._project.tree, path))

    def _sources_of_prompt(self, name: str) -> frozenset[str]:
        try:
            return self._project.prompt(name).sources
        except UserError:  # it cannot be told what a broken prompt uses: then it is checked
            return frozenset(self._paths)

    def holds(self, files: Iterable[str]) -> bool:
        """Whether one of these files is among the paths, or in a folder that is."""
        if not self._paths:
            return True
        return any(
            file == path or file.startswith(f"{path}/") or path == "."
            for file in files
            for path in self._paths
        )

    def _inside(self, path: str) -> str:
        """A path from the project's root; it is given from the working directory, or from the root."""
        root = self._project.root.resolve()
        for start in (Path.cwd(), root):
            full = Path(os.path.normpath(start / path))
            if full.exists() and full.is_relative_to(root):
                return full.relative_to(root).as_posix()
        raise NothingSelectedError(f"there is no file {path!r} in this project")
