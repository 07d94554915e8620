"""One variant of an evalset against its other side."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmops_cli.comparison.classify import classify
from llmops_cli.comparison.totals import totals_of
from llmops_cli.domain.baseline import VariantSummary
from llmops_cli.domain.comparison import BaseSide, Comparison, Delta, DeltaKind
from llmops_cli.domain.outcome import EvalsetRun, Outcome, Source, VariantInfo
from llmops_cli.domain.prompt import short_digest
from llmops_cli.domain.scoring import Metrics, Summarising

_ASKED = ("provider", "model", "endpoint", "code")


def compare(
    run: EvalsetRun, variant: VariantInfo, base: BaseSide | None, recorded: VariantSummary | None = None
) -> Comparison:
    """Align by case, classify, count. Pure: the base's answers were scored with today's scorers before.

    `recorded` holds the variant's latency and cost on record, for answers that were not asked again.
    """
    by_case = {
        case_id: outcomes for (case_id, name), outcomes in run.by_case().items() if name == variant.name
    }
    deltas = classify(variant.name, run.cases, by_case, base, run.evalset.pass_rule)
    here = [delta for delta in deltas if delta.kind is not DeltaKind.REMOVED]
    answers = [outcome for outcomes in by_case.values() for outcome in outcomes]
    return Comparison(
        evalset=run.evalset.name,
        where=run.evalset.where,
        variant=variant,
        gate=run.evalset.gate,
        pass_rule=run.evalset.pass_rule,
        against=base.label if base else None,
        deltas=deltas,
        candidate=totals_of([delta.candidate for delta in here], recorded),
        base=totals_of([d.base for d in deltas if d.base.outcomes], base.summary) if base else None,
        changes=_changes(variant, answers, base) if base else (),
        model_drifted=base is not None and _drifted(variant, answers, base),
        metrics=_metrics(run, answers),
        notes=_notes(deltas, base),
        whole=run.complete,
        pairs=run.evalset.pair_metrics,
    )


def _changes(variant: VariantInfo, answers: Sequence[Outcome], base: BaseSide) -> tuple[str, ...]:
    """What differs between the sides in words, so that a model's change never passes for a prompt's."""
    changes: list[str] = []
    if base.prompts and variant.prompt_digest not in base.prompts:
        before = ", ".join(short_digest(digest) for digest in base.prompts[:3])
        changes.append(f"prompt {before} → {short_digest(variant.prompt_digest)}")
    for settings in base.settings:
        changes += [line for line in _setting_changes(settings, variant.settings) if line not in changes]
    served = _served(answers)
    if base.served_models and served and not set(served) <= set(base.served_models):
        changes.append(f"served model {', '.join(base.served_models)} → {', '.join(served)}")
    return tuple(changes)


def _served(answers: Sequence[Outcome]) -> tuple[str, ...]:
    """Models that answered in this run; answers on record tell nothing of today."""
    fresh = [o.response for o in answers if o.response and o.source is not Source.BASELINE]
    return tuple(dict.fromkeys(response.served_model for response in fresh if response.served_model))


def _drifted(variant: VariantInfo, answers: Sequence[Outcome], base: BaseSide) -> bool:
    """Asked for the same model, answered by another: an alias that rolled on under the baseline."""
    asked = [variant.settings.get(key) for key in _ASKED]
    same = all([settings.get(key) for key in _ASKED] == asked for settings in base.settings)
    served = set(_served(answers))
    return same and bool(served and base.served_models) and not served & set(base.served_models)


def _setting_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    old, new = before.get("params", {}), after.get("params", {})
    changes = [
        f"{key} {before.get(key) or 'default'} → {after.get(key) or 'default'}"
        for key in ("model", "endpoint")
        if before.get(key) != after.get(key)
    ]
    changes += [
        f"{name} {old.get(name, 'unset')} → {new.get(name, 'unset')}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
    changes += [
        f"{key.replace('_', ' ')} changed"
        for key in ("tools", "output_schema", "code")
        if before.get(key) != after.get(key)
    ]
    return changes


def _metrics(run: EvalsetRun, answers: Sequence[Outcome]) -> tuple[tuple[str, Metrics], ...]:
    """Figures of those scorers that can say something of the whole set."""
    found: list[tuple[str, Metrics]] = []
    for spec in run.evalset.scorers:
        scores = [n.score for o in answers for n in o.scores if n.name == spec.name and n.score is not None]
        if scores and isinstance(spec.scorer, Summarising):
            found.append((spec.name, spec.scorer.summarise(scores)))
    return tuple(found)


def _notes(deltas: Sequence[Delta], base: BaseSide | None) -> tuple[str, ...]:
    notes = list(base.notes) if base else []
    removed = [d for d in deltas if d.kind is DeltaKind.REMOVED]
    failing = [d.case_id for d in removed if d.base.passed is False]
    if failing:
        notes.append(f"failing cases were removed: {', '.join(failing)}")
    return tuple(notes)
