"""Recorded answers, whether a run file or a baseline holds them: what `llmops score` scores again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmops_cli.domain.baseline import Baseline, BaselineLine
from llmops_cli.domain.comparison import Result
from llmops_cli.domain.comparison_json import reference_of
from llmops_cli.domain.evalset import EVALSETS_DIR, Case
from llmops_cli.domain.outcome import EvalsetRun, Outcome, Source, VariantInfo
from llmops_cli.domain.scoring import NamedScore, Score
from llmops_cli.errors import UserError, did_you_mean
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.files.worktree import WorkTree
from llmops_cli.store.run_store import find_run, load_result
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.base_side import response_of
from llmops_cli.workflows.trials.planning import input_digests

ENDING = ".baseline.jsonl"


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """One trial with the scores it had, and what it was asked: prompt version, settings, inputs.

    No scores beside an answer mean that those on record belong to another text (the line was edited).
    `inputs` are digests by input; where a run file holds none, `variables` are what the case gave, redacted.
    """

    outcome: Outcome
    prompt: str
    prompt_digest: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, str | None] | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    redacted: bool = False
    accepted: str | None = None
    """What scorers that compare it compared it with: the base's answer in the run; in a baseline, itself."""

    def answers(self, case: Case, redact: Any) -> bool:
        """Whether the case still asks what was asked then. `redact` is how variables were written down."""
        if self.inputs is not None:
            return input_digests(self.inputs, case.vars) == dict(self.inputs)
        return bool(redact(dict(case.vars)) == dict(self.variables))


@dataclass(frozen=True)
class RecordedSet:
    """The recorded answers of a variant by case; `passed` is what was decided then, where it is known."""

    evalset: str
    variant: str
    answers: Mapping[str, tuple[RecordedAnswer, ...]]
    passed: Mapping[str, bool | None] | None = None
    complete: bool = True


@dataclass(frozen=True)
class Recorded:
    """What was named on the command line, and what stands in it."""

    source: str
    sets: tuple[RecordedSet, ...]


def read_recorded(project: Project, wanted: str | None, *, baseline: bool) -> Recorded:
    """The answers of a run (the newest by default), of a baseline file, or of evalsets' baselines.

    Raises UserError.
    """
    if wanted is not None and wanted.endswith(ENDING):
        return _of_file(project, wanted)
    if baseline:
        return _of_evalsets(project, wanted)
    try:
        path = find_run(project.root, wanted)
    except UserError as error:
        if wanted in (*project.evalset_paths, *project.evalset_paths.values()):
            hint = f"its accepted answers: llmops score {wanted} --baseline"
            raise UserError(f"{wanted!r} is an evalset, and no run", hint=hint) from error
        raise
    result = load_result(path)
    sets = tuple(found for part in result.run.evalsets for found in _sets_of_run(result, part))
    return Recorded(f"run {result.run.id}", sets)


def _of_file(project: Project, name: str) -> Recorded:
    path = Path(name)
    if not path.is_file():
        path = project.root / name
    if not path.is_file():
        known = [f"{EVALSETS_DIR}/{evalset}{ENDING}" for evalset in project.evalset_paths]
        raise UserError(f"there is no file {name!r}", hint=did_you_mean(name, known))
    path = path.resolve()
    below = project.root.resolve() / EVALSETS_DIR
    if path.is_relative_to(below):
        evalset = path.relative_to(below).as_posix().removesuffix(ENDING)
        found = read_baseline(project.tree, f"{EVALSETS_DIR}/{evalset}{ENDING}")
    else:  # another branch's, written to a file: its first line says whose it is
        evalset = _evalset_named_in(path)
        found = read_baseline(WorkTree(path.parent), path.name)
    assert found is not None
    return Recorded(name, tuple(_sets_of_baseline(evalset, found)))


def _evalset_named_in(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline()
    try:
        return str(json.loads(first)["evalset"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path.name} does not say in its first line which evalset it belongs to") from error


def _of_evalsets(project: Project, wanted: str | None) -> Recorded:
    names = project.select_evalsets([wanted] if wanted else [])
    paths = {name: f"{EVALSETS_DIR}/{name}{ENDING}" for name in names}
    found = {name: read_baseline(project.tree, path) for name, path in paths.items()}
    sets = [part for name, one in found.items() if one is not None for part in _sets_of_baseline(name, one)]
    if not sets:
        what = f"the evalset {names[0]!r} has" if len(names) == 1 else "these evalsets have"
        raise UserError(f"{what} no accepted answers", hint="`llmops eval`, then `llmops accept`")
    return Recorded(", ".join(paths[name] for name, one in found.items() if one is not None), tuple(sets))


def _sets_of_run(result: Result, part: EvalsetRun) -> Iterator[RecordedSet]:
    """A set for each variant of the run, a reference variant among them."""
    deltas = [
        (comparison, delta)
        for comparison in result.comparisons
        if comparison.evalset == part.evalset.name
        for delta in comparison.deltas
    ]
    passed = {(delta.variant, delta.case_id): delta.candidate.passed for _, delta in deltas}
    accepted: dict[tuple[str, str], list[str]] = {}
    for comparison, delta in deltas:
        reference = reference_of(comparison.against)
        if reference is not None:
            passed[reference, delta.case_id] = delta.base.passed
        else:
            texts = [outcome.response.text for outcome in delta.base.outcomes if outcome.response]
            accepted[delta.variant, delta.case_id] = texts
    infos = {info.name: info for info in part.variants}
    variables = {case.id: case.vars for case in part.cases}
    grouped = part.by_case()
    for name in dict.fromkeys(variant for _, variant in grouped):
        info = infos.get(name) or VariantInfo(name, "", "", {})
        answers = {
            case_id: tuple(
                RecordedAnswer(
                    outcome, info.prompt, info.prompt_digest, info.settings,
                    part.inputs.get((case_id, name)), variables.get(case_id, {}),
                    accepted=_nth(accepted.get((name, case_id), []), outcome.trial),
                )
                for outcome in outcomes
            )
            for (case_id, variant), outcomes in grouped.items()
            if variant == name
        }  # fmt: skip
        decided = {case_id: passed.get((name, case_id)) for case_id in answers}
        yield RecordedSet(part.evalset.name, name, answers, decided, part.complete)


def _nth(texts: Sequence[str], trial: int) -> str | None:
    """That of the same number, from the first again where there are fewer, as `eval` pairs them."""
    return texts[(trial - 1) % len(texts)] if texts else None


def _sets_of_baseline(evalset: str, baseline: Baseline) -> Iterator[RecordedSet]:
    for name in dict.fromkeys(variant for _, variant in baseline.lines):
        answers = {
            case_id: tuple(_answers_of(lines))
            for (case_id, variant), lines in baseline.lines.items()
            if variant == name
        }
        yield RecordedSet(evalset, name, answers)


def _answers_of(lines: Sequence[BaselineLine]) -> Iterator[RecordedAnswer]:
    trial = 0
    for line in lines:
        scores = tuple(
            NamedScore(name, s.scorer, s.severity, score=Score(s.value, s.passed, s.explanation))
            for name, s in line.scores.items()
        )
        for number in range(line.count):
            trial += 1
            outcome = Outcome(
                line.case_id, line.variant, trial, line.request, Source.BASELINE,
                response_of(line, number), scores=scores,
            )  # fmt: skip
            yield RecordedAnswer(
                outcome, line.prompt_name, line.prompt, line.settings, line.inputs,
                redacted=line.redacted, accepted=line.output,
            )  # fmt: skip
