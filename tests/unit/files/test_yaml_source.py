"""YAML by the core types of 1.2, with places."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.errors import FileError
from llmops_cli.files.yaml_source import Mapping, Scalar, Sequence, parse_yaml, plain

# what YAML can hold unescaped in no style is written as an escape by the dumper; surrogates cannot be at all
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=20,
)


class _Quoting(yaml.SafeDumper):
    """Quotes every string, so that none is taken for another type."""


_Quoting.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


@given(_json)
def test_what_a_dumper_writes_is_read_back(value: Any) -> None:
    text = yaml.dump(value, Dumper=_Quoting, allow_unicode=True, sort_keys=False)
    found = plain(parse_yaml(text, "x.yaml"))

    assert found == value
    assert repr(found) == repr(value)


@given(_json)
def test_json_is_yaml(value: Any) -> None:
    text = json.dumps(value)

    if "\\ud" not in text:  # JSON writes a letter beyond U+FFFF as two halves, which YAML does not know
        assert plain(parse_yaml(text, "x.yaml")) == value


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_a_value_or_one_clear_error(text: str) -> None:
    try:
        said = str(type(parse_yaml(text, "x.yaml")))
    except FileError as error:
        said = str(error)
    assert said.startswith(("x.yaml", "<class"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("True", True), ("TRUE", True), ("false", False),
        ("null", None), ("~", None), ("Null", None), ("", None),
        ("12", 12), ("-7", -7), ("+3", 3), ("007", 7), ("0o17", 15), ("0xfF", 255),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-1.5E-2", -0.015),
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("tRue", "tRue"),
        ("12:30", "12:30"), ("2024-01-02", "2024-01-02"), ("1_000", "1_000"), ("0b1", "0b1"),
        ("1.2.3", "1.2.3"), ("=", "="), ("<<", "<<"),
        ("'true'", "true"), ('"12"', "12"), ("!!str 12", "12"), ("-", "-"), ("+", "+"), (".", "."),
        ("²", "²"),
    ],
)  # fmt: skip
def test_core_types(text: str, value: Any) -> None:
    found = plain(parse_yaml(f"k: {text}\n" if text != "-" else "k: '-'\n", "x"))["k"]

    assert (type(found), found) == (type(value), value)


def test_each_value_knows_its_place() -> None:
    root = parse_yaml("a: 1\nb:\n  - x\n  - {c: y}\nd: |\n  text\n", "f.yaml")

    assert isinstance(root, Mapping)
    items = root.entries["b"]
    assert isinstance(items, Sequence)
    inner, block = items.items[1], root.entries["d"]
    assert isinstance(inner, Mapping)
    assert isinstance(block, Scalar)
    assert [str(root.entries["a"].where), str(items.where), str(inner.where)] == [
        "f.yaml:1:4",
        "f.yaml:3:3",
        "f.yaml:4:5",
    ]
    assert str(inner.keys["c"]) == "f.yaml:4:6"
    assert str(block.text_where) == "f.yaml:6"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2\n", "x:2:1: duplicate key 'a'; the first stands in line 1"),
        ("a: &b {c: *b}\n", "x:1:11: unknown alias *b"),
        ("a: *nope\n", "x:1:4: unknown alias *nope"),
        ("a: !!int '3'\n", "the tag tag:yaml.org,2002:int is not supported"),
        ("a: !own {}\n", "x:1:4: the tag !own is not supported"),
        ("? [a, b]\n: c\n", "x:1:3: a key must be plain text"),
        ("--- 1\n--- 2\n", "holds several YAML documents"),
        ("a: .inf\n", "x:1:4: .inf is not a finite number"),
        ("a: .NaN\n", "x:1:4: .NaN is not a finite number"),
        ("a: {b\n", "x:2:1: is not valid YAML"),
        ("a: \x07\n", "x:1: is not valid YAML"),
        ("\tb: 1\n", "x:1:1: is not valid YAML"),
        ("", "x: is empty"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(FileError) as refused:
        parse_yaml(text, "x")

    assert said in str(refused.value)


def test_an_alias_stands_for_its_value() -> None:
    assert plain(parse_yaml("a: &x [1, 2]\nb: *x\n", "x")) == {"a": [1, 2], "b": [1, 2]}


def test_an_alias_may_not_stand_for_millions() -> None:
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(FileError, match="its aliases stand for too many values"):
        parse_yaml("\n".join(lines), "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a:\n\tb: 1\n",
            "f:2:1: is not valid YAML: found character that cannot start any token; indent with spaces",
        ),
        (
            "a:\n  b: 1\n\tc: 2\n",
            "f:3:1: is not valid YAML: found a tab character that violates indentation; indent",
        ),
        ("a: b\n  \tc: 3\n", "indent with spaces, not with tabs"),
        ("- a\n-\tb\n\t- c\n", "put a space in place of the tab"),
        ("a: @x\n", "put a text that begins with @ in quotes"),
        ("a: `x`\n", "put a text that begins with ` in quotes"),
        ("a: b: c\n", "put a text that holds a colon in quotes"),
        ("a:\n- 'x\n- y\n", "the quote opens in line 2"),
    ],
)
def test_what_yaml_does_not_say_the_hint_does(text: str, said: str) -> None:
    with pytest.raises(FileError) as refused:
        parse_yaml(text, "f")

    assert said in str(refused.value)
