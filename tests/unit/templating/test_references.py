"""What a text names without Jinja is what Jinja finds in it, or nothing is said."""

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmops_cli.domain.canonical import lf
from llmops_cli.errors import FileError, SourceLocation
from llmops_cli.templating.analysis import scan
from llmops_cli.templating.closure import reached_templates
from llmops_cli.templating.failures import TemplateFailure
from llmops_cli.templating.references import Reference, plain_references
from tests.unit.templating.prompts import prompt

WHERE = SourceLocation("prompts/p.yaml", 1)

PIECES = st.sampled_from([
    "text ", "ü ☃ ", "\n", "\n\n", "  ", "}}", "%}", "{", "}", "#}", "{ {", "% ", "'", '"', "\\", "\t", "-",
    "{{ name }}", "{{- a.b -}}", "{{ x|upper }}", "{{ x | trim|lower -}}", "{{ 'quoted' }}", "{{ not }}",
    "{{ loop }}", "{{ a.not }}", "{{ x.0 }}", "{{ -x }}", "{{+ x }}", "{{ a b }}", "{{ }}", "{{ x", "{{{ x }}}",
    "{{ '{% include \"x.j2\" %}' }}", "{{ '}}' }}", "{{ ( }}", "{{ d['k'] }}", "{{ f(1) }}", "{{ x +%}",
    "{# note #}", "{# {% include 'x.j2' %} #}", "{#", "{% raw %}", "{% endraw %}", "{%- raw -%}",
    "{% include 'a.j2' %}", '{%- include "b/c.j2" -%}', "{%+ include '../d.j2' +%}", "{%include'e.j2'%}",
    "{% include 'a.j2' ignore missing %}", "{% include 'a.j2' without context %}",
    "{% include 'a.j2' ignore missing with context %}", "{% include 'a.j2' with context ignore missing %}",
    "{% include ['a.j2', 'b.j2'] %}", "{% include name %}", "{% include 'a' 'b' %}", "{% include 'a' if x %}",
    "{% include 'a\\n.j2' %}", "{% include\n'a.j2' %}", "{% include '' %}", "{% include ' ' %}", "{% include %}",
    "{% import 'm.j2' as m %}", "{% import 'm.j2' as m with context %}", "{% import 'm.j2' as _m %}",
    "{% import 'm.j2' %}", "{% import 'm.j2' as true %}", "{% from 'm.j2' import a %}", "{% import m as n %}",
    "{% from 'm.j2' import a as b, c with context %}", "{% from 'm.j2' import _a %}",
    "{% from 'm.j2' import a, %}", "{% from 'm.j2' import a as a %}", "{% from 'm.j2' import context %}",
    "{% extends 'base.j2' %}", "{% block b %}", "{% endblock %}", "{% set x = 1 %}", "{% macro m() %}",
    "{% endmacro %}", "{% for x in xs %}", "{% for x in x %}", "{% for loop in xs %}", "{% for a, b in xs %}",
    "{% for x in xs if x %}", "{%- endfor %}", "{% endfor %}", "{% end for %}", "{% if x %}", "{% if not a.b %}",
    "{% if x == 'y' %}", "{% if a == not b %}", "{% elif y != z|lower %}", "{% else %}", "{% else -%}",
    "{% endif %}", "{% elif %}", "{% if x is defined %}", "{% unknown %}", "{%", "{% include 'a.j2'",
    "\r\n", "\r",
])  # fmt: skip


def by_jinja(text: str) -> tuple[Reference, ...] | None:
    """What Jinja finds; None where the text is no template."""
    try:
        return scan(text, WHERE).references
    except TemplateFailure:
        return None


@given(st.lists(PIECES, max_size=12).map("".join))
@example("{% if a %}{% if b %}{% else %}{% endif %}{% else %}{% include 'a.j2' %}{% endif %}")
@example("{% if a %}{% else %}{% elif b %}{% include 'a.j2' %}{% endif %}")
@example("{% for x in xs %}{% else %}{% include 'a.j2' %}{% endfor %}{% else %}")
@example("{% if a %}{% for x in xs %}{% endif %}{% endfor %}{% include 'a.j2' %}")
@example("{% include 'a.j2' %}{{ broken")
@example("a\r\nb\rc\n{% include 'a.j2' %}")
def test_what_is_found_without_jinja_is_what_jinja_finds(text: str) -> None:
    found = plain_references(lf(text))
    assert found is None or found == by_jinja(lf(text))


NAMES = st.sampled_from(["x", "ticket", "a.b", "x|upper", "a.b | trim", "'words'"])


@st.composite
def plain_templates(draw: st.DrawFn, depth: int = 3) -> str:
    """Templates as most prompts are written: all of it can be told without Jinja."""
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["text", "output", "include", "import", "for", "if"]))
        minus = draw(st.sampled_from(["", "-"]))
        name = draw(st.sampled_from(["a.j2", "b/c.j2", "../d.txt", "_policy-1.j2"]))
        how = draw(st.sampled_from(["", " ignore missing", " without context", " with context"]))
        inner = draw(plain_templates(depth - 1)) if depth and kind in ("for", "if") else ""
        parts.append({
            "text": draw(st.text(st.characters(exclude_characters="{\r", exclude_categories=["Cs"]))),
            "output": f"{{{{{minus} {draw(NAMES)} {minus}}}}}",
            "include": f"{{%{minus} include '{name}'{how} %}}\n",
            "import": f'{{% from "{name}" import f, g as h {minus}%}}',
            "for": f"{{% for x in {draw(NAMES)} %}}\n{inner}{{%{minus} endfor %}}\n",
            "if": f"{{% if not {draw(NAMES)} %}}{inner}\n{{% else %}}{inner}{{% endif %}}",
        }[kind])  # fmt: skip
    return "".join(parts)


@given(plain_templates())
def test_of_usual_templates_all_is_found_without_jinja(text: str) -> None:
    assert plain_references(text) is not None
    assert plain_references(text) == by_jinja(text)


def test_depth_is_left_to_jinja() -> None:
    assert plain_references("{% if x %}" * 500 + "{% endif %}" * 500) is None


def test_a_mistake_beside_a_plain_include_is_said_with_its_line() -> None:
    with pytest.raises(FileError) as caught:
        reached_templates(prompt("{% include 'a.j2' %}\n\n{{ broken"), {"prompts/a.j2": b"a"}.get)
    assert [problem.where and problem.where.line for problem in caught.value.problems] == [12]


def test_plain_includes_are_followed_without_loading_jinja() -> None:
    code = """
import sys
from llmops_cli.domain.prompt import MessageTemplate, Prompt, TemplateText
from llmops_cli.errors import SourceLocation
from llmops_cli.templating.closure import reached_templates
where = SourceLocation("prompts/p.yaml", 1)
text = TemplateText("{% for x in xs %}{% include 'a.j2' %}{% endfor %}", "p.yaml", where)
prompt = Prompt("p", "prompts/p.yaml", (MessageTemplate("user", text, where),))
files = {"prompts/a.j2": b"{{ x }}{% include 'b/c.j2' %}", "prompts/b/c.j2": b"c"}
print(sorted(reached_templates(prompt, files.get)), "jinja2" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['a.j2', 'b/c.j2'] False\n"
