"""CSV: read back by the csv module and by pandas, with nothing in it that a spreadsheet would calculate."""

import csv
import io
import re
from functools import cache
from typing import Any

import pandas as pd
import pytest

from llmops_cli.reporters.csv import HEADER, _cell, format_csv
from tests.support import results

KINDS = list(results.ALL)


@cache
def shown(kind: str) -> str:
    return format_csv(results.ALL[kind]())


def rows(kind: str) -> list[dict[str, str]]:
    text = shown(kind).encode("utf-8", "backslashreplace").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_has_every_column(kind: str) -> None:
    text = shown(kind)

    assert text.startswith("\ufeffevalset,case,variant,")
    assert re.sub('"[^"]*"', "", text).replace("\r\n", "").count("\n") == 0, "CRLF, but within quotes"
    for row in rows(kind):
        assert tuple(row) == HEADER
        assert None not in row.values()


def test_a_row_says_what_became_of_a_case() -> None:
    found = {row["case"]: row for row in rows("everything")}
    worse = found["worse"]

    assert len(found) == 14
    assert {name: worse[name] for name in HEADER if name not in ("input", "explanation")} == {
        "evalset": "support/triage", "case": "worse", "variant": "default", "tags": "", "class": "regressed",
        "standing": "broken", "passes_before": "3", "trials_before": "3", "passes": "1", "trials": "3", "p": "0.2",
        "p_fresh": "0.00012",
        "cost_usd": "0.006", "tokens": "360", "latency_s": "0.25", "failing_scorers": "team",
        "expected": '{"team": "billing"}', "answer_before": results.ANSWERS["good"],
        "answer_after": results.ANSWERS["bad"], "model": "fast", "file": "services/desk/evalsets/support/triage.yaml",
        "line": "10",
    }  # fmt: skip
    assert worse["input"] == "message: I was charged twice."
    assert worse["explanation"] == "team: expected 'billing', got 'other'"
    assert found["critical-one"]["tags"] == "money, vip"
    assert found["down"]["explanation"] == "the model is down (503); try again later"
    assert found["calls-tool"]["cost_usd"] == "", "an unknown price is not 0"
    assert (found["new-good"]["trials_before"], found["gone"]["trials"]) == ("", "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_spreadsheet_reader_opens_it(kind: str) -> None:
    data = io.BytesIO(shown(kind).encode("utf-8", "backslashreplace"))

    table = pd.read_csv(data, dtype={"case": str})

    assert tuple(table.columns) == HEADER
    assert len(table) == len(rows(kind))
    if kind == "everything":
        first = table.iloc[0]
        assert (first["case"], first["passes"], first["trials"]) == ("worse", 1, 3)
        assert (first["p"], first["p_fresh"]) == (0.2, 0.00012)
        assert table["cost_usd"].isna().sum() == 3


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", " =1", "\n=1", "\u00a0=1", "\uff1d1",
        "\uff0b1", "\uff20A", "\uff0d1", "\ttext", "\ntext", "- a list",
    ],
)  # fmt: skip
def test_a_formula_is_a_text(text: str) -> None:
    assert _cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["text", "a=1", "1-2", " text", "{=}", 5, -0.5, 0, "'=1"])
def test_everything_else_stays(value: Any) -> None:
    assert _cell(value) == value


def test_no_cell_of_a_hostile_run_is_a_formula() -> None:
    for row in rows("hostile"):
        for name, value in row.items():
            assert not re.match(r"\s*[=+@\t\r-]", value), (name, value[:40])
    assert all(len(value) < 32_767 for row in rows("huge") for value in row.values())
