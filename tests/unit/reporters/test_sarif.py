"""SARIF: valid by the published schema, alerts that stay themselves, paths from the repository's root."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from llmops_cli.domain.comparison import Result
from llmops_cli.domain.outcome import Provenance
from llmops_cli.reporters.sarif import format_sarif
from tests.support import results

SCHEMA = Path(__file__).parents[2] / "schemas" / "sarif-2.1.0-rtm.5.json"
KINDS = list(results.ALL)


@cache
def run(kind: str) -> Any:
    return only_run(results.ALL[kind]())


def only_run(result: Result) -> Any:
    (found,) = json.loads(format_sarif(result))["runs"]
    return found


def alerts(kind: str) -> dict[tuple[str, str], str]:
    """(case, rule) to level."""
    return {
        (one["locations"][0]["logicalLocations"][0]["name"], one["ruleId"]): one["level"]
        for one in run(kind)["results"]
        if "logicalLocations" in one["locations"][0]
    }


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "huge"])
def test_it_is_valid_by_the_published_schema(kind: str) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    document = json.loads(format_sarif(results.ALL[kind]()).encode("utf-8", "backslashreplace"))

    assert [error.message for error in Draft4Validator(schema).iter_errors(document)] == []


def test_the_schema_would_see_a_mistake() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    document = json.loads(format_sarif(results.everything()))
    document["runs"][0]["results"][0]["level"] = "fatal"

    assert not Draft4Validator(schema).is_valid(document)


def test_levels_follow_the_verdict_and_the_severity() -> None:
    assert alerts("everything") == {
        ("worse", "team"): "error", ("critical-one", "team"): "error", ("new-bad", "team"): "error",
        ("edited-bad", "team"): "error", ("still-bad", "team"): "warning", ("accepted-one", "team"): "note",
        ("calls-tool", "judges/tone"): "note",
    }  # fmt: skip
    assert set(alerts("passing").values()) == {"warning", "note"}
    assert alerts("unaffected") == {}


def test_rules_are_scorers_and_the_gate_is_one_of_its_own() -> None:
    found = run("everything")
    rules = [rule["id"] for rule in found["tool"]["driver"]["rules"]]

    assert rules == ["llmops/gate", "team", "judges/tone"]
    assert all(rules[one["ruleIndex"]] == one["ruleId"] for one in found["results"])
    (gate,) = [one for one in found["results"] if one["ruleId"] == "llmops/gate"]
    assert gate["message"]["text"] == "support/triage: pass rate 6/13 = 46%, the gate wants at least 90%"


def test_a_result_has_the_cases_line_and_the_place_where_the_prompt_changed() -> None:
    worse = next(one for one in run("everything")["results"] if one["ruleId"] == "team")

    assert worse["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "services/desk/evalsets/support/triage.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 10, "startColumn": 5},
    }
    (related,) = worse["relatedLocations"]
    assert (
        related["physicalLocation"]["artifactLocation"]["uri"]
        == "services/desk/prompts/support/triage.system.j2"
    )
    assert related["physicalLocation"]["region"] == {"startLine": 2}
    assert worse["message"]["text"].splitlines() == [
        "worse in support/triage: expected 'billing', got 'other'", "standing: regressed",
        "before: TEAM: billing - It mentions an invoice.", "after: Nothing in it calls for that.",
        "trials: 3 of 3 passed before, 1 of 3 passed now (p = 0.2)",
        "asked again: 1 of 12 fresh trials passed, the base 11 of 12 (p = 0.00012)",
    ]  # fmt: skip


def test_fingerprints_stay_when_answers_lines_and_figures_change() -> None:
    before = results.everything()
    moved = [
        replace(
            delta,
            case=replace(delta.case, where=replace(delta.case.where, line=(delta.case.where.line or 0) + 7)),
            candidate=results.side(delta.case_id, False, text="quite another answer"),
        )
        if delta.case_id == "worse" and delta.case
        else delta
        for delta in before.comparisons[0].deltas
    ]
    texts = [r.text.replace("6/13 = 46%", "5/13 = 38%").replace("90%", "95%") for r in before.verdict.reasons]
    reasons = [replace(r, text=text) for r, text in zip(before.verdict.reasons, texts, strict=True)]
    assert reasons[0].where is not None
    reasons[0] = replace(reasons[0], where=replace(reasons[0].where, line=17))
    after = Result(
        before.run,
        (replace(before.comparisons[0], deltas=tuple(moved)),),
        replace(before.verdict, reasons=tuple(reasons)),
    )

    def prints(result: Result) -> list[str]:
        return [one["partialFingerprints"]["llmops/v1"] for one in only_run(result)["results"]]

    assert sorted(prints(before)) == sorted(prints(after))
    assert len(set(prints(before))) == len(prints(before)), "each alert has its own"


def test_what_could_not_be_judged_is_a_notification_of_the_run() -> None:
    (invocation,) = run("everything")["invocations"]
    errors = [
        one["message"]["text"] for one in invocation["toolExecutionNotifications"] if one["level"] == "error"
    ]

    assert "down in support/triage: the model is down (503); try again later" in errors
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, True)
    assert run("interrupted")["invocations"][0]["executionSuccessful"] is False


def test_the_commit_is_named_where_the_repositorys_address_is_known() -> None:
    assert run("everything")["versionControlProvenance"] == [
        {
            "repositoryUri": "https://github.com/acme/shop",
            "revisionId": results.COMMIT,
            "mappedTo": {"uriBaseId": "%SRCROOT%"},
            "branch": "shorter",
        }
    ]
    made = results.everything()
    bare = replace(made, run=replace(made.run, provenance=Provenance(results.COMMIT)))
    assert "versionControlProvenance" not in only_run(bare)
    uris = [
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for one in only_run(bare)["results"]
    ]
    assert set(uris) == {"evalsets/support/triage.yaml"}


def test_hostile_names_make_no_link_and_no_other_path() -> None:
    found = run("hostile")

    texts = [one["message"]["text"] for one in found["results"]]
    texts += [one["message"]["text"] for one in found["invocations"][0]["toolExecutionNotifications"]]
    assert texts
    assert not any("](" in text for text in texts)
    uris = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in found["results"]}
    assert "services/desk/evalsets/a%20b/%C3%BC%2C%25%3Ax.yaml" in uris


def test_accepted_cases_are_suppressed() -> None:
    suppressed = [one for one in run("everything")["results"] if "suppressions" in one]

    assert [one["locations"][0]["logicalLocations"][0]["name"] for one in suppressed] == ["accepted-one"]


def test_more_results_than_github_takes_are_cut_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmops_cli.reporters.sarif.MAX_RESULTS", 3)
    found = only_run(results.everything())

    assert [one["level"] for one in found["results"]] == ["error"] * 3
    said = [one["message"]["text"] for one in found["invocations"][0]["toolExecutionNotifications"]]
    assert "5 more results were left out" in said
