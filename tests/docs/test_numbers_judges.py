"""docs/numbers.md: the rates of judges, computed again by the page's own code."""

import re
from dataclasses import fields

import pytest

from llmops_cli.domain.judge_figures import Calibrated, Estimate, JudgeFigures
from llmops_cli.errors import ExitCode
from tests.docs.markdown import ROOT, blocks
from tests.stories.test_calibration import JUDGE, _by_word
from tests.stories.test_judge_figures import FORTY
from tests.support.model_server import ModelServer
from tests.support.project import GREET, Project

PAGE = ROOT / "docs" / "numbers.md"
NAMES = ("ada", "bob", "cleo", "dan", "eve")
EVALSET = """\
prompt: greet
trials: 5
scorers:
  - judge: {prompt: judges/kind, name: kind}
  - judge: {prompt: judges/kind, name: unkind, not: true}
  - judge: {prompt: judges/kind, name: often, votes: 3}
cases:
"""
SAID = {
    "ada": ["good"],
    "bob": ["good", "bad", "good", "good", "bad"],
    "cleo": ["bad"],
    "dan": ["good", "odd", "good", "bad", "good"],
    "eve": ["good 1", "good 2", "bad 3", "good 4", "good 5"],
}


@pytest.mark.parametrize("prompts", ["prompt: greet", "prompts: [greet, again]"])
def test_rates_and_their_corrections_come_out_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], prompts: str
) -> None:
    evalset = EVALSET.replace("prompt: greet", prompts)
    options = ["--reference", "again"] if "again" in prompts else []
    project.replies(*((write(name), texts) for name, texts in SAID.items() for write in (str, str.upper)))
    related = {"dan": "d", "eve": "d"}
    cases = "".join(
        f"  - {{id: {name}, vars: {{name: {name}}}, cluster: {related.get(name, name)}}}\n" for name in NAMES
    )
    with ModelServer(_by_word) as server:
        alias = f"  judge: {{model: openai/judge-1, api_base: '{server.url}'}}\n"
        project.write({"llmops.yaml": project.read("llmops.yaml") + alias, "labels.csv": FORTY})
        once = evalset.replace(", votes: 3", "") + cases
        project.write(
            {
                "prompts/greet.yaml": GREET,
                "prompts/again.yaml": GREET.replace("{{ name }}", "{{ name | upper }}"),
                "prompts/judges/kind.yaml": JUDGE,
                "evalsets/greet.yaml": once,
            }
        )
        assert project.llmops("judge", "judges/kind", "--labels", "labels.csv").exit_code == ExitCode.PASS
        project.write({"evalsets/greet.yaml": evalset + cases})
        project.llmops("eval", *options)
        project.write({"run.json": project.llmops("report", "--format", "json").stdout})
    monkeypatch.chdir(project.root)
    names: dict[str, object] = {}

    for number, (_, body) in enumerate(blocks("judges", PAGE)):
        exec(compile(body, f"docs/numbers.md, judges block {number + 1}", "exec"), names)

    printed = capsys.readouterr().out
    assert re.search(r"^kind: 0\.62, corrected 0\.63 \(0\.\d\d to 1\.00\)$", printed, re.MULTILINE)
    assert re.search(r"^unkind: 0\.38, corrected 0\.37 \(0\.00 to 0\.\d\d\)$", printed, re.MULTILINE)
    assert "often" not in printed  # it is asked in another way than the one that was calibrated
    judges = project.llmops("report", "--format", "json").json()["evalsets"][0]["judges"]
    assert printed.count("\nunkind: ") == len(judges) / 3 == (2 if options else 1)
    for judge in judges:
        assert 4 <= judge["units"] < judge["judged"] == 24


def test_every_key_of_a_judge_is_named_on_the_page() -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("\n## Judges\n")
    words = set(re.findall(r"`(\w+)`", section)) | set(re.findall(r'"(\w+)"', section))

    for kind in (JudgeFigures, Calibrated, Estimate):
        assert {field.name for field in fields(kind)} <= words, kind
