"""The JSON Schemas of what llmops writes: a line of a baseline, and a run.

Readers pass over keys that they do not know, so that a newer llmops may add some within one format.
"""

from typing import Any

from llmops_cli.domain.baseline import BASELINE_FORMAT, VariantSummary
from llmops_cli.domain.comparison import Status
from llmops_cli.domain.evalset import GateSpec
from llmops_cli.domain.judge_figures import Calibrated, Estimate, JudgeFigures
from llmops_cli.domain.outcome import Provenance, VariantInfo
from llmops_cli.domain.run_json import RUN_FORMAT
from llmops_cli.domain.spending import Purpose
from llmops_cli.errors import ExitCode
from llmops_cli.files.schema_comparison import comparison
from llmops_cli.files.schema_parts import Schema, of_dataclass
from llmops_cli.files.schema_values import (
    COUNT,
    DIGEST,
    INPUTS,
    PLACE,
    SHARE,
    TEXT,
    TEXTS,
    TOOL_CALLS,
    USAGE,
    opened,
)

_PARTS_OF_JUDGE = {
    "rate": "With its exact interval; null where nothing was judged.",
    "calibration": "Null where none holds for this judge, read in this way.",
    "corrected": "Rogan-Gladen's estimate of the rate that people would give, with its interval.",
}


def baseline_schema() -> Schema:
    """One line of a baseline: the header, a variant's figures, or an accepted answer."""
    return {
        "description": "One line of a baseline file; `llmops accept` writes it.",
        "type": "object",
        "if": {"required": ["llmops_baseline"]},
        "then": opened({"llmops_baseline": _format(BASELINE_FORMAT), "evalset": TEXT}, ["llmops_baseline"]),
        "else": {"if": {"required": ["summary"]}, "then": _summary(), "else": _answer()},
    }


def _summary() -> Schema:
    numbers = of_dataclass(VariantSummary, required=False, leave_out=["variant"])["properties"]
    return opened({"summary": TEXT, **numbers}, ["summary"])


def _answer() -> Schema:
    score = opened(
        {"scorer": DIGEST, "value": SHARE, "passed": {"type": "boolean"}, "explanation": TEXT},
        ["scorer", "value", "passed"],
    )
    properties = {
        "id": TEXT,
        "variant": TEXT,
        "count": {"type": "integer", "minimum": 1, "description": "Trials that gave this answer."},
        "output": TEXT,
        "tool_calls": TOOL_CALLS,
        "redacted": {"type": "boolean"},
        "scores": {"type": "object", "additionalProperties": score},
        "marks": TEXT | {"description": "Binds the scores to the answer."},
        "usage": USAGE,
        "finish_reason": TEXT,
        "served_model": TEXT,
        "request": DIGEST,
        "prompt": DIGEST,
        "prompt_name": TEXT,
        "settings": _settings(),
        "inputs": INPUTS,
        "calls": {"type": "array", "items": TEXT, "description": "The calls that gave this answer."},
    }
    return opened(properties, ["id", "variant", "output", "request", "prompt", "prompt_name", "settings"])


def run_schema() -> Schema:
    """A run file under `.llmops/runs/`, and what `eval --format json` prints.

    Within one version keys are only ever added: whoever reads by this schema reads what a newer llmops writes, too.
    """
    properties = {
        "llmops_run": {"const": RUN_FORMAT, "description": "The format's version."},
        "id": TEXT,
        "started": {"type": "string", "description": "ISO 8601, UTC."},
        "seconds": {"type": "number", "minimum": 0},
        "interrupted": {"type": "boolean"},
        "retries": COUNT,
        "judge": opened({"calls": COUNT, "cost": {"type": ["number", "null"]}}, ["calls", "cost"]),
        "calls": _calls(),
        "provenance": of_dataclass(Provenance, required=False),
        "verdict": _verdict(),
        "evalsets": {"type": "array", "items": _evalset()},
    }
    required = [name for name in properties if name != "calls"]  # runs of before have no such key
    schema = opened(properties, required, "One run of `llmops eval`, with its verdict.")
    return {"$id": f"urn:llmops:run:{RUN_FORMAT}", **_growing(schema)}


def _calls() -> Schema:
    one = opened(
        {
            "calls": COUNT,
            "cost": {"type": ["number", "null"], "description": "USD; null where a price is unknown."},
            "at_least": {"type": "number", "minimum": 0, "description": "USD of the calls with a price."},
            "unpriced": COUNT | {"description": "Calls without a price."},
        },
        ["calls", "cost", "at_least", "unpriced"],
    )
    said = "Calls that brought an answer, by purpose; those of judges stand under `judge`."
    return opened({why.value: one for why in Purpose if why is not Purpose.JUDGE}, [], said)


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
    reason = opened(
        {"status": status, "text": TEXT, "where": {"anyOf": [PLACE, {"type": "null"}]}},
        ["status", "text", "where"],
    )
    properties = {
        "status": status,
        "exit_code": {"enum": sorted({int(one.exit_code) for one in Status} | {int(ExitCode.PASS)})},
        "reasons": {"type": "array", "items": reason},
        "notes": TEXTS,
    }
    return opened(properties, list(properties))


def _evalset() -> Schema:
    case = opened(
        {
            "id": TEXT,
            "where": PLACE,
            "vars": {"type": "object"},
            "expected": {},
            "tags": TEXTS,
            "critical": {"type": "boolean"},
            "cluster": TEXT,
        },
        ["id", "where"],
    )
    properties = {
        "name": TEXT,
        "path": TEXT,
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
        "comparisons": {"type": "array", "items": comparison()},
    }
    later = ("variants", "pass", "judges")  # not in the first run files of this format
    return opened(properties, [name for name in properties if name not in later])


def _judge() -> Schema:
    parts = {"rate": Estimate, "calibration": Calibrated, "corrected": Estimate}
    own = of_dataclass(JudgeFigures, leave_out=parts)
    nested = {
        name: {"anyOf": [of_dataclass(part), {"type": "null"}], "description": _PARTS_OF_JUDGE[name]}
        for name, part in parts.items()
    }
    properties = {**own["properties"], **nested, "calibrated": {"type": "boolean"}}
    return opened(properties, list(properties), own["description"])


def _settings() -> Schema:
    return opened(
        {
            "provider": TEXT,
            "model": TEXT,
            "endpoint": TEXT,
            "params": {"type": "object"},
            "tools": {"type": "array"},
            "output_schema": {"type": "object"},
            "code": TEXT | {"description": "The version of the code behind a python: model."},
        },
        ["provider", "model"],
        "The request's settings as they were.",
    )


def _format(newest: int) -> Schema:
    return {"type": "integer", "maximum": newest, "description": "The format's version."}
