"""Our scorers against what promptfoo's assertions do on the same outputs (observed, version 0.123.1).

Where both have the same check they must agree. Where we decide otherwise on purpose, the case stands in
`DIFFERENT` with what we do and why.
"""

import csv
import json
from pathlib import Path
from typing import Any, Literal

import pytest

from llmops_cli import plugins
from llmops_cli.domain.scoring import ScoringError
from tests.unit.scorers.answers import answer, judge

Result = Literal["pass", "fail", "refused"]

CASES = {
    case["id"]: case
    for case in map(
        json.loads, Path(__file__).with_name("promptfoo_assertions.jsonl").read_text("utf-8").splitlines()
    )
}

SAME_CHECK = {
    "equals": "equals",
    "contains": "contains",
    "icontains": "contains",
    "contains-any": "contains_any",
    "icontains-any": "contains_any",
    "contains-all": "contains_all",
    "icontains-all": "contains_all",
    "starts-with": "starts_with",
    "regex": "matches",
    "is-json": "json",
    "contains-json": "json",
    "latency": "latency",
    "cost": "cost",
    "word-count": "length",
}

NO_ANSWER_INSIDE = (
    "the whole answer must be JSON, or stand in one fence; JSON somewhere in prose does not count"
)
DIFFERENT: dict[str, tuple[Result, str]] = {
    "pf-contains-all-005": ("refused", "a list of nothing would pass every answer"),
    "pf-contains-any-005": ("refused", "an empty text is in every answer"),
    "pf-contains-any-010": ("pass", "lists are YAML lists; nothing in them is unescaped a second time"),
    "pf-contains-json-004": ("fail", NO_ANSWER_INSIDE),
    "pf-contains-json-010": ("fail", "{a: 1} is YAML, not JSON"),
    "pf-contains-json-011": ("fail", "an object that is not closed is not JSON"),
    "pf-contains-json-014": ("fail", NO_ANSWER_INSIDE),
    "pf-contains-json-019": ("pass", NO_ANSWER_INSIDE),
    "pf-regex-008": ("refused", "a bad pattern is a mistake of the file, not of the answer"),
}
NOT_A_SCORERS_MATTER = {
    "pf-contains-013": "an undefined variable is refused when templates are rendered",
    "pf-contains-any-011": "a quote in promptfoo's comma lists; ours are YAML lists",
}


def base_type(case: dict[str, Any]) -> str:
    return str(case["type"]).removeprefix("not-")


SHARED = [
    case
    for case in CASES.values()
    if base_type(case) in SAME_CHECK and case["id"] not in NOT_A_SCORERS_MATTER
]


def our_arguments(case: dict[str, Any]) -> dict[str, Any]:
    """The case's assertion as an evalset of ours would write it."""
    kind, value = base_type(case), case.get("value")
    if kind in ("latency", "cost"):
        limit = case.get("threshold")
        return {} if limit is None else {"max": f"{limit}ms" if kind == "latency" else limit}
    if kind == "word-count":
        bounds = {"min": value, "max": value} if isinstance(value, int) else value or {}
        return {"unit": "words", **bounds}
    if kind == "is-json":
        return {"schema": value}
    if kind == "contains-json":
        return {"schema": value, "fenced": True}
    if kind.endswith("-any") and isinstance(value, str):
        items = next(csv.reader([value], skipinitialspace=True))
        value = [item.strip() for item in items if item.strip()]
    for name, content in case.get("vars", {}).items():
        value = str(value).replace("{{" + name + "}}", content)
    return {"value": value, **({"ignore_case": True} if kind.startswith("i") else {})}


def our_result(case: dict[str, Any]) -> Result:
    given = {"cost": case.get("cost")}
    if "latency_ms" in case:
        given["latency"] = case["latency_ms"] / 1000
    try:
        scorer = plugins.load("scorers", SAME_CHECK[base_type(case)])(**our_arguments(case))
        passed = judge(scorer, answer(case["output"], **given)).passed
    except (ScoringError, ValueError, TypeError):
        return "refused"
    return "pass" if passed != case["type"].startswith("not-") else "fail"


def their_result(case: dict[str, Any]) -> Result:
    return "refused" if case["pass"] is None else "pass" if case["pass"] else "fail"


@pytest.mark.parametrize("case", SHARED, ids=lambda case: case["id"])
def test_agreement(case: dict[str, Any]) -> None:
    wanted, reason = DIFFERENT.get(case["id"], (their_result(case), ""))
    assert our_result(case) == wanted, reason


def test_differences_are_real() -> None:
    assert {id_: their_result(CASES[id_]) for id_, (ours, _) in DIFFERENT.items()}.items().isdisjoint(
        {id_: ours for id_, (ours, _) in DIFFERENT.items()}.items()
    )


def test_the_comparison_has_not_gone_hollow() -> None:
    assert len(SHARED) >= 99
    assert {base_type(case) for case in SHARED} == set(SAME_CHECK)
    assert CASES.keys() >= NOT_A_SCORERS_MATTER.keys() | DIFFERENT.keys()
    refused = [case for case in SHARED if their_result(case) == "refused"]
    assert 5 <= len(refused) <= 10
