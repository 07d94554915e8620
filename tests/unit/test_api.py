"""`load` for applications: what it gives, what it refuses, what it imports, and when it looks again."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import llmops_cli
from llmops_cli import BundleError, LoadedPrompt, RenderError, UserError, load
from llmops_cli.domain.bundle import Bundle, BundledLabel, bundle_to_text, make_bundle
from llmops_cli.domain.prompt import InputSpec, MessageTemplate, Prompt, TemplateText
from llmops_cli.domain.revision import parse_reference
from llmops_cli.domain.settings import ModelAlias, Settings
from llmops_cli.errors import FileError, SourceLocation
from llmops_cli.workflows.application.loading import BundleSource, ProjectSource
from tests.support.project import GREET, process_environment

SCHEMA = {"type": "object", "properties": {"zebra": {"type": "string"}, "ant": {"type": "string"}}}
ALIASES = {"fast": ModelAlias("fast", "offline/assistant", params={"temperature": 1, "seed": 7})}


def greet(text: str = "Hello, {{ name }}!", **parts: Any) -> Prompt:
    place = SourceLocation("prompts/greet.yaml", 3, 5)
    message = MessageTemplate("user", TemplateText(text, "greet.yaml", place), place)
    return Prompt("greet", "prompts/greet.yaml", (message,), {"name": InputSpec("name", "string")}, **parts)


def bundle_of(*prompts: Prompt, labelled: Prompt | None = None, settings: Settings | None = None) -> Bundle:
    labels = {labelled.name: {"production": BundledLabel(labelled.digest, "4f9c")}} if labelled else {}
    held = [(labelled.name, labelled)] if labelled else []
    named = {prompt.name: prompt for prompt in prompts}
    return make_bundle(named, held, labels, None, settings or Settings(models=ALIASES))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Bundle | str], Path]:
    def write(bundle: Bundle | str) -> Path:
        path, new = tmp_path / "prompts.json", tmp_path / "new"
        new.write_text(bundle if isinstance(bundle, str) else bundle_to_text(bundle), encoding="utf-8")
        return new.replace(path)

    return write


Write = Callable[[Bundle | str], Path]


class Clock:
    """Seconds that pass when the test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


# -- what it gives


def test_a_name_and_a_label_are_two_versions_with_their_identities(write: Write) -> None:
    old, new = greet("Good day, {{ name }}."), greet()
    path = write(bundle_of(new, labelled=old))

    current, live = load("greet", bundle=path), load("greet@:production", bundle=path)

    assert current.render(name="Ada") == [{"role": "user", "content": "Hello, Ada!"}]
    assert live.render({"name": "Ada"}) == [{"role": "user", "content": "Good day, Ada."}]
    assert current.version.as_dict() == {"name": "greet", "digest": new.digest}
    assert live.version.as_dict() == {
        "name": "greet", "digest": old.digest, "commit": "4f9c", "label": "production",
    }  # fmt: skip
    assert str(live.version) == f"greet@:production p1:{old.digest[3:11]}"


def test_model_and_params_are_ready_for_a_call(write: Write) -> None:
    prompt = greet(model="fast", params={"temperature": 0, "extra": {"vendor_option": [1]}})
    path = write(bundle_of(prompt, labelled=greet()))

    loaded = load("greet", bundle=path)

    assert loaded.model == "offline/assistant"
    assert loaded.params == {"temperature": 0, "seed": 7, "vendor_option": [1]}
    assert load("greet@:production", bundle=path).model is None


def test_what_it_gives_away_belongs_to_the_caller(write: Write) -> None:
    tools = ({"type": "function", "function": {"name": "f"}},)
    prompt = greet(params={"stop": ["a"]}, output_schema=SCHEMA, tools=tools)
    loaded = load("greet", bundle=write(bundle_of(prompt)))

    loaded.params["stop"].append("b")
    loaded.tools[0]["function"]["name"] = "g"
    (loaded.output_schema or {})["properties"].clear()
    loaded.render(name="Ada")[0]["content"] = "changed"

    assert loaded.params == {"stop": ["a"]}
    assert loaded.tools == list(tools)
    assert json.dumps(loaded.output_schema) == json.dumps(SCHEMA)  # the order of properties is kept, too
    assert loaded.render(name="Ada")[0]["content"] == "Hello, Ada!"
    with pytest.raises(TypeError):
        loaded.inputs["other"] = InputSpec("other")  # type: ignore[index]


def test_an_input_may_have_any_name(write: Write) -> None:
    place = SourceLocation("prompts/odd.yaml", 1)
    text = TemplateText("{{ self_ }}{{ model }}{{ variables }}", "odd.yaml", place)
    inputs = {name: InputSpec(name) for name in ("self_", "model", "variables")}
    prompt = Prompt("odd", "prompts/odd.yaml", (MessageTemplate("user", text, place),), inputs)
    loaded = load("odd", bundle=write(bundle_of(prompt, settings=Settings(model="echo"))))

    assert loaded.render(self_=1, model=2, variables=3)[0]["content"] == "123"
    assert loaded.complete({"self_": 1, "model": 2}, model="echo", variables=3).text.endswith("123")


def test_the_same_reference_is_the_same_object_while_the_files_do_not_change(write: Write) -> None:
    path = write(bundle_of(greet(), labelled=greet("old")))

    assert load("greet", bundle=path) is load("greet", bundle=str(path))
    assert load("greet", bundle=path) is not load("greet@:production", bundle=path)


def test_an_argument_wins_over_the_variable(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMOPS_BUNDLE", str(write(bundle_of(greet("from the variable")))))
    other = tmp_path / "other.json"
    other.write_text(bundle_to_text(bundle_of(greet("from the argument"))), encoding="utf-8")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "greet.yaml").write_text("prompt: from the project\n", encoding="utf-8")

    assert load("greet").render(name="x")[0]["content"] == "from the variable"
    assert load("greet", bundle=other).render(name="x")[0]["content"] == "from the argument"
    assert load("greet", root=tmp_path).render()[0]["content"] == "from the project"
    with pytest.raises(UserError, match="exclude each other"):
        load("greet", bundle=other, root=tmp_path)


def test_an_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_BUNDLE", "")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "greet.yaml").write_text("prompt: hi\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert load("greet").render() == [{"role": "user", "content": "hi"}]


# -- what it refuses


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("gret", "did you mean 'greet'?"),
        ("greet@:producton", "did you mean 'production'?"),
        ("greet@main", "a bundle holds labels, not revisions"),
        ("retired", "known: retired@:production"),
    ],
)
def test_what_a_bundle_does_not_hold_is_said_with_what_it_holds(
    write: Write, reference: str, said: str
) -> None:
    retired = Prompt("retired", "prompts/retired.yaml", greet().messages, greet().inputs)
    made = bundle_of(greet(), labelled=greet("old"))
    labels = {**made.labels, "retired": {"production": BundledLabel(retired.digest)}}
    path = write(
        make_bundle(
            {"greet": greet()}, [("greet", greet("old")), ("retired", retired)], labels, None, Settings()
        )
    )

    with pytest.raises(BundleError) as caught:
        load(reference, bundle=path)

    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_bundle_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"none.json: there is no such bundle; `llmops bundle -o FILE`"):
        load("greet", bundle=tmp_path / "none.json")


def test_no_project_and_no_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("llmops_cli.files.worktree.MARKERS", ("no-such-marker",))

    with pytest.raises(UserError, match="LLMOPS_BUNDLE"):
        load("greet")


def test_wrong_variables_are_said_all_at_once(write: Write) -> None:
    loaded = load("greet", bundle=write(bundle_of(greet())))

    with pytest.raises(RenderError) as caught:
        loaded.render(nam="Ada")

    assert "has no input 'nam'; did you mean 'name'?" in str(caught.value)
    assert "needs 'name'" in str(caught.value)


@pytest.mark.parametrize("reference", ["", "../greet", "greet@", "greet@:", "greet@-x"])
def test_what_is_no_reference(write: Write, reference: str) -> None:
    with pytest.raises(UserError):
        load(reference, bundle=write(bundle_of(greet())))


def test_no_such_name_in_the_package() -> None:
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        llmops_cli.laod  # noqa: B018
    assert "load" in dir(llmops_cli)


# -- answers


def test_complete_and_acomplete_give_a_response(write: Write) -> None:
    loaded = load("greet", bundle=write(bundle_of(greet(model="echo"))))

    async def both() -> list[str]:
        return [answer.text for answer in await asyncio.gather(*(loaded.acomplete(name=n) for n in "ab"))]

    assert loaded.complete(name="Ada").text.endswith("Hello, Ada!")
    assert [text[-2:] for text in asyncio.run(both())] == ["a!", "b!"]


def test_complete_in_a_running_loop_names_acomplete(write: Write) -> None:
    loaded = load("greet", bundle=write(bundle_of(greet(model="echo"))))

    async def wrong() -> None:
        loaded.complete(name="Ada")

    with pytest.raises(UserError, match="acomplete"):
        asyncio.run(wrong())


def test_no_model_and_an_unknown_one(write: Write) -> None:
    loaded = load("greet", bundle=write(bundle_of(greet())))

    with pytest.raises(UserError, match="no model is named"):
        loaded.complete(name="Ada")
    with pytest.raises(UserError, match="did you mean 'fast'"):
        loaded.complete(name="Ada", model="fats")


# -- what it imports


def run_python(code: str, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=process_environment(None), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_heavy_is_imported(write: Write) -> None:
    code = """
import json, sys
import llmops_cli
alone = [name for name in sys.modules if name.startswith("llmops_cli.")]
from llmops_cli import load
heavy = ["litellm", "typer", "rich", "git", "yaml", "ruamel", "jinja2", "asyncio", "jsonschema", "deepdiff"]
imported = [name for name in heavy if name in sys.modules]
prompt = load("greet", bundle=sys.argv[1])
loaded = [name for name in heavy if name in sys.modules]
prompt.render(name="Ada")
rendered = [name for name in heavy if name in sys.modules]
print(json.dumps([alone, imported, loaded, rendered]))
"""
    assert run_python(code, str(write(bundle_of(greet())))) == [[], [], [], ["jinja2"]]


# -- when it looks again


def loaded_text(source: BundleSource | ProjectSource, reference: str = "greet") -> str:
    return str(source.load(parse_reference(reference)).render(name="Ada")[0]["content"])


def test_a_replaced_bundle_is_taken_up_and_an_old_prompt_stays_what_it_was(write: Write) -> None:
    clock = Clock()
    source = BundleSource(write(bundle_of(greet("one"))), clock)
    first = source.load(parse_reference("greet"))

    write(bundle_of(greet("two, and longer")))
    at_once = loaded_text(source)
    clock.now += 0.6

    assert at_once == "one"  # within half a second nobody looks
    assert loaded_text(source) == "two, and longer"
    assert first.render(name="Ada")[0]["content"] == "one"


def test_a_bundle_written_anew_with_the_same_content_keeps_its_objects(write: Write) -> None:
    clock = Clock()
    source = BundleSource(write(bundle_of(greet())), clock)
    first = source.load(parse_reference("greet"))

    write(bundle_of(greet()))
    clock.now += 0.6

    assert source.load(parse_reference("greet")) is first


def test_a_broken_replacement_keeps_the_old_and_warns_once(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    source = BundleSource(write(bundle_of(greet("old"))), clock)

    def looks(times: int) -> list[str]:
        caplog.clear()
        for _ in range(times):
            clock.now += 0.6
            assert loaded_text(source) == "old"
        return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]

    altered = bundle_to_text(bundle_of(greet("new"))).replace("new", "naw")
    path = write(altered)
    warned = looks(3)
    assert len(warned) == 1
    assert "the prompt 'greet' in the bundle was altered" in warned[0]
    path.unlink()
    gone = looks(3)
    assert len(gone) == 1
    assert "there is no such bundle" in gone[0]
    write(bundle_of(greet("good again")))
    clock.now += 0.6
    assert loaded_text(source) == "good again"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "greet.yaml").write_text(GREET, encoding="utf-8")
    return tmp_path


def test_an_edited_file_of_the_project_is_read_again_after_a_second(files: Path) -> None:
    clock = Clock()
    source = ProjectSource(files, clock)
    first = source.load(parse_reference("greet"))
    (files / "prompts" / "greet.yaml").write_text(GREET.replace("Greet", "Please greet"), encoding="utf-8")

    assert source.load(parse_reference("greet")) is first
    clock.now += 1.1
    assert loaded_text(source) == "Please greet the person by name."


def test_a_touched_file_gives_the_same_object(files: Path) -> None:
    clock = Clock()
    source = ProjectSource(files, clock)
    first = source.load(parse_reference("greet"))
    os.utime(files / "prompts" / "greet.yaml", (1, 1))
    clock.now += 1.1

    assert source.load(parse_reference("greet")) is first


def test_a_partial_and_the_settings_count_among_the_files(files: Path) -> None:
    clock = Clock()
    (files / "prompts" / "greet.yaml").write_text("prompt: \"{% include '_p.j2' %}\"\n", encoding="utf-8")
    (files / "prompts" / "_p.j2").write_text("one", encoding="utf-8")
    source = ProjectSource(files, clock)

    def seen() -> tuple[Any, str | None]:
        clock.now += 1.1
        found = source.load(parse_reference("greet"))
        return found.render()[0]["content"], found.model

    assert seen() == ("one", None)
    (files / "prompts" / "_p.j2").write_text("two", encoding="utf-8")
    os.utime(files / "prompts" / "_p.j2", (1, 1))
    assert seen() == ("two", None)
    (files / "llmops.yaml").write_text("model: echo\n", encoding="utf-8")
    assert seen() == ("two", "echo")


def test_a_file_that_breaks_is_an_error_with_its_place_and_mends(files: Path) -> None:
    clock = Clock()
    source = ProjectSource(files, clock)
    source.load(parse_reference("greet"))
    (files / "prompts" / "greet.yaml").write_text("prompt: '{{ nobody }}'\n", encoding="utf-8")
    clock.now += 1.1

    with pytest.raises(FileError, match=r"prompts/greet\.yaml:1"):
        source.load(parse_reference("greet"))
    (files / "prompts" / "greet.yaml").write_text("prompt: mended\n", encoding="utf-8")
    assert source.load(parse_reference("greet")).render()[0]["content"] == "mended"


def test_an_unknown_prompt_of_the_project_names_the_nearest(files: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'greet'"):
        load("gret", root=files)


def test_two_of_the_same_version_are_equal(write: Write) -> None:
    path = write(bundle_of(greet(), labelled=greet()))
    one = BundleSource(path).load(parse_reference("greet"))
    other = BundleSource(path).load(parse_reference("greet"))

    assert one == other
    assert len({one, other}) == 1
    assert one != load("greet@:production", bundle=path)
    assert isinstance(one, LoadedPrompt)


def test_a_link_that_is_pointed_elsewhere_counts_as_replaced(tmp_path: Path) -> None:
    clock = Clock()
    for text in ("one", "two"):
        (tmp_path / text).write_text(bundle_to_text(bundle_of(greet(text))), encoding="utf-8")
    link, new = tmp_path / "current", tmp_path / "new"
    link.symlink_to("one")
    source = BundleSource(link, clock)
    assert loaded_text(source) == "one"

    new.symlink_to("two")
    new.replace(link)
    clock.now += 0.6

    assert loaded_text(source) == "two"
