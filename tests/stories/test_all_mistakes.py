"""Every mistake of every file in one go, each once and at its own place, before anything is asked."""

import json
from collections.abc import Mapping

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import Project

PROMPT = "inputs:\n  q: {type: string}\nmodel: echo\nprompt: '{{ q }}'\n"
EVALSET = "prompt: q\nscorers:\n  - {}\ncases:\n  - {{id: a, vars: {{q: x}}}}\n"
FROM_FILE = "prompt: q\nscorers:\n{}cases_from: q.jsonl\n"


def _mistakes(project: Project, files: Mapping[str, str], *command: str) -> list[str]:
    project.write({"prompts/q.yaml": PROMPT, "evalsets/q.yaml": EVALSET.format("contains: x"), **files})
    result = project.llmops(*(command or ["check"]))
    assert (result.exit_code, result.stdout, result.calls) == (ExitCode.USAGE, "", 0)
    lines = result.stderr.splitlines()
    return [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]


def _one(project: Project, files: Mapping[str, str], *command: str) -> str:
    (said,) = _mistakes(project, files, *command)
    return said


def _rows(count: int, **more: object) -> str:
    return "".join(json.dumps({"id": f"c{n}", "vars": {"q": "x"}, **more}) + "\n" for n in range(count))


SCORERS = """\
  - equals: "{{ nope }}"
  - judge: {prompt: nojudge}
  - python: scoring:score
"""


@pytest.mark.parametrize("command", ["check", "eval"])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("  - matches: '('\n", "evalsets/q.yaml:6:5: scorer 'matches': bad pattern"),
        ("  - contians: x\n", "evalsets/q.yaml:6:5: unknown scorer 'contians'"),
        ("trial: 3\n", "evalsets/q.yaml:6:1: unknown key 'trial' in an evalset"),
        ("gate: {min_pass_rate: 95}\n", "evalsets/q.yaml:6:23: 'min_pass_rate' must lie between"),
    ],
)
def test_a_mistake_of_one_kind_hides_none_of_another(
    project: Project, command: str, wrong: str, said: str
) -> None:
    rows = '{"id": "a", "vars": {"q": 5}}\n{"id": "b", "vars": {"q": "x", "p": 1}}\n{"id": "c", "x": 1, "vars": {}}\n'
    files = {"evalsets/q.jsonl": rows, "evalsets/q.yaml": FROM_FILE.format(SCORERS)}
    before = _mistakes(project, files, command)

    both = _mistakes(project, files | {"evalsets/q.yaml": FROM_FILE.format(SCORERS + wrong)}, command)

    assert [line.split(";")[0] for line in before] == [
        "evalsets/q.jsonl:1: 'q' must be a string, not an integer",
        "evalsets/q.jsonl:2: unknown variable 'p': q has no such input",
        "evalsets/q.jsonl:3: unknown key 'x' in a case",
        "evalsets/q.jsonl:3: prompt 'q' needs 'q' (used at prompts/q.yaml:4), which this case does not give",
        "evalsets/q.yaml:3:5: unknown variable 'nope' in '{{ nope }}'",
        "evalsets/q.yaml:4:5: unknown prompt 'nojudge'",
        "evalsets/q.yaml:5:5: a python scorer is code of this project, which may not run",
    ]
    assert len(both) == 8
    assert set(before) < set(both)
    assert any(line.startswith(said) for line in both)


def test_an_unknown_model_hides_no_mistake_of_a_case(project: Project) -> None:
    files = {
        "prompts/q.yaml": PROMPT.replace("echo", "ecco"),
        "evalsets/q.jsonl": '{"id": "a", "vars": {"q": 5}}\n',
    }

    model, case = sorted(_mistakes(project, files | {"evalsets/q.yaml": FROM_FILE.format("  - contains: x\n")}),
                         key=lambda line: "evalsets" in line)  # fmt: skip

    assert model.startswith("prompts/q.yaml:3:8: unknown model 'ecco'; did you mean 'echo'?")
    assert case == "evalsets/q.jsonl:1: 'q' must be a string, not an integer"


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        ("model: echo", "model: echo\nparams: {temperature: hot}", "4:23"),
        ("{{ q }}", "{{ nope }}", "4"),
        ("{{ q }}", "{{ q }", "4"),
        ("q: {type: string}", "q: {type: string, default: 5}", "2:30"),
        ("inputs:", "input: {}\ninputs:", "1:1"),
    ],
)
def test_a_mistake_in_a_prompt_hides_none_of_a_case_nor_of_the_prompt(
    project: Project, right: str, wrong: str, place: str
) -> None:
    prompt = PROMPT.replace(right, wrong) + "output: {}\n"
    rows = '{"id": "a", "vars": {"q": 5}}\n{"id": "b", "vars": {"q": "x", "p": 1}}\n'
    files = {"prompts/q.yaml": prompt, "evalsets/q.jsonl": rows}

    said = _mistakes(project, files | {"evalsets/q.yaml": FROM_FILE.format("  - contains: x\n")})

    places = [line.split(": ")[0] for line in said]
    assert places[:2] == ["evalsets/q.jsonl:1", "evalsets/q.jsonl:2"]
    assert sorted(places[2:]) == sorted(
        [f"prompts/q.yaml:{place}", f"prompts/q.yaml:{prompt.count(chr(10))}:9"]
    )


@pytest.mark.parametrize("wrong", ["vars: [1]", "expected: {a: 1}, tgas: x"])
def test_wrong_defaults_are_no_mistake_of_every_case(project: Project, wrong: str) -> None:
    set_ = EVALSET.format('equals: "{{ expected.b }}"').replace("{id: a, vars: {q: x}}", "{id: a}")

    said = _one(project, {"evalsets/q.yaml": set_ + f"defaults: {{{wrong}}}\n"})

    assert said.startswith("evalsets/q.yaml:6:")


def test_a_case_that_does_not_say_its_variables_lacks_none(project: Project) -> None:
    said = _one(project, {"evalsets/q.yaml": EVALSET.format("contains: x").replace("{q: x}", "[x]")})

    assert said == "evalsets/q.yaml:5:19: 'vars' must be a mapping, not a list"


def test_a_selection_of_what_could_not_be_read_is_told_the_mistake(project: Project) -> None:
    rows = '{"id": "a", "vars": {"q": "x"}}\n{"id": "b", "vars": {"q": "x"}, "x": 1}\n{"id": "c"\n'
    files = {"evalsets/q.jsonl": rows, "evalsets/q.yaml": FROM_FILE.format("  - contains: x\n")}

    for case in ("a", "b", "c"):
        said = _mistakes(project, files, "eval", "--case", case)
        assert [line.split(": ")[0] for line in said] == ["evalsets/q.jsonl:2", "evalsets/q.jsonl:3:11"]


@pytest.mark.parametrize(
    ("scorer", "said"),
    [
        (
            'contains: ""',
            (
                "scorer 'contains': 'value' must be a text that is not empty: an empty one is in every answer "
                "(in all 300 cases)"
            ),
        ),
        (
            'equals: "{{ expected.x.y }}"',
            (
                "scorer 'equals': 'expected.x' is undefined in '{{ expected.x.y }}' "
                "(in all 300 cases, the first at evalsets/q.jsonl:1)"
            ),
        ),
        (
            'equals: "{{ output "',
            "not a valid template: unexpected end of template, expected 'end of print statement' in '{{ output '",
        ),
        ('equals: "{{ expected | nofilter }}"', "unknown filter 'nofilter' in '{{ expected | nofilter }}'"),
    ],
)
def test_a_mistake_of_a_scorer_is_said_once_for_all_cases(project: Project, scorer: str, said: str) -> None:
    files = {
        "evalsets/q.jsonl": _rows(300, expected={"z": 1}),
        "evalsets/q.yaml": FROM_FILE.format(f"  - {scorer}\n"),
    }

    assert _one(project, files).startswith(f"evalsets/q.yaml:3:5: {said}")


def test_a_mistake_that_some_cases_make_names_them(project: Project) -> None:
    rows = [{"id": f"c{n}", "vars": {"q": "x"}, "expected": {} if n % 2 else {"y": "x"}} for n in range(10)]
    set_ = FROM_FILE.format('  - equals: "{{ expected.y }}"\n')

    said = _one(project, {"evalsets/q.yaml": set_, "evalsets/q.jsonl": "\n".join(map(json.dumps, rows))})
    few = _one(project, {"evalsets/q.yaml": set_, "evalsets/q.jsonl": "\n".join(map(json.dumps, rows[:4]))})
    alone = _one(project, {"evalsets/q.yaml": set_, "evalsets/q.jsonl": "\n".join(map(json.dumps, rows[:3]))})

    undefined = "'expected.y' is undefined in '{{ expected.y }}'"
    assert said == (
        f"evalsets/q.yaml:3:5: scorer 'equals': {undefined} (in 5 of 10 cases: "
        "evalsets/q.jsonl:2, evalsets/q.jsonl:4, evalsets/q.jsonl:6 and 2 more)"
    )
    assert few.endswith("(in 2 of 4 cases: evalsets/q.jsonl:2, evalsets/q.jsonl:4)")
    assert alone == f"evalsets/q.jsonl:2: case 'c1', scorer 'equals': {undefined}"


def test_cases_that_are_wrong_each_in_its_way_are_named_each(project: Project) -> None:
    rows = "".join(f'{{"id": "c{n}", "vars": {{"q": "x"}}, "expected": "v{n}"}}\n' for n in range(3))
    set_ = FROM_FILE.format('  - one_of: {labels: [x, y], value: "{{ expected }}"}\n')

    found = _mistakes(project, {"evalsets/q.yaml": set_, "evalsets/q.jsonl": rows})

    assert [line.split(": ")[0] for line in found] == [f"evalsets/q.jsonl:{n}" for n in (1, 2, 3)]


def test_a_template_that_fails_for_every_case_is_said_once(project: Project) -> None:
    prompt = PROMPT.replace("{{ q }}", "{{ q | int }}{{ (q | length) / 0 }}")
    files = {"evalsets/q.jsonl": _rows(300), "evalsets/q.yaml": FROM_FILE.format("  - contains: x\n")}

    said = _one(project, files | {"prompts/q.yaml": prompt})

    assert said.startswith("prompts/q.yaml:4")
    assert said.endswith("(for 300 cases, the first at evalsets/q.jsonl:1)")


ALIASES = "models:\n  fast:\n    rpm: 3\n    model: {}\n    params: {{{}}}\n"
WRONG_VALUES: dict[str, tuple[dict[str, str], str]] = {
    "a default of another type": (
        {
            "prompts/q.yaml": PROMPT.replace("type: string", "type: integer, default: x"),
            "evalsets/q.yaml": EVALSET.format("contains: x").replace("{q: x}", "{}"),
        },
        "prompts/q.yaml:2:31: the default of the input 'q' must be a whole number, not text; its type is integer",
    ),
    "noise that is no share": (
        {"prompts/q.yaml": PROMPT.replace("model: echo", "model: offline/assistant\nparams: {noise: 5}")},
        "prompts/q.yaml:4:17: 'noise' must be at most 1",
    ),
    "noise for another model": (
        {"prompts/q.yaml": PROMPT.replace("model: echo", "model: openai/gpt-4o-mini\nparams: {noise: 0.5}")},
        "prompts/q.yaml:4:17: 'noise' is a param of offline models, and q asks openai/gpt-4o-mini; take it out",
    ),
    "noise for an alias of another model": (
        {
            "prompts/q.yaml": PROMPT.replace("echo", "fast"),
            "llmops.yaml": ALIASES.format("echo", "noise: 0.5"),
        },
        "llmops.yaml:3:5: 'noise' is a param of offline models, and 'fast' is echo; take it out",
    ),
    "an unknown offline model": (
        {"prompts/q.yaml": PROMPT.replace("echo", "offline/nosuch")},
        "prompts/q.yaml:3:8: unknown offline model 'offline/nosuch'; the only one is offline/assistant",
    ),
    "an unknown model": (
        {"prompts/q.yaml": PROMPT.replace("echo", "nosuch")},
        (
            "prompts/q.yaml:3:8: unknown model 'nosuch'; known: echo, offline, python; "
            "any other is written vendor/model"
        ),
    ),
    "an unknown model behind an alias that nobody asks": (
        {"llmops.yaml": ALIASES.format("nosuch", "")},
        "llmops.yaml:4:12: unknown model 'nosuch'; ",
    ),
    "an unknown model for prompts that name none": (
        {"llmops.yaml": "# mine\nmodel: nosuch\n", "prompts/q.yaml": PROMPT.replace("model: echo\n", "")},
        "llmops.yaml:2:8: unknown model 'nosuch'; ",
    ),
    "an unknown model for judges": (
        {"llmops.yaml": "judge: {model: nosuch}\n"},
        "llmops.yaml:1:16: unknown model 'nosuch'; ",
    ),
    "a param of an alias": (
        {"llmops.yaml": ALIASES.format("echo", "temperature: hot")},
        "llmops.yaml:5:27: 'temperature' must be a number, not the text 'hot'",
    ),
    "a schema that refers to nothing": (
        {"evalsets/q.yaml": EVALSET.format("json: {schema: {$ref: '#/nope'}}")},
        "evalsets/q.yaml:3:5: scorer 'json': the schema refers to #/nope, which is not in it",
    ),
}


@pytest.mark.parametrize("what", WRONG_VALUES)
def test_a_value_that_cannot_be_right_is_found_before_the_first_call(project: Project, what: str) -> None:
    files, said = WRONG_VALUES[what]

    assert _one(project, files).startswith(said)


@pytest.mark.parametrize(
    "command", [("eval",), ("run", "q", "--var", "q=x"), ("render", "q", "--var", "q=x")]
)
def test_a_model_of_the_command_line_is_blamed_on_the_command_line(
    project: Project, command: tuple[str, ...]
) -> None:
    said = _one(project, {"prompts/q.yaml": PROMPT.replace("model: echo\n", "")}, *command, "--model", "x y")

    assert said.startswith("--model: unknown model 'x y'; known: echo, offline, python; any other is written")
