"""docs/numbers.md: its blocks hold for whatever a run was, not for those alone that show every number."""

import pytest

from llmops_cli.errors import ExitCode
from tests.docs.test_numbers_docs import BETTER, CHECKS, PAGE, PROMPT, VARYING
from tests.support.project import GREET, TWO_CASES, Project

START = "prompt: p\ntrials: 3\nscorers: [starts_with: right]\n"
GATED = START + "gate: {min_pass_rate: 50%, metrics: [quality]}\n"
GATED = GATED.replace(
    "[starts_with: right]", "[starts_with: right, {python: {value: checks:quality, name: quality}}]"
)
EDIT = ("be wrong once in 7, be worth 80", "do be wrong once in 7, be worth 80")
BREAK = ("be wrong once in 7, be worth 80", "be wrong once in 1, be worth 80")


def cases(*numbers: int) -> str:
    return "cases:\n" + "".join(
        f"  - {{id: c{n}, vars: {{q: question {n}}}, tags: [all]}}\n" for n in numbers
    )


def accepted(project: Project, evalset: str, *eval_options: str, model: str = VARYING) -> None:
    files = {"varying.py": model, "checks.py": CHECKS, "llmops.yaml": "allow_python: true\n",
             "prompts/p.yaml": PROMPT, "prompts/judges/better.yaml": BETTER, "evalsets/p.yaml": evalset}  # fmt: skip
    project.commit("p", files)
    project.llmops("eval", "--trials", "5", *eval_options)
    assert project.llmops("accept").exit_code == ExitCode.PASS
    project.commit("accept")


def one_case(project: Project) -> list[str]:
    accepted(project, START + cases(1))
    project.edit("prompts/p.yaml", *EDIT)
    return []


def all_failing(project: Project) -> list[str]:
    evalset = GATED + cases(*range(8))
    accepted(project, evalset.replace("right", "neither"))
    project.edit("prompts/p.yaml", *EDIT)
    return []


def none_comparable(project: Project) -> list[str]:
    accepted(project, START + cases(1, 2))
    project.write({"evalsets/p.yaml": GATED + cases(3, 4)})
    return []


def from_the_record(project: Project) -> list[str]:
    accepted(project, GATED + cases(*range(8)))
    return ["--trials", "5"]


def no_baseline(project: Project) -> list[str]:
    accepted(project, GATED + cases(*range(8)))
    (project.root / "evalsets/p.baseline.jsonl").unlink()
    return []


def unanswered(project: Project) -> list[str]:
    accepted(project, GATED + cases(*range(4)))
    project.edit("prompts/p.yaml", "model: python:varying:answer", "model: python:varying:gone")
    return []


def reference(project: Project, prompt: tuple[str, str] = BREAK) -> list[str]:
    project.write({"prompts/q.yaml": PROMPT.replace(*prompt)})
    accepted(project, GATED.replace("prompt: p", "prompts: [p, q]") + cases(*range(8)))
    return ["--reference", "p"]


def reference_edited(project: Project) -> list[str]:
    options = reference(project, (EDIT[0], "please be wrong once in 6, be worth 80"))
    project.edit("prompts/p.yaml", *EDIT)
    return options


def generalised(project: Project) -> list[str]:
    accepted(project, GATED.replace("gate: {", "gate: {generalise: true, ") + cases(*range(8)))
    project.edit("prompts/p.yaml", *BREAK)
    return []


def generalised_alone(project: Project) -> list[str]:
    accepted(project, START + "gate: {generalise: true}\n" + cases(1))
    project.edit("prompts/p.yaml", *EDIT)
    return []


def always_alike(project: Project) -> list[str]:
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    project.llmops("eval")
    assert project.llmops("accept").exit_code == ExitCode.PASS
    project.commit("accept")
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    project.replies(("Ada", "No."), ("Bob", "Hello, Bob!"))
    return []


def two_sets(project: Project) -> list[str]:
    project.write({"evalsets/another.yaml": GATED + cases(*range(20, 26))})
    accepted(project, GATED + cases(*range(6)))
    project.edit("prompts/p.yaml", *BREAK)
    return []


def rerun(project: Project) -> list[str]:
    accepted(project, GATED + cases(*range(6)))
    project.edit("prompts/p.yaml", *EDIT)
    return ["--rerun-baseline"]


def linked(project: Project) -> list[str]:
    """Each question is asked by two cases, which share its calls; one of them has a scorer more."""
    more = "  - {{id: d{0}, vars: {{q: question {0}}}, scorers: [{{contains: {{value: '0.8', name: worth}}}}]}}\n"
    shared = VARYING + '\nanswer.cache_key = "1"\n'
    accepted(project, START + cases(*range(4)) + "".join(more.format(n) for n in range(4)), model=shared)
    project.edit("prompts/p.yaml", *EDIT)
    return []


SCENES = (
    one_case, all_failing, none_comparable, from_the_record, no_baseline, unanswered, reference, reference_edited,
    generalised, generalised_alone, rerun, two_sets, linked, always_alike,
)  # fmt: skip


@pytest.mark.parametrize("scene", SCENES)
def test_the_blocks_hold(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    scene: object,
) -> None:
    assert callable(scene)
    options = scene(project)
    result = project.llmops("eval", *options)
    assert result.exit_code in {ExitCode.PASS, ExitCode.REGRESSION, ExitCode.INCONCLUSIVE}, result.both
    project.write({"run.json": project.llmops("report", "--format", "json").stdout})
    monkeypatch.chdir(project.root)

    _run("run")
    if scene in {no_baseline, always_alike}:
        with pytest.raises(SystemExit, match="nothing was compared"):
            _run("vary", "generalise")
    else:
        _run("vary", "generalise", *(["linked"] if scene is linked else []))
    assert ("8 cases, 4 questions: p = " in capsys.readouterr().out) == (scene is linked)


def _run(*marks: str) -> None:
    names: dict[str, object] = {}
    for mark, body in _marked(*marks):
        exec(compile(body, f"docs/numbers.md, {mark}: {body[:40]}", "exec"), names)


def _marked(*marks: str) -> list[tuple[str, str]]:
    from tests.docs.markdown import story

    return [(mark, body) for mark, body in story(PAGE) if mark in marks]
