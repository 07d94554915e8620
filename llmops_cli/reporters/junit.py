"""A result as JUnit XML, for whatever shows test results: a suite for an evalset, a case for a case × variant.

What is red here is what the verdict says, and no more: a run that passed has neither failure nor error, or a check
would contradict the file beside it. So
- `failure`: a case that got worse; a critical one that failed; one that fails with nothing to compare with in a run
  that is no pass;
- `error`: no answer, or a scorer that could not judge;
- `skipped`, with a word: fails as before, accepted, removed, passes but is not compared.
A first suite, `llmops`, holds one test, `verdict`: it fails or errs with the reasons, as bounds of a whole set are
no case of it, and a run of nothing is a file with one test that passed. The variant of `--reference` is no test: it
is what the others are compared with. Properties of a suite speak of its evalset, but for `run.verdict`.

Elements and attributes are those that Jenkins' and Ant's schemas have in common; `file` and `line` stand beside
them, as GitLab, CircleCI and pytest have them. What XML 1.0 cannot hold is written as `\\x00`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from llmops_cli.domain.comparison import Comparison, Delta, Result, Status
from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.domain.outcome import EvalsetRun, Source
from llmops_cli.domain.spending import total
from llmops_cli.reporters import diff_lines, judges, summary
from llmops_cli.reporters.cases import view_of
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.standing import (
    Standing,
    failed_scores,
    place_of,
    standing_of,
    telling,
    unjudged_because,
    why_not,
)
from llmops_cli.reporters.warned import warnings
from llmops_cli.reporters.workflow_commands import neutral

_MESSAGE_LIMIT = 300
_TEXT_LIMIT = 10_000
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def format_junit(result: Result) -> str:
    """The document, with its declaration."""
    root = ET.Element("testsuites")
    root.append(_verdict_suite(result))
    for number, part in enumerate(result.run.evalsets, start=1):
        root.append(_suite(result, part, number))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    # the same value to every reader of XML, and nothing to the runner of a workflow whose log this may be printed in
    safe = neutral(text, colon="&#58;", bracket="&#91;")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{safe}\n'


def _verdict_suite(result: Result) -> ET.Element:
    verdict = result.verdict
    reasons = [reason.text for reason in verdict.reasons if reason.status is verdict.status]
    case = _element("testcase", name="verdict", classname="llmops", time=_seconds(result.run.seconds))
    tag = {Status.REGRESSION: "failure", Status.INCONCLUSIVE: "error"}.get(verdict.status)
    if tag is not None:
        message = shorten("; ".join(reasons) or verdict.status.value, _MESSAGE_LIMIT)
        case.append(_element(tag, "\n".join(reasons), message=message, type=verdict.status.value))
    grounds = [f"{reason.status.value}: {reason.text}" for reason in verdict.reasons]
    notes = [*judges.lines(result), *(f"note: {note}" for note in verdict.notes)]
    said = [f"{verdict.status.value}  {summary.headline(result)}", *grounds, *notes]
    properties = {"verdict": verdict.status.value, **_provenance(result)}
    return _element_suite(result, "llmops", 0, properties, [case], "\n".join(said))


def _suite(result: Result, part: EvalsetRun, number: int) -> ET.Element:
    comparisons = [c for c in result.comparisons if c.evalset == part.evalset.name]
    cases = [_case(result, comparison, delta) for comparison in comparisons for delta in comparison.deltas]
    properties = {
        "run.verdict": result.verdict.status.value,
        "path": result.run.provenance.from_repository(part.evalset.path),
    }
    for comparison in comparisons:
        prefix = f"{comparison.variant.name}." if len(comparisons) > 1 else ""
        properties |= {f"{prefix}{key}": value for key, value in _figures(comparison).items()}
    said = [
        line for c in comparisons for line in [*c.changes, *summary.statistics(c), *warnings(c), *c.notes]
    ]
    return _element_suite(result, part.evalset.name, number, properties, cases, "\n".join(said))


def _element_suite(
    result: Result, name: str, number: int, properties: Mapping[str, str], cases: list[ET.Element], said: str
) -> ET.Element:
    """The order of the parts is the one that Ant's schema asks for."""
    counts = {
        tag: sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error", "skipped")
    }
    suite = _element(
        "testsuite",
        name=name,
        package="llmops",
        id=str(number),
        hostname="localhost",  # Ant's schema asks for one; the machine's name is nobody's business
        timestamp=result.run.started[:19],
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=_seconds(sum(float(case.get("time", "0")) for case in cases)),
    )
    held = _element("properties")
    held.extend(_element("property", name=key, value=value) for key, value in properties.items())
    suite.append(held)
    suite.extend(cases)
    suite.append(_element("system-out", said))
    suite.append(_element("system-err"))
    return suite


def _provenance(result: Result) -> dict[str, str]:
    run, origin = result.run, result.run.provenance
    called = total(run.calls)
    found = {
        "run": run.id,
        "commit": origin.commit,
        "branch": origin.branch,
        "uncommitted_changes": "true" if origin.dirty else None,
        "interrupted": "true" if run.interrupted else None,
        "repository": origin.repository_url,
        **{f"version.{name}": version for name, version in origin.versions.items()},
        "run_calls": str(called.calls),
        "run_cost_usd": "unknown" if called.cost is None else _number(called.cost),
        "judge_calls": str(run.judge_calls) if run.judge_calls else None,
        "judge_cost_usd": _number(run.judge_cost) if run.judge_calls else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _figures(comparison: Comparison) -> dict[str, str]:
    info, now, before = comparison.variant, comparison.candidate, comparison.base
    asked = [
        outcome.response.cost
        for delta in comparison.deltas
        for outcome in delta.candidate.outcomes
        if outcome.response is not None and outcome.source is Source.CALLED
    ]
    costs = [cost for cost in asked if cost is not None]
    found: dict[str, str | None] = {
        "prompt": info.prompt,
        "prompt_digest": info.prompt_digest,
        "model": info.model_name or str(info.settings.get("model", "")),
        "against": comparison.against,
        "pass_rate": _number(now.pass_rate),
        "pass_rate_before": _number(before.pass_rate) if before else None,
        "cost_usd": _number(sum(costs)) if len(costs) == len(asked) else "unknown",
        "tokens_per_answer": _number(now.tokens),
        "latency_p95_s": _number(now.latency_p95),
    }
    for test in comparison.statistics.tests if comparison.statistics else ():
        found |= {
            f"{test.metric}.drop": _number(test.drop),
            f"{test.metric}.at_most": _number(test.at_most),
            f"{test.metric}.p": _number(test.p),
            f"{test.metric}.adjusted_p": _number(test.adjusted_p),
        }
    return {name: value for name, value in found.items() if value}


def _case(result: Result, comparison: Comparison, delta: Delta) -> ET.Element:
    where = place_of(delta, comparison)
    variant = comparison.variant.name
    times = [outcome.response.latency for outcome in delta.candidate.outcomes if outcome.response]
    case = _element(
        "testcase",
        name=delta.case_id if variant == DEFAULT_VARIANT else f"{delta.case_id} [{variant}]",
        classname=comparison.evalset.replace("/", "."),
        time=_seconds(sum(seconds for seconds in times if seconds is not None)),
        file=result.run.provenance.from_repository(where.path),
        line=str(where.line or 1),
    )
    standing = standing_of(delta, comparison, result.verdict.status)
    if standing is Standing.BROKEN:
        message = next(_explained(delta), delta.kind.value)
        kind = "critical" if delta.case is not None and delta.case.critical else delta.kind.value
        text = "\n\n".join(_sections(comparison, delta))
        case.append(_element("failure", text, message=shorten(message, _MESSAGE_LIMIT), type=kind))
    elif standing is Standing.UNJUDGED:
        why = unjudged_because(delta)
        text = "\n\n".join(_sections(comparison, delta))
        case.append(_element("error", text, message=shorten(why, _MESSAGE_LIMIT), type="unjudged"))
    elif standing is not Standing.PASSED:
        case.append(_element("skipped", message=shorten(why_not(delta, standing), _MESSAGE_LIMIT)))
    return case


def _explained(delta: Delta) -> Iterator[str]:
    """What each failed scorer said, those that only warn left out."""
    for named in failed_scores(telling(delta)):
        if named.score is not None and named.severity == "fail":
            yield f"{named.name}: {named.score.explanation}"


def _sections(comparison: Comparison, delta: Delta) -> Iterator[str]:
    """Place, input, expected, got, why and the difference, each under its name."""
    view, outcome = view_of(delta), telling(delta)
    got = view.after
    if got is None and outcome is not None and outcome.response is not None:
        got = outcome.response.text
    yield f"{place_of(delta, comparison)}  {delta.kind.value.upper()}  {delta.case_id}"
    for name, value in view.inputs.items():
        yield _section(
            f"input {name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        )
    if delta.case is not None and delta.case.expected is not None:
        expected = delta.case.expected
        yield _section(
            "expected", expected if isinstance(expected, str) else json.dumps(expected, ensure_ascii=False)
        )
    if got is not None:
        yield _section("got", got)
    if explained := list(_explained(delta)):
        yield _section("why", "\n".join(explained))
    if delta.candidate.passed is None:
        yield _section("not judged", unjudged_because(delta))
    if view.before is not None and got is not None and view.before != got:
        texts = (shorten(view.before, _TEXT_LIMIT), shorten(got, _TEXT_LIMIT))
        yield _section(
            "diff of the answers", "--- before\n+++ after\n" + diff_lines.unified(*texts), whole=True
        )
    if view.trials is not None:
        yield _section("trials", view.trials)
    if view.fresh is not None:
        yield _section(view.asked_again, view.fresh)


def _section(name: str, text: str, *, whole: bool = False) -> str:
    return f"{name}:\n{text if whole else shorten(text, _TEXT_LIMIT)}"


def _element(tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    """An element whose attributes stand on one line each, and which XML 1.0 can hold."""
    element = ET.Element(tag, {name: _held(value).replace("\n", "\\n") for name, value in attributes.items()})
    if text:
        element.text = _held(text)
    return element


def _held(text: str) -> str:
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), inert(text))


def _seconds(value: float) -> str:
    return f"{max(value, 0):.3f}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"
