"""docs/numbers.md: the numbers of a run, added up again by the page's own code."""

import re
import shlex

import pytest

from llmops_cli.errors import ExitCode
from tests.docs.markdown import ROOT, blocks
from tests.support.project import GREET, Project

PAGE = ROOT / "docs" / "numbers.md"
EVALSET = """\
prompt: greet
trials: 5
scorers:
  - contains: {value: "Hello, {{ vars.name }}!", weight: 2}
  - length: {max: 10, severity: warn}
cases:
"""
NAMES = ("Ada", "Bob", "Cleo")


def evalset(names: tuple[str, ...]) -> str:
    return EVALSET + "".join(f"  - {{id: {name.lower()}, vars: {{name: {name}}}}}\n" for name in names)


@pytest.fixture
def compared(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Five trials a case on record and five now: one case broke, two vary, one went and one came."""
    old = ["Hello, Bob!"] * 4 + ["No."]
    project.replies(("Ada", "Hello, Ada!"), ("Bob", old), ("Cleo", "No."), ("Dan", "No."))
    files = {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": evalset((*NAMES, "Dan"))}
    project.commit("greet", files)
    project.llmops("eval")
    assert project.llmops("accept").exit_code == ExitCode.PASS
    project.commit("accept")
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    project.write({"evalsets/greet.yaml": evalset((*NAMES, "Eve"))})
    new = ["Hello, Cleo!", "Hello, Cleo!", "No."]
    project.replies(("Ada", "No."), ("Bob", "Hello, Bob!"), ("Cleo", new), ("Eve", "!it is down"))
    monkeypatch.chdir(project.root)
    return project


def test_the_blocks_run_on_what_report_prints(compared: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert compared.llmops("eval").exit_code != ExitCode.PASS
    ((_, shell),) = blocks("shell", PAGE)
    command, _, target = shell.strip().partition(" > ")
    compared.write({target: compared.llmops(*shlex.split(command)[1:]).stdout})
    text = PAGE.read_text(encoding="utf-8")
    python = [body for _, body in blocks("run", PAGE)]
    assert len(python) == text.count("```python")
    names: dict[str, object] = {}

    for number, body in enumerate(python):
        exec(compile(body, f"docs/numbers.md, block {number + 1}", "exec"), names)

    said = capsys.readouterr().out
    assert "ada candidate 0 of 5 trials passed" in said
    assert "cleo candidate 2 of 5 trials passed" in said
    assert "50% before, 33% now, -17 points" in said
    assert re.search(r"^ada: \w+, p = 0\.004$", said, re.MULTILINE)


def test_the_p_value_named_on_the_page() -> None:
    from scipy.stats import fisher_exact

    assert fisher_exact([[0, 3], [3, 0]], alternative="less").pvalue == pytest.approx(0.05)


def test_the_keys_that_are_drawn_are_those_of_the_document(compared: Project) -> None:
    run = compared.llmops("eval", "--format", "json").json()
    comparison = run["evalsets"][0]["comparisons"][0]
    case = next(case for case in comparison["cases"] if case["id"] == "ada")
    (drawn,) = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    totals, cases, sides = re.findall(r"(?:candidate, base|cases\[\]) {2,}(?:totals: )?(.*)", drawn)

    assert set(re.findall(r"\w+", totals)) - {"latency"} <= set(comparison["candidate"])
    assert set(re.findall(r"\w+", cases.partition(";")[0])) <= set(case)
    assert {"passed", "trials", "passes", "outcomes"} <= set(case["candidate"]) & set(
        re.findall(r"\w+", sides)
    )
