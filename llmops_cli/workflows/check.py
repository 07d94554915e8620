"""`llmops check`: everything that can be wrong without a call."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmops_cli.errors import NothingSelectedError, Problems, UserError
from llmops_cli.files.labels_file import LABELS_FILE
from llmops_cli.templating.closure import unused_inputs
from llmops_cli.workflows.labels import check_labels
from llmops_cli.workflows.preparing import prepare
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.revisions import Revisions
from llmops_cli.workflows.selection import Selection


@dataclass(frozen=True, slots=True)
class Checked:
    """How much was looked at, and what is odd without being wrong."""

    prompts: int
    evalsets: int
    cases: int
    warnings: tuple[str, ...]


def check(project: Project, paths: Sequence[str]) -> Checked:
    """Check the files under the given paths, or all. Raises FileError with every mistake of all files."""
    prompts = [name for name, path in project.prompt_paths.items() if _chosen(path, paths)]
    evalsets = [name for name, path in project.evalset_paths.items() if _chosen(path, paths)]
    if not prompts and not evalsets:
        hint = "prompts stand under prompts/, evalsets under evalsets/"
        raise NothingSelectedError("there is nothing to check", hint=hint)
    problems = Problems()
    warnings: list[str] = []
    for name in prompts:
        try:
            prompt = project.prompt(name)
        except UserError as error:
            problems.take(error)
        else:
            unused = unused_inputs(prompt)
            warnings += [f"{prompt.path}: the input {i!r} is declared and used nowhere" for i in unused]
    cases = sum(_check_evalset(project, name, problems) for name in evalsets)
    if not paths or any(path.removeprefix("./") == LABELS_FILE for path in paths):
        revisions = Revisions(project)
        check_labels(revisions, problems)
        revisions.close()
    problems.raise_if_any()
    return Checked(len(prompts), len(evalsets), cases, tuple(warnings))


def _check_evalset(project: Project, name: str, problems: Problems) -> int:
    try:
        prepared = prepare(project, [name], Selection())
    except UserError as error:
        problems.take(error)
        return 0
    return sum(len(plan.cases) for plan in prepared.plans)


def _chosen(path: str, wanted: Sequence[str]) -> bool:
    """By file, by folder, or by anything beside it (a template changes the prompt that uses it)."""
    if not wanted:
        return True
    plain = [word.removeprefix("./").rstrip("/") for word in wanted]
    return any(path == word or path.startswith(f"{word}/") for word in plain)
