"""Functions of the project as scorers: whatever they return, a failure to score is no crash and no pass."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("10**400", "checks:rate returned a number of over 300 digits; a score lies between 0 and 1"),
        (
            "{'value': -10**5000}",
            "checks:rate returned as 'value' a number of over 300 digits; a score lies between 0 and 1",
        ),
        ("2", "checks:rate returned 2; a score lies between 0 and 1"),
        ("float('nan')", "checks:rate returned nan; a score lies between 0 and 1"),
    ],
)
def test_a_score_outside_its_bounds_is_a_failure_to_score(project: Project, returned: str, said: str) -> None:
    project.write(
        {
            "llmops.yaml": "allow_python: true\n",
            "checks.py": f"def rate(output):\n    return {returned}\n",
            "prompts/p.yaml": "model: echo\nprompt: hi\n",
            "evalsets/p.yaml": "prompt: p\nscorers: [{python: 'checks:rate'}]\ncases: [{id: a}]\n",
        }
    )

    result = project.llmops("eval", "--format", "json")

    assert result.exit_code == ExitCode.INCONCLUSIVE, result.both
    (outcome,) = result.json()["evalsets"][0]["comparisons"][0]["cases"][0]["candidate"]["outcomes"]
    assert outcome["scores"][0]["failure"] == said
