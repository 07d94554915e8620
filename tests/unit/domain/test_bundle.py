"""A bundle as text: it comes back whole, or is refused; never something in between."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmops_cli.domain.bundle import (
    Bundle,
    BundledLabel,
    BundleError,
    bundle_from_text,
    bundle_to_text,
    make_bundle,
)
from llmops_cli.domain.prompt import (
    INPUT_TYPES,
    ImagePart,
    InputSpec,
    InsertMessages,
    MessageTemplate,
    Prompt,
    TemplateText,
    TextPart,
)
from llmops_cli.domain.prompt_json import prompt_from_dict, prompt_to_dict
from llmops_cli.domain.request import Price
from llmops_cli.domain.settings import ModelAlias, RunSettings, Settings
from llmops_cli.errors import SourceLocation

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text("abc", min_size=1, max_size=3)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
mappings = st.dictionaries(texts, values, max_size=3)
places = st.builds(SourceLocation, texts, st.integers(1, 99), st.none() | st.integers(1, 99))
templates = st.builds(TemplateText, texts, texts, places)
parts = st.builds(TextPart, templates) | st.builds(ImagePart, templates)
messages = st.builds(
    MessageTemplate,
    st.sampled_from(["system", "user"]),
    templates | st.lists(parts, max_size=3).map(tuple),
    places,
) | st.builds(InsertMessages, names, places)
inputs = st.builds(InputSpec, names, st.none() | st.sampled_from(INPUT_TYPES), texts) | st.builds(
    InputSpec, names, st.none(), texts, st.just(False), values
)
prompts = st.builds(
    Prompt,
    name=names,
    path=texts,
    messages=st.lists(messages, max_size=3).map(tuple),
    inputs=st.lists(inputs, max_size=3).map(lambda found: {spec.name: spec for spec in found}),
    model=st.none() | texts,
    params=mappings,
    tools=st.lists(mappings, max_size=2).map(tuple),
    output_schema=st.none() | mappings,
    description=texts,
    partials=st.dictionaries(names, texts, max_size=2),
)


def one(text: str = "Hello!", name: str = "greet") -> Prompt:
    place = SourceLocation(f"prompts/{name}.yaml", 2)
    message = MessageTemplate("user", TemplateText(text, f"{name}.yaml", place), place)
    return Prompt(name, f"prompts/{name}.yaml", (message,))


def two_versions() -> Bundle:
    alias = ModelAlias("fast", "openai/x", {"seed": 1}, "http://h/v1", "SOME_KEY", Price(0.0, 2.5), rpm=9)
    settings = Settings(model="fast", models={"fast": alias}, run=RunSettings(timeout=9.0, retries=2))
    labels = {
        "greet": {"staging": BundledLabel(one().digest), "production": BundledLabel(one("Hi").digest, "4f")}
    }
    return make_bundle({"greet": one()}, [("greet", one("Hi")), ("greet", one())], labels, "c0ffee", settings)


@given(prompts)
def test_a_prompt_comes_back_with_the_same_digest(prompt: Prompt) -> None:
    back = prompt_from_dict(json.loads(json.dumps(prompt_to_dict(prompt))))

    assert back == prompt
    assert back.digest == prompt.digest
    assert json.dumps(back.output_schema) == json.dumps(prompt.output_schema)
    assert list(back.inputs) == list(prompt.inputs)


def test_a_bundle_comes_back_with_what_a_call_needs_and_no_more() -> None:
    made = two_versions()

    back = bundle_from_text(bundle_to_text(made))

    assert (back.prompts, back.labels, back.commit) == (made.prompts, made.labels, "c0ffee")
    assert back.settings.model == "fast"
    assert (back.settings.run.timeout, back.settings.run.retries) == (9.0, 2)
    assert back.settings.models["fast"] == ModelAlias(
        "fast", "openai/x", {"seed": 1}, "http://h/v1", "SOME_KEY", Price(0.0, 2.5)
    )
    assert back.prompt("greet", one("Hi").digest) == one("Hi")


@given(st.permutations(["a", "b", "c"]), st.permutations(["x", "y"]))
def test_the_text_does_not_depend_on_the_order_of_the_parts(order: list[str], labels: list[str]) -> None:
    def text(names: list[str], labels: list[str]) -> str:
        given = {name: one(name, name) for name in names}
        target = {"a": {label: BundledLabel(one("a", "a").digest) for label in labels}}
        return bundle_to_text(
            make_bundle(given, [("a", one(label, "a")) for label in labels], target, None, Settings())
        )

    assert text(order, labels) == text(["a", "b", "c"], ["x", "y"])


@given(st.data())
def test_one_changed_character_is_refused_or_changes_nothing(data: st.DataObject) -> None:
    made = two_versions()
    text = bundle_to_text(made)
    at = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from('a0 "{}[],:\\\n'))
    assume(text[at] != character)

    try:
        found = bundle_from_text(text[:at] + character + text[at + 1 :])
    except BundleError:
        return
    assert bundle_to_text(found) == text


@given(st.integers(0, 400))
def test_a_part_of_a_bundle_is_refused(length: int) -> None:
    text = bundle_to_text(two_versions())

    with pytest.raises(BundleError):
        bundle_from_text(text[: max(0, len(text) - 3 - length)])


def test_another_layout_of_the_same_json_is_the_same_bundle() -> None:
    made = two_versions()

    assert bundle_from_text(json.dumps(json.loads(bundle_to_text(made)), indent=2)) == bundle_from_text(
        bundle_to_text(made)
    )


def _edited(change: Any) -> str:
    data = json.loads(bundle_to_text(two_versions()))
    change(data)
    return json.dumps(data)


def _version(data: Any) -> Any:
    return data["content"]["versions"]["greet"][one("Hi").digest]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: _version(d)["messages"][0]["content"].update(text="Bye"), "'greet' in the bundle was"),
        (lambda d: _version(d).pop("messages"), "the prompt 'greet' in the bundle is damaged"),
        (lambda d: _version(d).update(messages=[3]), "the prompt 'greet' in the bundle is damaged"),
        (lambda d: d["content"]["labels"]["greet"]["production"].update(digest="p1:"), "was altered"),
        (lambda d: d["content"]["models"]["fast"].update(api_base="http://other"), "the bundle was altered"),
        (lambda d: d["content"].pop("prompts"), "a part of it is missing"),
        (lambda d: d.update(format=2), "has format 2, and this llmops reads 1"),
        (lambda d: d.pop("content"), "is no bundle of llmops"),
        (lambda d: d.pop("digest"), "the bundle was altered"),
    ],
)  # fmt: skip
def test_an_altered_bundle_says_what_was_altered(change: Any, said: str) -> None:
    with pytest.raises(BundleError, match=said):
        bundle_from_text(_edited(change))


@pytest.mark.parametrize("text", ["", "[]", "3", "{", "null", "[" * 100_000, '{"format": 1}'])
def test_what_is_no_bundle(text: str) -> None:
    with pytest.raises(BundleError, match="is no bundle"):
        bundle_from_text(text)
