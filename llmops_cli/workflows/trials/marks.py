"""Marks on record: each stands beside the trials it was given to, though their answers are equal texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from llmops_cli.domain.baseline import BaselineLine, RecordedScore, marks_key
from llmops_cli.domain.outcome import Outcome


def recorded_scores(outcome: Outcome) -> dict[str, RecordedScore]:
    """The scores of a trial as a baseline keeps them."""
    return {
        named.name: RecordedScore(
            named.digest,
            round(named.score.value, 6),
            named.score.passed,
            "" if named.score.passed else named.score.explanation,
            named.severity,
        )
        for named in outcome.scores
        if named.score is not None
    }


def remarked(lines: Sequence[BaselineLine], judged: Iterable[Outcome]) -> list[BaselineLine]:
    """The lines with the marks that a run gave to their trials, where its rulers are others than on record.

    A judge that changed was asked about each trial by itself: what it said of one is not written beside others.
    """
    known = {outcome.response.call_id: outcome for outcome in judged if outcome.response is not None}
    found: list[BaselineLine] = []
    for line in lines:
        trials = [known.get(call) for call in line.calls]
        marks = [recorded_scores(one) for one in trials if one is not None and len(one.scores)]
        complete = len(marks) == line.count and all(set(one) == set(marks[0]) for one in marks)
        if not marks or not complete or all(_rulers(one) == _rulers(line.scores) for one in marks):
            found.append(line)
            continue
        parts: dict[object, BaselineLine] = {}
        for call, one in zip(line.calls, marks, strict=True):
            key = marks_key(one)
            part = parts.get(key) or replace(line, count=0, calls=(), scores=one, raw="")
            parts[key] = replace(part, count=part.count + 1, calls=(*part.calls, call))
        found += parts.values()
    return found


def _rulers(scores: Mapping[str, RecordedScore]) -> dict[str, str]:
    return {name: score.scorer for name, score in scores.items()}
