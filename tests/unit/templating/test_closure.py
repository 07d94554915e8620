"""Which templates a prompt reaches, and what is said when one cannot be."""

import pytest

from llmops_cli.errors import FileError, SourceLocation
from llmops_cli.templating.closure import reached_templates
from tests.unit.templating.prompts import PATH, prompt


def reached(*messages: str, files: dict[str, bytes]) -> dict[str, str]:
    return reached_templates(prompt(*messages), files.get)


def problems(*messages: str, files: dict[str, bytes] | None = None) -> list[str]:
    with pytest.raises(FileError) as caught:
        reached(*messages, files=files or {})
    return str(caught.value).splitlines()


def test_everything_that_is_included_imported_or_extended_is_reached() -> None:
    files = {
        "prompts/support/_policy.j2": b"Be kind.\r\n{% include 'tone.j2' %}\r\n",
        "prompts/support/tone.j2": b"beside",
        "prompts/tone.j2": b"top",
        "prompts/base.j2": "{% block b %}ü{% endblock %}".encode(),
        "prompts/macros.j2": b"{% macro f() %}{% endmacro %}",
        "prompts/unused.j2": b"never",
    }
    found = reached(
        "{% include '_policy.j2' %}",
        "{% extends 'base.j2' %}{% from '../macros.j2' import f %}",
        files=files,
    )
    assert found == {
        "base.j2": "{% block b %}ü{% endblock %}",
        "macros.j2": "{% macro f() %}{% endmacro %}",
        "support/_policy.j2": "Be kind.\n{% include 'tone.j2' %}\n",
        "support/tone.j2": "beside",
    }


def test_a_prompt_without_templates_reads_no_file() -> None:
    def read(path: str) -> bytes | None:
        raise AssertionError(path)

    assert reached_templates(prompt("plain", "{{ ticket }}"), read) == {}


def test_of_a_list_of_names_the_first_that_is_there_is_reached() -> None:
    files = {"prompts/b.j2": b"b", "prompts/c.j2": b"c"}
    assert reached("{% include ['a.j2', 'b.j2', 'c.j2'] %}", files=files) == {"b.j2": "b"}


def test_what_may_be_missing_may_be_missing() -> None:
    assert reached("{% include 'a.j2' ignore missing %}", files={}) == {}


def test_templates_that_include_each_other_end() -> None:
    files = {
        "prompts/a.j2": b"{% include 'b.j2' %}",
        "prompts/b.j2": b"{% include 'a.j2' %}{% include 'b.j2' %}",
    }
    assert set(reached("{% include 'a.j2' %}", files=files)) == {"a.j2", "b.j2"}


def test_a_missing_template_names_the_line_and_both_places() -> None:
    assert problems("one\n{% include 'no.j2' %}") == [
        f"{PATH}:11: template 'no.j2' is not there; looked at prompts/support/no.j2 and prompts/no.j2"
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../../x.j2", "reaches outside prompts/"),
        ("a/../../../x.j2", "reaches outside prompts/"),
        ("/etc/passwd", "is absolute"),
        ("C:/x.j2", "is absolute"),
        ("a\\\\b.j2", "has a backslash"),
        ("", "is not the name of a template"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str, said: str) -> None:
    asked: list[str] = []

    def read(path: str) -> bytes:
        asked.append(path)
        return b""

    with pytest.raises(FileError, match=said) as caught:
        reached_templates(prompt(f"{{% include '{name}' %}}"), read)
    assert caught.value.problems[0].where == SourceLocation(PATH, 10)
    assert asked == []


@pytest.mark.parametrize(
    "template",
    [
        "{% include name %}",
        "{% extends 'a' ~ x %}",
        "{% include ['a.j2', b] %}",
        "{% import ('a' if b else 'c') as m %}",
    ],
)
def test_names_must_be_written_out(template: str) -> None:
    assert "must be written out" in problems(template, files={"prompts/a.j2": b""})[0]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b"])
def test_a_file_that_is_no_text_is_named(content: bytes) -> None:
    said = problems("\n{% include 'bin.j2' %}", files={"prompts/bin.j2": content})
    assert said == [f"prompts/bin.j2: is not UTF-8 text; it is included at {PATH}:11"]


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert reached("{% include 'a.j2' %}", files={"prompts/a.j2": b"\xef\xbb\xbfa"}) == {"a.j2": "a"}


def test_all_problems_come_at_once_whatever_template_they_are_in() -> None:
    files = {"prompts/a.j2": b"\n{% include 'gone.j2' %}", "prompts/b.j2": b"{{ broken"}

    def read(path: str) -> bytes | None:
        if path.endswith("link.j2"):
            raise FileError("leads out of the project", where=SourceLocation(path))
        return files.get(path)

    with pytest.raises(FileError) as caught:
        reached_templates(
            prompt(
                "{% include 'a.j2' %}", "{% include 'b.j2' %}", "{% include x %}", "{% include 'link.j2' %}"
            ),
            read,
        )
    told = str(caught.value)
    assert "prompts/a.j2:2: template 'gone.j2' is not there" in told
    assert "prompts/b.j2:1: not a valid template" in told
    assert f"{PATH}:30: the name of an included template must be written out" in told
    assert "prompts/support/link.j2: leads out of the project" in told
