"""What a change did to its own ruler since the base: a pull request brings its scorers and rules, and that is said."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.changes import Kind, SettingChange
from llmops_cli.domain.diff import CaseEdit, EvalsetDiff
from llmops_cli.domain.evalset import Evalset, ScorerSpec
from llmops_cli.errors import UserError
from llmops_cli.files.case_files import BASELINE_ENDING, CASE_ENDINGS
from llmops_cli.files.python_sources import python_sources
from llmops_cli.files.settings_file import SETTINGS_FILE
from llmops_cli.workflows.diff.evalsets import compare_valid
from llmops_cli.workflows.project import Project

_NAMED = 5
"""Names that a note lists; of more it says how many."""


def ruler_notes(
    project: Project,
    base: Project,
    changed: frozenset[str],
    since: str,
    baselines: Mapping[str, Baseline | None],
    moved: Mapping[str, str],
    kept: Mapping[str, frozenset[str]],
) -> tuple[str, ...]:
    """A note for each evalset whose scorers, expectations, cases or rules are not what they were at the base.

    `baselines` are the base's, by evalset: of these it is told. `moved` names those that were called otherwise
    there, `kept` cases of the base's evalsets that are still asked, if elsewhere; `changed` are the files that differ.
    """
    notes: list[str] = []
    for name, baseline in baselines.items():
        before = moved.get(name, name)
        if before not in base.evalset_paths or not _touched(project, name, changed):
            continue
        now = project.evalset(name)
        try:
            old = base.evalset(before)
        except UserError as error:
            notes.append(
                f"the golden set {name} cannot be compared with its rules at {since}: {error.problems[0].message}"
            )
            continue
        parts = [
            *_parts(old, now, baseline, kept.get(before, frozenset())),
            *_judging(project, base, now, changed),
        ]
        if parts:
            notes.append(f"the golden set {name} changed since {since}: {'; '.join(parts)}")
    return tuple(notes)


def _touched(project: Project, name: str, changed: frozenset[str]) -> bool:
    """Whether its rules may differ: its files, those that `cases_from` may have named, settings, or judges."""
    evalset = project.evalset(name)
    if changed & {*evalset.sources, SETTINGS_FILE} or any(True for _ in _judges(evalset)):
        return True
    return any(path.lower().endswith(CASE_ENDINGS) and not path.endswith(BASELINE_ENDING) for path in changed)


def _parts(old: Evalset, now: Evalset, baseline: Baseline | None, kept: frozenset[str]) -> Iterator[str]:
    found = compare_valid(old, now, None)
    if found is None:
        return
    yield from _scorers(found, old, now)
    wanted = [edit for edit in found.expectations if _names(edit) & {"expected", "context"}]
    if wanted:
        yield f"{_count(len(wanted), 'expectation')} edited ({_listed([e.case_id for e in wanted])})"
    dropped = [edit.case_id for edit in found.expectations if _dropped(edit)]
    if dropped:
        yield f"{_count(len(dropped), 'case')} no longer critical ({_listed(dropped)})"
    for key in ("trials", "cluster"):
        edited = [edit.case_id for edit in found.expectations if key in _names(edit)]
        if edited:
            yield f"{key} of {_count(len(edited), 'case')} edited ({_listed(edited)})"
    removed = [case_id for case_id in found.removed if case_id not in kept]
    if removed:
        yield f"{_count(len(removed), 'case')} removed ({_before(removed, old, baseline)})"
    yield from (_value(change) for change in found.rules if change.name != "prompts")


def _scorers(found: EvalsetDiff, old: Evalset, now: Evalset) -> Iterator[str]:
    """Scorers that came and went by name, of the others what was edited; those of single cases by their cases."""
    whole = {spec.name for spec in (*old.scorers, *now.scorers)}
    own = [change for change in found.scorers if change.name.startswith("case ")]
    shared = [change for change in found.scorers if change not in own]
    parts = [
        f"{_listed([change.name for change in shared if change.name in whole and change.kind is kind])} {kind}"
        for kind in (Kind.REMOVED, Kind.ADDED)
        if any(change.name in whole and change.kind is kind for change in shared)
    ]
    edited = [_value(change) for change in shared if change.name not in whole or change.kind is Kind.CHANGED]
    parts += [_listed(edited)] if edited else []
    if parts:
        yield f"scorers {', '.join(parts)}"
    ids = {case.id for case in now.cases}
    cases = list(dict.fromkeys(_case_of(change.name.removeprefix("case "), ids) for change in own))
    if cases:
        yield f"own scorers of {_count(len(cases), 'case')} edited ({_listed(cases)})"


def _case_of(name: str, ids: set[str]) -> str:
    """The case of `ID.SCORER…`; dots may stand in both."""
    found = name
    while found not in ids and "." in found:
        found = found.rpartition(".")[0]
    return found if found in ids else name


def _before(removed: Sequence[str], old: Evalset, baseline: Baseline | None) -> str:
    """How the cases that were taken out stood on record."""
    found = Counter(_standing(case_id, old, baseline) for case_id in removed)
    return ", ".join(f"{count} {standing}" for standing, count in found.items())


def _standing(case_id: str, old: Evalset, baseline: Baseline | None) -> str:
    lines = [lines for (case, _), lines in baseline.lines.items() if case == case_id] if baseline else []
    if not lines:
        return "without a record"
    for variant in lines:
        trials, passes = (sum(line.count for line in variant if line.passed or not only) for only in (0, 1))
        if old.pass_rule.decide(passes, trials) is not True:
            return "failed before"
    return "passed before"


def _judging(project: Project, base: Project, now: Evalset, changed: frozenset[str]) -> Iterator[str]:
    """What judges otherwise although the scorers stayed: a judge's prompt or model, code."""
    judges = [spec for spec in _judges(now) if spec.type == "judge"]
    prompts = sorted({str(spec.arguments.get("prompt")) for spec in judges})
    edited = [name for name in prompts if _digest(project, name) != _digest(base, name)]
    if edited:
        yield f"judge prompt {_listed(edited)} edited"
    models = (base.settings.judge_model, project.settings.judge_model)
    if judges and models[0] != models[1]:
        yield f"judge model {models[0]} → {models[1]}"
    code = {str(spec.arguments.get("value")) for spec in _judges(now) if spec.type == "python"}
    files = {path for name in code for side in (project, base) for path in python_sources(side.tree, name)}
    if files & changed:
        yield f"code of scorers edited ({_listed(sorted(files & changed))})"


def _judges(evalset: Evalset) -> Iterator[ScorerSpec]:
    specs = (*evalset.scorers, *(spec for case in evalset.cases for spec in case.scorers))
    yield from (spec for spec in specs if spec.type in ("judge", "python"))


def _digest(project: Project, name: str) -> str | None:
    try:
        return project.judge_prompt(name).digest
    except UserError:  # absent or wrong there
        return None


def _names(edit: CaseEdit) -> set[str]:
    return {change.name.partition(".")[0].partition("[")[0] for change in edit.changes}


def _dropped(edit: CaseEdit) -> bool:
    return any(change.name == "critical" and change.kind is Kind.REMOVED for change in edit.changes)


def _value(change: SettingChange) -> str:
    """One value before and after; texts are not shown, which may be long, or personal."""
    name = change.name.replace("gate.", "gate ", 1)
    shown = [_shown(value) for value in (change.before, change.after)]
    if change.kind is Kind.ADDED:
        return f"{name} {shown[1]} added" if shown[1] else f"{name} added"
    if change.kind is Kind.REMOVED:
        return f"{name} {shown[0]} removed" if shown[0] else f"{name} removed"
    return f"{name} {shown[0]} → {shown[1]}" if shown[0] and shown[1] else f"{name} edited"


def _shown(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else None


def _listed(names: Sequence[str]) -> str:
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *more])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
