"""A Comparison as JSON and back; a part of the run file (`domain/run_json.py`)."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from llmops_cli.domain.changes_json import change_from_dict, change_to_dict
from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Fresh, Totals
from llmops_cli.domain.evalset import Case, GateSpec, PassRule
from llmops_cli.domain.outcome import EvalsetRun, VariantInfo
from llmops_cli.domain.outcome_json import (
    drop_empty,
    known_fields,
    outcome_from_dict,
    outcome_to_dict,
    side_from_dict,
    side_to_dict,
)
from llmops_cli.domain.scoring import Metrics
from llmops_cli.domain.statistics import Added, CriticalChance, Drift, Proof, SetTest, Slice, Statistics
from llmops_cli.errors import SourceLocation


def reference_of(against: str | None) -> str | None:
    """The variant of the same run that is the base of a comparison, by its label; None for a baseline."""
    prefix = "variant "
    return against.removeprefix(prefix) if against and against.startswith(prefix) else None


def comparison_to_dict(comparison: Comparison, part: EvalsetRun) -> dict[str, Any]:
    """One variant of an evalset against its other side."""
    variant = comparison.variant.name
    return {
        "variant": variant_to_dict(comparison.variant),
        "against": comparison.against,
        "changes": list(comparison.changes),
        "model_drifted": comparison.model_drifted,
        "candidate": dataclasses.asdict(comparison.candidate),
        "base": dataclasses.asdict(comparison.base) if comparison.base else None,
        "proof": dataclasses.asdict(comparison.proof) if comparison.proof else None,
        "statistics": dataclasses.asdict(comparison.statistics) if comparison.statistics else None,
        "metrics": {name: dataclasses.asdict(metrics) for name, metrics in comparison.metrics},
        "notes": list(comparison.notes),
        "prompt_change": change_to_dict(comparison.prompt_change) if comparison.prompt_change else None,
        "cases": [
            _delta(delta, part.inputs.get((delta.case_id, variant), {})) for delta in comparison.deltas
        ],
    }


def variant_to_dict(info: VariantInfo) -> dict[str, Any]:
    """A variant as it ran."""
    return dataclasses.asdict(info) | {"settings": dict(info.settings)}


def _delta(delta: Delta, inputs: Mapping[str, str | None]) -> dict[str, Any]:
    found = {
        "id": delta.case_id,
        "kind": delta.kind.value,
        "reason": delta.reason,
        "accepted": delta.accepted,
        "accepted_by": delta.accepted_by,
        "p": delta.p,
        "fresh": dataclasses.asdict(delta.fresh) if delta.fresh else None,
        "added": _added(delta.added) if delta.added else None,
        "asked_again": _added(delta.asked_again) if delta.asked_again else None,
        "inputs": dict(inputs),
        "base": side_to_dict(delta.base) if delta.base.outcomes else None,
        "candidate": side_to_dict(delta.candidate) if delta.candidate.outcomes else None,
    }
    return drop_empty(found)


def comparison_from_dict(
    data: Mapping[str, Any],
    part: Mapping[str, Any],
    where: SourceLocation,
    gate: GateSpec,
    cases: Mapping[str, Case],
) -> Comparison:
    """What `comparison_to_dict` wrote. Raises KeyError, TypeError or ValueError where it is none."""
    variant = known_fields(VariantInfo, data["variant"])
    base = reference_of(data["against"]) or variant.name
    metrics = tuple((name, _read_metrics(found)) for name, found in data["metrics"].items())
    return Comparison(
        evalset=part["name"],
        where=where,
        variant=variant,
        gate=gate,
        against=data["against"],
        deltas=tuple(_read_delta(delta, variant.name, base, cases) for delta in data["cases"]),
        candidate=known_fields(Totals, data["candidate"]),
        base=known_fields(Totals, data["base"]) if data["base"] else None,
        changes=tuple(data["changes"]),
        model_drifted=data["model_drifted"],
        metrics=metrics,
        statistics=_read_statistics(data.get("statistics")),
        proof=_read_proof(data.get("proof")),
        notes=tuple(data["notes"]),
        pass_rule=read_pass(part),
        whole=part["complete"],
        prompt_change=change_from_dict(data["prompt_change"]) if data.get("prompt_change") else None,
    )


def read_pass(part: Mapping[str, Any]) -> PassRule:
    """The `pass` of an evalset; more than half where it has none."""
    return PassRule((part["pass"][0], part["pass"][1])) if part.get("pass") else PassRule()


def _read_statistics(data: Mapping[str, Any] | None) -> Statistics | None:
    if data is None:
        return None
    tests = tuple(known_fields(SetTest, test) for test in data["tests"])
    slices = tuple(known_fields(Slice, one) for one in data.get("slices", ()))
    critical = tuple(known_fields(CriticalChance, one) for one in data.get("critical", ()))
    drift = known_fields(Drift, data["drift"]) if data.get("drift") else None
    return Statistics(
        data["cases"],
        tests,
        data["detectable"],
        data["chance_of_missing"],
        slices,
        critical,
        drift,
        unchanged=data.get("unchanged", 0),
        linked=data.get("linked", 0),
    )


def _read_proof(data: Mapping[str, Any] | None) -> Proof | None:
    return known_fields(Proof, {**data, "looks": tuple(data["looks"])}) if data else None


def _read_metrics(data: Mapping[str, Any]) -> Metrics:
    return Metrics(data["values"], tuple(data["header"]), tuple(tuple(row) for row in data["rows"]))


def _added(added: Added) -> dict[str, Any]:
    return {
        "base": [outcome_to_dict(outcome) for outcome in added.base],
        "candidate": [outcome_to_dict(outcome) for outcome in added.candidate],
    }


def _read_added(data: Mapping[str, Any], case_id: str, variant: str, base: str) -> Added:
    return Added(
        tuple(outcome_from_dict(one, case_id, base) for one in data["base"]),
        tuple(outcome_from_dict(one, case_id, variant) for one in data["candidate"]),
    )


def _read_delta(data: Mapping[str, Any], variant: str, base: str, cases: Mapping[str, Case]) -> Delta:
    case_id = data["id"]
    return Delta(
        DeltaKind(data["kind"]),
        case_id,
        variant,
        side_from_dict(data.get("base"), case_id, base),
        side_from_dict(data.get("candidate"), case_id, variant),
        cases.get(case_id),
        data.get("reason", ""),
        data.get("accepted", False),
        known_fields(Fresh, data["fresh"]) if "fresh" in data else None,
        data.get("accepted_by", ""),
        _read_added(data["added"], case_id, variant, base) if "added" in data else None,
        asked_again=_read_added(data["asked_again"], case_id, variant, base)
        if "asked_again" in data
        else None,
        p=data.get("p"),
    )
