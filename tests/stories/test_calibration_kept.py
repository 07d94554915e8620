"""`llmops judge`: when a calibration is written, and when the one on record stays."""

import pytest

from llmops_cli.errors import ExitCode
from tests.stories.test_calibration import CALIBRATION, HEAD, TEN, _by_word, _judged
from tests.support.model_server import ModelServer
from tests.support.project import Project


def test_labels_of_one_kind_do_not_replace_a_calibration_that_knows_both(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, TEN).llmops("judge", "judges/kind", "--labels", "labels.csv")
        before = project.read(CALIBRATION)
        project.write({"labels.csv": HEAD + "".join(f"good {n},pass\n" for n in range(10))})
        result = project.llmops("judge", "judges/kind", "--labels", "labels.csv")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert (
        "people call every output a pass, and the calibration on record knows both: nothing was"
        in result.stderr
    )
    assert project.read(CALIBRATION) == before


def test_a_judge_without_a_verdict_on_more_than_a_tenth_is_not_kept(project: Project) -> None:
    labels = TEN + "odd 1,pass\nodd 2,pass\n"
    with ModelServer(_by_word) as server:
        result = _judged(project, server, labels).llmops("judge", "judges/kind", "--labels", "labels.csv")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "the judge had no verdict on 2 of 12 outputs" in result.stderr
    assert not (project.root / CALIBRATION).exists()


def test_a_prompt_that_is_no_judge_is_one_mistake(project: Project) -> None:
    with ModelServer(_by_word) as server:
        result = _judged(project, server, TEN).llmops("judge", "greet", "--labels", "labels.csv")

    assert result.exit_code == ExitCode.USAGE
    assert "greet is no judge: it has no input `output`" in result.stderr
    assert result.stderr.count("error") <= 1, result.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"n": 10', '"n": 11', "holds a figure that cannot be: n is not the sum of the four counts"),
        ('"agreement":', '"agreement": 1.5, "_":', "holds a figure that cannot be: agreement"),
        ('"kappa":', '"kappa": "much", "_":', "holds a figure that cannot be: kappa"),
        ('"labels": "verdict"', '"labels": "feeling"', "holds a figure that cannot be: labels"),
        ('"true_pass":', '"true_passes":', "lacks a figure"),
        ('"llmops_calibration": 1', '"llmops_calibration": 9', "is no calibration of this format"),
        ('"judge":', '"judge"', "is not valid JSON: Expecting ':' delimiter"),
    ],
)
def test_a_calibration_that_cannot_be_is_found_by_check_and_used_by_nobody(
    project: Project, old: str, new: str, said: str
) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, TEN).llmops("judge", "judges/kind", "--labels", "labels.csv")
        assert project.llmops("check").exit_code == ExitCode.PASS
        project.edit(CALIBRATION, old, new)

        found = project.llmops("check")
        named = project.llmops("check", CALIBRATION)
        others = project.llmops("check", "prompts")
        run = project.llmops("eval", "--format", "json").json()

    assert found.exit_code == named.exit_code == ExitCode.USAGE
    assert CALIBRATION in found.stderr
    assert said in found.stderr
    assert said in named.stderr
    assert others.exit_code == ExitCode.PASS
    assert said in run["evalsets"][0]["judges"][0]["why_uncalibrated"]


def test_a_calibration_that_nobody_reads_is_called_odd(project: Project) -> None:
    with ModelServer(_by_word) as server:
        _judged(project, server, TEN).llmops("judge", "judges/kind", "--labels", "labels.csv")
    project.write({"evalsets/old.calibration.json": project.read(CALIBRATION)})

    result = project.llmops("check")

    assert result.exit_code == ExitCode.PASS
    odd = f"evalsets/old.calibration.json: the calibration of 'judges/kind' is read from {CALIBRATION} alone"
    assert odd in result.both
