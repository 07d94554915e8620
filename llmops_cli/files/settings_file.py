"""`llmops.yaml` to Settings; flags and LLMOPS_… variables are laid over it by the command line."""

import re

from llmops_cli.domain.request import Price
from llmops_cli.domain.settings import ModelAlias, RunSettings, Settings
from llmops_cli.domain.tree import FileTree
from llmops_cli.errors import Problems, SourceLocation, did_you_mean
from llmops_cli.files.fields import Fields
from llmops_cli.files.gate_reader import read_gate
from llmops_cli.files.params import read_params
from llmops_cli.files.text import read_text
from llmops_cli.files.yaml_source import Node, parse_yaml

SETTINGS_FILE = "llmops.yaml"
REDACTIONS = ("email", "phone", "card")
MAX_CONCURRENCY = 1000
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_settings(tree: FileTree) -> Settings:
    """The project's settings, or the defaults where there is no file. Raises FileError with every mistake."""
    text = read_text(tree, SETTINGS_FILE)
    if text is None or not text.strip():
        return Settings()
    problems = Problems()
    fields = Fields(parse_yaml(text, SETTINGS_FILE), problems, "the settings")
    judge_model, judge_where = _judge_model(fields, problems)
    settings = Settings(
        model=fields.text("model"),
        judge_model=judge_model,
        model_where=fields.place("model"),
        judge_model_where=judge_where,
        models={name: _alias(name, node, problems) for name, node in fields.entries("models").items()},
        run=_run(fields, problems),
        gate=read_gate(fields, problems, Settings().gate),
        redact=_redact(fields, problems),
        allow_python=fields.boolean("allow_python"),
    )
    fields.done()
    for alias in settings.models.values():
        if alias.model in settings.models:
            hint = "an alias names a model, not another alias"
            problems.add(f"alias {alias.name!r} points at alias {alias.model!r}", alias.where, hint)
    problems.raise_if_any(settings)
    return settings


def _judge_model(fields: Fields, problems: Problems) -> tuple[str | None, SourceLocation | None]:
    node = fields.node("judge")
    if node is None:
        return None, None
    judge = Fields(node, problems, "`judge:`")
    model = judge.text("model")
    judge.done()
    return model, judge.place("model")


def _alias(name: str, node: Node, problems: Problems) -> ModelAlias:
    fields = Fields(node, problems, f"model {name!r}")
    key = fields.text("api_key_env")
    if key is not None and not _VARIABLE.fullmatch(key):
        # the value itself is not repeated: it may be a key that was pasted here
        problems.add(
            "'api_key_env' must be the NAME of a variable", fields.place("api_key_env"), "never the key"
        )
    base = fields.text("api_base")
    if base is not None and not base.startswith(("http://", "https://")):
        problems.add("'api_base' must start with http:// or https://", fields.place("api_base"))
    if base is not None and "@" in base.removeprefix("https://").removeprefix("http://").partition("/")[0]:
        problems.add("'api_base' may hold no user or password", fields.place("api_base"), "use api_key_env")
    alias = ModelAlias(
        name,
        fields.text("model", required=True) or "",
        params=read_params(fields, problems),
        api_base=base,
        api_key_env=key,
        price=_price(fields, problems),
        rpm=fields.integer("rpm", 0, minimum=1) or None,
        where=node.where,
        model_where=fields.place("model"),
    )
    fields.done()
    return alias


def _price(fields: Fields, problems: Problems) -> Price | None:
    node = fields.node("price")
    if node is None:
        return None
    price = Fields(node, problems, "`price:`")
    per_input, per_output = price.number("input"), price.number("output")
    price.done()
    if per_input is None or per_output is None:
        problems.add("a price has `input:` and `output:`", node.where, "in USD per million tokens")
        return None
    return Price(per_input, per_output)


def _run(fields: Fields, problems: Problems) -> RunSettings:
    node = fields.node("run")
    defaults = RunSettings()
    if node is None:
        return defaults
    run = Fields(node, problems, "`run:`")
    read = RunSettings(
        concurrency=run.integer("concurrency", defaults.concurrency, minimum=1, maximum=MAX_CONCURRENCY),
        timeout=run.seconds("timeout") or defaults.timeout,
        max_cost=run.number("max_cost"),
        retries=run.integer("retries", defaults.retries, minimum=0, maximum=100),
    )
    run.done()
    return read


def _redact(fields: Fields, problems: Problems) -> tuple[str, ...]:
    kinds = fields.texts("redact")
    for kind in kinds:
        if kind not in REDACTIONS:
            hint = did_you_mean(kind, REDACTIONS)
            problems.add(f"unknown kind {kind!r} under `redact:`", fields.place("redact"), hint)
    return kinds
