"""What reports say of judges: from the figures of the run, in words that a narrow terminal can hold, harmless."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from llmops_cli.domain.comparison import Result
from llmops_cli.domain.judge_figures import Calibrated, Estimate, JudgeFigures
from llmops_cli.domain.run_json import result_from_dict, result_to_dict
from llmops_cli.reporters import judges
from llmops_cli.reporters.junit import format_junit
from llmops_cli.reporters.markdown import format_markdown
from llmops_cli.reporters.sarif import format_sarif
from llmops_cli.reporters.terminal import format_terminal
from llmops_cli.workflows.schema import schema_text
from tests.support import results

KNOWN = Calibrated(0.75, 40, "2026-01-02", "verdict", 18, 3, 17, 2)
KIND = JudgeFigures(
    "kind", "default", "judges/kind", "ab12", "warn", "pass rate", 21, 20, 18, 20.0, 0.95,
    rate=Estimate(0.9, 0.683, 0.988), calibration=KNOWN, corrected=Estimate(1.0, 0.712, 1.0),
)  # fmt: skip
BARE = replace(KIND, calibration=None, corrected=None)
RATE = "pass rate 0.90 (95 % interval 0.68 to 0.99) of 20 answers"


def _told(*found: JudgeFigures) -> Result:
    result = results.passing()
    parts = tuple(replace(part, judges=found) for part in result.run.evalsets)
    return replace(result, run=replace(result.run, evalsets=parts))


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        (BARE, RATE),
        (KIND, f"{RATE}; corrected for the judge's errors (Rogan-Gladen) 1.00 (95 % interval 0.71 to 1.00)"),
        (
            replace(BARE, judged=300, passed=299, units=300, rate=Estimate(299 / 300, 0.98, 0.999)),
            "pass rate 0.99 (95 % interval 0.98 to 1.00) of 300 answers",
        ),
        (replace(BARE, units=7.6), f"{RATE}, worth 8 independent ones"),
        (replace(BARE, units=19.8), RATE),
        (replace(BARE, mean_grade=4.25), f"mean grade 4.25, {RATE}"),
        (replace(BARE, calibration=KNOWN, why_uncorrected="of this"), f"{RATE}; not corrected: of this"),
        (replace(BARE, judged=0, passed=0, units=0, rate=None), "no answer to take a pass rate of"),
        (
            replace(BARE, metric="win rate", judged=1, passed=1, units=1, rate=Estimate(1, 0.025, 1)),
            "win rate 1.00 (95 % interval 0.03 to 1.00) of 1 decided comparison",
        ),
    ],
)
def test_a_rate_in_words(judge: JudgeFigures, said: str) -> None:
    assert judges.rate_words(judge) == said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([KIND], ["judge kind: calibrated (kappa 0.75, n 40, 2026-01-02)"]),
        (
            [replace(KIND, calibration=replace(KNOWN, kappa=None, caution="of few"))],
            ["judge kind: hardly calibrated (kappa undefined, n 40, 2026-01-02): of few"],
        ),
        ([BARE, replace(BARE, variant="b")], ["judge kind: not calibrated"]),
        (
            [replace(BARE, severity="fail", why_uncalibrated="it is old")],
            ["judge kind: not calibrated (it is old), and it gates support/triage"],
        ),
        (
            [KIND, replace(BARE, scorer="strict", severity="fail", why_uncalibrated="another way")],
            [
                "judge kind: calibrated (kappa 0.75, n 40, 2026-01-02)",
                "judge kind as support/triage · strict: not calibrated (another way), and it gates support/triage",
            ],
        ),
        (
            [BARE, replace(BARE, judge="judges/tone")],
            ["judge kind: not calibrated", "judge tone: not calibrated"],
        ),
        ([], []),
    ],
)
def test_each_judge_is_calibrated_or_not(found: Sequence[JudgeFigures], said: list[str]) -> None:
    assert judges.standings(_told(*found)) == said


def test_a_variant_is_named() -> None:
    assert judges.rate_line("set", replace(BARE, variant="strong")) == f"set · strong · kind: {RATE}"


def test_figures_with_an_interval_read_as_one() -> None:
    said = judges.metric_words({"mean grade": 4, "pass rate": 0.9, "95% from": 0.78, "95% to": 1, "f1": 0.5})

    assert said == "mean grade 4.00, pass rate 0.90 (95 % interval 0.78 to 1.00), f1 0.50"
    assert judges.metric_words({"95% to": 1, "accuracy": 0.5}) == "95% to 1.00, accuracy 0.50"
    assert judges.metric_words({}) == ""


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_terminal_of_any_width_shows_all_of_it(width: int) -> None:
    shown = format_terminal(_told(replace(KIND, units=7.6)), width, False)

    assert all(len(line) <= width for line in shown.splitlines())
    flat = " ".join(shown.split())
    for line in judges.lines(_told(replace(KIND, units=7.6))):
        assert flat.count(line) == 1


def test_the_run_file_keeps_everything_that_is_shown() -> None:
    said = [KIND, replace(BARE, variant="b", negated=True, mean_grade=4.5, why_uncalibrated="x"), BARE]
    document = json.loads(json.dumps(result_to_dict(_told(*said))))
    read = result_from_dict(document)

    assert read.run.evalsets[0].judges == tuple(said)
    assert judges.lines(read) == judges.lines(_told(*said))
    assert [one["calibrated"] for one in document["evalsets"][0]["judges"]] == [True, False, False]


def test_a_newer_run_file_may_say_more_and_an_older_one_nothing() -> None:
    document = json.loads(json.dumps(result_to_dict(_told(KIND))))
    (entry,) = document["evalsets"][0]["judges"]
    for part in (entry, entry["rate"], entry["calibration"], entry["corrected"]):
        part["later"] = {"anything": 1}
    older = json.loads(json.dumps(result_to_dict(_told(KIND))))
    del older["evalsets"][0]["judges"]

    assert result_from_dict(document).run.evalsets[0].judges == (KIND,)
    assert result_from_dict(older).run.evalsets[0].judges == ()


@pytest.mark.parametrize("part", [None, "rate", "calibration", "corrected"])
def test_the_schema_sees_what_is_missing_or_of_another_type(part: str | None) -> None:
    schema = Draft202012Validator(json.loads(schema_text("run")))
    document = json.loads(json.dumps(result_to_dict(_told(KIND, BARE))))
    assert schema.is_valid(document)
    entry: dict[str, Any] = document["evalsets"][0]["judges"][0]
    value = entry if part is None else entry[part]

    for key, held in list(value.items()):
        value[key] = ["of another type"]
        assert not schema.is_valid(document), key
        del value[key]
        assert not schema.is_valid(document), key
        value[key] = held
    assert schema.is_valid(document)


def test_hostile_names_do_nothing() -> None:
    hostile = results.HOSTILE
    known = replace(KNOWN, date=hostile, caution=hostile)
    judge = replace(KIND, scorer=hostile, judge=hostile, variant=hostile, calibration=known)
    result = _told(judge, replace(BARE, why_uncalibrated=hostile, why_uncorrected=hostile))

    for write in (format_terminal, format_markdown, format_junit, format_sarif):
        text = write(result)
        assert "\x1b" not in text, write
        assert "\u202e" not in text, write
