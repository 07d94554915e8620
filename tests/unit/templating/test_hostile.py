"""Templates that would take hours or gigabytes end soon, small, and say which limit they broke."""

import time
import tracemalloc

import pytest

from llmops_cli.templating import limits
from llmops_cli.templating.failures import TemplateFailure
from tests.unit.templating.prompts import PATH, show

MANY_STEPS = "takes more than 1,000,000 steps"
LONG_TEXT = "makes a text of more than 5,000,000 characters"
MUCH_TEXT = "makes texts of more than 50,000,000 characters together"
LONG_LIST = "makes a list of more than 1,000,000 items"
LONG_NUMBER = "makes a number of more than 100,000 bits"
TOO_DEEP = "calls or includes itself without end, or is nested too deeply"
BAD_DEPTH = "the template is nested too deeply"

_GROW = (
    "{{% set n = namespace(s={start}) %}}"
    "{{% for i in range({turns}) %}}{{% set n.s = {step} %}}{{% endfor %}}"
)
_NESTED = _GROW.format(start="(1,)", turns=60, step="(n.s, n.s)")
_BIG = "{% set x = 'ab' * 2400000 %}"

HOSTILE = [
    ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", MANY_STEPS),
    ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", TOO_DEEP),
    ("{% for x in [[[]]] recursive %}{{ loop([x, x]) }}{% endfor %}", TOO_DEEP),
    ("{{ 'x' * 10**9 }}", LONG_TEXT),
    ("{{ 10**9 * 'x' }}", LONG_TEXT),
    ("{{ [0] * 10**9 }}", LONG_LIST),
    ("{{ 10**(10**10) }}", LONG_NUMBER),
    ("{{ (2**99999) * (2**99999) }}", LONG_NUMBER),
    (_GROW.format(start="'xx'", turns=99, step="n.s ~ n.s"), LONG_TEXT),
    (_GROW.format(start="'xx'", turns=99, step="n.s + n.s"), LONG_TEXT),
    (_GROW.format(start="[1]", turns=99, step="n.s + n.s"), LONG_LIST),
    (_BIG + _GROW.format(start="[]", turns=9999, step="n.s + [x[1:]]"), MUCH_TEXT),
    (_BIG + _GROW.format(start="[]", turns=9999, step="n.s + [x|upper]"), MUCH_TEXT),
    (_NESTED + "{{ n.s }}", LONG_TEXT),
    (_NESTED + "{{ n }}", LONG_TEXT),
    (_NESTED + "{{ n.s ~ '' }}", LONG_TEXT),
    (_NESTED + "{{ n.s|tojson }}", LONG_TEXT),
    (_NESTED + "{{ '%s' % [n.s] }}", LONG_TEXT),
    (_NESTED + "{{ '{}'.format(n.s) }}", LONG_TEXT),
    (_NESTED + "{{ n.s == (n.s, 1) }}", LONG_TEXT),
    (_NESTED + "{{ {n.s: 1} }}", LONG_TEXT),
    (_NESTED + "{{ {'a': 1}[n.s] }}", LONG_TEXT),
    (_NESTED + "{{ {'a': 1}.get(n.s) }}", LONG_TEXT),
    (_NESTED + "{{ [n.s]|unique|list }}", LONG_TEXT),
    (_GROW.format(start="(1,)", turns=9999, step="(n.s,)") + "{{ {n.s: 1} }}", TOO_DEEP),
    ("{{ '%1000000000d' % 1 }}", LONG_TEXT),
    ("{{ '%*d' % (10**9, 1) }}", LONG_TEXT),
    ("{{ '%.1000000000f' % 1 }}", LONG_TEXT),
    ("{{ '%(a)1000000000s' % {'a': 1} }}", LONG_TEXT),
    ("{{ '%((a))1000000000s' % {'(a)': 1} }}", "unclear % format"),
    ("{{ ('%(a)s' * 100000) % {'a': 'x' * 1000} }}", LONG_TEXT),
    ("{{ '%1000000000d'|format(1) }}", LONG_TEXT),
    ("{{ '%1000000000d' is odd }}", LONG_TEXT),
    ("{{ ['%1000000000d']|select('divisibleby', 3)|list }}", LONG_TEXT),
    ("{{ '{:1000000000}'.format(1) }}", LONG_TEXT),
    ("{{ '{:{w}}'.format(1, w=10**9) }}", LONG_TEXT),
    ("{{ ('{0}' * 100000).format('x' * 1000) }}", LONG_TEXT),
    ("{{ '{a:>999999999}'.format_map({'a': 1}) }}", LONG_TEXT),
    ("{{ 'x'|center(10**9) }}", LONG_TEXT),
    ("{{ 'x'.ljust(10**9) }}", LONG_TEXT),
    ("{{ ('\t' * 1000000).expandtabs(tabsize=1000) }}", LONG_TEXT),
    ("{{ ('a' * 1000000)|replace('a', 'b' * 1000) }}", LONG_TEXT),
    ("{{ ('a' * 1000000).replace('', 'b' * 1000) }}", LONG_TEXT),
    ("{{ ('b' * 10000).join(['a'] * 100000) }}", LONG_TEXT),
    ("{{ (['a'] * 100000)|join('b' * 10000) }}", LONG_TEXT),
    ("{{ 'x\ny\nz'|indent(10**9) }}", LONG_TEXT),
    ("{{ ('a' * 4000000)|wordwrap(1) }}", "gives wordwrap a text of more than 100,000 characters"),
    ("{{ [1]|batch(10**9, 'x')|list }}", LONG_LIST),
    ("{{ []|slice(10**9)|max }}", LONG_LIST),
    ("{{ [[[[1] * 1000] * 1000]]|tojson(indent=900) }}", LONG_TEXT),
    ("{{ 5|round(-10**9) }}", "rounds to more than 400 digits"),
    ("{{ ([[1] * 90000] * 1000)|sum(start=[])|length }}", LONG_TEXT),
    ("{{ ([range(100000)] * 1000)|map('list')|list|length }}", MANY_STEPS),
    ("{{ ('ü ' * 2000000).split()|length }}", MANY_STEPS),
    ("{{ ('üä\n' * 1600000).splitlines()|length }}", MANY_STEPS),
    ("{% for i in range(99999) %}" + "x" * 1000 + "{% endfor %}", LONG_TEXT),
    ("{% set y %}{% for i in range(99999) %}" + "x" * 1000 + "{% endfor %}{% endset %}", LONG_TEXT),
    ("{% include 'me.j2' %}", TOO_DEEP),
    ("{{ " + "[" * 3000 + "]" * 3000 + " }}", BAD_DEPTH),
    ("{{ x" + ".y" * 5000 + " }}", BAD_DEPTH),
    ("{{ (1).to_bytes(10**9, 'big') }}", "'to_bytes' of 'int' object is unsafe"),
    ("{{ ('ü' * 1000000).encode('punycode') }}", "'encode' of 'str' object is unsafe"),
    ("{{ ('a' * 4000).translate({97: 'b' * 9000}) }}", "'translate' of 'str' object is unsafe"),
    ("{{ " + "9" * 6000 + " }}", "not a valid template"),
]  # fmt: skip

ENDLESS = [
    "{% macro f(n) %}{{ f(n - 1) ~ f(n - 1) if n else '' }}{% endmacro %}{{ f(60) }}",
    "{% set d = 0 %}{% include 'twice.j2' %}",
    _BIG + "{% for i in range(99999) %}{{ x.count('aa') }}{% endfor %}",
]
PARTIALS = {
    "me.j2": "{% include 'me.j2' %}",
    "twice.j2": "{% if d < 30 %}{% set d = d + 1 %}" + "{% include 'twice.j2' %}" * 2 + "{% endif %}",
}


@pytest.mark.parametrize(("template", "limit"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_template_breaks_a_limit_at_once(template: str, limit: str) -> None:
    started = time.thread_time()
    tracemalloc.start()
    try:
        with pytest.raises(TemplateFailure) as caught:
            show(template, PARTIALS)
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert limit in caught.value.message
    assert caught.value.where.path.startswith("prompts/")
    assert time.thread_time() - started < 3
    assert grown < 100_000_000


@pytest.mark.parametrize("template", ENDLESS, ids=range(len(ENDLESS)))
def test_a_template_without_end_is_stopped_by_the_clock(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.2)
    started = time.thread_time()
    with pytest.raises(TemplateFailure, match=r"takes more than 0\.2 seconds"):
        show(template, PARTIALS)
    assert time.thread_time() - started < 1


def test_the_limits_are_those_that_are_documented() -> None:
    assert (limits.MAX_SECONDS, limits.MAX_CHARACTERS, limits.MAX_STEPS) == (2.0, 5_000_000, 1_000_000)


def test_a_long_result_below_the_limit_is_rendered() -> None:
    assert len(show("{% for i in range(1000) %}{{ x }}{% endfor %}", x="y" * 4900)) == 4_900_000


def test_a_loop_may_build_a_long_list() -> None:
    template = _GROW.format(start="[]", turns=2000, step="n.s + [i]") + "{{ n.s|length }}"
    assert show(template) == "2000"


def test_a_broken_limit_names_the_line() -> None:
    with pytest.raises(TemplateFailure) as caught:
        show("a\nb\n{{ 'x' * 10**9 }}\n")
    assert str(caught.value.where) == f"{PATH}:12"
