"""What `llmops judge` found, for a terminal and as JSON values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from llmops_cli.comparison.calibrating import Agreement, Judged, Missing, caution, word_of
from llmops_cli.domain.calibration import calibration_to_dict
from llmops_cli.reporters.figures import NONE, percent, plural
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.tables import format_table
from llmops_cli.stats.agreement import Rate

MAX_SHOWN = 10
_OUTPUT_LIMIT = 200
_RATIONALE_LIMIT = 400


def format_judge(found: Agreement) -> str:
    """Figures, the confusion matrix, and the worst disagreements."""
    parts = ["\n".join(_figures(found)) + "\n", _matrix(found)]
    if found.disagreements:
        parts.append("\n".join(_disagreements(found.disagreements)) + "\n")
    for missing, head in (
        (found.failures, "without a verdict, in no figure above"),
        (found.split, "in no figure above"),
    ):
        if missing:
            parts.append("\n".join(_missing(missing, head)) + "\n")
    return "\n".join(parts)


def judge_to_dict(found: Agreement) -> dict[str, Any]:
    """Everything, as JSON values."""
    errors = found.accuracy
    return {
        "calibration": calibration_to_dict(found.calibration),
        "why_undefined": found.why_undefined,
        "caution": caution(found.calibration),
        "sensitivity": _rate(errors.sensitivity),
        "specificity": _rate(errors.specificity),
        "matrix": [{"label": label, "judge": said, "count": n} for (label, said), n in found.matrix.items()],
        "disagreements": [_judged(one) for one in found.disagreements],
        "failures": [_missing_to_dict(one) for one in found.failures],
        "split": [_missing_to_dict(one) for one in found.split],
    }


def _figures(found: Agreement) -> list[str]:
    known, errors = found.calibration, found.accuracy
    weighted = " (quadratic weights)" if known.labels == "grade" else ""
    kappa = f"undefined: {found.why_undefined}" if known.kappa is None else f"{known.kappa:.2f}{weighted}"
    at = "" if known.labels == "verdict" else " (grades from which an answer passes)"
    lines = [
        f"{known.judge}: {plural(known.n, 'output')} judged and labelled",
        f"agreement    {percent(known.agreement)}",
        f"kappa        {inert(kappa)}",
        f"sensitivity  {_shown(errors.sensitivity)} of what people pass{at}",
        f"specificity  {_shown(errors.specificity)} of what people fail{at}",
    ]
    few = caution(known)
    if few:
        lines.append(f"few labels   {few}")
    if known.raters > 1:
        alpha = "undefined" if known.alpha is None else f"{known.alpha:.2f}"
        lines.append(f"alpha        {alpha} among {known.raters} raters (Krippendorff)")
    if known.stability is not None:
        lines.append(f"stability    {percent(known.stability)} of outputs got the same word in all votes")
    return lines


def _shown(rate: Rate | None) -> str:
    if rate is None:
        return NONE
    interval = rate.interval
    return f"{percent(rate.value)} ({percent(interval.low)} to {percent(interval.high)})"


def _matrix(found: Agreement) -> str:
    labels = _ordered({label for label, _ in found.matrix} | {said for _, said in found.matrix})
    rows = [(label, *(str(found.matrix.get((label, said), 0)) for said in labels)) for label in labels]
    header = ("label", *(f"judge {said}" for said in labels))
    return format_table(header, rows, right=range(1, len(header)))


def _ordered(words: set[str]) -> list[str]:
    """`pass` before `fail`, grades by their size."""
    return sorted(
        words, key=lambda word: (word == "fail", float(word) if word.lstrip("-").isdigit() else 0.0)
    )


def _disagreements(judged: Sequence[Judged]) -> list[str]:
    lines = [f"{plural(len(judged), 'disagreement')}, the worst first:"]
    for one in judged[:MAX_SHOWN]:
        first = one.labelled.first
        lines.append(f"{first.where}: label {_label(one)}, judge {_said(one)}")
        lines.append(f"    {_line(first.output, _OUTPUT_LIMIT)}")
        lines.append(f"    judge: {_line(one.rationale, _RATIONALE_LIMIT)}")
    if len(judged) > MAX_SHOWN:
        lines.append(f"and {len(judged) - MAX_SHOWN} more; `--format json` holds them all")
    return lines


def _missing(missing: Sequence[Missing], head: str) -> list[str]:
    lines = [f"{plural(len(missing), 'output')} {head}:"]
    lines += [f"{one.where}: {_line(one.reason, _RATIONALE_LIMIT)}" for one in missing[:MAX_SHOWN]]
    if len(missing) > MAX_SHOWN:
        lines.append(f"and {len(missing) - MAX_SHOWN} more; `--format json` holds them all")
    return lines


def _line(text: str, limit: int) -> str:
    return shorten(inert(" ".join(text.split())), limit)


def _label(one: Judged) -> str:
    label = one.labelled.label
    return word_of(label) if isinstance(label, bool) else f"{label:g}"


def _said(one: Judged) -> str:
    verdict = isinstance(one.labelled.label, bool) or one.grade is None
    return word_of(one.passed) if verdict else f"{one.grade:.3g}"


def _rate(rate: Rate | None) -> dict[str, float] | None:
    if rate is None:
        return None
    return {"rate": rate.value, "hits": rate.hits, "of": rate.of, **asdict(rate.interval)}


def _judged(one: Judged) -> dict[str, Any]:
    first = one.labelled.first
    return {
        "where": str(first.where),
        "output": first.output,
        "label": _label(one),
        "judge": _said(one),
        "rationale": one.rationale,
        "votes": list(one.votes),
    }


def _missing_to_dict(one: Missing) -> dict[str, str]:
    return {"where": str(one.where), "reason": one.reason}
