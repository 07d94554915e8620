"""Slices by tag through the command line: shown where they say something, decided by nobody."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support import varying
from tests.support.project import Project

TAGS = ("billing", "refunds", "[bold]x")
CASES = "prompt: p\ntrials: 5\nscorers: [{equals: right}]\ncases:\n" + "".join(
    f"  - {{id: c{n}, vars: {{q: question {n}}}, tags: ['{TAGS[n % 3]}', all]}}\n" for n in range(24)
)


@pytest.fixture
def tagged(project: Project) -> Project:
    return varying.accepted(project, varying.BY_CHANCE, CASES)


# the questions of one tag get a coin's chance
WORSE = 'content: "be chance {{ 0.4 if q.split()[1] | int % 3 == 1 else 0.99 }}"'


def test_the_tag_that_dropped_is_named_and_all_tags_are_in_the_json(tagged: Project) -> None:
    tagged.edit("prompts/p.yaml", "content: be chance 0.99", WORSE)

    result = tagged.llmops("eval", "--confirm", "never", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    found = {one["tag"]: one for one in comparison["statistics"]["slices"]}
    assert list(found) == ["[bold]x", "all", "billing", "refunds"]
    assert [found[tag]["cases"] for tag in found] == [8, 24, 8, 8]
    assert found["refunds"]["adjusted_p"] < 0.01
    assert found["refunds"]["notable"]
    assert not found["billing"]["notable"]
    text = tagged.llmops("report").stdout
    assert "p: by tag: refunds −" in text
    assert "billing" not in text
    assert "all −" not in text


def test_an_unchanged_prompt_shows_no_tag(tagged: Project) -> None:
    result = tagged.llmops("eval", "--fresh")

    assert result.exit_code == ExitCode.PASS
    assert "by tag" not in result.stdout


def test_a_set_without_tags_has_no_slices(tagged: Project) -> None:
    import re

    tagged.write({"evalsets/p.yaml": re.sub(r", tags: \[.*?all\]", "", CASES)})

    (comparison,) = tagged.llmops("eval", "--format", "json").json()["evalsets"][0]["comparisons"]

    assert comparison["statistics"]["slices"] == []
