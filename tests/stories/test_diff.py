"""`llmops diff`: what changed between two revisions in source and in effect, golden sets apart."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, Result, greeting_project

SYSTEM = """\
inputs:
  name: {type: string}
messages:
  - role: system
    file: greet.system.j2
  - role: user
    content: "Name: {{ name }}"
"""
TEMPLATE = 'You greet people.\n{% include "_tone.j2" %}\nOne sentence.\n'
TONE = "Be kind.\n"
OFFLINE = """\
model: offline/assistant
inputs:
  name: {type: string}
prompt: |
  Answer in exactly this form: HELLO: [yes/no]
  {{ name }}
"""
FENCE = re.compile(r"^(`{3,})", re.MULTILINE)


def prompts_of(result: Result) -> dict[str, Any]:
    """The prompts of `--format json`, by name."""
    return {prompt["name"]: prompt for prompt in result.json()["prompts"]}


def with_template(project: Project) -> Project:
    """A committed project whose prompt has a template file and a partial."""
    files = {
        "prompts/greet.yaml": SYSTEM,
        "prompts/greet.system.j2": TEMPLATE,
        "prompts/_tone.j2": TONE,
        "evalsets/greet.yaml": TWO_CASES,
    }
    project.replies(("", "Hello!"))
    project.commit("greet", files)
    return project


def test_nothing_differs(project: Project) -> None:
    result = with_template(project).llmops("diff", "--exit-code")

    assert result.exit_code == ExitCode.PASS
    assert re.fullmatch(r"nothing differs between HEAD \([0-9a-f]{10}\) and worktree\n", result.stdout)


def test_a_template_s_lines_and_the_requests_that_changed(project: Project) -> None:
    with_template(project).edit("prompts/greet.system.j2", "One sentence.", "Two sentences.")

    result = project.llmops("diff")

    assert result.exit_code == ExitCode.PASS
    assert "greet  changed  p1:" in result.stdout
    assert "  prompts/greet.system.j2\n" in result.stdout
    assert "    - One sentence.\n    + Two sentences.\n" in result.stdout
    assert "greet: 2 of 2 requests changed" in result.stdout
    assert "for example ada  evalsets/greet.yaml:5:5" in result.stdout
    assert "2 changed requests: the answer is not known on both sides; --run asks" in result.stdout
    assert "message 2" not in result.stdout


def test_a_partial_is_named_at_every_prompt_and_shown_once(project: Project) -> None:
    with_template(project)
    other = SYSTEM.replace("greet.system.j2", "other.system.j2")
    project.commit("other", {"prompts/other.yaml": other, "prompts/other.system.j2": TEMPLATE})
    project.edit("prompts/_tone.j2", "kind", "brief")

    result = project.llmops("diff")

    assert result.stdout.count("through prompts/_tone.j2") == 2
    assert result.stdout.count("used by greet, other") == 1
    source = result.stdout.split("shared templates")[1]
    assert source.count("    - Be kind.\n    + Be brief.\n") == 1
    assert "no evalset uses it" in result.stdout


def test_a_partial_of_a_partial_reaches_the_prompt(project: Project) -> None:
    with_template(project).commit(
        "deep", {"prompts/_tone.j2": '{% include "_deep.j2" %}', "prompts/_deep.j2": "Old."}
    )
    project.write({"prompts/_deep.j2": "New."})

    assert "through prompts/_deep.j2" in project.llmops("diff").stdout


def test_settings_are_named_with_both_values(project: Project) -> None:
    before = GREET + "params: {temperature: 0, stop: [a]}\nmodel: echo\n"
    project.commit("one", {"prompts/greet.yaml": before})
    after = before.replace("temperature: 0, stop: [a]", "temperature: 0.7, seed: 3, stop: [a, b]")
    after = after.replace("model: echo", "model: offline/assistant")
    project.write({"prompts/greet.yaml": after})

    shown = project.llmops("diff").stdout

    assert "• model echo → offline/assistant\n" in shown
    assert "• temperature 0 → 0.7\n" in shown
    assert "• seed added (3)\n" in shown
    assert '• stop ["a"] → ["a", "b"]\n' in shown


def test_inputs_added_removed_and_with_another_default(project: Project) -> None:
    before = GREET.replace(
        "inputs:\n", "inputs:\n  tone: {type: string, default: warm}\n  old: {type: string, default: x}\n"
    )
    project.commit("one", {"prompts/greet.yaml": before})
    after = before.replace("default: warm", "default: cold").replace(
        "  old: {type: string, default: x}\n", "  new: {type: integer, default: 2}\n"
    )
    project.write({"prompts/greet.yaml": after})

    shown = project.llmops("diff").stdout

    assert '• input tone string, default "warm" → string, default "cold"' in shown
    assert '• input old removed (was string, default "x")' in shown
    assert "• input new added (integer, default 2)" in shown


def test_tools_and_schema_are_compared_value_by_value(project: Project) -> None:
    function = "{name: find, description: Looks., parameters: {required: [id]}}"
    tool = f"tools:\n  - type: function\n    function: {function}\n"
    project.commit("one", {
        "prompts/greet.yaml": GREET + tool + "output: {schema: s.json}\n",
        "prompts/s.json": '{"type": "object", "required": ["a"]}',
    })  # fmt: skip
    project.edit("prompts/greet.yaml", "Looks.", "Searches.")
    project.write({"prompts/s.json": '{"type": "object", "required": ["a", "b"]}'})

    shown = project.llmops("diff").stdout

    assert "• tool find.description Looks. → Searches.\n" in shown
    assert '• output schema.required ["a"] → ["a", "b"]\n' in shown


def test_cases_that_a_new_input_leaves_without_a_request_are_counted_with_the_reason(
    project: Project,
) -> None:
    with_template(project)
    project.edit(
        "prompts/greet.yaml", "  name: {type: string}\n", "  name: {type: string}\n  day: {type: string}\n"
    )
    project.edit("prompts/greet.yaml", "{{ name }}", "{{ name }} {{ day }}")

    result = project.llmops("diff")

    assert "greet: 0 of 0 requests changed; 2 of 2 cases not comparable" in result.stdout
    assert "cannot be rendered after: prompt 'greet' needs 'day'" in result.stdout
    assert "(ada, bob)" in result.stdout


@pytest.mark.parametrize("staged", [True, False])
def test_a_renamed_prompt_is_followed(project: Project, *, staged: bool) -> None:
    with_template(project)
    (project.root / "prompts/team").mkdir()
    for name in ("greet.yaml", "greet.system.j2"):
        (project.root / "prompts" / name).rename(project.root / "prompts/team" / name)
    if staged:
        project.git("add", "--all")
    project.edit("evalsets/greet.yaml", "prompt: greet", "prompt: team/greet")

    moved = prompts_of(project.llmops("diff", "--format", "json"))["team/greet"]
    project.edit("prompts/team/greet.system.j2", "One sentence.", "Two sentences.")
    result = project.llmops("diff")

    assert (moved["before_name"], moved["kind"]) == ("greet", "changed")  # it reaches its partial otherwise
    assert "greet → team/greet  renamed and changed" in result.stdout
    assert "- One sentence." in result.stdout
    assert "greet: 2 of 2 requests changed" in result.stdout


def test_a_rename_with_nothing_else_is_told_as_such(project: Project) -> None:
    project.commit("one", {"prompts/greet.yaml": GREET})
    project.git("mv", "prompts/greet.yaml", "prompts/welcome.yaml")

    assert "greet → welcome  renamed, same content" in project.llmops("diff").stdout


def test_a_rename_that_was_rewritten_since_is_followed_through_history(project: Project) -> None:
    first = project.commit("one", {"prompts/a.yaml": GREET})
    project.git("mv", "prompts/a.yaml", "prompts/b.yaml")
    project.commit("renamed")
    project.commit("rewritten", {"prompts/b.yaml": "prompt: Something else altogether\n"})

    forward = prompts_of(project.llmops("diff", first, "HEAD", "--format", "json"))
    backward = prompts_of(project.llmops("diff", "HEAD", first, "--format", "json"))

    assert [(name, p["before_name"]) for name, p in forward.items()] == [("b", "a")]
    assert [(name, p["before_name"]) for name, p in backward.items()] == [("a", "b")]


def test_added_and_removed_prompts_are_named(project: Project) -> None:
    with_template(project).commit("other", {"prompts/other.yaml": "prompt: Count to ten\n"})
    (project.root / "prompts/other.yaml").unlink()
    project.write({"prompts/new.yaml": "prompt: |\n  Write a poem\n  about {{ x }}\ninputs: {x: {}}\n"})

    shown = project.llmops("diff").stdout

    assert re.search(r"^new  added  p1:[0-9a-f]{8}\n  1 message, 2 lines$", shown, re.MULTILINE)
    assert re.search(r"^other  removed  p1:[0-9a-f]{8}$", shown, re.MULTILINE)
    assert "poem" not in shown


GOLDEN = """\
prompt: greet
trials: 3
scorers:
  - contains: "Hello, {{ vars.name }}!"
  - length: {max: 5, unit: words}
gate: {min_pass_rate: 0.9}
cases:
  - id: ada
    vars: {name: Ada Lovelace}
  - id: cy
    vars: {name: Cy}
    expected: polite
"""


def test_a_golden_set_is_no_prompt(project: Project) -> None:
    with_template(project).write({"evalsets/greet.yaml": GOLDEN})

    result = project.llmops("diff")
    document = project.llmops("diff", "--format", "json").json()

    assert document["prompts"] == []
    head, golden = result.stdout.split("golden sets (the ruler, not the prompt)\n")
    assert "greet" not in head
    for line in (
        "1 case added: cy",
        "1 case removed: bob",
        "case ada edited: name Ada → Ada Lovelace; tags removed",
        "scorer length added",
        "trials 1 → 3",
        "gate.min_pass_rate added (0.9)",
    ):
        assert f"    • {line}" in golden


def test_changed_expectations_stand_apart_from_edited_cases(project: Project) -> None:
    cases = '{"id": "ada", "vars": {"name": "Ada"}, "expected": "yes"}\n'
    evalset = "prompt: greet\nscorers: [{equals: '{{ expected }}'}]\ncases_from: '*.cases.jsonl'\n"
    with_template(project).commit("set", {"evalsets/greet.yaml": evalset, "evalsets/g.cases.jsonl": cases})
    project.edit("evalsets/g.cases.jsonl", '"yes"', '"no"')

    (found,) = project.llmops("diff", "--format", "json").json()["evalsets"]

    assert found["edited"] == []
    assert [edit["case_id"] for edit in found["expectations"]] == ["ada"]
    assert found["expectations"][0]["where"] == "evalsets/g.cases.jsonl:1"
    (change,) = found["expectations"][0]["changes"]
    assert (change["name"], change["before"], change["after"]) == ("expected", "yes", "no")


def test_a_judge_s_prompt_is_a_ruler_too(project: Project) -> None:
    judge = "inputs: {output: {}}\nmodel: echo\nprompt: 'Grade {{ output }}'\n"
    evalset = TWO_CASES.replace('  - contains: "Hello, {{ vars.name }}!"', "  - judge: {prompt: judges/tone}")
    with_template(project).commit(
        "judged", {"prompts/judges/tone.yaml": judge, "evalsets/greet.yaml": evalset}
    )
    project.edit("prompts/judges/tone.yaml", "Grade", "Rate")

    shown = project.llmops("diff").stdout

    assert "judges/tone  changed" in shown
    assert "scorer judge: judge prompt judges/tone p1:" in shown.split("golden sets")[1]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("prompts/greet.system.j2", lambda text: text.replace("\n", "\r\n")),
        ("prompts/greet.yaml", lambda text: text.replace("\n", "\r\n")),
        ("prompts/greet.yaml", lambda text: "# a comment\ndescription: greets\n" + text),
        ("evalsets/greet.yaml", lambda text: "# a comment\n" + text),
    ],
)
def test_line_ends_and_comments_are_no_difference(project: Project, path: str, change: Any) -> None:
    with_template(project).write({path: change(project.read(path))})

    result = project.llmops("diff", "--exit-code")

    assert (result.exit_code, result.stdout.split()[0]) == (ExitCode.PASS, "nothing")


def test_a_project_in_a_subfolder_of_a_larger_repository(tmp_path: Path) -> None:
    project = with_template(Project.create(tmp_path / "mono repo", "apps/räksmörgås"))
    project.edit("prompts/_tone.j2", "kind", "brief")
    (tmp_path / "mono repo/elsewhere.txt").write_text("x")

    result = project.llmops("diff", "--stat")
    committed = project.commit("tone")

    assert "greet  changed  +1 −1            2 of 2 requests" in result.stdout
    assert list(prompts_of(project.llmops("diff", f"{committed}~1", committed, "--format", "json"))) == [
        "greet"
    ]


def test_the_worktree_holds_staged_unstaged_and_untracked_work_and_git_is_only_read(project: Project) -> None:
    with_template(project)
    project.edit("prompts/greet.system.j2", "One", "Two").git("add", "--all")
    project.edit("prompts/greet.system.j2", "Two", "Three").write({"prompts/new.yaml": "prompt: x\n"})
    os.utime(project.root / "prompts/_tone.j2", (1, 1))
    index = (project.root / ".git/index").read_bytes()

    found = prompts_of(project.llmops("diff", "--format", "json"))

    assert list(found) == ["greet", "new"]
    assert "+Three sentence" in found["greet"]["texts"][0]["diff"]
    assert (project.root / ".git/index").read_bytes() == index
    assert not (project.root / ".llmops").exists()


def test_three_dots_mean_the_merge_base(project: Project) -> None:
    with_template(project).git("checkout", "-q", "-b", "topic")
    project.edit("prompts/_tone.j2", "kind", "brief").commit("topic")
    project.git("checkout", "-q", "main")
    project.commit("main", {"prompts/new.yaml": "prompt: x\n"})

    three = prompts_of(project.llmops("diff", "main...topic", "--format", "json"))
    two = prompts_of(project.llmops("diff", "main..topic", "--format", "json"))

    assert list(three) == ["greet"]
    assert {name: prompt["kind"] for name, prompt in two.items()} == {"greet": "changed", "new": "removed"}
    assert two == prompts_of(project.llmops("diff", "main", "topic", "--format", "json"))


def test_names_after_the_dashes_and_in_the_place_of_revisions(project: Project) -> None:
    with_template(project).commit("other", {"prompts/team/other.yaml": "prompt: x\n"})
    project.edit("prompts/_tone.j2", "kind", "brief").edit("prompts/team/other.yaml", "x", "y")
    project.write({"evalsets/greet.yaml": GOLDEN})

    def names(*arguments: str) -> tuple[list[str], int]:
        document = project.llmops("diff", "--format", "json", *arguments).json()
        return [prompt["name"] for prompt in document["prompts"]], len(document["evalsets"])

    assert names() == (["greet", "team/other"], 1)
    assert names("--", "greet") == (["greet"], 1)
    assert names("HEAD", "--", "prompts/team/other.yaml") == (["team/other"], 0)
    assert names("team/other") == (["team/other"], 0)
    assert names("--", "team/") == (["team/other"], 0)
    assert names("greet@HEAD") == (["greet"], 1)


def test_a_label_is_a_side(project: Project) -> None:
    project.commit("one", {"prompts/greet.yaml": GREET})
    project.llmops("label", "greet", "production")
    project.commit("two", {"prompts/greet.yaml": GREET.replace("Greet", "Welcome")})

    result = project.llmops("diff", "greet@:production")

    assert result.stdout.startswith("greet@:production (")
    assert "- Greet the person by name." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nonsense"], ExitCode.USAGE, "'nonsense' is neither a revision nor a prompt"),
        (["HEAD~7"], ExitCode.USAGE, "'HEAD~7' is neither a revision nor a prompt"),
        (["main...nonsense"], ExitCode.USAGE, "git knows no revision 'nonsense'"),
        (["HEAD", "HEAD", "HEAD"], ExitCode.USAGE, "a diff has two sides, not 3"),
        (["greet@nonsense"], ExitCode.USAGE, "git knows no revision 'nonsense'"),
        (
            ["--", "great"],
            ExitCode.NOTHING_SELECTED,
            "neither side has a prompt 'great'; did you mean 'greet'?",
        ),
        (["--", "--help"], ExitCode.NOTHING_SELECTED, "neither side has a prompt '--help'"),
    ],
)
def test_what_cannot_be_compared(project: Project, arguments: list[str], code: ExitCode, said: str) -> None:
    result = with_template(project).llmops("diff", *arguments)

    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_before_the_first_commit_and_without_git(tmp_path: Path) -> None:
    fresh = Project.create(tmp_path / "fresh").write({"prompts/greet.yaml": GREET})
    bare = Project.create(tmp_path / "none", git=False).write({"prompts/greet.yaml": GREET})

    results = [project.llmops("diff") for project in (fresh, bare)]

    assert [result.exit_code for result in results] == [ExitCode.USAGE, ExitCode.USAGE]
    assert "this repository has no commit yet" in results[0].stderr
    assert "in no git repository" in results[1].stderr


def test_exit_code_is_one_only_where_it_is_asked_for(project: Project) -> None:
    with_template(project).edit("prompts/_tone.j2", "kind", "brief")

    assert project.llmops("diff").exit_code == 0
    assert project.llmops("diff", "--exit-code").exit_code == 1
    project.commit("tone")
    assert project.llmops("diff", "--exit-code").exit_code == 0
    project.write({"evalsets/greet.yaml": GOLDEN})
    assert project.llmops("diff", "--exit-code").exit_code == 1


def test_stat_says_lines_settings_and_requests(project: Project) -> None:
    with_template(project).edit("prompts/greet.system.j2", "One sentence.\n", "Two sentences.\nNo more.\n")
    project.edit("prompts/greet.yaml", "inputs:", "params: {temperature: 1}\ninputs:")
    project.write({"evalsets/greet.yaml": GOLDEN})

    lines = [line.split() for line in project.llmops("diff", "--stat").stdout.splitlines()]
    counts = project.llmops("diff", "--stat", "--format", "json").json()["prompts"][0]

    assert lines[1] == ["greet", "changed", "+2", "−1", "1", "setting", "2", "of", "2", "requests"]
    assert lines[2][:4] == ["greet", "golden", "set", "changed"]
    assert (counts["added"], counts["removed"], counts["settings"], counts["changed"]) == (2, 1, 1, 2)


def test_an_invalid_side_is_said_and_the_rest_goes_on(project: Project) -> None:
    with_template(project)
    project.commit("broken", {
        "prompts/other.yaml": "prompt: [\n",
        "prompts/_tone.j2": "Be brief.\n",
        "evalsets/other.yaml": "prompt: other\ncases: 3\n",
    })  # fmt: skip
    project.write(
        {"prompts/other.yaml": "prompt: mended\n", "evalsets/other.yaml": "prompt: other\ncases: 4\n"}
    )
    project.edit("prompts/_tone.j2", "brief", "short")

    result = project.llmops("diff")

    assert result.exit_code == ExitCode.PASS
    assert "other  changed  invalid → p1:" in result.stdout
    assert "invalid before: prompts/other.yaml:2:1: is not valid YAML" in result.stdout
    assert "- prompt: [" in result.stdout
    assert "+ prompt: mended" in result.stdout
    assert "through prompts/_tone.j2" in result.stdout


def test_answers_of_both_baselines_stand_side_by_side(project: Project) -> None:
    before = greeting_project(project).git("rev-parse", "HEAD")
    project.replies(("Welcome", "Hello, Ada! Come in."), ("Greet", "Hello, Ada!"))
    project.edit("prompts/greet.yaml", "Greet the person", "Welcome the person")
    project.llmops("eval")
    project.llmops("accept")
    after = project.commit("welcome")
    (project.root / ".llmops").rename(project.root / ".away")

    result = project.llmops("diff", before, after)
    document = prompts_of(project.llmops("diff", before, after, "--format", "json"))

    assert result.calls == 0
    assert "    before   2/2  100%   1.00" in result.stdout
    assert "    after    1/2   50%   0.50" in result.stdout
    broken, mended = result.stdout.index("bob  pass → FAIL"), result.stdout.index("ada  pass → pass")
    assert broken < mended
    assert "- Hello, Ada!\n      + Hello, Ada!{+ Come in.+}" in result.stdout
    assert "contains 1.00 → 0.00: expected 'Hello, Bob!'" in result.both
    (answers,) = document["greet"]["answers"]
    assert (answers["unknown"], answers["before"]["length"], answers["after"]["length"]) == (0, 11.0, 20.0)


def test_answers_of_runs_count_for_the_worktree(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet the person", "Insult the person")
    unknown = project.llmops("diff")
    project.llmops("eval")

    result = project.llmops("diff")

    assert "2 changed requests: the answer is not known on both sides" in unknown.stdout
    assert "    after    0/2    0%" in result.stdout
    assert "not known" not in result.stdout
    assert result.calls == 0


def test_run_asks_for_what_is_unknown_and_for_nothing_else(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet the person", "Insult the person")

    result = project.llmops("diff", "--run")

    assert result.calls == 2  # the answers before are in the baseline
    assert "ada  pass → FAIL" in result.stdout
    assert "- [-Hello, Ada-]!\n      + {+Go away+}!" in result.stdout


def test_run_with_the_offline_model(project: Project) -> None:
    evalset = "prompt: hi\nscorers: [{matches: '^HELLO: (yes|no)$'}]\ncases: [{id: ada, vars: {name: Ada}}]\n"
    project.commit("one", {"prompts/hi.yaml": OFFLINE, "evalsets/hi.yaml": evalset})
    project.edit("prompts/hi.yaml", "HELLO:", "GOODBYE:")

    result = project.llmops("diff", "--run")

    assert result.exit_code == ExitCode.PASS
    assert "ada  pass → FAIL" in result.stdout
    assert "[-HELLO-]" in result.stdout
    assert "--run" not in result.stdout


def test_run_says_why_an_answer_could_not_be_had(project: Project) -> None:
    with_template(project).replies(("kind", "Hello, Ada!"), ("", "!the line is cut"))
    project.edit("prompts/_tone.j2", "kind", "brief")

    result = project.llmops("diff", "--run")

    assert result.exit_code == ExitCode.PASS
    assert "2 changed requests: the answer is not known on both sides\n" in result.stdout
    assert "not answered: scripted:answer raised RuntimeError: the line is cut" in result.both


def test_another_ruler_measures_both_sides(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet the person", "Insult the person")
    project.edit("evalsets/greet.yaml", "Hello, {{ vars.name }}!", "away")

    result = project.llmops("diff", "--run")

    assert "    before   0/2    0%" in result.stdout
    assert "ada  FAIL → pass" in result.stdout
    assert "scorer contains.value Hello, {{ vars.name }}! → away" in result.stdout


def test_markdown_keeps_model_output_inside_fences(project: Project) -> None:
    hostile = "</details> @everyone ![x](http://evil.example/p.png)\n```\n````\n# Title\n\x1b[31m"
    greeting_project(project).replies(("Insult", hostile))
    project.edit("prompts/greet.yaml", "Greet the person", "Insult the person")

    text = project.llmops("diff", "--run", "--format", "markdown").stdout

    assert "\x1b" not in text
    outside, fence = [], None
    for line in text.split("\n"):
        ticks = FENCE.match(line)
        if fence is None and ticks:
            fence = ticks[1]
        elif fence is not None and line == fence:
            fence = None
        elif fence is None:
            outside.append(re.sub(r"(`+).*?\1", "", line))
    assert fence is None
    rest = "\n".join(outside)
    assert "everyone" not in rest
    assert "evil" not in rest
    assert rest.count("</details>") == 1
    assert "| before | 2/2 | 100% |" in rest
    assert "`ada` pass → FAIL" in text
    assert "-Hello, Ada!" in text


def test_a_terminal_obeys_no_answer(project: Project) -> None:
    greeting_project(project).replies(("Insult", "\x1b]0;owned\x07\u202ego away"))
    project.edit("prompts/greet.yaml", "Greet the person", "Insult the person")

    shown = project.llmops("diff", "--run").stdout

    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert r"\x1b]0;owned\x07\u202ego away" in shown.replace("{+", "").replace("+}", "")


def test_redacted_answers_and_examples(project: Project) -> None:
    with_template(project).replies(("", "Write to bob@example.com"))
    project.write({"llmops.yaml": project.read("llmops.yaml") + "redact: [email]\n"})
    project.edit("evalsets/greet.yaml", "{name: Ada}", "{name: ada@example.com}")
    project.edit("prompts/greet.yaml", "Name:", "The name:")

    shown = project.llmops("diff", "--run", "--", "greet").stdout

    assert "example.com" not in shown.split("golden sets")[0]
    assert "+ The name: [email]" in shown


def test_changed_settings_are_noted(project: Project) -> None:
    with_template(project).write({"llmops.yaml": project.read("llmops.yaml") + "run: {retries: 0}\n"})

    result = project.llmops("diff", "--exit-code")

    assert result.exit_code == ExitCode.PASS
    assert (
        "note: llmops.yaml differs between the sides; requests of both are made with today's" in result.stdout
    )


def test_a_bare_clone_has_no_worktree(project: Project, tmp_path: Path) -> None:
    with_template(project).edit("prompts/_tone.j2", "kind", "brief").commit("tone")
    subprocess.run(["git", "clone", "-q", "--bare", project.root, tmp_path / "bare.git"], check=True)

    one = project.llmops("diff", "--repo", str(tmp_path / "bare.git"))
    two = project.llmops("diff", "--repo", str(tmp_path / "bare.git"), "HEAD~1", "HEAD", "--format", "json")

    assert one.exit_code == ExitCode.USAGE
    assert "a bare repository has no worktree" in one.stderr
    assert list(prompts_of(two)) == ["greet"]
    assert json.loads(two.stdout)["prompts"][0]["effects"][0]["changed"] == 2
