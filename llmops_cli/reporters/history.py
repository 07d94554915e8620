"""`log`, `list` and `show` for a terminal, and as JSON values."""

from collections.abc import Sequence
from typing import Any

from llmops_cli.domain.history import EvalsetRow, LogEntry, PromptRow, Shown
from llmops_cli.domain.prompt import InsertMessages, Prompt, TemplateText, TextPart, short_digest
from llmops_cli.domain.revision import CommitInfo
from llmops_cli.reporters import figures
from llmops_cli.reporters.inert import inert
from llmops_cli.reporters.tables import format_table

_BAR = 24


def format_log(entries: Sequence[LogEntry]) -> str:
    """A row a version, newest first."""
    header = ("version", "digest", "date", "author", "commit", "pass", "$/1k", "changed", "subject")
    return format_table(header, [_log_row(entry) for entry in entries], right=(5, 6), fold=(7, 8))


def _log_row(entry: LogEntry) -> tuple[str, ...]:
    commit = entry.version.commit
    labels = f" ({', '.join(entry.labels)})" if entry.labels else ""
    cost = None if entry.cost is None else entry.cost * 1000
    return (
        f"v{entry.ordinal}{labels}",
        short_digest(entry.version.digest) if entry.version.digest else "invalid",
        commit.date if commit else "not committed",
        commit.author if commit else "",
        commit.short if commit else "",
        figures.percent(entry.rate),
        figures.dollars(cost),
        entry.changed,
        commit.subject if commit else "",
    )


def format_graph(entries: Sequence[LogEntry]) -> str:
    """Pass rate and cost over versions, oldest first; a version without a baseline has no bar."""
    highest = max((entry.cost or 0.0 for entry in entries), default=0.0)
    lines = ["pass rate and cost per 1,000 answers, by version", ""]
    for entry in reversed(entries):
        rate = "#" * round((entry.rate or 0.0) * _BAR) if entry.rate is not None else ""
        cost = "*" * round((entry.cost or 0.0) / highest * _BAR) if highest else ""
        thousand = None if entry.cost is None else entry.cost * 1000
        lines.append(f"v{entry.ordinal:<4} pass {figures.percent(entry.rate):>5}  {rate}")
        if entry.cost is not None:
            lines.append(f"      cost {figures.dollars(thousand):>5}  {cost}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def log_to_list(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The log as JSON."""
    return [
        {
            "ordinal": entry.ordinal,
            "name": entry.version.name,
            "digest": entry.version.digest,
            "commit": commit_to_dict(entry.version.commit),
            "labels": list(entry.labels),
            "changed": entry.changed,
            "pass_rate": entry.rate,
            "cost": entry.cost,
            "records": [
                {
                    "evalset": r.evalset,
                    "variant": r.variant,
                    "answers": r.answers,
                    "pass_rate": r.rate,
                    "cost": r.cost,
                }
                for r in entry.records
            ],
        }
        for entry in entries
    ]


def commit_to_dict(commit: CommitInfo | None) -> dict[str, Any] | None:
    """A commit as JSON."""
    if commit is None:
        return None
    return {"sha": commit.sha, "date": commit.date, "author": commit.author, "subject": commit.subject}


def format_list(prompts: Sequence[PromptRow], evalsets: Sequence[EvalsetRow]) -> str:
    """Two tables."""
    prompt_rows = [
        (
            row.name,
            row.error or short_digest(row.digest or ""),
            row.model or "",
            ", ".join(row.labels),
            ", ".join(row.evalsets) or "no evalset",
            _last(row.commit),
        )
        for row in prompts
    ]
    evalset_rows = [
        (row.name, row.error or ", ".join(row.prompts), str(row.cases), row.baseline, _last(row.commit))
        for row in evalsets
    ]
    parts = []
    if prompt_rows:
        parts.append(
            format_table(
                ("prompt", "version", "model", "labels", "evalsets", "last commit"), prompt_rows, fold=(4,)
            )
        )
    if evalset_rows:
        header = ("evalset", "prompts", "cases", "baseline", "last commit")
        parts.append(format_table(header, evalset_rows, right=(2,), fold=(1,)))
    return "\n".join(parts)


def _last(commit: CommitInfo | None) -> str:
    return f"{commit.date} {commit.short}" if commit else ""


def list_to_dict(prompts: Sequence[PromptRow], evalsets: Sequence[EvalsetRow]) -> dict[str, Any]:
    """The lists as JSON."""
    return {
        "prompts": [
            {
                "name": row.name, "digest": row.digest, "model": row.model, "labels": list(row.labels),
                "evalsets": list(row.evalsets), "commit": commit_to_dict(row.commit), "error": row.error,
            }
            for row in prompts
        ],
        "evalsets": [
            {
                "name": row.name, "prompts": list(row.prompts), "cases": row.cases, "baseline": row.baseline,
                "commit": commit_to_dict(row.commit), "error": row.error,
            }
            for row in evalsets
        ],
    }  # fmt: skip


def format_show(shown: Shown) -> str:
    """The prompt's settings, then the source of each message."""
    prompt = shown.prompt
    lines = [f"prompt   {prompt.name}", f"version  {prompt.digest}"]
    if shown.commit:
        commit = shown.commit
        lines.append(f"commit   {commit.short} {commit.date} {inert(commit.author)}: {inert(commit.subject)}")
    facts = {
        "labels": ", ".join(shown.labels),
        "evalsets": ", ".join(shown.evalsets),
        "about": prompt.description,
        "model": prompt.model or "",
        "params": ", ".join(f"{name} {value}" for name, value in prompt.params.items()),
        "inputs": ", ".join(_input(prompt, name) for name in prompt.inputs),
        "partials": ", ".join(sorted(prompt.partials)),
        "tools": ", ".join(str(tool.get("function", {}).get("name")) for tool in prompt.tools),
        "output": "JSON Schema" if prompt.output_schema is not None else "",
    }
    lines += [f"{name:<8} {inert(value)}" for name, value in facts.items() if value]
    for role, text in sources(prompt):
        lines += ["", f"── {role} ──", inert(text).rstrip("\n")]
    return "\n".join(lines) + "\n"


def _input(prompt: Prompt, name: str) -> str:
    spec = prompt.inputs[name]
    kind = f" ({spec.type})" if spec.type else ""
    return name + kind + ("" if spec.required else f" = {spec.default!r}")


def sources(prompt: Prompt) -> list[tuple[str, str]]:
    """Role and template source of each message; images are named, not shown."""
    found = []
    for message in prompt.messages:
        if isinstance(message, InsertMessages):
            found.append(("insert", message.input))
        elif isinstance(message.content, TemplateText):
            found.append((message.role, message.content.text))
        else:
            parts = [p.text.text if isinstance(p, TextPart) else "[image]" for p in message.content]
            found.append((message.role, "\n".join(parts)))
    return found


def show_to_dict(shown: Shown) -> dict[str, Any]:
    """The prompt as JSON."""
    prompt = shown.prompt
    return {
        "name": prompt.name,
        "digest": prompt.digest,
        "commit": commit_to_dict(shown.commit),
        "labels": list(shown.labels),
        "evalsets": list(shown.evalsets),
        "description": prompt.description,
        "model": prompt.model,
        "params": dict(prompt.params),
        "inputs": {
            name: {"type": spec.type, "required": spec.required, "default": spec.default}
            for name, spec in prompt.inputs.items()
        },
        "messages": [{"role": role, "source": text} for role, text in sources(prompt)],
        "partials": dict(prompt.partials),
        "tools": list(prompt.tools),
        "output_schema": prompt.output_schema,
    }
