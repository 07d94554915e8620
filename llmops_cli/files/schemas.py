"""JSON Schemas (draft 2020-12) of all files, so that editors complete and check while one types.

They are built from what the readers use (names of params, roles, input types, the fields of scorers), and
accept what the readers accept. What no schema can say is left to `llmops check`: ids that are unique, files
that exist, templates that compile, bounds that agree with each other.
"""

from collections.abc import Callable
from dataclasses import dataclass

from llmops_cli.domain.prompt import INPUT_TYPES
from llmops_cli.domain.settings import FORBIDDEN_EXTRA
from llmops_cli.files.case_files import MAX_TRIALS
from llmops_cli.files.gate_reader import MOST_TO_PROVE
from llmops_cli.files.params import PARAM_KINDS, ParamKind
from llmops_cli.files.prompt_file import DEFAULT_TYPES, ROLES
from llmops_cli.files.schema_parts import (
    Schema,
    boolean,
    entries,
    given,
    integer,
    items,
    mapping,
    not_empty,
    number,
    of_type,
    or_null,
    seconds,
    share,
    text,
    texts,
)
from llmops_cli.files.schema_records import baseline_schema, run_schema
from llmops_cli.files.schema_scorers import scorer_schema
from llmops_cli.files.settings_file import MAX_CONCURRENCY, REDACTIONS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_INPUT_NAME = {"pattern": r"^[^\W\d]\w*$"}
_TOOL: Schema = {"$ref": "#/$defs/tool"}
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_HALF_AT_MOST = r"^\s*(?=[^%]*[1-9])(0*([0-4]?[0-9](\.[0-9]+)?|50(\.0+)?)\s*%|0+\.([0-4][0-9]*|50*))\s*$"
_PASS = r"^\s*0*[1-9][0-9]*\s*/\s*0*[1-9][0-9]*\s*$"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what it is, which files are of it, and how its schema is made."""

    name: str
    what: str
    files: tuple[str, ...]
    make: Callable[[], Schema]

    @property
    def file_name(self) -> str:
        """The name of the schema's own file."""
        return f"{self.name}.schema.json"


def schema(kind: str) -> Schema:
    """The JSON Schema of one kind of file. Raises KeyError for a name that is not in KINDS."""
    return {"$schema": DRAFT, "title": f"llmops {kind}", **KINDS[kind].make()}


def _prompt() -> Schema:
    part = {
        "type": ["object", "string"],
        "properties": {
            "text": text("A template."),
            "file": text("A template file, relative to this one."),
            "image": text("A file below prompts/, a data URI, or a template that gives one."),
        },
        "additionalProperties": False,
        "if": {"type": "object"},
        "then": {"oneOf": [given("text"), given("file"), given("image")]},
    }
    content: Schema = {
        "type": ["string", "array", "null"],
        "items": {"$ref": "#/$defs/part"},
        "description": "A Jinja template, or a list of parts.",
    }
    properties = {
        "description": text("What the prompt is for; no part of its version."),
        "model": text("An alias, vendor/model, offline/assistant, echo, python:module:function."),
        "params": _params(),
        "inputs": entries(_input(), "The variables its templates may use.", propertyNames=_INPUT_NAME),
        "prompt": content | {"description": "Short for one user message."},
        "messages": items({"$ref": "#/$defs/message"}, "The messages, in order.") | {"minItems": 1},
        "tools": {
            "anyOf": [_TOOL, {"type": ["string", "null"]}, {"type": "array", "items": _tools()}],
            "description": "Tools as OpenAI's API has them, or files that hold them.",
        },
        "output": or_null(_output()),
    }  # fmt: skip
    return mapping(
        properties,
        "A prompt: messages, inputs, model, params.",
        oneOf=[given("messages"), given("prompt")],
        **{"$defs": {"message": _message(content), "part": part, "tool": _tool()}},
    )


def _message(content: Schema) -> Schema:
    insert = text("Puts an input that is a list of messages in this place.")
    spoken = mapping(
        {
            "role": {"enum": list(ROLES)},
            "content": content,
            "file": text("A template file, relative to this one."),
            "insert": {"type": "null"},
        },
        required=["role"],
        oneOf=[given("content"), given("file")],
    )
    return {"anyOf": [spoken, mapping({"insert": insert}, allOf=[given("insert")])]}


def _params() -> Schema:
    extra = {
        "type": "object",
        "propertyNames": {"not": {"enum": sorted(FORBIDDEN_EXTRA)}},
        "description": "The vendor's own parameters; nothing that redirects, authenticates or fakes.",
    }
    known = {name: _param(PARAM_KINDS[name]) for name in sorted(PARAM_KINDS)}
    return or_null(mapping(known | {"extra": extra})) | {"description": "Sampling, length and the like."}


def _param(kind: ParamKind) -> Schema:
    bounds = {"minimum": kind.minimum, "maximum": kind.maximum}
    found = of_type(kind.type) | {name: bound for name, bound in bounds.items() if bound is not None}
    return or_null(found) if kind.nullable else found


def _input() -> Schema:
    defaults = [
        {
            "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
            "then": {"properties": {"default": or_null(of_type(DEFAULT_TYPES[kind]))}},
        }
        for kind in INPUT_TYPES
    ]
    kinds = [*INPUT_TYPES, None]
    full = mapping(
        {
            "type": {"enum": kinds},
            "description": text(),
            "default": {
                "description": "Stands where a case gives nothing; without it the input is required."
            },
        },
        allOf=defaults,
    )
    return {"anyOf": [full, {"enum": kinds}]}


def _tool() -> Schema:
    return {"type": "object", "properties": {"function": {"type": "object"}}, "required": ["function"]}


def _tools() -> Schema:
    """An entry of `tools`: a tool, a file, or a list of tools."""
    tool = {"anyOf": [_TOOL, {"type": "null"}]}
    return {"anyOf": [*tool["anyOf"], {"type": "string"}, {"type": "array", "items": tool}]}


def _output() -> Schema:
    schema_key = {"type": ["object", "string"], "description": "A JSON Schema, or the file that holds one."}
    return mapping({"schema": schema_key}, "Structured output.", required=["schema"])


def _evalset() -> Schema:
    properties = {
        "description": text(),
        "prompt": text("The prompt under test."),
        "prompts": texts("Several prompts: an A/B of them.")
        | {"if": {"type": "array"}, "then": {"uniqueItems": True}},
        "models": texts("Models that the prompts are tried on; with `prompts` this makes the variants."),
        "trials": integer("How often each case is asked.", minimum=1, maximum=MAX_TRIALS),
        "max_trials": integer("Answers to one case kept on record.", minimum=1, maximum=MAX_TRIALS),
        "pass": text("So many of so many trials must pass, such as 2/3; else more than half.", pattern=_PASS),
        "defaults": or_null(mapping(_case_values(), "Merged into each case; the case's own values win.")),
        "scorers": items({"$ref": "#/$defs/scorer"}, "Scorers for every case."),
        "gate": _gate(metrics=True),
        "cases": items(_case_body(), "The golden rows."),
        "cases_from": texts("More cases: .jsonl or .csv files beside this one; patterns are allowed."),
    }  # fmt: skip
    scored = {"properties": {"cases": {"items": not_empty("scorers")}}}
    rules = [
        {"oneOf": [given("prompt"), not_empty("prompts")]},
        {"anyOf": [not_empty("cases"), not_empty("cases_from")]},
        {"anyOf": [not_empty("scorers"), scored]},
    ]
    return mapping(properties, "A golden set.", allOf=rules, **{"$defs": {"scorer": scorer_schema()}})


def _case() -> Schema:
    return _case_body() | {"$defs": {"scorer": scorer_schema()}}


def _case_body() -> Schema:
    case_id = {
        "type": ["string", "integer"],
        "pattern": r"\S",
        "not": {"type": "string", "pattern": r"[\x00-\x1f]"},
        "description": "Unique in the evalset; answers are aligned over time by it.",
    }
    own = items({"$ref": "#/$defs/scorer"}, "Scorers for this case beside those of the set.")
    trials = integer("How often this case is asked; else as the set says.", minimum=1, maximum=MAX_TRIALS)
    cluster = {
        "type": ["string", "integer", "null"],
        "description": "Cases of one source, such as wordings of one question, are one draw to `generalise`.",
    }
    properties = {"id": case_id, **_case_values(), "trials": trials, "cluster": cluster, "scorers": own}
    return mapping(properties, "One golden row.", required=["id"])


def _case_values() -> dict[str, Schema]:
    return {
        "vars": entries({}, "Values of the prompt's inputs."),
        "expected": {"description": "What scorers compare with, as {{ expected }}."},
        "context": {"description": "For scorers alone, as {{ context }}."},
        "tags": texts("For `llmops eval --tag`."),
        "critical": boolean("Zero tolerance: one failed trial blocks."),
    }


def _gate(*, metrics: bool = False) -> Schema:
    metric = mapping(
        {"name": {"type": "string"}, "min_effect": share("The smallest drop of its mean that counts.")},
        required=["name"],
    )
    names = {"anyOf": [{"type": "string"}, metric]}
    properties = {
        "min_pass_rate": share("The least share of cases that must pass."),
        "min_mean_score": share("The least mean score."),
        "max_cost": number("The most that all answers together may cost, in USD."),
        "max_cost_increase": share("Against the baseline, such as 20%.", bounded=False),
        "max_tokens_increase": share("Against the baseline, such as 20%.", bounded=False),
        "max_latency_p95": seconds("The most that the 95th percentile may take, such as 5s."),
        "max_latency_increase": share("Of the p95 against the baseline, such as 20%.", bounded=False),
        "require_baseline": boolean("No verdict without a baseline."),
        "min_effect": share("The smallest drop over the set that counts, such as 2%."),
        "prove": _margin("Pass only where it is shown that the pass rate dropped by no more, such as 5%."),
        "generalise": boolean("Ask of new cases from the same source, not only of these."),
    }
    if metrics:
        properties["metrics"] = {
            "anyOf": [*names["anyOf"], {"type": "array", "items": names}, {"type": "null"}],
            "description": "Names of scorers whose scores may not fall, beside the pass rate.",
        }
    return or_null(mapping(properties, "Bounds of your own."))


def _margin(description: str) -> Schema:
    """Above 0 and up to a half, as `files/gate_reader.py` reads it."""
    number = {"exclusiveMinimum": 0, "maximum": MOST_TO_PROVE}
    return share(description) | {"pattern": _HALF_AT_MOST, "minimum": 0} | number


def _settings() -> Schema:
    price = mapping(
        {"input": {"type": "number", "minimum": 0}, "output": {"type": "number", "minimum": 0}},
        "USD per million tokens.",
        required=["input", "output"],
    )
    alias = mapping(
        {
            "model": {"type": "string", "description": "vendor/model as LiteLLM has it, or one of llmops."},
            "params": _params(),
            "api_base": text("Where the model is reached.", pattern=r"^https?://[^/@]*(/|$)"),
            "api_key_env": text("The NAME of the variable that holds the key.", pattern=_VARIABLE),
            "price": or_null(price),
            "rpm": integer("Calls a minute.", minimum=1),
        },
        required=["model"],
    )  # fmt: skip
    run = mapping(
        {
            "concurrency": integer("Calls in flight.", minimum=1, maximum=MAX_CONCURRENCY),
            "timeout": seconds("For each call, such as 60s."),
            "max_cost": number("Stop before spending more than this, in USD."),
            "retries": integer("Of each call.", maximum=100),
        }
    )
    properties = {
        "model": text("For prompts that name none."),
        "judge": or_null(mapping({"model": text("For judges whose prompt names none.")})),
        "models": entries(alias, "Aliases."),
        "run": or_null(run),
        "gate": _gate(),
        "redact": texts("Taken out of everything that is written.", {"enum": list(REDACTIONS)}),
        "allow_python": boolean("Whether Python code of the project may be run."),
    }
    return mapping(properties, "Settings of a project.")


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("prompt", "a prompt", ("prompts/**/*.yaml", "!prompts/labels.yaml"), _prompt),
        Kind("evalset", "an evalset", ("evalsets/**/*.yaml",), _evalset),
        Kind("settings", "the settings", ("llmops.yaml",), _settings),
        Kind("case", "a line of a .jsonl file of cases", (), _case),
        Kind("baseline", "a line of a baseline", (), baseline_schema),
        Kind("run", "a run file, and `eval --format json`", (), run_schema),
    )
}
