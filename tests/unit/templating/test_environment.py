"""What ordinary templates give, and how a failing one is told."""

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment

from llmops_cli.templating import limits
from llmops_cli.templating.failures import TemplateFailure
from tests.unit.templating.prompts import PATH, show


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ 'a' if false }}|{{ 1.5 }}|{{ none }}|{{ true }}", "|1.5|None|True"),
        ("{{ 'abc'[1:] }}{{ [1, 2, 3][:-1] }}", "bc[1, 2]"),
        ("{{ 1 < 2 < 3 }}{{ 2 in [1, 2] }}{{ 'a' ~ 1 ~ none }}", "TrueTruea1None"),
        ("{{ 7 // 2 }} {{ 7 % 2 }} {{ 2 ** 5 }} {{ 7 / 2 }} {{ 7 - 9 }} {{ 'a' * 2 }}", "3 1 32 3.5 -2 aa"),
        ("{{ '%s-%03d' % ('a', 2) }} {{ '{:>4}|{x[0]!r}'.format(1, x='y') }}", "a-002    1|'y'"),
        ("{{ '%d%%' % 5 }} {{ '%(a)s' % {'a': 1} }} {{ '%s'|format(1) }}", "5% 1 1"),
        ("{{ [3, 1, 2]|sort|join(', ') }} {{ [{'n': 1}, {'n': 2}]|sum(attribute='n') }}", "1, 2, 3 3"),
        ("{{ [{'n': 1}]|join(',', attribute='n') }} {{ ['a']|map('upper')|list }}", "1 ['A']"),
        ("{{ 'a b'|replace('a', 'x')|title }} {{ 'a,b'.split(',') }} {{ ' x '|trim }}", "X B ['a', 'b'] x"),
        ("{{ 'a\nb'|indent(2) }} {{ 'x'|center(3) }}| {{ 3.14159|round(2) }}", "a\n  b  x | 3.14"),
        ("{{ [1, 2, 3]|batch(2)|list }}{{ [1, 2, 3]|slice(2)|list }}", "[[1, 2], [3]][[1, 2], [3]]"),
        ("{{ '<a>'|e }} {{ '12'|int + 1 }} {{ 9 is divisibleby 3 }}", "&lt;a&gt; 13 True"),
        ("{{ 3 is odd }}{{ 3 is even }}", "TrueFalse"),
        ("{% for i in 'ab' %}{{ loop.index }}{{ loop.length }}{{ loop.last }}{% endfor %}", "12False22True"),
        ("{% for i in [1, 2, 3] if i > 1 %}{{ i }}{% else %}none{% endfor %}", "23"),
        ("{% macro hi(who, mark='!') %}hi {{ who }}{{ mark }}{% endmacro %}{{ hi('Ada') }}", "hi Ada!"),
        ("{% set n = namespace(v=0) %}{% for i in [1] %}{% set n.v = n.v + i %}{% endfor %}{{ n.v }}", "1"),
    ],
)  # fmt: skip
def test_ordinary_templates_give_what_jinja_gives(template: str, shown: str) -> None:
    assert show(template) == shown


def test_blocks_take_their_own_line_and_the_last_line_end_is_kept() -> None:
    assert show("a\n  {% if true %}\nb\n  {% endif %}\n\nc\n") == "a\nb\n\nc\n"


def test_crlf_and_lf_are_the_same_template() -> None:
    lf = "a\n{% for i in [1, 2] %}\n- {{ i }}\n{% endfor %}\n{# note #}\nü 😀\n"
    assert show(lf.replace("\n", "\r\n")) == show(lf) == "a\n- 1\n- 2\nü 😀\n"


def test_a_tree_is_walked_by_a_recursive_loop() -> None:
    tree = [{"n": "a", "c": [{"n": "b", "c": []}, {"n": "c", "c": []}]}]
    assert show("{% for x in t recursive %}({{ x.n }}{{ loop(x.c) }}){% endfor %}", t=tree) == "(a(b)(c))"


def test_tojson_is_plain_json_in_the_order_given() -> None:
    value = {"z": "<ä's>", "a": [1, None, True]}
    assert show("{{ v|tojson }}", v=value) == '{"z": "<ä\'s>", "a": [1, null, true]}'
    assert show("{{ v|tojson(indent=1) }}", v={"a": 1}) == '{\n "a": 1\n}'


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_tojson_refuses_what_json_cannot_hold(value: object) -> None:
    with pytest.raises(TemplateFailure):
        show("{{ v|tojson }}", v=value)


def test_inheritance_includes_and_imports_work_together() -> None:
    partials = {
        "base.j2": "<{% block body %}base{% endblock %}>",
        "support/_p.j2": "[{{ who }}]",
        "m.j2": "{% macro f(x) %}m{{ x }}{% endmacro %}",
    }
    child = (
        "{% extends 'base.j2' %}{% import 'm.j2' as m %}"
        "{% block body %}{{ m.f(1) }}{% include '_p.j2' %}{{ super() }}{% endblock %}"
    )
    assert show(child, partials, who="Ada") == "<m1[Ada]base>"


def test_a_partial_beside_the_template_goes_before_one_at_the_top() -> None:
    partials = {"support/p.j2": "beside", "p.j2": "top", "only.j2": "top only"}
    assert (
        show("{% include 'p.j2' %} {% include 'only.j2' %} {% include '../p.j2' %}", partials)
        == "beside top only top"
    )


@pytest.mark.parametrize(
    ("template", "line", "message"),
    [
        ("a\nb {{ x.y }}", 11, "'x.y' is undefined"),
        ("a\n\n{% for i in x.items_ %}{% endfor %}", 12, "'x.items_' is undefined"),
        ("{{ y.y is defined }}\n{{ x.y }}", 11, "'x.y' is undefined"),
        ("{{ 1 / 0 }}", 10, "division by zero"),
        ("a\n{{ 'a' + 1 }}", 11, "the template fails"),
        ("a\n{{ [1]|map('upper') }}", 11, "a generator has no text; add | list or | join"),
        ("a\n{{ {'a': 1}.items }}", 11, "has no text; call it"),
        ("a\n{{ [[1].index] }}", 11, "has no text"),
        ("a\n{% if %}", 11, "not a valid template"),
        ("a\n{{ x|uper }}", 11, "uper"),
        ("a\n{{ [1, 2]|random }}", 11, "filter 'random' is not offered: a prompt must render the same"),
        ("a\n{% autoescape true %}{% endautoescape %}", 11, "autoescape is for HTML"),
        ("a\n{{ ''.__class__ }}", 11, "unsafe"),
        ("a\n{% include 'nope.j2' %}", 11, "'nope.j2' is not there"),
    ],
)  # fmt: skip
def test_a_failure_names_the_line_and_what_is_wrong(template: str, line: int, message: str) -> None:
    with pytest.raises(TemplateFailure) as caught:
        show(template, x={"z": 1}, y={})
    assert (caught.value.where.path, caught.value.where.line) == (PATH, line)
    assert message in caught.value.message


def test_a_failure_inside_a_partial_names_the_partial() -> None:
    with pytest.raises(TemplateFailure) as caught:
        show("{% include '_p.j2' %}", {"support/_p.j2": "a\nb\n{{ x.y }}"}, x={"yy": 1})
    assert str(caught.value.where) == "prompts/support/_p.j2:3"
    assert caught.value.hint == "did you mean 'yy'?"


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''|attr('__class__') }}",
        "{{ '{0.__class__}'.format('') }}",
        "{{ ['']|map(attribute='__class__')|list }}",
        "{{ self.__init__.__globals__ }}",
        "{{ namespace.__init__ }}",
        "{{ x.append(1) }}",
        "{{ d.update(a=2) }}",
        "{{ d.__setitem__('a', 2) }}",
    ],
)
def test_a_template_reaches_no_internals_and_changes_nothing(template: str) -> None:
    given_list, given_dict = [1], {"a": 1}
    with pytest.raises(TemplateFailure):
        show(template, x=given_list, d=given_dict)
    assert (given_list, given_dict) == ([1], {"a": 1})


def test_a_rendering_takes_nothing_from_chance() -> None:
    template = "{% for k, v in d.items() %}{{ k }}{% endfor %}{{ d }}"
    keys = [str(number) for number in range(50)]
    random.Random(1).shuffle(keys)
    assert show(template, d=dict.fromkeys(keys, 0)).startswith("".join(keys))


def test_the_time_limit_holds_in_a_worker_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.1)
    told: list[str] = []

    def work() -> None:
        with pytest.raises(TemplateFailure) as caught:
            show("\n{% set big = 'ab' * 2000000 %}{% for i in range(99999) %}{{ 'zz' in big }}{% endfor %}")
        told.append(str(caught.value))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=10)
    assert told
    assert told[0].startswith(f"{PATH}:11: the template takes more than 0.1 seconds")


_PLAIN = st.text(st.characters(exclude_characters="{", exclude_categories=["Cs"]))


@given(_PLAIN)
def test_a_text_without_jinja_syntax_is_itself(plain: str) -> None:
    expected = plain.replace("\r\n", "\n").replace("\r", "\n")
    # with an empty comment, so that it goes through Jinja
    assert show("{#-#}" + "x" + plain) == "x" + expected


_WORDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=5)
_EVERYTHING = (
    "{% for w in words %}{{ w ~ sign }}{{ w[1:] }}{{ w|upper }}{{ w|replace('a', sign) }}{{ loop.revindex }}"
    "{{ w.split() }}{{ w.splitlines() }}{{ w.center(9) }}{{ w|indent(2, true) }}{{ w == sign }}{% endfor %}"
    "{{ words|join(sign) }}{{ words }}{{ sign * number }}{{ number ** 2 }}{{ number % 3 }}{{ number / 2 }}"
    "{{ words|unique|list }}{{ words|sort|first|default('-') if words }}{{ words|batch(2)|list }}"
    "{{ '%5s|%d' % (sign, number) }}{{ '{:>4}{}'.format(sign, words) }}"
)


@given(_WORDS, st.integers(-5, 5), st.sampled_from(["-", "", "é"]))
def test_the_bounds_change_nothing_that_stock_jinja_gives(words: list[str], number: int, sign: str) -> None:
    stock = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    variables = {"words": words, "number": number, "sign": sign}
    assert show(_EVERYTHING, None, **variables) == stock.from_string(_EVERYTHING).render(variables)
