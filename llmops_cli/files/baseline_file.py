"""The baseline file: one accepted answer a line, made to be read in a pull request's diff.

First a line with the format's version, then one summary a variant, then the answers sorted by case id,
variant and trial. Keys come in a fixed order; equal answers of one case are one line with a count.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from llmops_cli.domain.baseline import BASELINE_FORMAT, Baseline, BaselineLine, RecordedScore, VariantSummary
from llmops_cli.domain.canonical import digest_of
from llmops_cli.domain.request import ToolCall
from llmops_cli.domain.serial import tool_call_from_dict, tool_call_to_dict, usage_from_dict, usage_to_dict
from llmops_cli.domain.tree import FileTree
from llmops_cli.errors import FileError, Problems, SourceLocation
from llmops_cli.files.text import read_text, strict_json

_CONFLICT = ("<<<<<<< ", "=======", ">>>>>>> ", "||||||| ")
_ESCAPED = re.compile(r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_DIGITS = {"cost": 12}
"""Decimals kept; an answer may cost less than a millionth of a dollar."""
_SUMMARY_FIELDS = ("latency_p50", "latency_p95", "cost", "tokens")
_SETTINGS = {"provider", "model", "endpoint", "params", "tools", "output_schema", "code"}
"""The keys of `Request.settings`."""


def read_baseline(tree: FileTree, path: str) -> Baseline | None:
    """The baseline of an evalset, or None where none was accepted. Raises FileError."""
    text = read_text(tree, path)
    return None if text is None else parse_baseline(text, path)


def parse_baseline(text: str, path: str) -> Baseline:
    """The baseline in a file's text. Raises FileError with every mistake."""
    problems = Problems()
    lines: dict[tuple[str, str], list[BaselineLine]] = defaultdict(list)
    summaries: dict[str, VariantSummary] = {}
    for number, raw in enumerate(text.split("\n"), start=1):
        where = SourceLocation(path, number)
        if not raw.strip():
            continue
        if raw.startswith(_CONFLICT):
            hint = (
                f"take one side whole: `git checkout --ours -- {path}` or `--theirs` (where the marks were committed, "
                f"`git checkout COMMIT -- {path}`), then run `llmops eval` and `llmops accept`"
            )
            raise FileError("the baseline holds the marks of a merge conflict", where=where, hint=hint)
        try:
            _take(strict_json(raw, where), raw, where, lines, summaries)
        except FileError as error:
            problems.take(error)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            hint = "write it anew with `llmops accept`"
            problems.add(f"is no baseline line ({type(error).__name__}: {error})", where, hint)
    problems.raise_if_any()
    return Baseline(path, {key: tuple(found) for key, found in lines.items()}, summaries)


def _take(
    data: Any,
    raw: str,
    where: SourceLocation,
    lines: dict[tuple[str, str], list[BaselineLine]],
    summaries: dict[str, VariantSummary],
) -> None:
    if "llmops_baseline" in data:
        version = data["llmops_baseline"]
        if not isinstance(version, int) or version > BASELINE_FORMAT:
            hint = "update llmops to read it"
            raise FileError(
                f"has format {version}; this llmops reads up to {BASELINE_FORMAT}", where=where, hint=hint
            )
        return
    if "summary" in data:
        numbers = {name: data.get(name) for name in _SUMMARY_FIELDS}
        if not all(value is None or _is_amount(value) for value in numbers.values()):
            raise ValueError("a summary holds numbers")
        summaries[data["summary"]] = VariantSummary(data["summary"], **numbers)
        return
    line = _line_from_dict(data, raw, where)
    lines[line.case_id, line.variant].append(line)


def _line_from_dict(data: Mapping[str, Any], raw: str, where: SourceLocation) -> BaselineLine:
    count = data.get("count", 1)
    if not isinstance(count, int) or count < 1 or not isinstance(data["output"], str):
        raise ValueError("count or output is wrong")
    settings, inputs = data["settings"], data.get("inputs", {})
    if not isinstance(settings, dict) or not _SETTINGS >= settings.keys() >= {"provider", "model"}:
        raise ValueError("the settings are wrong")
    if not isinstance(inputs, dict):
        raise TypeError("the inputs are no mapping")
    scores = {
        name: RecordedScore(
            s["scorer"],
            float(s["value"]),
            bool(s["passed"]),
            s.get("explanation", ""),
            "warn" if s.get("severity") == "warn" else "fail",
            bool(data.get("redacted")),
        )
        for name, s in data.get("scores", {}).items()
    }
    tool_calls = tuple(tool_call_from_dict(call) for call in data.get("tool_calls", ()))
    if data.get("marks") != marks_of(data["output"], tool_calls):
        scores = {}  # the answer was edited, or merged from two: its marks are another answer's
    return BaselineLine(
        case_id=data["id"],
        variant=data["variant"],
        request=data["request"],
        prompt=data["prompt"],
        prompt_name=data["prompt_name"],
        settings=settings,
        output=data["output"],
        count=count,
        tool_calls=tool_calls,
        usage=usage_from_dict(data["usage"]) if "usage" in data else None,
        served_model=data.get("served_model"),
        finish_reason=data.get("finish_reason"),
        inputs=inputs,
        scores=scores,
        calls=tuple(map(str, data.get("calls", ()))),
        redacted=bool(data.get("redacted")),
        where=where,
        raw=raw,
    )


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def marks_of(output: str, tool_calls: tuple[ToolCall, ...]) -> str:
    """Binds the scores of a line to its answer: scores are believed only beside the answer they were given to."""
    return digest_of([output, [tool_call_to_dict(call) for call in tool_calls]])[:16]


def line_to_dict(line: BaselineLine) -> dict[str, Any]:
    """A line as JSON, keys in the order a reviewer reads them; what is empty is left out."""
    scores = {
        name: {"scorer": s.scorer, "value": s.value, "passed": s.passed}
        | ({"explanation": s.explanation} if s.explanation else {})
        | ({"severity": s.severity} if s.severity != "fail" else {})
        for name, s in line.scores.items()
    }
    found: dict[str, Any] = {
        "id": line.case_id,
        "variant": line.variant,
        "count": line.count if line.count > 1 else None,
        "output": line.output,
        "tool_calls": [tool_call_to_dict(call) for call in line.tool_calls] or None,
        "redacted": line.redacted or None,
        "scores": scores or None,
        "marks": marks_of(line.output, line.tool_calls) if scores else None,
        "usage": usage_to_dict(line.usage) if line.usage else None,
        "finish_reason": line.finish_reason,
        "served_model": line.served_model,
        "request": line.request,
        "prompt": line.prompt,
        "prompt_name": line.prompt_name,
        "settings": dict(line.settings),
        "inputs": dict(line.inputs) or None,
        "calls": list(line.calls) or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def format_baseline(evalset: str, summaries: Iterable[VariantSummary], lines: Iterable[BaselineLine]) -> str:
    """The whole file. A line that brings its `raw` text keeps it."""
    parts = [_json({"llmops_baseline": BASELINE_FORMAT, "evalset": evalset})]
    for summary in sorted(summaries, key=lambda s: s.variant):
        numbers = {name: getattr(summary, name) for name in _SUMMARY_FIELDS}
        known = {
            name: round(value, _DIGITS.get(name, 6)) for name, value in numbers.items() if value is not None
        }
        parts.append(_json({"summary": summary.variant, **known}))
    ordered = sorted(lines, key=lambda line: (line.case_id, line.variant))
    parts += [line.raw or _json(line_to_dict(line)) for line in ordered]
    return "\n".join(parts) + "\n"


def _json(value: Any) -> str:
    # letters stay readable in the diff; controls, separators and direction marks, which a reviewer would not
    # see, do not; and half a surrogate pair could not be written as UTF-8 at all
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
