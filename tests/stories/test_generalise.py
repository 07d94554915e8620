"""`gate: {generalise: true}` through the command line: would new cases show it?"""

from llmops_cli.errors import ExitCode
from tests.support import varying
from tests.support.project import Project, Result

HALF = 'content: "be chance {{ 0.2 if q.split()[1] | int < 6 else 0.99 }}"'
"""What six of the questions are asked about goes wrong now."""


def evalset(cases: int, clusters: int) -> str:
    """So many cases; with clusters the first six are of one, the others of all of them in turn."""
    rows = ""
    for n in range(cases):
        cluster = f", cluster: {n % clusters if n >= 6 else 0}" if clusters else ""
        rows += f"  - {{id: c{n}, vars: {{q: question {n}}}{cluster}}}\n"
    return f"prompt: p\ntrials: 5\ngate: {{generalise: true}}\nscorers: [{{equals: right}}]\ncases:\n{rows}"


def judged(project: Project, text: str) -> Result:
    """Accepted, then changed for the worse."""
    varying.accepted(project, varying.BY_CHANCE, text)
    project.edit("prompts/p.yaml", "content: be chance 0.99", HALF)
    return project.llmops("eval", "--confirm", "never")


def test_cases_that_stand_alone_are_a_sample_each(project: Project) -> None:
    result = judged(project, evalset(20, 0))

    assert result.exit_code == ExitCode.REGRESSION
    assert "would new cases show it (each case by itself): trial pass rate −" in result.stdout


def test_wordings_of_one_question_are_one_draw(project: Project) -> None:
    """Six failing wordings of one question say little of questions that nobody has written yet."""
    result = judged(project, evalset(20, 7))

    assert "would new cases show it (20 cases in 7 clusters): trial pass rate −" in result.stdout
    (comparison,) = project.llmops("report", "--format", "json").json()["evalsets"][0]["comparisons"]
    (test,) = comparison["statistics"]["tests"]
    assert (test["method"], test["clusters"], test["worse"]) == ("clustered paired t", 7, False)


def test_one_cluster_says_nothing_of_new_cases_and_that_is_said(project: Project) -> None:
    result = judged(project, evalset(6, 1))

    assert "all cases that changed are of one cluster" in result.stdout
    assert "asked of these cases only" in result.stdout
    assert "would new cases" not in result.stdout


def test_a_change_of_clusters_is_a_change_of_the_ruler(project: Project) -> None:
    judged(project, evalset(20, 0))
    project.write({"evalsets/p.yaml": evalset(20, 7)})
    project.commit("cluster them")

    result = project.llmops("eval", "--against", "HEAD~1", "--confirm", "never")

    assert "cluster of 20 cases edited" in result.stdout
