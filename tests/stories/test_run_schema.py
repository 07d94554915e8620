"""The published JSON Schema of the run file: what eval writes fits, what lacks a part does not; more may be added."""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from llmops_cli.domain.run_json import RUN_FORMAT, result_to_dict
from llmops_cli.errors import ExitCode
from llmops_cli.workflows.schema import schema_text
from tests.stories.test_confirmation import CASES
from tests.support import results, varying
from tests.support.project import GREET, TWO_CASES, Project, greeting_project

JUDGE = """\
inputs: {output: {}, input: {}, expected: {}}
prompt: |
  Grade it. {{ output }} {{ input }} {{ expected }}
"""


def published() -> dict[str, Any]:
    """What `llmops schema run` prints."""
    found: dict[str, Any] = json.loads(schema_text("run"))
    return found


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(published())


def wrong(document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in validator().iter_errors(document)]


def kept(project: Project, *options: str, code: ExitCode) -> dict[str, Any]:
    """The run file of an `eval`, which fits, as does what it prints."""
    result = project.llmops("eval", "--format", "json", *options)
    assert result.exit_code == code, result.both[-500:]
    assert wrong(result.json()) == []
    newest = max((project.root / ".llmops/runs").glob("*.json"))
    document: dict[str, Any] = json.loads(newest.read_text(encoding="utf-8", errors="surrogatepass"))
    assert wrong(document) == []
    return document


def test_the_schema_names_its_version(project: Project) -> None:
    printed = project.llmops("schema", "run").json()

    assert printed == published()
    assert printed["$id"] == f"urn:llmops:run:{RUN_FORMAT}"
    assert printed["properties"]["llmops_run"]["const"] == RUN_FORMAT
    Draft202012Validator.check_schema(printed)


def test_a_first_run_a_pass_a_regression_and_one_without_answers(project: Project) -> None:
    greeting_project(project)
    kept(project, code=ExitCode.PASS)
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    worse = kept(project, code=ExitCode.REGRESSION)
    project.edit("prompts/greet.yaml", "Insult", "Salute").replies(
        ("Ada", "Hello, Ada!"), ("", "!it is down")
    )
    kept(project, code=ExitCode.INCONCLUSIVE)

    assert worse["evalsets"][0]["comparisons"][0]["prompt_change"]["texts"]


def test_a_run_that_nothing_affects(project: Project) -> None:
    kept(greeting_project(project), "--changed-since", "HEAD", code=ExitCode.PASS)


def test_trials_with_confirmation(project: Project) -> None:
    project.commit("noisy", varying.files(varying.BY_CHANCE, CASES))
    kept(project, "--trials", "2", code=ExitCode.PASS)
    project.llmops("accept")
    project.commit("accept")
    project.edit(
        "prompts/p.yaml", "content: be chance 0.99", "content: \"be chance {{ 0 if '3' in q else 0.99 }}\""
    )

    document = kept(project, code=ExitCode.REGRESSION)

    (comparison,) = document["evalsets"][0]["comparisons"]
    assert comparison["statistics"]["tests"]
    assert any("fresh" in case for case in comparison["cases"])


def test_a_reference_and_an_accepted_regression(project: Project) -> None:
    formats = TWO_CASES.replace("prompt: greet", "prompts: [greet, kind]")
    greeting_project(project).git("switch", "--quiet", "--create", "change")
    project.edit("prompts/greet.yaml", "Greet", "Insult").llmops("eval")
    project.llmops("accept")
    project.commit("worse, and accepted")
    accepted = kept(project, "--against", "main...", code=ExitCode.PASS)
    project.write({"prompts/kind.yaml": GREET.replace("Greet", "Salute"), "evalsets/formats.yaml": formats})
    kept(project, "formats", "--reference", "kind", code=ExitCode.REGRESSION)

    assert accepted["evalsets"][0]["comparisons"][0]["cases"][0]["accepted"] is True


def test_a_judge(project: Project) -> None:
    verdict = json.dumps({"rationale": "it is polite", "verdict": "pass"})
    project.replies(("Grade it", verdict), ("", "Hello, Ada! Hello, Bob!"))
    judged = TWO_CASES.replace("cases:", "  - judge: {prompt: judges/tone, severity: fail}\ncases:", 1)
    project.commit(
        "judge",
        {"prompts/greet.yaml": GREET, "prompts/judges/tone.yaml": JUDGE, "evalsets/greet.yaml": judged},
    )

    assert kept(project, code=ExitCode.PASS)["judge"]["calls"] == 2


@pytest.mark.parametrize("kind", [kind for kind in results.ALL if kind != "huge"])
def test_whatever_a_run_may_hold_fits(kind: str) -> None:
    assert wrong(json.loads(json.dumps(result_to_dict(results.ALL[kind]())))) == []


@cache
def document() -> Any:
    return json.loads(json.dumps(result_to_dict(results.everything())))


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        value = value[step]
    return value


def _required(schema: Any, value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key that the schema asks for and the document has, once for each place in the schema."""
    for option in schema.get("anyOf", ()):
        if Draft202012Validator(option).is_valid(value):
            yield from _required(option, value, place)
    if isinstance(value, dict):
        yield from ((*place, name) for name in schema.get("required", ()))
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from _required(inner, value[name], (*place, name))
    elif isinstance(value, list) and value and "items" in schema:
        yield from _required(schema["items"], value[0], (*place, 0))


REQUIRED = list(_required(published(), document()))


def test_many_keys_are_asked_for() -> None:
    assert len(REQUIRED) > 80
    assert ("verdict", "status") in REQUIRED
    assert (
        "evalsets",
        0,
        "comparisons",
        0,
        "cases",
        0,
        "candidate",
        "outcomes",
        0,
        "response",
        "text",
    ) in REQUIRED


@pytest.mark.parametrize("place", REQUIRED, ids=lambda place: ".".join(map(str, place)))
def test_a_key_that_is_missing_or_has_another_name_or_type_is_seen(place: tuple[Any, ...]) -> None:
    *way, last = place
    missing, renamed, retyped = deepcopy(document()), deepcopy(document()), deepcopy(document())
    value = _at(missing, tuple(way)).pop(last)
    _at(renamed, tuple(way))[f"{last}_"] = _at(renamed, tuple(way)).pop(last)
    _at(retyped, tuple(way))[last] = {"a": 1} if not isinstance(value, dict) else "text"

    assert wrong(missing)
    assert wrong(renamed)
    if last not in ("before", "after") or "settings" not in place:  # a setting may be any JSON value
        assert wrong(retyped)


def _mappings(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        yield place
    inside = (
        value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    )
    for key, item in inside:
        yield from _mappings(item, (*place, key))


@pytest.mark.parametrize("change", [{"llmops_run": 2}, {"llmops_run": "1"}, {"verdict": {"status": "GREEN"}}])
def test_another_version_or_verdict_does_not_fit(change: dict[str, Any]) -> None:
    assert wrong({**document(), **change})


def test_a_newer_llmops_may_add_keys_everywhere() -> None:
    grown = deepcopy(document())
    names_of_the_users = {
        "vars",
        "metrics",
        "inputs",
        "values",
        "expected",
        "settings",
        "arguments",
        "versions",
    }
    for place in list(_mappings(document())):
        if not names_of_the_users & set(place):
            _at(grown, place)["added_later"] = {"anything": [1]}

    assert wrong(grown) == []
