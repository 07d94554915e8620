"""A Result as JSON and back: the run file and the JSON report are this one document.

Its format is versioned by `llmops_run`; keys are only ever added within one version.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from llmops_cli.domain.comparison import Comparison, Reason, Result, Status, Verdict
from llmops_cli.domain.comparison_json import (
    comparison_from_dict,
    comparison_to_dict,
    read_pass,
    reference_of,
    variant_to_dict,
)
from llmops_cli.domain.evalset import Case, Evalset, GateSpec
from llmops_cli.domain.judge_figures_json import judge_to_dict, judges_from_list
from llmops_cli.domain.outcome import EvalsetRun, Outcome, Provenance, Run, VariantInfo
from llmops_cli.domain.outcome_json import drop_empty, known_fields, place_from_text, place_to_text
from llmops_cli.domain.spending import spent_from_dict, spent_to_dict
from llmops_cli.errors import SourceLocation

RUN_FORMAT = 1


def result_to_dict(result: Result) -> dict[str, Any]:
    """The whole result as plain JSON values."""
    run, verdict = result.run, result.verdict
    return {
        "llmops_run": RUN_FORMAT,
        "id": run.id,
        "started": run.started,
        "seconds": run.seconds,
        "interrupted": run.interrupted,
        "retries": run.retries,
        "judge": {"calls": run.judge_calls, "cost": run.judge_cost},
        "calls": spent_to_dict(run.calls),
        "provenance": drop_empty(dataclasses.asdict(run.provenance)),
        "verdict": {
            "status": verdict.status.value,
            "exit_code": int(verdict.status.exit_code),
            "reasons": [_reason(reason) for reason in verdict.reasons],
            "notes": list(verdict.notes),
        },
        "evalsets": [_evalset(part, result) for part in run.evalsets],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"status": reason.status.value, "text": reason.text, "where": place_to_text(reason.where)}


def _evalset(part: EvalsetRun, result: Result) -> dict[str, Any]:
    return {
        "name": part.evalset.name,
        "path": part.evalset.path,
        "trials": part.trials,
        "pass": part.evalset.pass_rule.share,
        "complete": part.complete,
        "gate": drop_empty(dataclasses.asdict(part.evalset.gate)),
        "variants": [variant_to_dict(info) for info in part.variants],
        "cases": [
            drop_empty(
                {
                    "id": case.id,
                    "where": place_to_text(case.where),
                    "vars": dict(case.vars),
                    "tags": list(case.tags),
                    "critical": case.critical,
                    "cluster": case.cluster,
                }
            )
            | ({} if case.expected is None else {"expected": case.expected})
            for case in part.cases
        ],
        "judges": [judge_to_dict(found) for found in part.judges],
        "comparisons": [
            comparison_to_dict(c, part) for c in result.comparisons if c.evalset == part.evalset.name
        ],
    }


def result_from_dict(data: Mapping[str, Any]) -> Result:
    """What `result_to_dict` wrote, without scorers' arguments and requests, which a run file does not hold.

    Raises KeyError, TypeError or ValueError where the data is no run.
    """
    evalsets: list[EvalsetRun] = []
    comparisons: list[Comparison] = []
    for part in data["evalsets"]:
        evalset_run, found = _read_evalset(part)
        evalsets.append(evalset_run)
        comparisons += found
    provenance = data["provenance"]
    run = Run(
        id=data["id"],
        started=data["started"],
        seconds=data["seconds"],
        provenance=known_fields(Provenance, {**provenance, "command": tuple(provenance.get("command", ()))}),
        evalsets=tuple(evalsets),
        interrupted=data["interrupted"],
        retries=data["retries"],
        judge_calls=data["judge"]["calls"],
        judge_cost=data["judge"]["cost"],
        spent=spent_from_dict(data["calls"]) if "calls" in data else None,
    )
    verdict = data["verdict"]
    reasons = tuple(
        Reason(Status(r["status"]), r["text"], place_from_text(r["where"])) for r in verdict["reasons"]
    )
    return Result(
        run, tuple(comparisons), Verdict(Status(verdict["status"]), reasons, tuple(verdict["notes"]))
    )


def _read_evalset(part: Mapping[str, Any]) -> tuple[EvalsetRun, list[Comparison]]:
    where = SourceLocation(part["path"], 1)
    cases = {data["id"]: _read_case(data) for data in part["cases"]}
    gate = known_fields(GateSpec, part["gate"])
    comparisons = [comparison_from_dict(data, part, where, gate, cases) for data in part["comparisons"]]
    inputs = {
        (delta["id"], data["variant"]["name"]): delta.get("inputs", {})
        for data in part["comparisons"]
        for delta in data["cases"]
    }
    outcomes = [o for c in comparisons for delta in c.deltas for o in delta.candidate.outcomes]
    outcomes += [o for c in comparisons for d in c.deltas if d.added for o in d.added.candidate]
    outcomes += _of_reference(comparisons)
    prompts = tuple(dict.fromkeys(c.variant.prompt for c in comparisons))
    evalset = Evalset(
        part["name"],
        part["path"],
        where,
        prompts,
        tuple(cases.values()),
        pass_rule=read_pass(part),
        gate=gate,
    )
    variants = tuple(known_fields(VariantInfo, info) for info in part.get("variants", ()))
    variants = variants or tuple(c.variant for c in comparisons)  # runs of before had no list of them
    run = EvalsetRun(
        evalset, variants, evalset.cases, tuple(outcomes), part["trials"], inputs, complete=part["complete"],
        judges=judges_from_list(part.get("judges", ())),  # runs of before have no such key
    )  # fmt: skip
    return run, comparisons


def _of_reference(comparisons: Sequence[Comparison]) -> list[Outcome]:
    """The answers of a reference variant: the base of every other one, and each once."""
    found = {
        (outcome.variant, outcome.case_id, outcome.trial): outcome
        for comparison in comparisons
        if reference_of(comparison.against) is not None
        for delta in comparison.deltas
        for outcome in delta.base.outcomes
    }
    return list(found.values())


def _read_case(data: Mapping[str, Any]) -> Case:
    where = place_from_text(data["where"]) or SourceLocation("")
    rest = {key: data[key] for key in ("vars", "expected", "critical", "cluster") if key in data}
    return Case(data["id"], where, tags=tuple(data.get("tags", ())), **rest)
