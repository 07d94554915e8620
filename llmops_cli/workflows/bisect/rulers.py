"""Today's cases and scorers, that every version of a prompt is held against."""

from collections.abc import Mapping
from dataclasses import dataclass

from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.bisect import CaseKey
from llmops_cli.domain.evalset import Case, Evalset
from llmops_cli.domain.request import ResolvedModel
from llmops_cli.errors import NothingSelectedError, Problems, UserError, did_you_mean
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.preparing import check_scorers
from llmops_cli.workflows.trials.scoring import ScorerTemplates
from llmops_cli.workflows.trials.tools import JudgePrompts


@dataclass(frozen=True)
class Sets:
    """Today's cases and rulers, checked: what every version is held against."""

    name: str
    evalsets: Mapping[str, Evalset]
    cases: Mapping[CaseKey, Case]
    baselines: Mapping[str, Baseline | None]
    judges: tuple[ResolvedModel, ...]


def read_sets(project: Project, name: str, evalset: str | None, case: str | None) -> Sets:
    """The evalsets that use a prompt, or those named, with their scorers checked.

    Raises FileError with every mistake, NothingSelectedError where no evalset or case fits.
    """
    names = project.select_evalsets([evalset] if evalset else [], name)
    evalsets = {found.name: found for found in map(project.evalset, names)}
    cases = {
        CaseKey(found.name, variant.name, one.id): one
        for found in evalsets.values()
        for variant in found.variants()
        if variant.prompt == name
        for one in found.cases
        if case in (None, one.id)
    }
    if not cases:
        ids = [one.id for found in evalsets.values() for one in found.cases]
        raise NothingSelectedError(f"there is no case {case!r}", hint=did_you_mean(case or "", ids))
    problems, judges, templates = Problems(), JudgePrompts(project), ScorerTemplates()
    models: dict[str, ResolvedModel] = {}
    baselines: dict[str, Baseline | None] = {}
    for found in evalsets.values():
        chosen = list({key.case_id: one for key, one in cases.items() if key.evalset == found.name}.values())
        models |= check_scorers(project, found, chosen, judges, templates, problems)
        try:
            baselines[found.name] = read_baseline(project.tree, found.baseline_path)
        except UserError as error:
            problems.take(error)
    problems.raise_if_any()
    return Sets(name, evalsets, cases, baselines, tuple(models.values()))
