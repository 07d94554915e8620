"""The JSON Schemas of what llmops writes: a line of a baseline, and a run.

Readers pass over keys that they do not know, so that a newer llmops may add some within one format.
"""

from typing import Any

from llmops_cli.domain.baseline import BASELINE_FORMAT, VariantSummary
from llmops_cli.domain.changes import Kind as ChangeKind
from llmops_cli.domain.comparison import DeltaKind, Fresh, SetTest, Status, Totals
from llmops_cli.domain.evalset import GateSpec
from llmops_cli.domain.judge_figures import Calibrated, Estimate, JudgeFigures
from llmops_cli.domain.outcome import Failure, Provenance, Source, VariantInfo
from llmops_cli.domain.run_json import RUN_FORMAT
from llmops_cli.domain.scoring import Metrics
from llmops_cli.domain.spending import Purpose
from llmops_cli.domain.statistics import CriticalChance, Drift, Proof, Slice
from llmops_cli.errors import ExitCode
from llmops_cli.files.schema_parts import Schema, of_dataclass

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_DIGEST: Schema = {"type": "string", "pattern": "^([a-z][0-9]+:)?[0-9a-f]+$"}
_PLACE: Schema = {"type": "string", "description": "path:line:column"}
_INPUTS: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "null"]},
    "description": "A digest of what the case gave to each input; null where the prompt's default stood.",
}
_USAGE: Schema = {"type": "object", "properties": {"input_tokens": _COUNT, "output_tokens": _COUNT}}
_PARTS_OF_JUDGE = {
    "rate": "With its exact interval; null where nothing was judged.",
    "calibration": "Null where none holds for this judge, read in this way.",
    "corrected": "Rogan-Gladen's estimate of the rate that people would give, with its interval.",
}
_TOOL_CALLS: Schema = {
    "type": "array",
    "items": {"type": "object", "properties": {"name": _TEXT, "arguments": {}}, "required": ["name"]},
}


def baseline_schema() -> Schema:
    """One line of a baseline: the header, a variant's figures, or an accepted answer."""
    return {
        "description": "One line of a baseline file; `llmops accept` writes it.",
        "type": "object",
        "if": {"required": ["llmops_baseline"]},
        "then": _open({"llmops_baseline": _format(BASELINE_FORMAT), "evalset": _TEXT}, ["llmops_baseline"]),
        "else": {"if": {"required": ["summary"]}, "then": _summary(), "else": _answer()},
    }


def _summary() -> Schema:
    numbers = of_dataclass(VariantSummary, required=False, leave_out=["variant"])["properties"]
    return _open({"summary": _TEXT, **numbers}, ["summary"])


def _answer() -> Schema:
    score = _open(
        {"scorer": _DIGEST, "value": _SHARE, "passed": {"type": "boolean"}, "explanation": _TEXT},
        ["scorer", "value", "passed"],
    )
    properties = {
        "id": _TEXT,
        "variant": _TEXT,
        "count": {"type": "integer", "minimum": 1, "description": "Trials that gave this answer."},
        "output": _TEXT,
        "tool_calls": _TOOL_CALLS,
        "redacted": {"type": "boolean"},
        "scores": {"type": "object", "additionalProperties": score},
        "marks": _TEXT | {"description": "Binds the scores to the answer."},
        "usage": _USAGE,
        "finish_reason": _TEXT,
        "served_model": _TEXT,
        "request": _DIGEST,
        "prompt": _DIGEST,
        "prompt_name": _TEXT,
        "settings": _settings(),
        "inputs": _INPUTS,
        "calls": {"type": "array", "items": _TEXT, "description": "The calls that gave this answer."},
    }
    return _open(properties, ["id", "variant", "output", "request", "prompt", "prompt_name", "settings"])


def run_schema() -> Schema:
    """A run file under `.llmops/runs/`, and what `eval --format json` prints.

    Within one version keys are only ever added: whoever reads by this schema reads what a newer llmops writes, too.
    """
    properties = {
        "llmops_run": {"const": RUN_FORMAT, "description": "The format's version."},
        "id": _TEXT,
        "started": {"type": "string", "description": "ISO 8601, UTC."},
        "seconds": {"type": "number", "minimum": 0},
        "interrupted": {"type": "boolean"},
        "retries": _COUNT,
        "judge": _open({"calls": _COUNT, "cost": {"type": ["number", "null"]}}, ["calls", "cost"]),
        "calls": _calls(),
        "provenance": of_dataclass(Provenance, required=False),
        "verdict": _verdict(),
        "evalsets": {"type": "array", "items": _evalset()},
    }
    required = [name for name in properties if name != "calls"]  # runs of before have no such key
    schema = _open(properties, required, "One run of `llmops eval`, with its verdict.")
    return {"$id": f"urn:llmops:run:{RUN_FORMAT}", **_growing(schema)}


def _calls() -> Schema:
    one = _open(
        {
            "calls": _COUNT,
            "cost": {"type": ["number", "null"], "description": "USD; null where a price is unknown."},
            "at_least": {"type": "number", "minimum": 0, "description": "USD of the calls with a price."},
            "unpriced": _COUNT | {"description": "Calls without a price."},
        },
        ["calls", "cost", "at_least", "unpriced"],
    )
    said = "Calls that brought an answer, by purpose; those of judges stand under `judge`."
    return _open({why.value: one for why in Purpose if why is not Purpose.JUDGE}, [], said)


def _growing(schema: Any) -> Any:
    """The schema with room for further keys at every place."""
    if isinstance(schema, list):
        return [_growing(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _growing(value)
        for key, value in schema.items()
        if key != "additionalProperties" or value is not False
    }


def _verdict() -> Schema:
    status: Schema = {"enum": [status.value for status in Status]}
    reason = _open(
        {"status": status, "text": _TEXT, "where": {"anyOf": [_PLACE, {"type": "null"}]}},
        ["status", "text", "where"],
    )
    properties = {
        "status": status,
        "exit_code": {"enum": sorted({int(one.exit_code) for one in Status} | {int(ExitCode.PASS)})},
        "reasons": {"type": "array", "items": reason},
        "notes": _TEXTS,
    }
    return _open(properties, list(properties))


def _evalset() -> Schema:
    case = _open(
        {
            "id": _TEXT,
            "where": _PLACE,
            "vars": {"type": "object"},
            "expected": {},
            "tags": _TEXTS,
            "critical": {"type": "boolean"},
            "cluster": _TEXT,
        },
        ["id", "where"],
    )
    properties = {
        "name": _TEXT,
        "path": _TEXT,
        "trials": {"type": "integer", "minimum": 1},
        "pass": {
            "type": ["array", "null"],
            "items": {"type": "integer"},
            "description": "So many of so many trials must pass; null for more than half.",
        },
        "complete": {"type": "boolean", "description": "False where only some of its cases were run."},
        "gate": of_dataclass(GateSpec, required=False),
        "variants": {"type": "array", "items": of_dataclass(VariantInfo)},
        "cases": {"type": "array", "items": case},
        "judges": {"type": "array", "items": _judge()},
        "comparisons": {"type": "array", "items": _comparison()},
    }
    later = ("variants", "pass", "judges")  # not in the first run files of this format
    return _open(properties, [name for name in properties if name not in later])


def _judge() -> Schema:
    parts = {"rate": Estimate, "calibration": Calibrated, "corrected": Estimate}
    own = of_dataclass(JudgeFigures, leave_out=parts)
    nested = {
        name: {"anyOf": [of_dataclass(part), {"type": "null"}], "description": _PARTS_OF_JUDGE[name]}
        for name, part in parts.items()
    }
    properties = {**own["properties"], **nested, "calibrated": {"type": "boolean"}}
    return _open(properties, list(properties), own["description"])


_P = (
    "Fisher's exact one-sided p of the trials that were compared, without fresh ones; unadjusted, so no verdict on one "
    "case. Absent without trials on both sides, and where answers never vary or are all the base's own record."
)


def _comparison() -> Schema:
    totals = of_dataclass(Totals)
    side = _open(
        {
            "passed": {"type": ["boolean", "null"]},
            "trials": _COUNT,
            "passes": _COUNT,
            "outcomes": {"type": "array", "items": _outcome()},
        },
        ["passed", "trials", "passes", "outcomes"],
    )
    case = _open(
        {
            "id": _TEXT,
            "kind": {"enum": [kind.value for kind in DeltaKind]},
            "reason": _TEXT,
            "accepted": {"type": "boolean", "description": "The branch's own baseline accepts it."},
            "accepted_by": _TEXT | {"description": "The commit that did, its author and day."},
            "p": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": _P},
            "fresh": of_dataclass(Fresh, optional=["planned", "base_planned", "level"]),
            "added": _beyond("Trials that a proof took beyond those of the run."),
            "asked_again": _beyond("The answers behind `fresh`."),
            "inputs": _INPUTS,
            "base": side,
            "candidate": side,
        },
        ["id", "kind"],
    )
    properties = {
        "variant": of_dataclass(VariantInfo),
        "against": {"type": ["string", "null"], "description": "What the base is called; null without one."},
        "changes": _TEXTS,
        "candidate": totals,
        "base": {"anyOf": [totals, {"type": "null"}]},
        "model_drifted": {"type": "boolean", "description": "Another model answered to the same name."},
        "statistics": {"anyOf": [_statistics(), {"type": "null"}]},
        "proof": {"anyOf": [of_dataclass(Proof), {"type": "null"}]},
        "metrics": {"type": "object", "additionalProperties": of_dataclass(Metrics)},
        "notes": _TEXTS,
        "prompt_change": {"anyOf": [_prompt_change(), {"type": "null"}]},
        "cases": {"type": "array", "items": case},
    }
    later = ("proof", "prompt_change")  # not in the first run files of this format
    return _open(properties, [name for name in properties if name not in later])


def _beyond(said: str) -> Schema:
    sides = ("base", "candidate")
    return _open({side: {"type": "array", "items": _outcome()} for side in sides}, list(sides), said)


def _prompt_change() -> Schema:
    nullable: Schema = {"type": ["string", "null"]}
    where = _open(
        {"path": _TEXT, "line": {"type": ["integer", "null"]}, "column": {"type": ["integer", "null"]}},
        ["path"],
    )
    text = _open(
        {
            "title": _TEXT,
            "before": nullable,
            "after": nullable,
            "where": {"anyOf": [where, {"type": "null"}], "description": "Where `after` begins."},
        },
        ["title", "before", "after", "where"],
    )
    setting = _open(
        {"name": _TEXT, "kind": {"enum": [kind.value for kind in ChangeKind]}, "before": {}, "after": {}},
        ["name", "kind", "before", "after"],
    )
    properties = {
        "name": _TEXT,
        "before_name": nullable,
        "digest_before": _TEXT,
        "digest_after": _TEXT,
        "texts": {"type": "array", "items": text},
        "settings": {"type": "array", "items": setting},
    }
    return _open(properties, list(properties), "From the base's version of the prompt to the candidate's.")


def _statistics() -> Schema:
    properties = {
        "cases": _COUNT,
        "tests": {
            "type": "array",
            "items": of_dataclass(
                SetTest, optional=["base", "candidate", "accepted", "wins", "losses", "ties", "clusters"]
            ),
        },
        "detectable": {"type": ["number", "null"], "description": "Smallest drop seen with 80 % power."},
        "chance_of_missing": {"type": ["number", "null"], "description": "Of min_pass_rate, by luck alone."},
        "slices": {
            "type": "array",
            "items": of_dataclass(Slice, optional=["unchanged"]),
            "description": "By tag.",
        },
        "critical": {"type": "array", "items": of_dataclass(CriticalChance)},
        "drift": {"anyOf": [of_dataclass(Drift), {"type": "null"}]},
        "unchanged": {"type": "integer", "minimum": 0, "description": "Cases answered from the record."},
    }
    return _open(properties, ["cases", "tests", "detectable", "chance_of_missing"])


def _outcome() -> Schema:
    response = _open(
        {
            "text": _TEXT,
            "tool_calls": _TOOL_CALLS,
            "usage": _USAGE,
            "latency": {"type": "number", "description": "Seconds."},
            "first_token": {"type": "number", "description": "Seconds."},
            "cost": {"type": "number", "description": "USD; absent where the price is unknown."},
            "served_model": _TEXT,
            "finish_reason": _TEXT,
            "attempts": {"type": "integer", "minimum": 1},
            "call_id": _TEXT,
        },
        ["text"],
    )
    score = _open(
        {
            "name": _TEXT,
            "digest": _DIGEST,
            "severity": {"enum": ["fail", "warn"]},
            "weight": {"type": "number", "minimum": 0},
            "value": _SHARE,
            "passed": {"type": "boolean"},
            "explanation": _TEXT,
            "details": {"type": "object"},
            "failure": {"type": ["string", "null"], "description": "Why it could not be judged."},
        },
        ["name", "digest"],
    )
    properties = {
        "trial": {"type": "integer", "minimum": 1},
        "fingerprint": _DIGEST,
        "source": {"enum": [source.value for source in Source]},
        "response": response,
        "failure": of_dataclass(Failure, required=False) | {"required": ["message"]},
        "scores": {"type": "array", "items": score | {"dependentRequired": {"value": ["passed"]}}},
    }
    return _open(properties, ["trial", "fingerprint", "source", "scores"])


def _settings() -> Schema:
    return _open(
        {
            "provider": _TEXT,
            "model": _TEXT,
            "endpoint": _TEXT,
            "params": {"type": "object"},
            "tools": {"type": "array"},
            "output_schema": {"type": "object"},
            "code": _TEXT | {"description": "The version of the code behind a python: model."},
        },
        ["provider", "model"],
        "The request's settings as they were.",
    )


def _format(newest: int) -> Schema:
    return {"type": "integer", "maximum": newest, "description": "The format's version."}


def _open(properties: dict[str, Any], required: list[str], description: str = "") -> Schema:
    found: Schema = {"type": "object", "properties": properties, "required": required}
    return {**found, "description": description} if description else found
