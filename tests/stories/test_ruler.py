"""`--against`: a change that brings another ruler is judged by it, and the verdict says so first."""

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, Project, Result

EVALSET = """\
prompt: greet
scorers:
  - matches: "Hello"
  - contains: {value: "Hello, {{ vars.name }}!", name: team}
gate: {min_pass_rate: 0.4}
trials: 2
pass: 2/2
cases:
  - id: ada
    vars: {name: Ada}
    critical: true
    expected: {greeting: Hello}
  - id: bob.1
    vars: {name: Bob}
    scorers: [{length: {max: 40}}]
    trials: 3
  - id: eve
    vars: {name: Eve}
"""
AGAINST = ("--against", "main...")


@pytest.fixture
def change(project: Project) -> Project:
    """A branch with nothing on it; at its base Eve's case fails."""
    project.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"), ("Eve", "Hello."))
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": EVALSET})
    assert project.llmops("eval").exit_code == ExitCode.PASS
    project.llmops("accept")
    project.commit("accept")
    project.git("switch", "--quiet", "--create", "change")
    return project


def note(result: Result) -> str:
    """What leads the verdict's notes, where it speaks of the ruler."""
    notes = result.json()["verdict"]["notes"]
    return str(notes[0]) if notes and "golden set" in notes[0] else ""


def said(project: Project, *options: str) -> str:
    return note(project.llmops("eval", *AGAINST, *options, "--format", "json"))


def test_scorers_that_let_everything_pass_are_said_before_all_else(change: Project) -> None:
    start, end = EVALSET.index("scorers:"), EVALSET.index("gate:")
    weak = (
        EVALSET[:start]
        + "scorers: [{length: {max: 400, name: short}}]\n"
        + EVALSET[end:].replace("critical: true", "tags: [a]")
    )
    change.edit("prompts/greet.yaml", "Greet", "Insult").commit("worse", {"evalsets/greet.yaml": weak})

    result = change.llmops("eval", *AGAINST, "--format", "json")

    assert result.exit_code == ExitCode.PASS  # by its own rules
    assert note(result) == (
        "the golden set greet changed since main: scorers matches, team removed, short added; "
        "1 case no longer critical (ada)"
    )
    assert "the golden set greet changed since main" in change.llmops("eval", *AGAINST).both


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("min_pass_rate: 0.4", "min_pass_rate: 0.1", "gate min_pass_rate 0.4 → 0.1"),
        ("gate: {min_pass_rate: 0.4}\n", "", "gate min_pass_rate 0.4 removed"),
        ("trials: 2\n", "trials: 4\n", "trials 2 → 4"),
        ("pass: 2/2", "pass: 1/2", "pass edited"),
        ("greeting: Hello", "greeting: Hi", "1 expectation edited (ada)"),
        ("trials: 3", "trials: 1", "trials of 1 case edited (bob.1)"),
        ("max: 40", "max: 400", "own scorers of 1 case edited (bob.1)"),
        ('"Hello"', '"H"', "scorers matches.value edited"),
        ("name: team}", "name: team, severity: warn}", "scorers team.severity added"),
        ("  - id: eve\n    vars: {name: Eve}\n", "", "1 case removed (1 failed before)"),
    ],
)  # fmt: skip
def test_each_part_of_the_ruler(change: Project, old: str, new: str, told: str) -> None:
    change.edit("evalsets/greet.yaml", old, new)

    assert said(change) == f"the golden set greet changed since main: {told}"


def test_what_makes_nothing_weaker_is_not_said(change: Project) -> None:
    change.edit("prompts/greet.yaml", "Greet", "Please greet")
    change.edit("evalsets/greet.yaml", "trials: 2\n", "trials: 2\ndescription: greetings  # a word\n")
    change.edit("evalsets/greet.yaml", "  - id: eve", "  - id: new\n    vars: {name: Bob}\n  - id: eve")

    assert said(change) == ""


def test_the_gate_of_the_settings_is_part_of_it(change: Project) -> None:
    change.edit("evalsets/greet.yaml", "gate: {min_pass_rate: 0.4}\n", "")
    change.edit("llmops.yaml", "allow_python", "gate: {min_pass_rate: 0.3}\nallow_python").commit(
        "a gate for all"
    )
    change.git("switch", "--quiet", "--create", "next")
    change.edit("llmops.yaml", "gate: {min_pass_rate: 0.3}\n", "")

    result = change.llmops("eval", "--against", "change", "--format", "json")

    assert note(result) == "the golden set greet changed since change: gate min_pass_rate 0.3 removed"


def test_cases_that_leave_a_file_of_their_own(change: Project) -> None:
    head = EVALSET.partition("cases:")[0]
    change.commit("files", {
        "evalsets/greet.yaml": head + "cases_from: 'g.*.jsonl'\n",
        "evalsets/g.a.jsonl": '{"id": "ada", "vars": {"name": "Ada"}}\n',
        "evalsets/g.b.jsonl": '{"id": "bob", "vars": {"name": "Bob"}}\n',
    })  # fmt: skip
    change.git("switch", "--quiet", "--create", "next")
    (change.root / "evalsets/g.b.jsonl").unlink()

    result = change.llmops("eval", "--against", "change", "--format", "json")

    assert note(result) == "the golden set greet changed since change: 1 case removed (1 without a record)"


def test_a_judge_and_code_that_judge_otherwise(change: Project) -> None:
    judge = "model: echo\nprompt: '{\"score\": 5}'\n"
    scorers = "  - judge: {prompt: judges/kind, severity: warn}\n  - python: rules:fine\n"
    change.edit("evalsets/greet.yaml", "scorers:\n", f"scorers:\n{scorers}")
    change.edit("llmops.yaml", "allow_python", "judge: {model: echo}\nallow_python")
    code = "import limits\n\n\ndef fine(output, **more):\n    return len(output) < limits.MOST\n"
    change.commit("judged", {"prompts/judges/kind.yaml": judge, "rules.py": code, "limits.py": "MOST = 40\n"})
    change.git("switch", "--quiet", "--create", "next")
    change.write({"prompts/judges/kind.yaml": judge + "description: d\n"}).write(
        {"limits.py": "MOST = 4000\n"}
    )
    change.edit("prompts/judges/kind.yaml", "5", "4").edit(
        "llmops.yaml", "{model: echo}", "{model: scripted}"
    )

    result = change.llmops("eval", "--against", "change", "--format", "json")
    notes = result.json()["verdict"]["notes"]

    assert notes[0] == (
        "the golden set greet changed since change: judge prompt judges/kind edited; judge model echo → scripted; "
        "code of scorers edited (limits.py)"
    )


def test_a_commit_that_is_not_checked_out(change: Project) -> None:
    commit = change.edit("evalsets/greet.yaml", "min_pass_rate: 0.4", "min_pass_rate: 0.1").commit("lower")
    change.edit("llmops.yaml", "scripted: {model: 'python:scripted:answer'}", "scripted: {model: echo}")
    commit = change.commit("no code")
    change.git("switch", "--quiet", "main")

    assert "gate min_pass_rate 0.4 → 0.1" in said(change, "--tree", commit)


def test_a_set_that_was_renamed_is_compared_with_what_it_was(change: Project) -> None:
    change.git("mv", "evalsets/greet.yaml", "evalsets/hello.yaml")
    change.git("mv", "evalsets/greet.baseline.jsonl", "evalsets/hello.baseline.jsonl")
    change.edit("evalsets/hello.yaml", "min_pass_rate: 0.4", "min_pass_rate: 0.1").commit("renamed")

    assert said(change) == "the golden set hello changed since main: gate min_pass_rate 0.4 → 0.1"


def test_cases_that_moved_to_a_set_with_other_scorers_are_said(change: Project) -> None:
    names = "".join(f"  - {{id: new-{name}, vars: {{name: {name}}}}}\n" for name in ("Ada", "Bob", "Eve"))
    (change.root / "evalsets/greet.yaml").unlink()
    change.edit("prompts/greet.yaml", "Greet", "Insult")
    change.commit(
        "weak", {"evalsets/weak.yaml": f"prompt: greet\nscorers: [{{length: {{max: 400}}}}]\ncases:\n{names}"}
    )

    notes = change.llmops("eval", *AGAINST, "--format", "json").json()["verdict"]["notes"]

    assert "other scorers or rules than those of evalsets/greet.yaml at main... judge its cases now" in notes


def test_a_base_whose_set_was_broken_cannot_be_compared(change: Project) -> None:
    change.edit("evalsets/greet.yaml", "min_pass_rate: 0.4", "min_pass: 0.4").commit("broken")
    change.git("switch", "--quiet", "--create", "next")
    change.edit("evalsets/greet.yaml", "min_pass: 0.4", "min_pass_rate: 0.4")

    result = change.llmops("eval", "--against", "change", "--format", "json")

    assert result.exit_code == ExitCode.PASS
    assert note(result).startswith("the golden set greet cannot be compared with its rules at change: ")
