"""A prompt and variables in, messages out."""

import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.prompt import (
    ImagePart,
    InputSpec,
    InputType,
    InsertMessages,
    MessageTemplate,
    Prompt,
    TextPart,
)
from llmops_cli.errors import FileError, RenderError, SourceLocation
from llmops_cli.templating.render import PromptRenderer, restrict
from tests.unit.templating.prompts import NAME, PATH, prompt, text

CASE = SourceLocation("evalsets/support/escalation.yaml", 14)


def contents(rendered: Prompt, **variables: Any) -> list[Any]:
    return [message["content"] for message in PromptRenderer(rendered).render(variables, CASE)]


def refused(rendered: Prompt, **variables: Any) -> list[str]:
    with pytest.raises(RenderError) as caught:
        PromptRenderer(rendered).render(variables, CASE)
    return str(caught.value).splitlines()


def test_messages_are_what_the_templates_give() -> None:
    system = MessageTemplate("system", text("Tone: {{ tone }}."), SourceLocation(PATH, 5))
    renderer = PromptRenderer(
        prompt(
            system,
            "Ticket: {{ ticket }}\n",
            takes=["ticket", InputSpec("tone", "string", required=False, default="calm")],
        )
    )
    assert renderer.render({"ticket": "Hi\n"}) == (
        {"role": "system", "content": "Tone: calm."},
        {"role": "user", "content": "Ticket: Hi\n"},
    )
    assert renderer.render({"ticket": "x", "tone": "short"})[0]["content"] == "Tone: short."


@pytest.mark.parametrize(
    ("template", "content"),
    [
        ("a\n", "a"),
        ("a\n\n", "a\n"),
        ("a", "a"),
        ("", ""),
        (" \n", " "),
        ("{{ x }}\n", "v\n"),
        ("a\r\nb\r\n", "a\nb"),
    ],
)
def test_one_line_end_at_the_end_is_dropped_and_nothing_else(template: str, content: str) -> None:
    assert contents(prompt(template, takes=["x"]), x="v\n") == [content]


@given(st.text(st.characters(exclude_characters="{\r", exclude_categories=["Cs"])))
def test_a_text_without_templates_is_its_own_message(plain: str) -> None:
    assert contents(prompt(plain)) == [plain.removesuffix("\n")]


@given(st.text())
def test_a_value_reaches_the_message_as_it_is(value: str) -> None:
    assert contents(prompt("<{{ x }}>", takes=["x"]), x=value) == [f"<{value}>"]


def test_parts_are_texts_and_images() -> None:
    parts = (
        TextPart(text("See {{ what }}:\n")),
        ImagePart(text("data:image/png;base64,AAAA\n")),
        ImagePart(text("{{ shot }}")),
    )
    rendered = prompt(MessageTemplate("user", parts, SourceLocation(PATH, 5)), takes=["what", "shot"])
    assert contents(rendered, what="this", shot="data:image/jpeg;base64,BBB=") == [
        [
            {"type": "text", "text": "See this:"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,BBB="}},
        ]
    ]


@pytest.mark.parametrize(
    "shot", ["https://example.org/a.png", "data:text/html;base64,AAAA", "data:image/png;base64,<>", ""]
)
def test_an_image_must_be_a_data_uri(shot: str) -> None:
    message = MessageTemplate("user", (ImagePart(text("{{ shot }}", 7)),), SourceLocation(PATH, 5))
    (told,) = refused(prompt(message, takes=["shot"]), shot=shot)
    assert told.startswith(f"{PATH}:7: an image must be a data:image/")


def test_an_image_of_many_bytes_is_no_template() -> None:
    uri = "data:image/png;base64," + "A" * 6_000_000
    message = MessageTemplate("user", (ImagePart(text(uri)),), SourceLocation(PATH, 5))
    assert contents(prompt(message))[0][0]["image_url"]["url"] == uri


def test_inserted_messages_stand_as_given() -> None:
    history: list[dict[str, Any]] = [
        {"role": "user", "content": "a {{ b }}"},
        {"role": "assistant", "content": None, "tool_calls": [1]},
    ]
    insert = InsertMessages("history", SourceLocation(PATH, 5))
    given_before = [dict(message) for message in history]
    messages = PromptRenderer(prompt(insert, "and?", takes=[InputSpec("history", "messages")])).render(
        {"history": history}
    )
    assert messages == (*history, {"role": "user", "content": "and?"})
    messages[0]["content"] = "changed"  # type: ignore[index]
    assert history == given_before


PIXEL = "data:image/png;base64,QUJD"
INERT = [
    {"type": "text", "text": "see http://example.org", "cache_control": {"type": "ephemeral"}},
    {"type": "refusal", "refusal": "no"},
    {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
    {"type": "image_url", "image_url": PIXEL},
    {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
    {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"}},
]
HTTP = "http://169.254.169.254/latest/meta-data"
FETCHED: list[Any] = [
    {"type": "image_url", "image_url": {"url": HTTP}},
    {"type": "image_url", "image_url": HTTP},
    {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
    {"type": "image_url", "image_url": {"url": f"{PIXEL}\n{HTTP}"}},
    {"type": "image_url", "image_url": {"url": PIXEL, "detail": {"url": HTTP}}},
    {"type": "image_url"},
    {"type": "input_audio", "input_audio": {"data": HTTP, "format": "wav"}},
    {"type": "input_audio", "input_audio": {"data": "QUJD", "url": HTTP}},
    {"type": "file", "file": {"file_id": HTTP}},
    {"type": "file", "file": {"file_data": HTTP}},
    {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "file_id": HTTP}},
    {"type": "video_url", "video_url": {"url": HTTP}},
    {"type": "image", "source": {"type": "url", "url": HTTP}},
    {"type": "document", "source": {"type": "url", "url": HTTP}},
    {"type": "text", "text": "a", "image_url": {"url": HTTP}},
    {"type": ["text"], "text": "a"},
    HTTP,
]


@pytest.mark.parametrize("declared", ["messages", None])
@pytest.mark.parametrize("role", ["user", "assistant", "tool"])
def test_inserted_messages_hold_content_and_no_addresses(role: str, declared: InputType | None) -> None:
    insert = InsertMessages("history", SourceLocation(PATH, 5))
    rendered = prompt(insert, takes=[InputSpec("history", declared)])
    assert contents(rendered, history=[{"role": role, "content": INERT}]) == [INERT]
    for part in FETCHED:
        parts = [{"type": "text", "text": "look"}, part]
        (told,) = refused(rendered, history=[{"role": role, "content": parts}])
        assert told.startswith(f"{CASE}: 'history' must be a list of messages; entry 1, part 2: ")


def test_an_image_by_its_address_is_refused_in_so_many_words() -> None:
    insert = InsertMessages("history", SourceLocation(PATH, 5))
    given_parts = [{"role": "user", "content": [FETCHED[0]]}]
    with_default = InputSpec("history", "messages", required=False, default=given_parts)
    expected = (
        f"{CASE}: 'history' must be a list of messages; entry 1, part 1: an image must be a "
        f"data:image/…;base64,… URI, not '{HTTP}'"
    )
    assert refused(prompt(insert, takes=[InputSpec("history", "messages")]), history=given_parts) == [
        expected
    ]
    assert refused(prompt(insert, takes=[with_default])) == [expected]


@pytest.mark.parametrize("value", [7, "abc", [7], [{"role": "user", "content": 7}], {"role": "user"}])
def test_what_is_no_list_of_messages_is_not_inserted_however_it_is_declared(value: Any) -> None:
    insert = InsertMessages("history", SourceLocation(PATH, 5))
    (told,) = refused(prompt(insert, takes=["history"]), history=value)
    assert "'history' must be a" in told


def test_a_field_of_a_message_that_a_client_would_fetch_from_is_refused() -> None:
    insert = InsertMessages("history", SourceLocation(PATH, 5))
    history = [{"role": "assistant", "content": "a", "images": [{"image_url": {"url": HTTP}}]}]
    (told,) = refused(prompt(insert, takes=[InputSpec("history", "messages")]), history=history)
    assert "entry 1: 'images' is not passed on" in told


def test_no_message_at_all_is_an_error() -> None:
    insert = InsertMessages("history", SourceLocation(PATH, 5))
    (told,) = refused(prompt(insert, takes=[InputSpec("history", "messages")]), history=[])
    assert told == f"{CASE}: prompt {NAME!r} gives no message at all"


def test_all_missing_unknown_and_ill_typed_variables_come_at_once() -> None:
    rendered = prompt("a\n{{ ticket }}{{ count }}", takes=["ticket", InputSpec("count", "integer"), "spare"])
    assert refused(rendered, count="3", tikcet="x") == [
        f"{CASE}: prompt {NAME!r} has no input 'tikcet'; did you mean 'ticket'?",
        f"{CASE}: prompt {NAME!r} needs 'ticket' (used at {PATH}:11), which this case does not give",
        f"{CASE}: 'count' must be an integer, not a string",
        f"{CASE}: prompt {NAME!r} needs 'spare', which this case does not give",
    ]


def test_a_variable_missing_in_a_partial_names_the_partial() -> None:
    rendered = prompt("{% include '_p.j2' %}", takes=["tone"], partials={"support/_p.j2": "\n{{ tone }}"})
    assert "(used at prompts/support/_p.j2:2)" in refused(rendered)[0]


@pytest.mark.parametrize(
    ("declared", "good", "bad"),
    [
        ("string", ["", "a"], [1, None, ["a"]]),
        ("integer", [0, 2**70], [True, 1.0, "1"]),
        ("number", [0, 1.5], [False, "1.5"]),
        ("boolean", [True], [0, "true"]),
        ("list", [[], [1]], ["ab", {}, None]),
        ("object", [{}, {"a": 1}], [[], "a"]),
        ("messages", [[], [{"role": "user", "content": ""}]], [{}, [{"role": ""}], [{"content": ""}], [1]]),
    ],
)  # fmt: skip
def test_values_must_have_the_declared_type(declared: InputType, good: list[Any], bad: list[Any]) -> None:
    rendered = prompt("x", takes=[InputSpec("v", declared)])
    for value in good:
        assert contents(rendered, v=value) == ["x"]
    for value in bad:
        (told,) = refused(rendered, v=value)
        assert told.startswith(f"{CASE}: 'v' must be ")


def test_null_may_be_given_where_it_is_the_default() -> None:
    optional = prompt("{{ v }}", takes=[InputSpec("v", "string", required=False)])
    assert contents(optional, v=None) == contents(optional) == ["None"]
    required = prompt("{{ v }}", takes=[InputSpec("v", "string", required=False, default="a")])
    assert refused(required, v=None) == [f"{CASE}: 'v' must be a string, not null"]


def test_an_undefined_attribute_names_the_line_the_path_and_the_case() -> None:
    (told,) = refused(prompt("a\n{{ ticket.subjet }}", takes=["ticket"]), ticket={"subject": "x"})
    assert (
        told == f"{PATH}:11: 'ticket.subjet' is undefined (for the case at {CASE}); did you mean 'subject'?"
    )


def test_broken_templates_are_all_told_when_the_renderer_is_made() -> None:
    with pytest.raises(FileError) as caught:
        PromptRenderer(prompt("{{ a", "fine", "{% if %}"))
    assert [str(problem.where) for problem in caught.value.problems] == [f"{PATH}:10", f"{PATH}:30"]


def test_restrict_keeps_what_the_prompt_declares() -> None:
    assert restrict({"a": 1, "b": 2}, prompt("x", takes=["b", "c"])) == {"b": 2}


def test_rendering_is_quick() -> None:
    renderer = PromptRenderer(
        prompt(
            "You are {{ tone }}.\n",
            "{% for i in items %}\n- {{ i }}\n{% endfor %}\n",
            "Ticket: {{ ticket|trim }}\n{% if tone == 'x' %}\na\n{% endif %}\n",
            takes=["tone", "items", "ticket"],
        )
    )
    started = time.thread_time()
    for _ in range(2000):
        renderer.render({"tone": "kind", "items": ["a", "b", "c"], "ticket": " hello "})
    assert time.thread_time() - started < 0.3


def test_jinja_is_loaded_only_when_something_is_rendered() -> None:
    code = (
        "import sys; from llmops_cli.templating import closure, render, values;"
        "assert not {'jinja2', 'regex'} & set(sys.modules), 'too early'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
