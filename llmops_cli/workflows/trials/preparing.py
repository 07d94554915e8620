"""Everything before the first call: read, select, render, check. All mistakes are reported together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.evalset import Case, Evalset
from llmops_cli.domain.outcome import EvalsetRun
from llmops_cli.domain.request import ResolvedModel
from llmops_cli.domain.settings import python_refused
from llmops_cli.errors import FileError, NothingSelectedError, Problems, UserError
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.base_side import adopted
from llmops_cli.workflows.trials.planning import EvalsetPlan, plan_evalset
from llmops_cli.workflows.trials.scorer_checks import check_scorer_templates
from llmops_cli.workflows.trials.scoring import ScorerTemplates
from llmops_cli.workflows.trials.selection import Selection, select_cases
from llmops_cli.workflows.trials.tools import JudgePrompts


@dataclass(frozen=True)
class Prepared:
    """What a run is going to do: nothing in it can still be a mistake in a file."""

    plans: tuple[EvalsetPlan, ...]
    baselines: Mapping[str, Baseline | None]
    models: tuple[ResolvedModel, ...]
    """Models under test and judges' models, each once."""


def prepare(
    project: Project,
    names: Sequence[str],
    selection: Selection,
    *,
    trials: int | None = None,
    last: Sequence[EvalsetRun] = (),
) -> Prepared:
    """Plan the named evalsets. Raises FileError with every mistake, or NothingSelectedError.

    An evalset that holds a mistake is planned as far as it could be read: the others in it, and in what it
    names, are wanted as well.
    """
    problems = Problems()
    evalsets = _read(project, names, problems)
    try:
        selected = select_cases(evalsets, selection, last)
    except NothingSelectedError:
        if not problems:
            raise
        selected = {}  # what is selected may be what could not be read
    if problems and selection.everything:
        selected = {evalset.name: selected.get(evalset.name, []) for evalset in evalsets}
    judges, templates = JudgePrompts(project), ScorerTemplates()
    plans: list[EvalsetPlan] = []
    baselines: dict[str, Baseline | None] = {}
    models: dict[str, ResolvedModel] = {}
    for evalset in evalsets:
        if evalset.name not in selected:
            continue
        cases = selected[evalset.name]
        plan = plan_evalset(project, evalset, cases, trials, problems)
        plans.append(plan)
        models |= {variant.model.key: variant.model for variant in plan.variants}
        models |= check_scorers(project, evalset, cases, judges, templates, problems)
        try:
            found = read_baseline(project.tree, evalset.baseline_path)
            baselines[evalset.name] = adopted(found, plan.variants)
        except UserError as error:
            problems.take(error)
    problems.raise_if_any()
    return Prepared(tuple(plans), baselines, tuple(models.values()))


def _read(project: Project, names: Sequence[str], problems: Problems) -> list[Evalset]:
    evalsets: list[Evalset] = []
    for name in names:
        try:
            evalsets.append(project.evalset(name))
        except FileError as error:  # every file's mistakes are wanted
            problems.take(error)
            if isinstance(error.partial, Evalset):
                evalsets.append(error.partial)
    return evalsets


def check_scorers(
    project: Project,
    evalset: Evalset,
    cases: Sequence[Case],
    judges: JudgePrompts,
    templates: ScorerTemplates,
    problems: Problems,
) -> dict[str, ResolvedModel]:
    """Note what can be seen to be wrong with scorers; returns the models of the judges among them."""
    models: dict[str, ResolvedModel] = {}
    for spec in (*evalset.scorers, *(spec for case in cases for spec in case.scorers)):
        if spec.type == "python" and not project.settings.allow_python:
            problems.take(python_refused("a python scorer", project.settings, spec.where))
        if spec.type == "judge":
            try:
                model = judges.model(str(spec.arguments.get("prompt")), spec.where)
            except UserError as error:
                problems.take(error)
            else:
                models[model.key] = model
    check_scorer_templates(evalset, cases, templates, problems)
    return models
