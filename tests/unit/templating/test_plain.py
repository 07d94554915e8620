"""What is found right without Jinja is right by Jinja, and usual templates are found so."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmops_cli.domain.prompt import InsertMessages, Prompt
from llmops_cli.errors import FileError, SourceLocation
from llmops_cli.templating.analysis import environment
from llmops_cli.templating.closure import check_variables, plainly_right, reached_templates
from llmops_cli.templating.plain import FILTERS
from tests.unit.templating.prompts import prompt
from tests.unit.templating.test_references import PIECES

TAKES = ("name", "a", "xs", "y")
LOOPS = st.sampled_from(["{{ x }}", "{{ x.y }}", "{{ xs }}", "{% for x in xs %}", "{% else %}", "{% endfor %}",
                         "{% if x %}", "{% if not y == x %}", "{% endif %}", "{{ x|upper }}", "{{ x | nonsense }}",
                         "{{ e }}", "{{ 'x' | e }}", "{% for xs in xs %}", "{% elif x.for %}"])  # fmt: skip


def whole(made: Prompt, files: dict[str, str]) -> Prompt | None:
    """The prompt with the partials that it reaches; None where it cannot be read at all."""
    contents = {f"prompts/{name}": text.encode("utf-8", "surrogatepass") for name, text in files.items()}
    try:
        partials = reached_templates(made, contents.get)
    except FileError:
        return None
    return Prompt(made.name, made.path, made.messages, inputs=made.inputs, partials=partials)


@given(st.lists(PIECES | LOOPS, max_size=8).map("".join), st.lists(PIECES | LOOPS, max_size=5).map("".join))
@example("{% for x in xs %}{{ x }}{% else %}{{ x }}{% endfor %}", "")
@example("{% for x in xs %}{% endfor %}{{ x }}", "")
@example("{% for x in xs %}{% include 'a.j2' %}{% endfor %}", "{{ x }}")
@example("{% for x in x %}{{ x }}{% endfor %}", "")
@example("{% for x in xs %}{% if x %}{% else %}{{ x }}{% endif %}{% endfor %}", "")
def test_what_is_found_right_without_jinja_is_right(text: str, partial: str) -> None:
    made = whole(prompt(text, takes=TAKES), {"a.j2": partial, "b/c.j2": partial, "e.j2": partial})
    if made is not None and plainly_right(made):
        assert list(check_variables(made)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Just text with a } and a { brace.",
        "Hello {{ name }}, {{- a.b | upper | trim -}} and {{ 'words'|e }}",
        "{% for x in xs %}{{ x.y }}{% for z in x.all %}{{ z }} of {{ x }}{% endfor %}{% else %}{{ a }}{% endfor %}",
        "{% if not a == 'yes' %}{{ y }}{% elif a != name %}{% else %}none{% endif %}",
        "{# {{ nobody }} and {% nothing #}{#- over\n lines -#} {{ a }}",
        "{% include 'p.j2' %}",
        "{% include 'p.j2' ignore missing with context %}",
    ],
)
def test_usual_templates_need_no_jinja(text: str) -> None:
    made = whole(prompt(text, takes=TAKES), {"p.j2": "{{ name }}{% if y %}!{% endif %}"})

    assert made is not None
    assert plainly_right(made)


@pytest.mark.parametrize(
    "text",
    ["{{ nobody }}", "{% if a }}", "{{ a", "{{ a | nonsense }}", "{% for x in xs %}{{ x }}", "{% endfor %}",
     "{% include 'wrong.j2' %}", "{% include 'p.j2' without context %}", "{{ a + 1 }}", "{# note"],
)  # fmt: skip
def test_what_is_wrong_or_unusual_is_left_to_jinja(text: str) -> None:
    made = whole(prompt(text, takes=TAKES), {"p.j2": "{{ name }}", "wrong.j2": "{{ nobody }}"})

    assert made is not None
    assert not plainly_right(made)


def test_an_insert_of_no_messages_is_not_right() -> None:
    made = prompt(InsertMessages("nobody", SourceLocation("prompts/p.yaml", 3)), takes=TAKES)

    assert not plainly_right(made)


def test_the_filters_are_those_of_prompts() -> None:
    assert {*environment("prompt").filter_names} >= FILTERS
