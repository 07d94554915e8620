"""A result as a table for a spreadsheet: one row a case × variant.

CSV as RFC 4180 has it (CRLF, quotes doubled), in UTF-8 with a byte order mark: without it Excel takes the file for
the local 8-bit code page and spoils every umlaut; LibreOffice, Google Sheets and pandas skip the mark. What a
spreadsheet would take for a formula gets an apostrophe before it (owasp.org, "CSV Injection"), also behind white
space and in its full-width forms. A cell of Excel holds 32,767 characters: longer texts are cut, and say so.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from llmops_cli.domain.comparison import Comparison, Delta, Result
from llmops_cli.domain.outcome import Outcome
from llmops_cli.reporters.cases import view_of
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.standing import (
    Standing,
    failed_scores,
    place_of,
    standing_of,
    telling,
    unjudged_because,
)

HEADER = (
    "evalset", "case", "variant", "tags", "class", "standing", "passes_before", "trials_before", "passes", "trials",
    "p", "p_fresh", "cost_usd", "tokens", "latency_s", "failing_scorers", "explanation", "input", "expected",
    "answer_before", "answer_after", "model", "file", "line",
)  # fmt: skip
"""`p` is of the trials beside it, `p_fresh` of those that were asked to confirm; neither is adjusted for the number of
cases. `cost_usd` and `tokens` are of all trials together, `latency_s` is their mean; what is unknown is empty."""

_BYTE_ORDER_MARK = "\ufeff"
_CELL_LIMIT = 32_000
_SIGNS = "=+@\uff1d\uff0b\uff20\uff0d\t\r-"
_FORMULA = re.compile(f"[\\s\u00ad\u200b-\u200f\u2060\ufeff]*[{_SIGNS}]|[\\t\\r\\n]")


def format_csv(result: Result) -> str:
    """The table with its header; of a run of nothing the header alone."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    for comparison in result.comparisons:
        for delta in comparison.deltas:
            writer.writerow([_cell(value) for value in _row(result, comparison, delta)])
    return _BYTE_ORDER_MARK + text.getvalue()


def _row(result: Result, comparison: Comparison, delta: Delta) -> Sequence[Any]:
    where, standing = place_of(delta, comparison), standing_of(delta, comparison, result.verdict.status)
    view, info, outcome = view_of(delta), comparison.variant, telling(delta)
    failed = [] if standing is Standing.REMOVED else failed_scores(outcome)
    said = [f"{named.name}: {named.score.explanation}" for named in failed if named.score is not None]
    if standing is Standing.UNJUDGED:
        said.append(unjudged_because(delta))
    responses = [o.response for o in delta.candidate.outcomes if o.response is not None]
    usages = [response.usage.total for response in responses if response.usage is not None]
    latencies = [response.latency for response in responses if response.latency is not None]
    after = view.after
    if after is None and outcome is not None and outcome.response is not None:
        after = outcome.response.text
    return (
        comparison.evalset,
        delta.case_id,
        info.name,
        ", ".join(delta.case.tags) if delta.case else "",
        delta.kind.value,
        standing.value,
        *_counts(delta.base.passes, delta.base.trials, delta.base.outcomes),
        *_counts(delta.candidate.passes, delta.candidate.trials, delta.candidate.outcomes),
        delta.p,
        delta.fresh.p if delta.fresh else None,
        _total(response.cost for response in responses),
        sum(usages) if usages and len(usages) == len(responses) else None,
        round(sum(latencies) / len(latencies), 6) if latencies else None,
        ", ".join(named.name for named in failed),
        "\n".join(said) or delta.reason,
        "\n".join(f"{name}: {_plain(value)}" for name, value in view.inputs.items()),
        "" if delta.case is None or delta.case.expected is None else _plain(delta.case.expected),
        view.before,
        after,
        info.model_name or info.settings.get("model", ""),
        result.run.provenance.from_repository(where.path),
        where.line,
    )


def _counts(passes: int, trials: int, outcomes: Sequence[Outcome]) -> tuple[int | None, int | None]:
    """Counts of a side; empty where there is no such side, which is not the same as 0 of 0."""
    return (passes, trials) if outcomes else (None, None)


def _total(values: Iterable[float | None]) -> float | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if found and len(known) == len(found) else None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cell(value: Any) -> Any:
    """A number as it is; a text on its way into a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = shorten(inert(str(value)), _CELL_LIMIT)
    return f"'{text}" if _FORMULA.match(text) else text
