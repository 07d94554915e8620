"""A model that gets worse under its own name: the prompt that comes next is not blamed for it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, Project

SETTINGS = 'model: m\nmodels: {{m: {{model: openai/test, api_base: "{url}"}}}}\n'
CASES = "prompt: greet\ntrials: 3\nscorers: [{contains: Hello}]\ncases:\n" + "".join(
    f"  - {{id: c{n}, vars: {{name: Name{n}}}}}\n" for n in range(8)
)


class Vendor:
    """Answers "Hello", and serves the same model all the time; `worse` is what its requests must not hold."""

    worse = "no such word"

    def __call__(self, body: dict[str, Any]) -> str:
        return "Goodbye." if self.worse in json.dumps(body["messages"]) else "Hello!"


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def changed(project: Project, vendor: Vendor) -> Iterator[Project]:
    """Three trials on record that passed, and a prompt that was changed since."""
    with ModelServer(reply=vendor) as server:
        files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": CASES,
                 "llmops.yaml": SETTINGS.format(url=server.url)}  # fmt: skip
        project.commit("greet", files)
        project.llmops("eval")
        assert project.llmops("accept").exit_code == ExitCode.PASS
        project.commit("accept")
        project.edit("prompts/greet.yaml", "Greet", "Welcome")
        yield project


def test_the_prompt_is_not_blamed_where_the_accepted_one_fails_as_well(
    changed: Project, vendor: Vendor
) -> None:
    vendor.worse = "Name"

    result = changed.llmops("eval", "--trials", "1", "--format", "json")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    found = result.json()
    (comparison,) = found["evalsets"][0]["comparisons"]
    assert comparison["statistics"]["tests"][0]["worse"]
    drift = comparison["statistics"]["drift"]
    assert drift | {"p": 0} == {"cases": 8, "passes": 0, "trials": 24, "record_passes": 24,
                                "record_trials": 24, "p": 0, "shown": True}  # fmt: skip
    (reason,) = found["verdict"]["reasons"]
    said = "the accepted prompt itself passes only 0 of 24 trials today (24 of 24 on record)"
    assert reason["text"].startswith("greet: trial pass rate dropped by 100.0 points (p = ")
    assert reason["text"].endswith(f"; {said}: the model changed, not the prompt")
    assert any(
        "to record what it does today: `llmops eval --fresh`" in note for note in found["verdict"]["notes"]
    )


def test_cases_that_fail_with_either_prompt_are_not_called_flaky(changed: Project, vendor: Vendor) -> None:
    vendor.worse = "Name"
    changed.llmops("eval", "--trials", "1")

    text = " ".join(changed.llmops("report").stdout.split())
    markdown = changed.llmops("report", "--format", "markdown").stdout

    why = "passed 0 of 1, before 3 of 3; asked again, 0 of 5 passed, of the accepted prompt 0 of 3"
    assert f"greet: 8 failing, as the accepted prompt does today ({why}): c0, c1, c2" in text
    assert "the accepted prompt today: 0 of 24 fresh trials passed, 24 of 24 on record (8 cases, p = " in text
    assert "8 cases failing, as the accepted prompt does today" in markdown
    for report in (text, markdown):
        assert "flaky" not in report
        assert "100.0%" not in report
    assert "at most 100" not in text


def test_in_a_large_set_the_other_cases_are_asked_again_once_the_accepted_prompt_fails(
    changed: Project, vendor: Vendor
) -> None:
    cases = "".join(f"  - {{id: c{n}, vars: {{name: Name{n}}}}}\n" for n in range(40))
    edited = changed.read("prompts/greet.yaml")
    changed.write({"evalsets/greet.yaml": CASES.partition("cases:\n")[0] + "cases:\n" + cases})
    changed.git("checkout", "--quiet", "prompts")
    changed.llmops("eval")
    changed.llmops("accept")
    changed.commit("forty")
    changed.write({"prompts/greet.yaml": edited})
    vendor.worse = "Name"

    result = changed.llmops("eval", "--trials", "1", "--format", "json")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    drift = result.json()["evalsets"][0]["comparisons"][0]["statistics"]["drift"]
    assert (drift["cases"], drift["passes"], drift["shown"]) == (40, 0, True)


def test_a_prompt_that_breaks_the_cases_is_blamed(changed: Project, vendor: Vendor) -> None:
    vendor.worse = "Welcome"

    result = changed.llmops("eval", "--trials", "1", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    drift = result.json()["evalsets"][0]["comparisons"][0]["statistics"]["drift"]
    assert (drift["passes"], drift["trials"], drift["shown"]) == (drift["trials"], drift["passes"], False)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("{id: c3,", "{id: c3, critical: true,", "critical case c3 failed its trial"),
        ("trials: 3\n", "trials: 3\ngate: {min_pass_rate: 90%}\n", "the gate wants at least 90%"),
    ],
)
def test_critical_cases_and_bounds_are_the_users_word(
    changed: Project, vendor: Vendor, before: str, after: str, said: str
) -> None:
    changed.edit("evalsets/greet.yaml", before, after)
    vendor.worse = "Name"

    result = changed.llmops("eval", "--trials", "1")

    assert result.exit_code == ExitCode.REGRESSION
    assert said in " ".join(result.both.split())


def test_nobody_may_ask_and_the_record_is_believed(changed: Project, vendor: Vendor) -> None:
    vendor.worse = "Name"

    result = changed.llmops("eval", "--trials", "1", "--confirm", "never", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    assert result.json()["evalsets"][0]["comparisons"][0]["statistics"]["drift"] is None


def test_a_run_file_of_before_is_read(changed: Project) -> None:
    result = changed.llmops("eval", "--format", "json")
    found = result.json()
    del found["evalsets"][0]["comparisons"][0]["statistics"]["drift"]
    changed.write({"old.json": json.dumps(found)})

    assert changed.llmops("report", "old.json").exit_code == result.exit_code


def test_a_pass_in_which_cases_fell_does_not_say_that_nothing_got_worse(
    changed: Project, vendor: Vendor
) -> None:
    changed.edit("prompts/greet.yaml", "Welcome", "Greet")  # as it was accepted
    before = changed.llmops("eval", "--fresh", "--no-cache", "--trials", "2")
    vendor.worse = "Name3"

    result = changed.llmops("eval", "--fresh", "--no-cache", "--trials", "2")

    assert (before.exit_code, result.exit_code) == (ExitCode.PASS, ExitCode.PASS)
    assert "PASS nothing got worse" in before.both
    assert "−12 pts" in result.both
    assert "PASS nothing is shown to have got worse" in result.both
    said = "1 case that passed fails today (c3); of the accepted prompt's own fresh trials 0 of 3 passed"
    assert f"note: greet: {said}" in result.both
    markdown = changed.llmops("report", "--format", "markdown").stdout
    assert "PASS: nothing is shown to have got worse" in markdown
