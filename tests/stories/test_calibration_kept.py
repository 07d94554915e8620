"""`llmops judge`: when a calibration is written, and when the one on record stays."""

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
