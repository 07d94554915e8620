"""What a run keeps of each judge: its rate over the answers, its calibration, and the rate without its errors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmops_cli.comparison.judge_figures import (
    CONFIDENCE,
    Reading,
    calibrated,
    corrected,
    rate_of,
    reading_of,
    units_of,
)
from llmops_cli.domain.calibration import Calibration
from llmops_cli.domain.canonical import canonical_json, digest_of
from llmops_cli.domain.comparison import Comparison
from llmops_cli.domain.evalset import ScorerSpec
from llmops_cli.domain.judge_figures import JudgeFigures
from llmops_cli.domain.outcome import EvalsetRun, Outcome
from llmops_cli.domain.scoring import Metrics, Score
from llmops_cli.errors import UserError
from llmops_cli.files.calibration_file import read_calibration
from llmops_cli.scorers.judge import Judge
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.tools import JudgePrompts

_IDENTITY_LENGTH = 16


@dataclass(frozen=True, slots=True)
class AskedJudge:
    """A judge as an evalset, or some of its cases, ask for it."""

    spec: ScorerSpec
    judge: Judge
    cases: frozenset[str]
    readings: Mapping[str, Mapping[str, Any]]
    """Every way in which its replies are read, by its canonical JSON: cases may have variables of their own."""


def asked_judges(run: EvalsetRun) -> list[AskedJudge]:
    """Each judge of the set and of its cases; cases that ask one judge under one name share an entry."""
    everywhere = frozenset(case.id for case in run.cases)
    given = [(spec, everywhere) for spec in run.evalset.scorers]
    given += [(spec, frozenset([case.id])) for case in run.cases for spec in case.scorers]
    found: dict[str, tuple[ScorerSpec, Judge, set[str], dict[str, Mapping[str, Any]]]] = {}
    for spec, cases in given:
        if isinstance(spec.scorer, Judge):
            judge = spec.scorer
            way = [spec.name, spec.negate, spec.severity, judge.prompt, judge.compare_to, list(judge.scale)]
            _, _, of, readings = found.setdefault(canonical_json(way), (spec, judge, set(), {}))
            of.update(cases)
            readings[canonical_json(judge.reading())] = judge.reading()
    return [AskedJudge(spec, judge, frozenset(of), readings) for spec, judge, of, readings in found.values()]


def with_judges(
    project: Project, judges: JudgePrompts, runs: Sequence[EvalsetRun], comparisons: Sequence[Comparison]
) -> tuple[list[EvalsetRun], list[Comparison]]:
    """Runs with what is known of their judges; the figures of the comparisons get the same intervals."""
    calibrations = _Calibrations(project, judges)
    told = [replace(run, judges=tuple(_of_run(run, calibrations))) for run in runs]
    rates = {(run.evalset.name, one.variant, one.scorer): one for run in told for one in run.judges}

    def figures(comparison: Comparison, name: str, metrics: Metrics) -> Metrics:
        found = rates.get((comparison.evalset, comparison.variant.name, name))
        if found is None or found.rate is None:
            return metrics
        rate = {found.metric: found.rate.value, "95% from": found.rate.low, "95% to": found.rate.high}
        return replace(metrics, values={**metrics.values, **rate})

    return told, [
        replace(one, metrics=tuple((name, figures(one, name, metrics)) for name, metrics in one.metrics))
        for one in comparisons
    ]


class _Calibrations:
    """The calibration files of the project, each read once."""

    def __init__(self, project: Project, judges: JudgePrompts) -> None:
        self._project = project
        self._judges = judges
        self._known: dict[str, tuple[Calibration | None, str]] = {}

    def identity(self, judge: Judge) -> Mapping[str, Any]:
        return self._judges.identity(judge.prompt)

    def of(self, asked: AskedJudge) -> tuple[Calibration | None, str]:
        """The one that holds for a judge as it is asked; or what is wrong with the one on record."""
        known, why = self._read(asked.judge.prompt)
        if known is None:
            return None, why
        if asked.judge.compare_to is not None:
            return None, "it compares two answers, and labels are of single ones"
        identity = self.identity(asked.judge)
        if all(known.fits(identity, reading) for reading in asked.readings.values()):
            return known, ""
        same = known.fits(identity, known.reading)
        other = "way to ask it" if same else "version of it"
        return None, f"the calibration of {known.date} is of another {other}"

    def _read(self, prompt: str) -> tuple[Calibration | None, str]:
        if prompt not in self._known:
            try:
                self._known[prompt] = read_calibration(self._project.tree, prompt), ""
            except UserError as error:
                self._known[prompt] = None, str(error.problems[0])
        return self._known[prompt]


def _of_run(run: EvalsetRun, calibrations: _Calibrations) -> Iterator[JudgeFigures]:
    for asked in asked_judges(run):
        for variant in run.variants:
            yield _figures(run, variant.name, asked, calibrations)


def _figures(run: EvalsetRun, variant: str, asked: AskedJudge, calibrations: _Calibrations) -> JudgeFigures:
    spec, judge = asked.spec, asked.judge
    answers = _scored(run, variant, asked)
    scores = [(outcome, score) for outcome, score in answers if score is not None]
    # of a comparison only those count that one side won
    decided = [one for one in scores if judge.compare_to is None or one[1].value != 0.5]
    readings = _readings(run, decided, wins=judge.compare_to is not None)
    hits, units = sum(one.positive for one in readings), units_of(readings)
    known, why = calibrations.of(asked)
    better, why_uncorrected = None, ""
    if known is not None:
        better, why_uncorrected = corrected(known, hits, len(readings), units, negated=spec.negate)
    ways = [reading for _, reading in sorted(asked.readings.items())]
    identity = digest_of([calibrations.identity(judge), ways, judge.compare_to])
    return JudgeFigures(
        scorer=spec.name,
        variant=variant,
        judge=judge.prompt,
        identity=identity[:_IDENTITY_LENGTH],
        severity=spec.severity,
        metric="pass rate" if judge.compare_to is None else "win rate",
        answers=len(answers),
        judged=len(readings),
        passed=hits,
        units=units,
        confidence=CONFIDENCE,
        negated=spec.negate,
        mean_grade=judge.summarise([score for _, score in scores]).values.get("mean grade"),
        why_uncalibrated=why,
        why_uncorrected=why_uncorrected,
        rate=rate_of(hits, len(readings), units),
        calibration=calibrated(known) if known else None,
        corrected=better,
    )


def _scored(run: EvalsetRun, variant: str, asked: AskedJudge) -> list[tuple[Outcome, Score | None]]:
    """Every answer that the judge was to judge, with its score, if it got one."""
    return [
        (outcome, named.score)
        for outcome in run.outcomes
        if outcome.variant == variant and outcome.case_id in asked.cases
        for named in outcome.scores
        if named.name == asked.spec.name
    ]


def _readings(run: EvalsetRun, scores: Sequence[tuple[Outcome, Score]], *, wins: bool) -> list[Reading]:
    clusters = {case.id: case.cluster or case.id for case in run.cases}
    return [
        reading_of(
            outcome,
            score,
            clusters[outcome.case_id],
            positive=score.value > 0.5 if wins else score.passed,
        )
        for outcome, score in scores
    ]
