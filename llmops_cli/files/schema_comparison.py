"""The JSON Schema of a comparison: cases with their trials, what the statistics found, what changed in the prompt."""

from llmops_cli.domain.changes import Kind as ChangeKind
from llmops_cli.domain.comparison import DeltaKind, Fresh, Totals
from llmops_cli.domain.outcome import Failure, Source, VariantInfo
from llmops_cli.domain.scoring import Metrics
from llmops_cli.domain.statistics import CriticalChance, Drift, Proof, SetTest, Slice
from llmops_cli.files.schema_parts import Schema, of_dataclass
from llmops_cli.files.schema_values import (
    COUNT,
    DIGEST,
    INPUTS,
    SHARE,
    TEXT,
    TEXTS,
    TOOL_CALLS,
    USAGE,
    opened,
)

_P = (
    "Fisher's exact one-sided p of the trials that were compared, without fresh ones; unadjusted, so no verdict on one "
    "case. Absent without trials on both sides, and where answers never vary or are all the base's own record."
)


def comparison() -> Schema:
    """One variant of an evalset against its other side."""
    totals = of_dataclass(Totals)
    side = opened(
        {
            "passed": {"type": ["boolean", "null"]},
            "trials": COUNT,
            "passes": COUNT,
            "outcomes": {"type": "array", "items": _outcome()},
        },
        ["passed", "trials", "passes", "outcomes"],
    )
    case = opened(
        {
            "id": TEXT,
            "kind": {"enum": [kind.value for kind in DeltaKind]},
            "reason": TEXT,
            "accepted": {"type": "boolean", "description": "The branch's own baseline accepts it."},
            "accepted_by": TEXT | {"description": "The commit that did, its author and day."},
            "p": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": _P},
            "fresh": of_dataclass(Fresh, optional=["planned", "base_planned", "level", "unasked"]),
            "added": _beyond("Trials that a proof took beyond those of the run."),
            "asked_again": _beyond("The answers behind `fresh`."),
            "inputs": INPUTS,
            "base": side,
            "candidate": side,
        },
        ["id", "kind"],
    )
    properties = {
        "variant": of_dataclass(VariantInfo),
        "against": {"type": ["string", "null"], "description": "What the base is called; null without one."},
        "changes": TEXTS,
        "candidate": totals,
        "base": {"anyOf": [totals, {"type": "null"}]},
        "model_drifted": {"type": "boolean", "description": "Another model answered to the same name."},
        "statistics": {"anyOf": [_statistics(), {"type": "null"}]},
        "proof": {"anyOf": [of_dataclass(Proof), {"type": "null"}]},
        "metrics": {"type": "object", "additionalProperties": of_dataclass(Metrics)},
        "notes": TEXTS,
        "prompt_change": {"anyOf": [_prompt_change(), {"type": "null"}]},
        "cases": {"type": "array", "items": case},
    }
    later = ("proof", "prompt_change")  # not in the first run files of this format
    return opened(properties, [name for name in properties if name not in later])


def _beyond(said: str) -> Schema:
    sides = ("base", "candidate")
    return opened({side: {"type": "array", "items": _outcome()} for side in sides}, list(sides), said)


def _prompt_change() -> Schema:
    nullable: Schema = {"type": ["string", "null"]}
    where = opened(
        {"path": TEXT, "line": {"type": ["integer", "null"]}, "column": {"type": ["integer", "null"]}},
        ["path"],
    )
    text = opened(
        {
            "title": TEXT,
            "before": nullable,
            "after": nullable,
            "where": {"anyOf": [where, {"type": "null"}], "description": "Where `after` begins."},
        },
        ["title", "before", "after", "where"],
    )
    setting = opened(
        {"name": TEXT, "kind": {"enum": [kind.value for kind in ChangeKind]}, "before": {}, "after": {}},
        ["name", "kind", "before", "after"],
    )
    properties = {
        "name": TEXT,
        "before_name": nullable,
        "digest_before": TEXT,
        "digest_after": TEXT,
        "texts": {"type": "array", "items": text},
        "settings": {"type": "array", "items": setting},
    }
    return opened(properties, list(properties), "From the base's version of the prompt to the candidate's.")


def _statistics() -> Schema:
    properties = {
        "cases": COUNT,
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
        "linked": {"type": "integer", "minimum": 0, "description": "Cases that share calls with others."},
    }
    return opened(properties, ["cases", "tests", "detectable", "chance_of_missing"])


def _outcome() -> Schema:
    response = opened(
        {
            "text": TEXT,
            "tool_calls": TOOL_CALLS,
            "usage": USAGE,
            "latency": {"type": "number", "description": "Seconds."},
            "first_token": {"type": "number", "description": "Seconds."},
            "cost": {"type": "number", "description": "USD; absent where the price is unknown."},
            "served_model": TEXT,
            "finish_reason": TEXT,
            "attempts": {"type": "integer", "minimum": 1},
            "call_id": TEXT,
        },
        ["text"],
    )
    score = opened(
        {
            "name": TEXT,
            "digest": DIGEST,
            "severity": {"enum": ["fail", "warn"]},
            "weight": {"type": "number", "minimum": 0},
            "value": SHARE,
            "passed": {"type": "boolean"},
            "explanation": TEXT,
            "details": {"type": "object"},
            "failure": {"type": ["string", "null"], "description": "Why it could not be judged."},
        },
        ["name", "digest"],
    )
    properties = {
        "trial": {"type": "integer", "minimum": 1},
        "fingerprint": DIGEST,
        "source": {"enum": [source.value for source in Source]},
        "response": response,
        "failure": of_dataclass(Failure, required=False) | {"required": ["message"]},
        "scores": {"type": "array", "items": score | {"dependentRequired": {"value": ["passed"]}}},
    }
    return opened(properties, ["trial", "fingerprint", "source", "scores"])
