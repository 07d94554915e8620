"""The schemas are valid, accept what the repository holds, and agree with the readers."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from llmops_cli import plugins
from llmops_cli.errors import FileError
from llmops_cli.files import fields as fields_module
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.files.binding import argument_types
from llmops_cli.files.evalset_file import read_evalset
from llmops_cli.files.prompt_file import read_prompt
from llmops_cli.files.schemas import KINDS, schema
from llmops_cli.files.settings_file import read_settings
from llmops_cli.files.yaml_source import parse_yaml, plain
from tests.support.project import GREET, TWO_CASES, Project, greeting_project
from tests.unit.files.memory_tree import MemoryTree
from tests.unit.files.schema_snippets import BAD, GOOD, ONLY_THE_READER

ROOT = Path(__file__).parents[3]
BESIDE = {
    "prompts/t.j2": "text",
    "prompts/s.json": '{"type": "object", "function": {"name": "f"}}',
    "evalsets/more.jsonl": '{"id": "z"}\n',
}
USERS_KINDS = ("prompt", "evalset", "case", "settings", "baseline")


@cache
def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(schema(kind))


def schema_accepts(kind: str, text: str) -> bool:
    return bool(validator(kind).is_valid(plain(parse_yaml(text, "file"))))


def reader_accepts(kind: str, text: str) -> bool:
    try:
        if kind == "prompt":
            read_prompt(MemoryTree({**BESIDE, "prompts/it.yaml": text}), "prompts/it.yaml")
        elif kind == "evalset":
            read_evalset(MemoryTree({**BESIDE, "evalsets/it.yaml": text}), "evalsets/it.yaml")
        elif kind == "case":
            evalset = "{prompt: p, scorers: [equals: a], cases_from: it.jsonl}"
            tree = MemoryTree({"evalsets/it.yaml": evalset, "evalsets/it.jsonl": text})
            read_evalset(tree, "evalsets/it.yaml")
        elif kind == "settings":
            read_settings(MemoryTree({"llmops.yaml": text}))
        else:
            read_baseline(MemoryTree({"b.jsonl": text}), "b.jsonl")
    except FileError:
        return False
    return True


def snippets(table: dict[str, list[str]]) -> list[Any]:
    return [pytest.param(kind, text, id=f"{kind}: {text}"[:100]) for kind in table for text in table[kind]]


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_is_a_valid_schema(kind: str) -> None:
    Draft202012Validator.check_schema(schema(kind))
    assert schema(kind)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(("kind", "text"), snippets(GOOD))
def test_what_the_reader_accepts_the_schema_accepts(kind: str, text: str) -> None:
    assert reader_accepts(kind, text)
    assert [error.message for error in validator(kind).iter_errors(plain(parse_yaml(text, "f")))] == []


@pytest.mark.parametrize(("kind", "text"), snippets(BAD))
def test_what_the_reader_refuses_the_schema_refuses(kind: str, text: str) -> None:
    assert not reader_accepts(kind, text)
    assert not schema_accepts(kind, text)


@pytest.mark.parametrize(("kind", "text", "reason"), ONLY_THE_READER)
def test_what_no_schema_can_say_is_left_to_the_reader(kind: str, text: str, reason: str) -> None:
    assert not reader_accepts(kind, text)
    assert schema_accepts(kind, text), f"now it can: {reason}"


def test_every_kind_has_snippets() -> None:
    assert set(GOOD) == set(BAD) == set(USERS_KINDS) == set(KINDS) - {"run"}


def _examples() -> Iterator[Any]:
    for path in sorted(ROOT.glob("prompts/**/*.yaml")):
        if path.name != "labels.yaml":
            yield pytest.param("prompt", path.read_text(encoding="utf-8"), id=path.name)
    for path in sorted(ROOT.glob("evalsets/**/*.yaml")):
        yield pytest.param("evalset", path.read_text(encoding="utf-8"), id=path.name)
    for path in sorted(ROOT.glob("evalsets/**/*.jsonl")):
        kind = "baseline" if path.name.endswith(".baseline.jsonl") else "case"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield pytest.param(kind, line, id=f"{path.name}:{number}")


@pytest.mark.parametrize(("kind", "text"), list(_examples()))
def test_the_files_of_this_repository_fit(kind: str, text: str) -> None:
    value = json.loads(text) if kind in ("baseline", "case") else plain(parse_yaml(text, "file"))
    assert [error.message for error in validator(kind).iter_errors(value)] == []


def test_what_eval_and_accept_write_fits(project: Project) -> None:
    greeting_project(project)
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    settings = {"redact": ["email"], "models": {"scripted": {"model": "python:scripted:answer"}}}
    project.write({"llmops.yaml": json.dumps({"model": "scripted", "allow_python": True, **settings})})

    result = project.llmops("eval", "--format", "json")

    assert result.exit_code == 1
    assert [error.message for error in validator("run").iter_errors(result.json())] == []
    (path, *_) = sorted((project.root / ".llmops/runs").glob("*.json"), reverse=True)
    assert validator("run").is_valid(json.loads(path.read_text(encoding="utf-8")))
    for line in project.read("evalsets/greet.baseline.jsonl").splitlines():
        assert validator("baseline").is_valid(json.loads(line)), line


def test_a_failure_and_a_missing_baseline_fit(project: Project) -> None:
    project.replies(("Ada", "!no power"), ("Bob", "Hello, Bob!"))
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})

    result = project.llmops("eval", "--format", "json", "--retries", "0")

    assert result.exit_code == 3
    assert [error.message for error in validator("run").iter_errors(result.json())] == []


@pytest.mark.parametrize("broken", ["id", "verdict", "evalsets"])
def test_a_run_without_its_parts_does_not_fit(project: Project, broken: str) -> None:
    document = greeting_project(project).llmops("eval", "--format", "json").json()
    del document[broken]
    assert not validator("run").is_valid(document)


def _keys_by_reader(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """What each reader asks for, by the name of what it reads, over all good snippets."""
    made: list[fields_module.Fields] = []
    plain_init = fields_module.Fields.__init__

    def noting(self: fields_module.Fields, *arguments: Any) -> None:
        plain_init(self, *arguments)
        made.append(self)

    monkeypatch.setattr(fields_module.Fields, "__init__", noting)
    for kind, texts in GOOD.items():
        for text in texts:
            assert reader_accepts(kind, text)
    asked: dict[str, set[str]] = {}
    for one in made:
        asked.setdefault(one.what, set()).update(one._asked)
    return asked


def _keys(*schemas: Any) -> set[str]:
    """The keys that schemas allow together, those that must be null left out."""
    found: set[str] = set()
    for one in schemas:
        for key in ("anyOf", "oneOf"):
            found |= _keys(*one.get(key, ()))
        found |= {name for name, value in one.get("properties", {}).items() if "not" not in value}
    return found


def test_schemas_and_readers_know_the_same_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _keys_by_reader(monkeypatch)
    prompt, evalset, settings = schema("prompt"), schema("evalset"), schema("settings")
    alias = settings["properties"]["models"]["additionalProperties"]
    expected = {
        "a prompt": _keys({"properties": prompt["properties"]}),
        "a message": _keys(prompt["$defs"]["message"]),
        "a part": _keys({"properties": prompt["$defs"]["part"]["properties"]}),
        "input 'c'": _keys(prompt["properties"]["inputs"]["additionalProperties"]),
        "`output:`": _keys(prompt["properties"]["output"]),
        "an evalset": _keys({"properties": evalset["properties"]}),
        "`defaults:`": _keys(evalset["properties"]["defaults"]),
        "`gate:`": _keys(evalset["properties"]["gate"]),
        "a metric of `gate:`": {"name", "min_effect"},
        "a case": set(schema("case")["properties"]),
        "the settings": set(settings["properties"]),
        "`judge:`": _keys(settings["properties"]["judge"]),
        "`run:`": _keys(settings["properties"]["run"]),
        "model 'own'": _keys(alias),
        "`price:`": _keys(alias["properties"]["price"]),
    }
    others = {"input 'Grüße'", "model 'fast'"}
    assert {what: keys for what, keys in asked.items() if not what.startswith("scorer ")} == {
        **expected,
        **{what: asked[what] for what in others},
    }


@pytest.mark.parametrize("name", plugins.names("scorers"))
def test_a_scorers_schema_has_its_arguments_and_the_common_keys(name: str) -> None:
    body = schema("case")["$defs"]["scorer"]["properties"][name]
    arguments, required = argument_types(plugins.load("scorers", name))
    mapping = body["anyOf"][0]
    common = {"name", "of", "not", "weight", "severity"}
    assert set(mapping["properties"]) == set(arguments) | common
    assert mapping.get("required", []) == list(required)
    assert body["description"]
    assert all(mapping["properties"][argument]["description"] for argument in arguments)


RICH: dict[str, Any] = {
    "description": "all keys that need no other file",
    "prompt": "p",
    "models": ["a", "b"],
    "trials": 3,
    "pass": "2/3",
    "defaults": {"vars": {"x": 1}, "expected": 1, "context": "c", "tags": ["t"], "critical": False},
    "gate": {"min_pass_rate": "90%", "max_cost": 1, "max_latency_p95": "5s", "require_baseline": True},
    "scorers": [
        {"equals": {"value": "a", "name": "first", "of": "{{ output }}", "weight": 2, "severity": "warn"}},
        {"contains": {"value": "a", "ignore_case": True, "not": False}},
        {"number": {"value": 1, "min": 0}},
    ],
    "cases": [
        {"id": "a", "vars": {"x": 1}, "expected": "e", "context": None, "tags": "t", "critical": True},
        {"id": 2, "cluster": 7, "scorers": [{"starts_with": "x"}]},
    ],
}


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in inside for place in ((*at, key), *_places(item, (*at, key)))]


CHANGES: list[Any] = ["drop", "rename", None, 0, -1, 1.5, "", "x", "5s", "40%", True, [], ["x"], {}]


def _changed(value: Any, place: tuple[Any, ...], change: Any) -> None:
    """Drop, rename or replace what stands at a place; nothing where an earlier change took it away."""
    *way, last = place
    for step in way:
        if not _holds(value, step):
            return
        value = value[step]
    if not _holds(value, last):
        return
    before, change = value.pop(last), json.loads(json.dumps(change))
    if change == "drop":
        return
    if isinstance(value, list):
        value.insert(last, before if change == "rename" else change)
    elif change == "rename":
        value[f"{last}_"] = before
    else:
        value[last] = change


def _holds(value: Any, step: Any) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def test_every_single_change_of_an_evalset_gets_the_same_verdict_from_both() -> None:
    for place in _places(RICH):
        for change in CHANGES:
            changed = json.loads(json.dumps(RICH))
            _changed(changed, place, change)
            text = json.dumps(changed)
            assert schema_accepts("evalset", text) == reader_accepts("evalset", text), (place, change)


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(_places(RICH)), st.sampled_from(CHANGES)), min_size=2, max_size=4
    )
)
def test_several_changes_get_the_same_verdict_from_both(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    changed = json.loads(json.dumps(RICH))
    for place, change in changes:
        _changed(changed, place, change)
    text = json.dumps(changed)

    assert schema_accepts("evalset", text) == reader_accepts("evalset", text)
