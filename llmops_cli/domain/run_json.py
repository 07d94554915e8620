"""A Result as JSON and back: the run file and the JSON report are this one document.

Its format is versioned by `llmops_run`; keys are only ever added within one version.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from llmops_cli.domain.comparison import (
    Comparison,
    Delta,
    DeltaKind,
    Fresh,
    Reason,
    Result,
    SetTest,
    Side,
    Statistics,
    Status,
    Totals,
    Verdict,
)
from llmops_cli.domain.evalset import Case, Evalset, GateSpec
from llmops_cli.domain.outcome import EvalsetRun, Failure, Outcome, Provenance, Run, Source, VariantInfo
from llmops_cli.domain.scoring import Metrics, NamedScore, Score
from llmops_cli.domain.serial import response_from_dict, response_to_dict
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
        "provenance": _drop_empty(dataclasses.asdict(run.provenance)),
        "verdict": {
            "status": verdict.status.value,
            "exit_code": int(verdict.status.exit_code),
            "reasons": [_reason(reason) for reason in verdict.reasons],
            "notes": list(verdict.notes),
        },
        "evalsets": [_evalset(part, result) for part in run.evalsets],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"status": reason.status.value, "text": reason.text, "where": _place(reason.where)}


def _evalset(part: EvalsetRun, result: Result) -> dict[str, Any]:
    return {
        "name": part.evalset.name,
        "path": part.evalset.path,
        "trials": part.trials,
        "complete": part.complete,
        "gate": _drop_empty(dataclasses.asdict(part.evalset.gate)),
        "variants": [_variant(info) for info in part.variants],
        "cases": [
            _drop_empty(
                {
                    "id": case.id,
                    "where": _place(case.where),
                    "vars": dict(case.vars),
                    "tags": list(case.tags),
                    "critical": case.critical,
                }
            )
            | ({} if case.expected is None else {"expected": case.expected})
            for case in part.cases
        ],
        "comparisons": [_comparison(c, part) for c in result.comparisons if c.evalset == part.evalset.name],
    }


def _comparison(comparison: Comparison, part: EvalsetRun) -> dict[str, Any]:
    variant = comparison.variant.name
    return {
        "variant": _variant(comparison.variant),
        "against": comparison.against,
        "changes": list(comparison.changes),
        "model_drifted": comparison.model_drifted,
        "candidate": dataclasses.asdict(comparison.candidate),
        "base": dataclasses.asdict(comparison.base) if comparison.base else None,
        "statistics": dataclasses.asdict(comparison.statistics) if comparison.statistics else None,
        "metrics": {name: dataclasses.asdict(metrics) for name, metrics in comparison.metrics},
        "notes": list(comparison.notes),
        "cases": [
            _delta(delta, part.inputs.get((delta.case_id, variant), {})) for delta in comparison.deltas
        ],
    }


def _variant(info: VariantInfo) -> dict[str, Any]:
    return dataclasses.asdict(info) | {"settings": dict(info.settings)}


def reference_of(against: str | None) -> str | None:
    """The variant of the same run that is the base of a comparison, by its label; None for a baseline."""
    prefix = "variant "
    return against.removeprefix(prefix) if against and against.startswith(prefix) else None


def _delta(delta: Delta, inputs: Mapping[str, str | None]) -> dict[str, Any]:
    found = {
        "id": delta.case_id,
        "kind": delta.kind.value,
        "reason": delta.reason,
        "accepted": delta.accepted,
        "fresh": dataclasses.asdict(delta.fresh) if delta.fresh else None,
        "inputs": dict(inputs),
        "base": _side(delta.base) if delta.base.outcomes else None,
        "candidate": _side(delta.candidate) if delta.candidate.outcomes else None,
    }
    return _drop_empty(found)


def _side(side: Side) -> dict[str, Any]:
    return {
        "passed": side.passed,
        "trials": side.trials,
        "passes": side.passes,
        "outcomes": [_outcome(outcome) for outcome in side.outcomes],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = {
        "trial": outcome.trial,
        "fingerprint": outcome.fingerprint,
        "source": outcome.source.value,
    }
    if outcome.response is not None:
        found["response"] = response_to_dict(outcome.response)
    if outcome.failure is not None:
        found["failure"] = _drop_empty(dataclasses.asdict(outcome.failure))
    found["scores"] = [_named(named) for named in outcome.scores]
    return found


def _named(named: NamedScore) -> dict[str, Any]:
    found: dict[str, Any] = {"name": named.name, "digest": named.digest}
    if named.severity != "fail":
        found["severity"] = named.severity
    if named.weight != 1.0:
        found["weight"] = named.weight
    if named.score is None:
        return {**found, "failure": named.failure}
    score = named.score
    found |= {"value": score.value, "passed": score.passed}
    return found | _drop_empty({"explanation": score.explanation, "details": dict(score.details)})


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
        provenance=Provenance(**{**provenance, "command": tuple(provenance.get("command", ()))}),
        evalsets=tuple(evalsets),
        interrupted=data["interrupted"],
        retries=data["retries"],
        judge_calls=data["judge"]["calls"],
        judge_cost=data["judge"]["cost"],
    )
    verdict = data["verdict"]
    reasons = tuple(
        Reason(Status(r["status"]), r["text"], _read_place(r["where"])) for r in verdict["reasons"]
    )
    return Result(
        run, tuple(comparisons), Verdict(Status(verdict["status"]), reasons, tuple(verdict["notes"]))
    )


def _read_evalset(part: Mapping[str, Any]) -> tuple[EvalsetRun, list[Comparison]]:
    where = SourceLocation(part["path"], 1)
    cases = {data["id"]: _read_case(data) for data in part["cases"]}
    gate = GateSpec(**part["gate"])
    comparisons = [_read_comparison(data, part, where, gate, cases) for data in part["comparisons"]]
    inputs = {
        (delta["id"], data["variant"]["name"]): delta.get("inputs", {})
        for data in part["comparisons"]
        for delta in data["cases"]
    }
    outcomes = [o for c in comparisons for delta in c.deltas for o in delta.candidate.outcomes]
    outcomes += _of_reference(comparisons)
    prompts = tuple(dict.fromkeys(c.variant.prompt for c in comparisons))
    evalset = Evalset(part["name"], part["path"], where, prompts, tuple(cases.values()), gate=gate)
    variants = tuple(VariantInfo(**info) for info in part.get("variants", ()))
    variants = variants or tuple(c.variant for c in comparisons)  # runs of before had no list of them
    run = EvalsetRun(
        evalset, variants, evalset.cases, tuple(outcomes), part["trials"], inputs, complete=part["complete"]
    )
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
    where = _read_place(data["where"]) or SourceLocation("")
    rest = {key: data[key] for key in ("vars", "expected", "critical") if key in data}
    return Case(data["id"], where, tags=tuple(data.get("tags", ())), **rest)


def _read_comparison(
    data: Mapping[str, Any],
    part: Mapping[str, Any],
    where: SourceLocation,
    gate: GateSpec,
    cases: Mapping[str, Case],
) -> Comparison:
    variant = VariantInfo(**data["variant"])
    base = reference_of(data["against"]) or variant.name
    metrics = tuple((name, _read_metrics(found)) for name, found in data["metrics"].items())
    return Comparison(
        evalset=part["name"],
        where=where,
        variant=variant,
        gate=gate,
        against=data["against"],
        deltas=tuple(_read_delta(delta, variant.name, base, cases) for delta in data["cases"]),
        candidate=Totals(**data["candidate"]),
        base=Totals(**data["base"]) if data["base"] else None,
        changes=tuple(data["changes"]),
        model_drifted=data["model_drifted"],
        metrics=metrics,
        statistics=_read_statistics(data.get("statistics")),
        notes=tuple(data["notes"]),
        whole=part["complete"],
    )


def _read_statistics(data: Mapping[str, Any] | None) -> Statistics | None:
    if data is None:
        return None
    tests = tuple(SetTest(**test) for test in data["tests"])
    return Statistics(data["cases"], tests, data["detectable"], data["chance_of_missing"])


def _read_metrics(data: Mapping[str, Any]) -> Metrics:
    return Metrics(data["values"], tuple(data["header"]), tuple(tuple(row) for row in data["rows"]))


def _read_delta(data: Mapping[str, Any], variant: str, base: str, cases: Mapping[str, Case]) -> Delta:
    case_id = data["id"]
    return Delta(
        DeltaKind(data["kind"]),
        case_id,
        variant,
        _read_side(data.get("base"), case_id, base),
        _read_side(data.get("candidate"), case_id, variant),
        cases.get(case_id),
        data.get("reason", ""),
        data.get("accepted", False),
        Fresh(**data["fresh"]) if "fresh" in data else None,
    )


def _read_side(data: Mapping[str, Any] | None, case_id: str, variant: str) -> Side:
    if data is None:
        return Side()
    return Side(tuple(_read_outcome(found, case_id, variant) for found in data["outcomes"]), data["passed"])


def _read_outcome(data: Mapping[str, Any], case_id: str, variant: str) -> Outcome:
    return Outcome(
        case_id=case_id,
        variant=variant,
        trial=data["trial"],
        fingerprint=data["fingerprint"],
        source=Source(data["source"]),
        response=response_from_dict(data["response"]) if "response" in data else None,
        failure=Failure(**data["failure"]) if "failure" in data else None,
        scores=tuple(_read_named(named) for named in data["scores"]),
    )


def _read_named(data: Mapping[str, Any]) -> NamedScore:
    score = None
    if "value" in data:
        score = Score(data["value"], data["passed"], data.get("explanation", ""), data.get("details", {}))
    return NamedScore(
        data["name"],
        data["digest"],
        data.get("severity", "fail"),
        data.get("weight", 1.0),
        score,
        data.get("failure"),
    )


def _place(where: SourceLocation | None) -> str | None:
    return str(where) if where else None


def _read_place(text: str | None) -> SourceLocation | None:
    if text is None:
        return None
    path, numbers = text, list[int]()
    while len(numbers) < 2 and path.rpartition(":")[2].isdigit() and ":" in path:
        path, _, number = path.rpartition(":")
        numbers.insert(0, int(number))
    return SourceLocation(path, *numbers)


def _drop_empty(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing; a 0 says something."""

    def empty(value: Any) -> bool:
        return value is None or value is False or (isinstance(value, str | list | tuple | dict) and not value)

    return {key: value for key, value in data.items() if not empty(value)}
