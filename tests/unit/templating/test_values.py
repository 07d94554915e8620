"""Templates inside the arguments of scorers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.errors import RenderError, SourceLocation
from llmops_cli.templating.filters import LazyJson, NoMatch
from llmops_cli.templating.values import ValueTemplates, check_value, references

HERE = SourceLocation("evalsets/e.yaml", 7)
KNOWN = ("vars", "expected", "context", "output", "json", "messages")


def render(value: Any, **scope: Any) -> Any:
    return ValueTemplates().render(value, scope, HERE)


def refused(value: Any, **scope: Any) -> str:
    with pytest.raises(RenderError) as caught:
        render(value, **scope)
    return str(caught.value)


@pytest.mark.parametrize("value", ["yes", 1, None, True, 2.5, ["a", {"b": [1]}], {"a": None}])
def test_a_lone_expression_keeps_its_type(value: Any) -> None:
    rendered = render("{{ expected.v }}", expected={"v": value})
    assert (rendered, type(rendered)) == (value, type(value))
    assert render(" {{ expected['v'] }}\n", expected={"v": value}) == value


def test_any_other_template_is_a_text() -> None:
    assert render("{{ a }}{{ b }}", a=1, b=2) == "12"
    assert render("is {{ a }}", a=[1]) == "is [1]"
    assert render("{% if a %}yes{% endif %}", a=1) == "yes"


def test_templates_are_found_in_lists_and_mappings() -> None:
    value = {"k": ["{{ a }}", "plain", 3], "{{ a }}": "{{ a }}!", "n": None}
    assert render(value, a=1) == {"k": [1, "plain", 3], "{{ a }}": "1!", "n": None}


@given(st.recursive(st.none() | st.integers() | st.text(st.characters(exclude_characters="{")),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_a_value_without_templates_is_itself(value: Any) -> None:
    assert render(value) == value
    assert references(value) == frozenset()
    assert not check_value(value, (), HERE)


def test_a_generator_becomes_a_list() -> None:
    assert render("{{ output|lines|map('trim') }}", output=" a \nb") == ["a", "b"]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ expected.escalate }}", "'expected.escalate' is undefined in '{{ expected.escalate }}'"),
        ("it is {{ expected.a.b }}", "'expected.a.b' is undefined"),
        ("{{ vars['tone'] }}", "'vars.tone' is undefined"),
        ("{{ messages[3] }}", "'messages[3]' is undefined"),
        ("{{ nope }}", "'nope' is undefined"),
        ("{{ 'x' * 10**9 }}", "makes a text of more than 5,000,000 characters"),
        ("{{ output|json_path('a[') }}", "bad path 'a['"),
        ("{{ output|regex_first('(') }}", "bad pattern '('"),
    ],
)
def test_a_template_that_fails_names_the_scorers_line(template: str, said: str) -> None:
    told = refused(template, expected={"escalate_": 1, "a": {}}, vars={}, messages=[], output="{}")
    assert told.startswith(f"{HERE}: ")
    assert said in told


def test_a_misspelt_key_gets_a_hint() -> None:
    assert refused("{{ expected.esclate }}", expected={"escalate": 1}).endswith("; did you mean 'escalate'?")


def test_what_a_filter_does_not_find_is_no_match() -> None:
    with pytest.raises(NoMatch, match=r"no match for 'ESCALATION: \(\\w\+\)'"):
        render(r"{{ output | regex_first('ESCALATION: (\\w+)') }}", output="I will not say")
    assert render(r"{{ output | regex_first('ESCALATION: (\\w+)') }}", output="ESCALATION: yes") == "yes"


def test_json_is_read_only_where_it_is_named() -> None:
    broken = LazyJson("no json")
    assert render("{{ output }}", output="x", json=broken) == "x"
    with pytest.raises(NoMatch, match="not JSON: 'no json'"):
        render("{{ json.label }}", output="x", json=broken)
    assert render("{{ json.label }}", json=LazyJson('{"label": [1]}')) == [1]


@pytest.mark.parametrize(
    "template", ["{{ json.label }}", "{{ json.a.b }}", "{{ json[0] }}", "{{ json[vars] }}", "is {{ json.x }}"]
)
def test_a_key_the_answer_lost_is_no_match(template: str) -> None:
    with pytest.raises(NoMatch, match="no match for 'json"):
        render(template, json=LazyJson('{"a": {}}'), vars="k")


def test_the_names_a_value_uses() -> None:
    value = [
        "{{ expected.a }}{{ output|upper }}",
        {"k": "{% for m in messages %}{{ m }}{% endfor %}"},
        "{{ broken",
    ]
    assert references(value) == {"expected", "output", "messages"}


def test_mistakes_are_known_in_advance() -> None:
    value = {
        "a": ["{{ expcted.a }}", "{{ output|regex_frist('a') }}"],
        "b": "{{ output|regex_first('(') }}{{ json|json_path('a..b') }}",
        "c": "{{ output",
        "d": "{% include 'x.j2' %}",
    }
    told = [str(problem) for problem in check_value(value, KNOWN, HERE)]
    assert all(line.startswith(f"{HERE}: ") for line in told)
    for part in (
        "unknown variable 'expcted' in '{{ expcted.a }}'; did you mean 'expected'?",
        "unknown filter 'regex_frist'",
        "bad pattern '('",
        "bad path 'a..b'",
        "not a valid template",
        "cannot include another",
    ):
        assert sum(part in line for line in told) == 1, part
    assert len(told) == 6


def test_a_good_value_has_no_problem() -> None:
    value = (
        r"{% set x = output|strip_fences %}{{ x|json_path('a[0]') }}{{ x|regex_first('\\d') }}{{ x|words }}"
    )
    assert not check_value(value, KNOWN, HERE)
