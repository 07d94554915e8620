"""Mistakes in files: one clear message with file and line, before the first call, and nothing lost."""

import shutil
import subprocess
from collections.abc import Mapping

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, Result, greeting_project

ONE = "prompt: greet\nscorers: [contains: Hello]\n"
FROM_FILE = ONE + "cases_from: rows.{}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def _eval(project: Project, files: Mapping[str, str | bytes]) -> Result:
    project.write({"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES, **files})
    return project.replies(("", "Hello, Ada! Hello, Bob!")).llmops("eval")


def _refused(result: Result, said: str, *, mistakes: int = 1) -> None:
    assert result.exit_code == ExitCode.USAGE
    assert said in result.stderr
    assert result.stderr.count("error: ") == mistakes
    assert result.stdout == ""
    assert result.calls == 0


WRONG_EVALSETS = {
    "an unknown key": (
        TWO_CASES + "scorer: []\n",
        "evalsets/greet.yaml:11:1: unknown key 'scorer' in an evalset; did you mean 'scorers'?",
    ),
    "an unknown key of a case": (
        TWO_CASES.replace("tags: [first]", "tag: [first]"),
        "evalsets/greet.yaml:7:5: unknown key 'tag' in a case; did you mean 'tags'?",
    ),
    "an unknown scorer": (
        TWO_CASES.replace("contains:", "contians:"),
        "evalsets/greet.yaml:3:5: unknown scorer 'contians'; did you mean 'contains'?",
    ),
    "an unknown argument": (
        TWO_CASES.replace("contains: ", "contains: {valeu: x}  #"),
        "evalsets/greet.yaml:3:16: scorer 'contains' has no argument 'valeu'; did you mean 'value'?",
    ),
    "an unknown variable": (
        TWO_CASES.replace("{name: Bob}", "{name: Bob, nmae: x}"),
        "evalsets/greet.yaml:8:5: unknown variable 'nmae': greet has no such input; did you mean 'name'?",
    ),
    "a missing variable": (TWO_CASES.replace("{name: Bob}", "{}"), "evalsets/greet.yaml:8:5: "),
    "an unknown prompt": (
        TWO_CASES.replace("prompt: greet", "prompt: gret"),
        "evalsets/greet.yaml:1:9: unknown prompt 'gret'; did you mean 'greet'?",
    ),
    "an unknown alias": (
        TWO_CASES + "models: [skripted]\n",
        "evalsets/greet.yaml:11:10: unknown model 'skripted'; did you mean 'scripted'?",
    ),
    "a duplicate id": (
        TWO_CASES.replace("id: bob", "id: ada"),
        "evalsets/greet.yaml:8:9: duplicate id 'ada'; the first stands at evalsets/greet.yaml:5:9",
    ),
    "a duplicate key": (
        TWO_CASES + "prompt: other\n",
        "evalsets/greet.yaml:11:1: duplicate key 'prompt'; the first stands in line 1",
    ),
    "a case without a scorer": (
        "prompt: greet\ncases:\n  - {id: ada, vars: {name: Ada}}\n",
        "evalsets/greet.yaml:3:5: case 'ada' has no scorer; add `scorers:` to the set or to the case",
    ),
    "an empty evalset": (ONE, "evalsets/greet.yaml:1: the evalset has no cases; an empty set cannot fail"),
    "an empty list of cases": (ONE + "cases: []\n", "evalsets/greet.yaml:1: the evalset has no cases"),
    "an empty file": ("", "evalsets/greet.yaml: is empty"),
    "a file of comments": ("# nothing\n", "evalsets/greet.yaml: is empty"),
    "two scorers of one name": (
        TWO_CASES.replace("cases:", "  - contains: x\ncases:"),
        "evalsets/greet.yaml:4:5: two scorers are called 'contains'",
    ),
    "an expectation that is missing": (
        TWO_CASES.replace("vars.name", "expected.who"),
        (
            "evalsets/greet.yaml:3:5: scorer 'contains': 'expected.who' is undefined in 'Hello, {{ expected.who }}!' "
            "(in all 2 cases, the first at evalsets/greet.yaml:5:5)"
        ),
    ),
    "a wrong type": (
        TWO_CASES + "trials: many\n",
        "evalsets/greet.yaml:11:9: 'trials' must be a whole number",
    ),
    "a broken number of trials": (
        TWO_CASES + "trials: 2.5\n",
        "evalsets/greet.yaml:11:9: 'trials' must be a whole number, not 2.5",
    ),
    "a share below nought": (
        TWO_CASES + "gate: {min_effect: -1}\n",
        "evalsets/greet.yaml:11:20: 'min_effect' must be a share such as 0.9 or 90%, not -1",
    ),
    "an argument that is no whole number": (
        TWO_CASES.replace("contains: ", "judge: {prompt: greet, votes: 2.5}\n  - contains: "),
        "evalsets/greet.yaml:3:35: 'votes' of scorer 'judge' must be a whole number, not 2.5",
    ),
    "a wrong pass rule": (TWO_CASES + "pass: 4/3\n", "evalsets/greet.yaml:11:7: 'pass' cannot be '4/3'"),
    "a wrong gate": (
        TWO_CASES + "gate: {min_pass_rate: 95}\n",
        "evalsets/greet.yaml:11:23: 'min_pass_rate' must lie between 0 and 100%; 95% ?",
    ),
    "a YAML bomb": (BOMB, "evalsets/greet.yaml:7:"),
    "no YAML": (TWO_CASES + "cases: [\n", "evalsets/greet.yaml:"),
    "deep nesting": ("a: " + "[" * 5000, "evalsets/greet.yaml:1:"),
    "a tag": (TWO_CASES + "gate: !!python/object:os.system {}\n", "evalsets/greet.yaml:11:7: the tag"),
    "an id that is a number of many digits": (
        TWO_CASES + "description: " + "9" * 5000 + "\n",
        "evalsets/greet.yaml:11:14: the number is too long",
    ),
    "a number without end": (
        TWO_CASES + "gate: {max_cost: 1e999}\n",
        "evalsets/greet.yaml:11:18: 1e999 is not a finite number",
    ),
}


@pytest.mark.parametrize("what", WRONG_EVALSETS)
def test_a_mistake_in_an_evalset(project: Project, what: str) -> None:
    text, said = WRONG_EVALSETS[what]

    result = _eval(project, {"evalsets/greet.yaml": text})

    twice = ("an unknown argument", "a missing variable")
    mistakes = 2 if what in twice else 1
    _refused(result, said, mistakes=mistakes)
    assert said in project.llmops("check").stderr


WRONG_PROMPTS: dict[str, tuple[str | bytes, str]] = {
    "a param that redirects": (
        GREET + "params: {api_base: 'http://evil.invalid'}\n",
        "prompts/greet.yaml:8:20: 'api_base' may not be set in a prompt; models and where they are reached",
    ),
    "a param that fakes": (
        GREET + "params: {mock_response: 'Hello, Ada!'}\n",
        "prompts/greet.yaml:8:25: 'mock_response' may not be set in a prompt",
    ),
    "an extra that fakes": (
        GREET + "params: {extra: {mock_response: 'Hello, Ada!'}}\n",
        "prompts/greet.yaml:8:33: 'mock_response' may not be set under `extra:`",
    ),
    "an unknown param": (
        GREET + "params: {temprature: 1}\n",
        "prompts/greet.yaml:8:22: unknown param 'temprature'; did you mean 'temperature'?",
    ),
    "an undeclared variable": (GREET.replace("{{ name }}", "{{ nmae }}"), "prompts/greet.yaml:7:"),
    "a syntax error": (GREET.replace("{{ name }}", "{{ name }"), "prompts/greet.yaml:7:"),
    "a template outside prompts": (
        GREET.replace("content: Greet the person by name.", "file: ../secret.txt"),
        "prompts/greet.yaml:5:11: '../secret.txt' reaches outside prompts/",
    ),
    "an absolute template": (
        GREET.replace("content: Greet the person by name.", "file: /etc/passwd"),
        "prompts/greet.yaml:5:11: '/etc/passwd' reaches outside prompts/",
    ),
    "an include outside prompts": (
        GREET.replace("Greet the person", "Greet {% include '../secret.txt' %}"),
        "prompts/greet.yaml:5",
    ),
    "a missing template": (
        GREET.replace("content: Greet the person by name.", "file: no.j2"),
        "prompts/greet.yaml:5:11: there is no file 'prompts/no.j2'",
    ),
    "an endless template": (
        GREET.replace(
            "{{ name }}",
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{{ name }}",
        ),
        "prompts/greet.yaml:7",
    ),
    "a huge template": (
        GREET.replace("{{ name }}", "{{ name * 900000000 }}"),
        "prompts/greet.yaml:7",
    ),
    "an unknown model": (
        "model: gpt-9\n" + GREET,
        (
            "prompts/greet.yaml:1:8: unknown model 'gpt-9'; known: echo, offline, python, scripted; "
            "any other is written vendor/model"
        ),
    ),
    "no messages": (
        "inputs: {name: string}\n",
        "prompts/greet.yaml:1:1: a prompt has either `messages:` or `prompt:`",
    ),
    "an unknown role": (
        GREET.replace("role: system", "role: sytem"),
        "prompts/greet.yaml:4:11: unknown role 'sytem'",
    ),
    "a binary file": (b"\x00\x01\x02", "prompts/greet.yaml: is a binary file, not text"),
    "a file in another encoding": (
        GREET.encode() + b"# caf\xe9\n",
        "prompts/greet.yaml:8: is not UTF-8 text",
    ),
    "a file in UTF-16": (GREET.encode("utf-16"), "prompts/greet.yaml"),
}


@pytest.mark.parametrize("what", WRONG_PROMPTS)
def test_a_mistake_in_a_prompt(project: Project, what: str) -> None:
    text, said = WRONG_PROMPTS[what]

    result = _eval(project, {"prompts/greet.yaml": text, "secret.txt": "SECRET"})

    _refused(result, said)
    assert "SECRET" not in result.both


def test_a_link_out_of_the_project_is_not_followed(project: Project) -> None:
    outside = project.root.parent / "outside.txt"
    outside.write_text("SECRET")
    (project.root / "prompts").mkdir()
    (project.root / "prompts/link.j2").symlink_to(outside)

    result = _eval(
        project, {"prompts/greet.yaml": GREET.replace("content: Greet the person by name.", "file: link.j2")}
    )

    _refused(result, "prompts/link.j2: leads out of the project")


WRONG_ROWS: dict[str, tuple[str, str | bytes, str]] = {
    "a CSV without ids": ("csv", "name\nAda\n", "evalsets/rows.csv:1: the CSV has no column 'id'"),
    "a CSV with a missing field": (
        "csv",
        "id,name\nada\n",
        "evalsets/rows.csv:2: has 1 fields, the header has 2",
    ),
    "a CSV without a needed column": ("csv", "id\nada\n", "evalsets/rows.csv:2: "),
    "a CSV column twice": (
        "csv",
        "id,name,name\na,b,c\n",
        "evalsets/rows.csv:1: the CSV column 'name' is there twice",
    ),
    "a CSV column twice under two names": (
        "csv",
        "id,name,vars.name\na,b,c\n",
        "evalsets/rows.csv:1: the CSV column 'name' is there twice (name and vars.name are one)",
    ),
    "a CSV column that means nothing": (
        "csv",
        "id,name,expcted.label\na,b,c\n",
        "evalsets/rows.csv:1: unknown CSV column 'expcted.label'; did you mean 'expected.NAME'?",
    ),
    "a CSV with an open quote": (
        "csv",
        'id,name\nbob,"B\nob"\nada,"Ada\nx,y\n',
        "evalsets/rows.csv:4: is not valid CSV: the quote that opens here is not closed; inside a quoted field",
    ),
    "a CSV with a quote too many": (
        "csv",
        'id,name\na,"b"c\nd\n',
        "evalsets/rows.csv:2: is not valid CSV: ',' expected after '\"'; inside a quoted field a \" is written twice",
    ),
    "a CSV field of megabytes": (
        "csv",
        f"id,name\na,{'b' * 5_000_001}\n",
        "evalsets/rows.csv:2: a field is longer than 5 MB",
    ),
    "a CSV with an unknown column": (
        "csv",
        "id,nmae,name\na,b,c\n",
        "evalsets/rows.csv:2: unknown variable 'nmae'",
    ),
    "an empty CSV": ("csv", "", "evalsets/rows.csv:1: the CSV has no column 'id'"),
    "a CSV of a header": ("csv", "id,name\n", "evalsets/greet.yaml:1: the evalset has no cases"),
    "a cut JSONL line": (
        "jsonl",
        '{"id": "a", "vars": {"name": "Ada"}}\n{"id": "b", "va',
        (
            "evalsets/rows.jsonl:2:13: is not valid JSON: "
            "Unterminated string starting at (the last line looks cut)"
        ),
    ),
    "JSONL with NaN": (
        "jsonl",
        '{"id": "a", "vars": {"name": NaN}}\n',
        "evalsets/rows.jsonl:1: NaN is not JSON",
    ),
    "JSONL with an infinite number": (
        "jsonl",
        '{"id": "a", "vars": {"name": 1e999}}\n',
        "evalsets/rows.jsonl:1",
    ),
    "JSONL with an endless number": (
        "jsonl",
        '{"id": "a", "vars": {"name": %s}}\n' % ("9" * 5000),
        "evalsets/rows.jsonl:1",
    ),
    "JSONL with a duplicate key": (
        "jsonl",
        '{"id": "a", "id": "b"}\n',
        "evalsets/rows.jsonl:1: duplicate key 'id'",
    ),
    "JSONL that is no mapping": (
        "jsonl",
        "[1]\n",
        "evalsets/rows.jsonl:1: a case must be a mapping, not a list",
    ),
    "deep JSONL": ("jsonl", "[" * 100000 + "\n", "evalsets/rows.jsonl:1: is nested too deeply"),
    "Latin-1": ("csv", "id,name\na,caf\xe9\n".encode("latin-1"), "evalsets/rows.csv:2: is not UTF-8 text"),
    "binary": ("jsonl", b"\x00\xff\x00", "evalsets/rows.jsonl:1: is not UTF-8 text"),
}


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_a_mistake_in_a_file_of_cases(project: Project, what: str) -> None:
    ending, text, said = WRONG_ROWS[what]

    result = _eval(
        project, {"evalsets/greet.yaml": FROM_FILE.format(ending), f"evalsets/rows.{ending}": text}
    )

    assert result.exit_code == ExitCode.USAGE
    assert said in result.stderr
    assert result.calls == 0


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("no.csv", "'no.csv' names no file; looked for evalsets/no.csv"),
        ("../../*.csv", "'../../*.csv' reaches outside the project"),
        ("/etc/*.csv", "'/etc/*.csv' reaches outside the project"),
        ("rows.txt", "evalsets/rows.txt is neither .jsonl nor .csv"),
    ],
)
def test_files_of_cases_that_cannot_be_had(project: Project, pattern: str, said: str) -> None:
    evalset = ONE + f"cases_from: '{pattern}'\ncases: [{{id: a, vars: {{name: b}}}}]\n"

    result = _eval(project, {"evalsets/greet.yaml": evalset, "evalsets/rows.txt": "x"})

    _refused(result, f"evalsets/greet.yaml:3:13: {said}")


WRONG_SETTINGS = {
    "an unknown key": (
        "modle: x\n",
        "llmops.yaml:1:1: unknown key 'modle' in the settings; did you mean 'model'?",
    ),
    "a pasted key": (
        "models: {m: {model: a/b, api_key_env: sk-123456789}}\n",
        "llmops.yaml:1:39: 'api_key_env' must be the NAME of a variable; never the key",
    ),
    "a password in an address": (
        "models: {m: {model: a/b, api_base: 'http://me:pw@host/v1'}}\n",
        "llmops.yaml:1:36: 'api_base' may hold no user or password; use api_key_env",
    ),
    "an unknown redaction": (
        "redact: [emial]\n",
        "unknown kind 'emial' under `redact:`; did you mean 'email'?",
    ),
    "an alias of an alias": (
        "models: {a: {model: b}, b: {model: x/y}}\n",
        "alias 'a' points at alias 'b'; an alias names a model, not another alias",
    ),
    "a wrong timeout": (
        "run: {timeout: soon}\n",
        "llmops.yaml:1:16: 'timeout' must be a duration such as 60s",
    ),
}


@pytest.mark.parametrize("what", WRONG_SETTINGS)
def test_a_mistake_in_the_settings(project: Project, what: str) -> None:
    text, said = WRONG_SETTINGS[what]

    result = _eval(project, {"llmops.yaml": text})

    _refused(result, said)
    assert "sk-123456789" not in result.both
    assert "pw@" not in result.both


def test_all_mistakes_of_all_files_come_at_once(project: Project) -> None:
    other = TWO_CASES.replace("contains", "contians").replace("id: bob", "id: ada")

    result = _eval(project, {"evalsets/other.yaml": other, "evalsets/greet.yaml": TWO_CASES + "x: 1\n"})

    _refused(result, "3 mistakes; nothing was run", mistakes=3)
    places = [line.split(" ")[1] for line in result.stderr.splitlines()[:3]]
    assert places == sorted(places)


def test_no_key_is_one_message_that_names_the_variable(project: Project) -> None:
    result = _eval(project, {"llmops.yaml": "model: openai/gpt-4o-mini\n"})

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert result.both.count("OPENAI_API_KEY") == 1
    assert result.both == ("error: nothing was asked: no API key for openai/gpt-4o-mini; set OPENAI_API_KEY")


def test_a_named_key_that_is_absent_is_named(project: Project) -> None:
    settings = "model: m\nmodels: {m: {model: openai/x, api_key_env: MY_KEY}}\n"

    result = _eval(project, {"llmops.yaml": settings})

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert result.both.count("set MY_KEY") == 1


def test_a_vendor_nobody_knows_is_one_message(project: Project) -> None:
    result = _eval(project, {"llmops.yaml": "model: nobody/knows-it\n"})

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert result.both.count("LiteLLM knows no vendor for nobody/knows-it") == 1


def test_a_provider_that_always_fails_scores_nothing(project: Project) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Please greet")

    result = project.replies(("", "!down")).llmops("eval", "--format", "json")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    assert comparison["candidate"]["mean_score"] is None
    assert (comparison["candidate"]["judged"], comparison["candidate"]["passed"]) == (0, 0)
    for case in comparison["cases"]:
        assert case["kind"] == "incomparable"
        assert [outcome["scores"] for outcome in case["candidate"]["outcomes"]] == [[]]
    assert "ada, bob" in project.llmops("eval").both
    assert project.llmops("accept").exit_code == ExitCode.USAGE


CONFLICT = "<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n"


def test_a_baseline_with_conflict_markers_is_explained_and_accept_mends_it(project: Project) -> None:
    greeting_project(project)
    ada, _ = project.baseline()
    project.edit("evalsets/greet.baseline.jsonl", ada + "\n", CONFLICT.format(ada, ada))
    conflicted = project.read("evalsets/greet.baseline.jsonl")

    result = project.llmops("eval")

    _refused(result, "evalsets/greet.baseline.jsonl:3: the baseline holds the marks of a merge conflict")
    assert project.read("evalsets/greet.baseline.jsonl") == conflicted


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
def test_what_is_said_of_conflict_markers_mends_a_real_conflict(project: Project, side: str) -> None:
    greeting_project(project).replies(("", "Hello, Ada! Hello, Bob!"))
    project.commit("main")
    for branch, word in (("other", "Greet politely"), ("main", "Greet warmly")):
        project.git("switch", "-q", *(["main"] if branch == "main" else ["-c", branch]))
        project.edit("prompts/greet.yaml", "Greet", word)
        assert project.llmops("eval").exit_code == ExitCode.PASS
        assert project.llmops("accept").exit_code == ExitCode.PASS
        project.commit(word)
    with pytest.raises(subprocess.CalledProcessError):
        project.git("merge", "-q", "other")
    project.git("checkout", "--theirs", "--", "prompts/greet.yaml")
    shutil.rmtree(project.root / ".llmops")

    refused = project.llmops("eval")

    path = "evalsets/greet.baseline.jsonl"
    _refused(refused, f"{path}:")
    assert f"`git checkout --ours -- {path}` or `--theirs`" in refused.stderr
    project.git("checkout", side, "--", path)
    assert project.llmops("eval").exit_code == ExitCode.PASS
    assert project.llmops("accept").exit_code == ExitCode.PASS
    assert project.llmops("check").exit_code == ExitCode.PASS


def test_what_is_said_of_conflict_markers_mends_committed_ones_too(project: Project) -> None:
    before = greeting_project(project).commit("right")
    text = project.read("evalsets/greet.baseline.jsonl")
    project.commit("wrong", {"evalsets/greet.baseline.jsonl": text + CONFLICT.format("{}", "{}")})

    refused = project.llmops("check")

    _refused(refused, "`git checkout COMMIT -- evalsets/greet.baseline.jsonl`")
    project.git("checkout", before, "--", "evalsets/greet.baseline.jsonl")
    assert project.llmops("check").exit_code == ExitCode.PASS


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"output": ', '"outptu": ', "greet.baseline.jsonl:3: is no baseline line"),
        ('{"id": "ada"', '{"id": "ada', "greet.baseline.jsonl:3:15: is not valid JSON"),
        (
            '"llmops_baseline": 1',
            '"llmops_baseline": 99',
            "greet.baseline.jsonl:1: has format 99; this llmops reads up to 1",
        ),
        ('"settings": {', '"settings": {"api_base": "x", ', "greet.baseline.jsonl:3"),
        ('"settings": {', '"settings": 7, "x": {', "greet.baseline.jsonl:3"),
        ('"inputs": {', '"inputs": 7, "x": {', "greet.baseline.jsonl:3"),
        ('"inputs": {', '"scores": [], "inputs": {', "greet.baseline.jsonl:3"),
        ('"latency_p50": ', '"tokens": "many", "latency_p50": ', "greet.baseline.jsonl:2"),
    ],
)
def test_a_damaged_baseline_is_a_mistake_in_a_file(project: Project, old: str, new: str, said: str) -> None:
    greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
    text = project.read("evalsets/greet.baseline.jsonl")
    assert old in text
    project.write({"evalsets/greet.baseline.jsonl": text.replace(old, new, 1)})

    result = project.llmops("eval")

    assert result.exit_code == ExitCode.USAGE
    assert said in result.stderr


def test_every_mistake_of_all_files_is_said_at_once_and_one_does_not_hide_another(project: Project) -> None:
    project.write({
        "llmops.yaml": "modl: x\n",
        "prompts/p.yaml": "modle: echo\nprompt: '{{ zz }} {% include \"../../x\" %}'\n",
        "evalsets/e.yaml": "prompt: nope\nscorers: [{contians: x}]\ncases: [{id: a}]\n",
    })  # fmt: skip

    result = project.llmops("check")

    assert result.exit_code == ExitCode.USAGE
    for mistake in (
        "llmops.yaml:1:1: unknown key 'modl'",
        "prompts/p.yaml:1:1: unknown key 'modle'",
        "unknown variable 'zz'",
        "reaches outside prompts/",
        "unknown scorer 'contians'; did you mean 'contains'?",
        "unknown prompt 'nope'",
    ):
        assert mistake in result.stderr, mistake
