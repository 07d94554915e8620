"""JUnit: valid by the schemas of its readers, opened by one of them, and as red as the verdict."""

import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from xmlschema import XMLSchema

from llmops_cli.reporters.junit import format_junit
from tests.support import results

SCHEMAS = Path(__file__).parents[2] / "schemas"
KINDS = list(results.ALL)
GREEN = ["unaffected", "passing", "first run"]


@cache
def shown(kind: str) -> str:
    return format_junit(results.ALL[kind]())


@cache
def schema(name: str) -> XMLSchema:
    return XMLSchema(SCHEMAS / name)


def opened(kind: str) -> JUnitXml:
    return JUnitXml.fromstring(shown(kind).encode())


def outcomes(kind: str) -> dict[str, str]:
    """Case to what a reader of the file makes of it; the verdict's own test left out."""
    found = {}
    for suite in opened(kind):
        for case in suite:
            (*_, told) = ["passed", *(type(one).__name__.lower() for one in case.result)]
            found[str(case.name)] = told
    del found["verdict"]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_valid_as_jenkins_reads_it(kind: str) -> None:
    assert [error.reason for error in schema("junit-10.xsd").iter_errors(shown(kind))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_valid_as_surefire_writes_it_but_for_file_and_line(kind: str) -> None:
    bare = re.sub(r'(<testcase [^>]*?) file="[^"]*" line="[^"]*"', r"\1", shown(kind))

    assert bare.count(" line=") == 0
    assert [error.reason for error in schema("junit-10-surefire.xsd").iter_errors(bare)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_the_parts_that_ant_asks_for_in_their_order(kind: str) -> None:
    """Ant's schema (JUnit.xsd of windyroad) is not at hand as a file; these are its rules."""
    root = ET.fromstring(shown(kind))

    assert root.attrib == {}
    for number, suite in enumerate(root):
        tags = [child.tag for child in suite]
        assert tags == ["properties", *["testcase"] * (len(tags) - 3), "system-out", "system-err"]
        needed = {"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "time"}
        assert needed <= suite.attrib.keys()
        assert suite.get("id") == str(number)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        assert int(suite.attrib["tests"]) == tags.count("testcase")
        for case in suite.iter("testcase"):
            assert {"name", "classname", "time"} <= case.attrib.keys()
            assert float(case.attrib["time"]) >= 0
            assert [child.tag for child in case] in ([], ["failure"], ["error"], ["skipped"])
            assert all("type" in child.attrib for child in case if child.tag != "skipped")


def test_each_case_is_what_it_means_to_the_verdict() -> None:
    assert outcomes("everything") == {
        "worse": "failure", "critical-one": "failure", "new-bad": "failure", "edited-bad": "failure",
        "down": "error", "better": "passed", "same": "passed", "new-good": "passed", "calls-tool": "passed",
        "wobbly": "passed", "still-bad": "skipped", "edited": "skipped", "gone": "skipped", "accepted-one": "skipped",
    }  # fmt: skip


@pytest.mark.parametrize("kind", GREEN)
def test_a_run_that_passed_shows_nothing_red(kind: str) -> None:
    suites = list(opened(kind))

    assert sum(suite.failures + suite.errors for suite in suites) == 0
    assert sum(suite.tests for suite in suites) >= 1, "an empty file is a failure to many a reader"
    assert set(outcomes("passing").values()) == {"passed", "skipped"}


def test_the_verdict_has_a_test_of_its_own() -> None:
    verdicts = {kind: next(iter(next(iter(opened(kind))))).result for kind in KINDS}

    assert [type(one) for one in verdicts["everything"]] == [Failure]
    assert "pass rate 6/13 = 46%, the gate wants at least 90%" in verdicts["everything"][0].text
    assert [type(one) for one in verdicts["interrupted"]] == [Error]
    assert all(verdicts[kind] == [] for kind in GREEN)


def test_a_failure_says_what_was_expected_what_came_why_and_the_difference() -> None:
    case = next(case for suite in opened("everything") for case in suite if case.name == "worse")
    (failure,) = case.result

    assert failure.message == "team: expected 'billing', got 'other'"
    assert failure.type == "regressed"
    for part in (
        "evalsets/support/triage.yaml:10:5  REGRESSED  worse",
        "input message:\nI was charged twice.",
        'expected:\n{"team": "billing"}',
        "got:\nNothing in it calls for that.",
        "why:\nteam: expected 'billing', got 'other'",
        "--- before\n+++ after\n-TEAM: billing - It mentions an invoice.\n+Nothing in it calls for that.",
        "trials:\n3 of 3 passed before, 1 of 3 passed now (p = 0.2)",
        "asked again:\n1 of 12 fresh trials passed, the base 11 of 12 (p = 0.00012)",
    ):
        assert part in failure.text


def test_files_are_named_from_the_repositorys_root() -> None:
    cases = [case for case in ET.fromstring(shown("everything")).iter("testcase") if case.get("file")]

    assert {case.get("file") for case in cases} == {"services/desk/evalsets/support/triage.yaml"}
    assert cases[0].attrib | {"time": ""} == {
        "name": "worse", "classname": "support.triage", "file": "services/desk/evalsets/support/triage.yaml",
        "line": "10", "time": "",
    }  # fmt: skip


def test_properties_say_where_it_comes_from_and_what_the_figures_are() -> None:
    verdict, suite = opened("everything")
    origin = {one.name: one.value for one in verdict.properties()}  # type: ignore[no-untyped-call]
    figures = {one.name: one.value for one in suite.properties()}  # type: ignore[no-untyped-call]

    assert origin["verdict"] == "REGRESSION"
    assert "verdict" not in figures, "in a suite it would be taken for the suite's own"
    assert figures["run.verdict"] == "REGRESSION"
    assert origin["commit"] == results.COMMIT
    assert (figures["prompt"], figures["prompt_digest"], figures["model"]) == (
        "support/triage",
        "p1:bbbb",
        "fast",
    )
    assert (figures["pass rate.p"], figures["pass rate.drop"], figures["pass rate.at_most"]) == (
        "0.012",
        "0.095",
        "0.18",
    )
    assert figures["cost_usd"] == "0.03"


def test_skipped_cases_say_why() -> None:
    said = {
        str(case.name): one.message
        for suite in opened("everything")
        for case in suite
        for one in case.result
        if isinstance(one, Skipped)
    }

    assert said == {
        "still-bad": "fails as it did before",
        "edited": "passes, but is not compared: the case was edited",
        "gone": "removed",
        "accepted-one": "got worse, and this branch's own baseline accepts it",
    }


def test_what_xml_cannot_hold_is_visible_and_nothing_closes_an_element() -> None:
    root = ET.fromstring(shown("hostile"))
    (failure,) = root.findall("./testsuite[@id='1']/testcase/failure")
    text = failure.text or ""

    assert "]]>&amp;</failure><error/>&<>\"'\\x00\\x07\\x1b[31m\n" in text
    for mark in ("\\u2028", "\\u202e", "\\ud800", "\\ufffe", "\\uffff"):
        assert mark in text
    assert "\n::error::x\n##[error]y" in text, "the same value, and no command in the file"
    assert not re.search(r"^\s*::|##\[", shown("hostile"), re.MULTILINE)
    assert [case.tag for case in root.iter() if case.tag in ("failure", "error")] == [
        "failure",
        "failure",
        "error",
    ]
    assert "\\n" in (root.findall("./testsuite")[1].get("name") or ""), "a name stands on one line"


def test_long_answers_are_cut_and_say_so() -> None:
    assert len(shown("huge")) < 10_000_000
    assert "more characters)" in shown("huge")
