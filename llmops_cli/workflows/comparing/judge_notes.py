"""What a run says of its judges: how far each agrees with people, and what follows for its rates."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmops_cli.comparison.calibrating import caution, corrected
from llmops_cli.domain.calibration import Calibration
from llmops_cli.domain.evalset import DEFAULT_VARIANT, Case, ScorerSpec
from llmops_cli.domain.outcome import EvalsetRun, VariantInfo
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.errors import UserError
from llmops_cli.files.calibration_file import read_calibration
from llmops_cli.scorers.judge import Judge
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.tools import JudgePrompts

_SAME = ("provider", "model", "endpoint")


def judge_notes(project: Project, judges: JudgePrompts, runs: Sequence[EvalsetRun]) -> list[str]:
    """A line for each judge, and what the reader should know of those that gate, err, or could not judge."""
    notes: list[str] = []
    toothless: list[str] = []
    used: dict[str, dict[str, list[ScorerSpec]]] = {}
    for run in runs:
        specs = _specs(run)
        for spec in specs:
            if isinstance(spec.scorer, Judge):
                used.setdefault(spec.scorer.prompt, {}).setdefault(run.evalset.name, []).append(spec)
        if any(isinstance(spec.scorer, Judge) for spec in specs) and not any(
            spec.severity == "fail" for spec in specs
        ):
            toothless.append(run.evalset.name)
    by_name = {run.evalset.name: run for run in runs}
    for prompt, evalsets in used.items():
        notes += _of_judge(project, judges, prompt, evalsets, by_name)
    if toothless:
        names = ", ".join(toothless)
        notes.append(f"{names}: every scorer only warns, so that no case can fail; `severity: fail` gates")
    return notes


def _of_judge(
    project: Project,
    judges: JudgePrompts,
    prompt: str,
    evalsets: Mapping[str, Sequence[ScorerSpec]],
    runs: Mapping[str, EvalsetRun],
) -> Iterator[str]:
    identity = judges.identity(prompt)
    known, why = _known(project, prompt)
    fitting = [
        spec for specs in evalsets.values() for spec in specs if known and _fits(known, identity, spec)
    ]
    name = prompt.removeprefix("judges/")
    if known is not None and fitting:
        kappa = "kappa undefined" if known.kappa is None else f"kappa {known.kappa:.2f}"
        few = caution(known)
        how = "hardly calibrated" if few else "calibrated"
        yield f"judge {name}: {how} ({kappa}, n {known.n}, {known.date}){f': {few}' if few else ''}"
    if len(fitting) < sum(len(specs) for specs in evalsets.values()):
        gating = sorted(
            evalset
            for evalset, specs in evalsets.items()
            if any(spec.severity == "fail" and spec not in fitting for spec in specs)
        )
        gates = f", and it gates {', '.join(gating)}" if gating else ""
        if known is not None and not fitting:
            why = why or f"the calibration of {known.date} is of another version of it"
        elif known is not None:
            why = "as some scorers ask it"
        yield f"judge {name}: not calibrated{f' ({why})' if why else ''}{gates}"
    same = [runs[evalset] for evalset in evalsets if _same_model(identity, runs[evalset].variants)]
    if same:
        names = ", ".join(run.evalset.name for run in same)
        yield f"judge {name} is the model that it judges in {names}: models favour what they wrote themselves"
    for evalset, specs in evalsets.items():
        for spec in specs:
            yield from _of_scorer(runs[evalset], spec, known if spec in fitting else None)


def _of_scorer(run: EvalsetRun, spec: ScorerSpec, known: Calibration | None) -> Iterator[str]:
    for variant in run.variants:
        scores = [
            n for o in run.outcomes if o.variant == variant.name for n in o.scores if n.name == spec.name
        ]
        title = (
            run.evalset.name if variant.name == DEFAULT_VARIANT else f"{run.evalset.name} · {variant.name}"
        )
        if spec.severity == "warn":  # one that gates has a reason of the verdict for this
            yield from _unjudged(title, spec, scores)
        given = [named.score for named in scores if named.score is not None]
        passes = sum(score.passed for score in given)
        better = corrected(known, passes, len(given)) if known and not spec.negate else None
        if better is not None:
            rate, low, high = (
                f"{value:.0%}" for value in (better.estimate, better.interval.low, better.interval.high)
            )
            yield (
                f"{title}: {spec.name} passes {passes} of {len(given)} answers = {passes / len(given):.0%}; "
                f"corrected for its errors {rate} ({low} to {high}, Rogan-Gladen)"
            )


def _unjudged(title: str, spec: ScorerSpec, scores: Sequence[NamedScore]) -> Iterator[str]:
    missing = [named.failure for named in scores if named.failure]
    if missing:
        yield f"{title}: {spec.name} had no verdict on {len(missing)} of {len(scores)} answers: {missing[0]}"


def _known(project: Project, prompt: str) -> tuple[Calibration | None, str]:
    try:
        return read_calibration(project.tree, prompt), ""
    except UserError as error:
        return None, str(error.problems[0])


def _fits(known: Calibration, identity: Mapping[str, Any], spec: ScorerSpec) -> bool:
    judge = spec.scorer
    return isinstance(judge, Judge) and judge.compare_to is None and known.fits(identity, judge.reading())


def _specs(run: EvalsetRun) -> list[ScorerSpec]:
    def own(cases: Sequence[Case]) -> Iterator[ScorerSpec]:
        for case in cases:
            yield from case.scorers

    return [*run.evalset.scorers, *own(run.cases)]


def _same_model(identity: Mapping[str, Any], variants: Sequence[VariantInfo]) -> bool:
    asked = [identity.get(key) for key in _SAME]
    return any([variant.settings.get(key) for key in _SAME] == asked for variant in variants)
