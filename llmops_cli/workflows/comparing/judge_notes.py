"""What the reader should know of judges beside their figures: no verdicts, no teeth, the judged model itself."""

from collections.abc import Iterator, Sequence
from typing import Any

from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.domain.outcome import EvalsetRun, VariantInfo
from llmops_cli.workflows.comparing.judge_figures import AskedJudge, asked_judges
from llmops_cli.workflows.trials.tools import JudgePrompts

_SAME = ("provider", "model", "endpoint")


def judge_notes(judges: JudgePrompts, runs: Sequence[EvalsetRun]) -> list[str]:
    """Judges that wrote what they judge, that could not judge, or whose words have no consequence."""
    asked = [(run, one) for run in runs for one in asked_judges(run)]
    notes: list[str] = []
    for prompt in dict.fromkeys(one.judge.prompt for _, one in asked):
        using = dict.fromkeys(run.evalset.name for run, one in asked if one.judge.prompt == prompt)
        identity = judges.identity(prompt)
        same = [
            run.evalset.name
            for run in runs
            if run.evalset.name in using and _same_model(identity, run.variants)
        ]
        if same:
            names = f"{prompt.removeprefix('judges/')} is the model that it judges in {', '.join(same)}"
            notes.append(f"judge {names}: models favour what they wrote themselves")
    for run, one in asked:
        if one.spec.severity == "warn":  # one that gates has a reason of the verdict for this
            notes += _unjudged(run, one)
    toothless = [run.evalset.name for run in runs if _toothless(run)]
    if toothless:
        names = ", ".join(toothless)
        notes.append(f"{names}: every scorer only warns, so that no case can fail; `severity: fail` gates")
    return notes


def _toothless(run: EvalsetRun) -> bool:
    specs = [*run.evalset.scorers, *(spec for case in run.cases for spec in case.scorers)]
    return bool(asked_judges(run)) and all(
        spec.severity == "warn" and spec.name not in run.evalset.gate.metrics for spec in specs
    )


def _unjudged(run: EvalsetRun, asked: AskedJudge) -> Iterator[str]:
    name = asked.spec.name
    for variant in run.variants:
        title = (
            run.evalset.name if variant.name == DEFAULT_VARIANT else f"{run.evalset.name} · {variant.name}"
        )
        scores = [
            named
            for outcome in run.outcomes
            if outcome.variant == variant.name and outcome.case_id in asked.cases
            for named in outcome.scores
            if named.name == name
        ]
        missing = [named.failure for named in scores if named.failure]
        if missing:
            yield f"{title}: {name} had no verdict on {len(missing)} of {len(scores)} answers: {missing[0]}"


def _same_model(identity: Any, variants: Sequence[VariantInfo]) -> bool:
    asked = [identity.get(key) for key in _SAME]
    return any([variant.settings.get(key) for key in _SAME] == asked for variant in variants)
