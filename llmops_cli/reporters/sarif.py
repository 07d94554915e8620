"""A result as SARIF 2.1.0 for code scanning: scorers are the rules, what an answer failed is a result.

`error` is what makes the verdict red; what fails and blocks nothing is a `warning`, what the branch accepts a
`note`. A scorer that only warns is a step lower. Cases that could not be judged are no results but notifications
of the run (3.20.21). Paths are relative to the repository's root. Fingerprints are made of evalset, case, variant and
scorer and nothing else, so that an alert stays one alert while prompts and answers change.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from llmops_cli import __version__
from llmops_cli.domain.canonical import digest_of
from llmops_cli.domain.comparison import Comparison, Delta, Result, Status
from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.errors import SourceLocation
from llmops_cli.reporters import judges
from llmops_cli.reporters.cases import view_of
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.json import format_document
from llmops_cli.reporters.standing import (
    Standing,
    beyond_cases,
    cases,
    failed_scores,
    place_of,
    telling,
    unjudged_because,
    why_not,
)

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAX_RESULTS = 25_000
"""GitHub refuses a run with more (docs.github.com, "SARIF support for code scanning")."""
GATE = "llmops/gate"
_ROOT = "%SRCROOT%"
_TEXT_LIMIT = 1000
_LEVELS = ("error", "warning", "note")
_SUCCESSFUL = (Status.PASS, Status.UNAFFECTED, Status.REGRESSION)


def format_sarif(result: Result) -> str:
    """The log with its one run."""
    found = sorted(
        [*_gate_results(result), *_case_results(result)], key=lambda one: _LEVELS.index(one["level"])
    )
    shown, more = found[:MAX_RESULTS], len(found) - MAX_RESULTS
    rules = list(dict.fromkeys(one["ruleId"] for one in shown))
    places = {rule: place for place, rule in enumerate(rules)}
    for one in shown:
        one["ruleIndex"] = places[one["ruleId"]]
    run: dict[str, Any] = {
        "tool": {"driver": _driver(rules)},
        "automationDetails": {"id": "llmops/"},
        "invocations": [_invocation(result, more)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        **_version_control(result),
        "results": shown,
        "properties": {"verdict": result.verdict.status.value, "run": result.run.id},
    }
    return format_document({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver(rules: Sequence[str]) -> dict[str, Any]:
    return {
        "name": "llmops",
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in rules],
    }


def _rule(rule: str) -> dict[str, Any]:
    if rule == GATE:
        short, whole = "The gate", "A bound of the gate is missed, or the whole set fell."
    else:
        short = _text(f"Scorer {rule}")
        whole = _text(f"The answer did not satisfy the scorer {rule} of its evalset.")
    advice = "llmops eval shows it again; if the new answer is right: llmops accept"
    return {
        "id": rule,
        "shortDescription": {"text": short},
        "fullDescription": {"text": whole},
        "help": {"text": advice},
        "defaultConfiguration": {"level": "error"},
    }


def _invocation(result: Result, more: int) -> dict[str, Any]:
    status = result.verdict.status
    said = [_notification("warning", note, None) for note in [*judges.lines(result), *result.verdict.notes]]
    said += [
        _notification("error", reason.text, _location(result, reason.where))
        for reason in result.verdict.reasons
        if reason.status is Status.INCONCLUSIVE
    ]
    said += [
        _notification(
            "error",
            f"{_named(comparison, delta)}: {unjudged_because(delta)}",
            _case_place(result, comparison, delta),
        )
        for comparison, delta, standing in cases(result)
        if standing is Standing.UNJUDGED
    ]
    if more > 0:
        said.append(_notification("warning", f"{more} more results were left out", None))
    return {
        "executionSuccessful": status in _SUCCESSFUL and not result.run.interrupted,
        "exitCode": int(status.exit_code),
        "exitCodeDescription": status.value,
        "startTimeUtc": result.run.started[:19] + "Z",
        "toolExecutionNotifications": said,
    }


def _notification(level: str, text: str, location: dict[str, Any] | None) -> dict[str, Any]:
    return {"level": level, "message": {"text": _text(text)}} | (
        {"locations": [location]} if location else {}
    )


def _version_control(result: Result) -> dict[str, Any]:
    """Left out where the repository's address is not known: SARIF asks for it (3.23.3)."""
    origin = result.run.provenance
    if origin.repository_url is None or origin.commit is None:
        return {}
    details = {
        "repositoryUri": origin.repository_url,
        "revisionId": origin.commit,
        "mappedTo": {"uriBaseId": _ROOT},
    }
    return {
        "versionControlProvenance": [details | ({"branch": _text(origin.branch)} if origin.branch else {})]
    }


def _gate_results(result: Result) -> Iterator[dict[str, Any]]:
    for where, text in beyond_cases(result):
        location = _location(result, where)
        yield {
            "ruleId": GATE,
            "level": "error",
            "message": {"text": _text(text)},
            "locations": [location] if location else [],
            # figures change from run to run, the words of a ground do not
            "partialFingerprints": {
                "llmops/v1": digest_of([GATE, where.path if where else "", re.sub(r"[\d.,%]+", "", text)])
            },
        }


def _case_results(result: Result) -> Iterator[dict[str, Any]]:
    for comparison, delta, standing in cases(result):
        if standing in (Standing.REMOVED, Standing.UNJUDGED):
            continue
        for named in failed_scores(telling(delta)):
            level = _level(standing, named)
            if level is not None:
                yield _case_result(result, comparison, delta, standing, named, level)


def _level(standing: Standing, named: NamedScore) -> str | None:
    """None for one failed trial of a case that passes by its rule."""
    if named.severity == "warn":
        return "warning" if standing is Standing.BROKEN else "note"
    levels = {Standing.BROKEN: "error", Standing.FAILING: "warning", Standing.ACCEPTED: "note"}
    return levels.get(standing)


def _case_result(
    result: Result, comparison: Comparison, delta: Delta, standing: Standing, named: NamedScore, level: str
) -> dict[str, Any]:
    explanation = named.score.explanation if named.score else ""
    found: dict[str, Any] = {
        "ruleId": _text(named.name),
        "level": level,
        "message": {"text": "\n".join(_said(comparison, delta, standing, explanation))},
        "locations": [_case_place(result, comparison, delta)],
        "relatedLocations": _prompt_places(result, comparison),
        "partialFingerprints": {
            "llmops/v1": digest_of([comparison.evalset, delta.case_id, comparison.variant.name, named.name])
        },
        "properties": {
            "class": delta.kind.value,
            "standing": standing.value,
            "passes": delta.candidate.passes,
            "trials": delta.candidate.trials,
            **({"p": delta.p} if delta.p is not None else {}),
            **({"p_fresh": delta.fresh.p} if delta.fresh is not None and delta.fresh.p is not None else {}),
        },
    }
    if standing is Standing.ACCEPTED:
        found["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return found


def _said(comparison: Comparison, delta: Delta, standing: Standing, explanation: str) -> Iterator[str]:
    """The first sentence is the title of an alert: what broke, in which case."""
    view = view_of(delta)
    word = f"{delta.kind.value}" if standing is Standing.BROKEN else why_not(delta, standing)
    yield _text(f"{_named(comparison, delta)}: {explanation or 'failed'}")
    yield _text(f"standing: {word}" if standing is not Standing.PASSED else "the case passes")
    if view.before is not None:
        yield f"before: {_text(view.before)}"
    if view.after is not None:
        yield f"after: {_text(view.after)}"
    if view.trials is not None:
        yield f"trials: {view.trials}"
    if view.fresh is not None:
        yield f"{view.asked_again}: {view.fresh}"


def _named(comparison: Comparison, delta: Delta) -> str:
    variant = "" if comparison.variant.name == DEFAULT_VARIANT else f" [{comparison.variant.name}]"
    return f"{delta.case_id}{variant} in {comparison.evalset}"


def _case_place(result: Result, comparison: Comparison, delta: Delta) -> dict[str, Any]:
    where = place_of(delta, comparison)
    place = _location(result, where) or {}
    name = _text(f"{comparison.evalset}/{delta.case_id}")
    return {
        **place,
        "logicalLocations": [{"name": _text(delta.case_id), "fullyQualifiedName": name, "kind": "member"}],
    }


def _prompt_places(result: Result, comparison: Comparison) -> list[dict[str, Any]]:
    """Where the prompt changed; the prompt's file where that is not known."""
    change = comparison.prompt_change
    places = [text.first_change for text in change.texts] if change else []
    known = [place for place in places if place is not None]
    whole = SourceLocation(f"{PROMPTS_DIR}/{comparison.variant.prompt}.yaml", 1)
    found = []
    for number, place in enumerate(known or [whole], start=1):
        location = _location(result, place) or {}
        text = "the prompt changed here" if known else "the prompt"
        found.append({"id": number, **location, "message": {"text": text}})
    return found


def _location(result: Result, where: SourceLocation | None) -> dict[str, Any] | None:
    if where is None or not where.path:
        return None
    path = result.run.provenance.from_repository(where.path)
    region = {"startLine": where.line or 1} | ({"startColumn": where.column} if where.column else {})
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(path, errors="backslashreplace"), "uriBaseId": _ROOT},
            "region": region,
        }
    }


def _text(text: str) -> str:
    """Inert and short, and without the links that a message may hold: `[text](target)` (3.11.6)."""
    return inert(shorten(text, _TEXT_LIMIT)).replace("](", "] (")
