"""Names that templates use, against those that the prompt declares."""

import pytest

from llmops_cli.domain.prompt import InputSpec, InsertMessages, Prompt
from llmops_cli.errors import SourceLocation
from llmops_cli.templating.closure import check_variables, unused_inputs
from tests.unit.templating.prompts import PATH, prompt


def said(checked: Prompt) -> list[str]:
    return [str(problem) for problem in check_variables(checked)]


@pytest.mark.parametrize(
    "template",
    [
        "{{ ticket }}",
        "{% set x = ticket %}{{ x }}",
        "{% if ticket %}{% set x = 1 %}{% endif %}{{ x is defined }}",
        "{% set x %}{{ ticket }}{% endset %}{{ x }}",
        "{% for k, v in ticket.items() %}{{ loop.index }}{{ k }}{{ v }}{% endfor %}",
        "{% macro f(a, b=1) %}{{ a }}{{ b }}{{ varargs }}{% endmacro %}{{ f(ticket) }}",
        "{% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}{{ ticket }}{% endcall %}",
        "{% with a = ticket %}{{ a }}{% endwith %}",
        "{% set ns = namespace(n=1) %}{% set ns.n = 2 %}{{ ns.n }}{{ range(3) }}{{ dict(a=1) }}{{ ticket }}",
        "{% for x in [1] recursive %}{{ loop([]) }}{% endfor %}{{ ticket }}",
        "{% block b %}{{ self.b() }}{{ ticket }}{% endblock %}",
        "{% if ticket is defined %}{{ ticket|default('')|map('upper')|select('odd')|list }}{% endif %}",
    ],
)  # fmt: skip
def test_what_is_declared_or_bound_is_known(template: str) -> None:
    assert said(prompt(template, takes=["ticket"])) == []
    assert unused_inputs(prompt(template, takes=["ticket", "tone"])) == ("tone",)


def test_an_unknown_variable_is_told_once_a_template_with_its_first_line() -> None:
    checked = prompt("a\n{{ tikcet }}\n{{ tikcet }}", "{{ tikcet }}", takes=["ticket"])
    assert said(checked) == [
        f"{PATH}:11: unknown variable 'tikcet'; did you mean 'ticket'?",
        f"{PATH}:20: unknown variable 'tikcet'; did you mean 'ticket'?",
    ]


def test_the_use_outside_a_loop_is_the_one_that_is_told() -> None:
    checked = prompt("{% for x in [1] %}\n{{ x }}\n{% endfor %}\n{{ x }}")
    assert said(checked) == [f"{PATH}:13: unknown variable 'x'; declare it under inputs"]


def test_unknown_filters_and_tests_are_told_wherever_they_hide() -> None:
    template = (
        "\n{% if false %}{{ 1|uper }}{% endif %}{{ 1 is strnig }}"
        "{{ [1]|map('joni')|list }}{{ [1]|select('ood')|list }}{{ [{}]|selectattr('a', 'deifned')|list }}"
    )
    assert set(said(prompt(template))) == {
        f"{PATH}:11: unknown filter 'uper'; did you mean 'upper'?",
        f"{PATH}:11: unknown filter 'joni'; did you mean 'join'?",
        f"{PATH}:11: unknown test 'ood'; did you mean 'odd'?",
        f"{PATH}:11: unknown test 'strnig'; did you mean 'string'?",
        f"{PATH}:11: unknown test 'deifned'; did you mean 'defined'?",
    }


def test_a_filter_that_is_not_offered_is_told_with_the_reason() -> None:
    assert said(prompt("{{ [1]|random }}")) == [
        f"{PATH}:10: filter 'random' is not offered: a prompt must render the same each time"
    ]


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("a\n{{ x", 11),
        ("a\n{% if %}", 11),
        ("{% for %}", 10),
        ("{% block a %}{% endblock %}\n{% block a %}{% endblock %}", 11),
    ],
)
def test_bad_syntax_is_told_with_its_line(template: str, line: int) -> None:
    (told,) = said(prompt(template, takes=["x"]))
    assert told.startswith(f"{PATH}:{line}: not a valid template: ")


def test_variables_inside_partials_count() -> None:
    partials = {
        "support/_p.j2": "\n{{ ticket }}{{ tone }}",
        "m.j2": "{% macro f(x) %}{{ x }}{{ user }}{% endmacro %}",
    }
    checked = prompt(
        "{% include '_p.j2' %}{% import 'm.j2' as m with context %}{{ m.f(1) }}",
        takes=["ticket", "user", "spare"],
        partials=partials,
    )
    assert said(checked) == ["prompts/support/_p.j2:2: unknown variable 'tone'; known: spare, ticket, user"]
    assert unused_inputs(checked) == ("spare",)


def test_a_partial_sees_what_the_including_template_binds() -> None:
    partials = {
        "row.j2": "{{ item }}{{ loop.index }}{{ title }}{% include 'deep.j2' %}",
        "deep.j2": "{{ title }}",
    }
    checked = prompt(
        "{% set title = 1 %}{% for item in items %}{% include 'row.j2' %}{% endfor %}",
        takes=["items"],
        partials=partials,
    )
    assert said(checked) == []


def test_a_block_sees_what_the_extended_template_binds() -> None:
    partials = {"base.j2": "{% set title = 1 %}{% block body %}{% endblock %}{{ chosen }}"}
    checked = prompt(
        "{% extends 'base.j2' %}{% set chosen = 1 %}{% block body %}{{ title }}{% endblock %}",
        partials=partials,
    )
    assert said(checked) == []


def test_an_input_in_a_template_imported_without_context_is_told() -> None:
    partials = {"m.j2": "{% macro f() %}\n{{ ticket }}{% endmacro %}"}
    checked = prompt("{% import 'm.j2' as m %}{{ m.f() }}{{ ticket }}", takes=["ticket"], partials=partials)
    (told,) = said(checked)
    assert told.startswith("prompts/m.j2:2: variable 'ticket' is not seen here")
    assert "with context" in told


def test_inserts_need_a_declared_list_of_messages() -> None:
    here = SourceLocation(PATH, 30)
    typed = [InputSpec("history", "messages"), InputSpec("anything"), InputSpec("name", "string")]
    hint = "; declare it with type: messages"
    for name in ("history", "anything"):
        assert said(prompt("x", InsertMessages(name, here), takes=typed)) == []
    assert said(prompt(InsertMessages("name", here), InsertMessages("histroy", here), takes=typed)) == [
        f"{PATH}:30: insert needs a list of messages, and input 'name' is declared as string{hint}",
        f"{PATH}:30: insert of unknown input 'histroy'; did you mean 'history'?",
    ]
    assert unused_inputs(prompt(InsertMessages("history", here), takes=typed)) == ("anything", "name")
