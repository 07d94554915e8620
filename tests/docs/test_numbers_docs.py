"""docs/numbers.md: the numbers of a run, added up again by the page's own code."""

import re
import shlex

import pytest

from llmops_cli.errors import ExitCode
from tests.docs.markdown import ROOT, blocks, story
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
    others = [body for mark in ("vary", "generalise", "linked", "judges") for _, body in blocks(mark, PAGE)]
    assert len(python) + len(others) == text.count("```python")
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
    drawn, _ = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    totals, cases, sides = re.findall(r"(?:candidate, base|cases\[\]) {2,}(?:totals: )?(.*)", drawn)

    assert set(re.findall(r"\w+", totals)) - {"latency"} <= set(comparison["candidate"])
    assert set(re.findall(r"\w+", cases.partition(";")[0])) <= set(case)
    assert {"passed", "trials", "passes", "outcomes"} <= set(case["candidate"]) & set(
        re.findall(r"\w+", sides)
    )


# A right or a wrong answer with a figure of how good it is, as often as the prompt says.
VARYING = """
import collections, re, threading
COUNTS, LOCK = collections.Counter(), threading.Lock()

def answer(messages):
    text = messages[0]["content"] + messages[1]["content"]
    with LOCK:
        COUNTS[text] += 1
        number = COUNTS[text]
    every, question = int(re.search(r"in ([0-9]+)", text)[1]), int(re.search(r"question ([0-9]+)", text)[1])
    worth = int(re.search(r"worth ([0-9]+)", text)[1])
    right = "wrong" if (number + question) % every == 0 else "right"
    return f"{right} 0.{worth + (number * 7 + question * 3) % 10}"

def judge(messages):
    ours, theirs = re.findall(r"[01][.][0-9]+", messages[-1]["content"])
    return f'{{"rationale": "the larger one", "winner": "{"first" if ours > theirs else "second"}"}}'
"""
BETTER = """\
model: python:varying:judge
inputs: {first: {}, second: {}}
prompt: "{{ first }} or {{ second }}"
"""
CHECKS = """
def quality(output, **rest):
    return {"score": float(output.split()[1]), "passed": True}
"""
PROMPT = """\
model: python:varying:answer
inputs: {q: {}}
messages:
  - {role: system, content: "be wrong once in 7, be worth 80"}
  - {role: user, content: "{{ q }}"}
"""
SET = """\
prompt: p
trials: 3
scorers:
  - starts_with: right
  - python: {value: checks:quality, name: quality, severity: warn}
  - judge: {prompt: judges/better, name: better, compare_to: baseline, severity: SEVERITY}
gate: {metrics: [quality], min_pass_rate: 50%, prove: 20%}
cases:
""" + "".join(
    f"  - {{id: c{n}, vars: {{q: question {n}}}, tags: [{'even' if n % 2 == 0 else 'odd'}], critical: {n == 3}}}\n"
    for n in range(14)
).replace("True", "true").replace("False", "false")
BROKEN = "{{ 'be wrong once in 1' if 'question 6' in q else 'be wrong once in 7' }}, be worth 70"
PARTLY = (
    "{{ 'be wrong once in 1' if 'question 6' in q else"
    " ('please ' if 'question 1' in q else '') ~ 'be wrong once in 7' }}, be worth 80"
)


@pytest.mark.parametrize(
    ("edited", "code", "said"),
    [
        (
            "do be wrong once in 7, be worth 80",
            ExitCode.PASS,
            r"^proven: at most [0-9.]+% after \d+ trials a case$",
        ),
        (BROKEN, ExitCode.REGRESSION, r"^c6: confirmed, p = 0\.000"),
        (PARTLY, ExitCode.REGRESSION, r"^8 of 14 cases are known to be unchanged$"),
    ],
)
def test_the_blocks_of_the_verdict_run_on_a_proof_and_on_a_break(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    edited: str,
    code: ExitCode,
    said: str,
) -> None:
    _varied(project, SET, edited, code)
    monkeypatch.chdir(project.root)
    names: dict[str, object] = {}

    for number, (_, body) in enumerate(blocks("vary", PAGE)):
        exec(compile(body, f"docs/numbers.md, varying block {number + 1}", "exec"), names)

    printed = capsys.readouterr().out
    every = project.llmops("report", "--format", "cases").stdout
    told = re.findall(r"^(c\d+): (unchanged|flaky|regressed), p = (\S+)$", printed, re.MULTILINE)
    assert len(told) >= 6
    for case, kind, p in told:
        assert re.search(rf"^{case} +{kind} +\d of 5 +\d of 3 +{re.escape(p)}( |$)", every, re.MULTILINE), (
            every
        )
    assert re.search(r"^better: won \d+, lost \d+, tied \d+, p = ", printed, re.MULTILINE)
    assert re.search(said, printed, re.MULTILINE)
    assert ("the accepted prompt: " in printed) == (code == ExitCode.REGRESSION)  # asked to confirm the break
    assert re.search(r"^even: [+-]\d+%, p = ", printed, re.MULTILINE)
    assert re.search(r"^quality: 0\.8\d → 0\.[78]\d, p = ", printed, re.MULTILINE)
    assert ("c3: fails an unchanged prompt in" in printed) == (edited != PARTLY)


def _varied(project: Project, evalset: str, edited: str, code: ExitCode) -> None:
    """Accepted with five trials a case, edited, judged with three; the run is `run.json`."""
    first = evalset.replace("SEVERITY", "warn")  # nothing is on record to compare with
    files = {"varying.py": VARYING, "checks.py": CHECKS, "llmops.yaml": "allow_python: true\n",
             "prompts/p.yaml": PROMPT, "prompts/judges/better.yaml": BETTER, "evalsets/p.yaml": first}  # fmt: skip
    project.commit("p", files)
    project.llmops("eval", "--trials", "5")
    assert project.llmops("accept").exit_code == ExitCode.PASS
    project.write({"evalsets/p.yaml": evalset.replace("SEVERITY", "fail")})
    project.commit("accept")
    project.edit("prompts/p.yaml", "be wrong once in 7, be worth 80", edited)
    result = project.llmops("eval")
    assert result.exit_code == code, result.both
    project.write({"run.json": project.llmops("report", "--format", "json").stdout})


@pytest.mark.parametrize(("cluster", "said"), [("", "14 clusters"), (", cluster: {}", "5 clusters")])
def test_the_question_about_new_cases_is_answered_by_the_block_of_the_page(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cluster: str,
    said: str,
) -> None:
    numbers = iter(range(14))
    evalset = re.sub(r"(?<=question )\d+}", lambda q: q[0] + cluster.format(next(numbers) % 5), SET)
    evalset = evalset.replace("prove: 20%", "generalise: true")
    _varied(project, evalset, PARTLY, ExitCode.REGRESSION)
    monkeypatch.chdir(project.root)
    names: dict[str, object] = {}

    for mark, body in story(PAGE):
        if mark in {"vary", "generalise"}:
            exec(compile(body, f"docs/numbers.md, {mark}", "exec"), names)

    assert re.search(rf"^new cases: -\d+%, p = 0\.\d+, {said}$", capsys.readouterr().out, re.MULTILINE)


def test_every_number_of_the_verdict_is_drawn_on_the_page() -> None:
    from dataclasses import fields

    from llmops_cli.domain.comparison import Fresh
    from llmops_cli.domain.statistics import Added, CriticalChance, Drift, Proof, SetTest, Slice, Statistics

    _, drawn = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    words = set(re.findall(r"\w+", drawn))

    for kind in (Fresh, SetTest, Statistics, Added, CriticalChance, Drift, Proof, Slice):
        assert {field.name for field in fields(kind)} <= words, kind
