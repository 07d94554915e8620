"""Identities: the same for the same content, whatever its layout."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.canonical import canonical_json, digest_of, lf, sha256_hex
from llmops_cli.domain.evalset import PassRule
from llmops_cli.domain.redaction import redact, redact_text
from llmops_cli.domain.request import Request
from llmops_cli.domain.settings import normalise_endpoint

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _shuffled(value: Any, dice: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: _shuffled(value[key], dice) for key in keys}
    return [_shuffled(item, dice) for item in value] if isinstance(value, list) else value


@given(_json, st.integers())
def test_the_order_of_keys_makes_no_difference(value: Any, seed: int) -> None:
    assert digest_of(_shuffled(value, random.Random(seed))) == digest_of(value)


@given(_json, _json)
def test_different_values_have_different_digests(one: Any, other: Any) -> None:
    assert (digest_of(one) == digest_of(other)) == (canonical_json(one) == canonical_json(other))


def test_numbers_that_are_none_are_refused() -> None:
    for number in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="Out of range float"):
            canonical_json({"x": number})


@given(st.text(st.characters()))
def test_any_text_has_a_digest(text: str) -> None:
    assert len(sha256_hex(text)) == 64


@given(st.text("a\r\n"))
def test_line_ends_become_lf(text: str) -> None:
    assert "\r" not in lf(text)
    assert lf(text.replace("\r\n", "\n").replace("\r", "\n")) == lf(text)
    assert lf(lf(text)) == lf(text)


def test_a_fingerprint_knows_all_that_changes_an_answer() -> None:
    base: dict[str, Any] = {
        "provider": "litellm",
        "model": "a/b",
        "messages": [{"role": "user", "content": "x"}],
    }
    variants: list[dict[str, Any]] = [
        base,
        {**base, "model": "a/c"},
        {**base, "provider": "echo"},
        {**base, "endpoint": "http://h"},
        {**base, "params": {"temperature": 0}},
        {**base, "params": {"temperature": 1}},
        {**base, "tools": [{"function": {"name": "f"}}]},
        {**base, "output_schema": {}},
        {**base, "messages": [{"role": "system", "content": "x"}]},
    ]

    assert len({Request(**variant).fingerprint for variant in variants}) == len(variants)
    assert Request(**base, params={}).fingerprint == Request(**base).fingerprint


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://Host:8000/v1/", "http://host:8000/v1"),
        ("HTTPS://u:p@Host/v1", "https://host/v1"),
        ("http://h/V1?x=Y#z", "http://h/V1?x=Y"),
        ("", None),
        (None, None),
    ],
)
def test_an_endpoint_is_written_in_one_way_and_without_a_password(
    url: str | None, normal: str | None
) -> None:
    assert normalise_endpoint(url) == normal


@given(st.integers(1, 50), st.tuples(st.integers(1, 9), st.integers(1, 9)).filter(lambda t: t[0] <= t[1]))
def test_a_pass_rule_is_a_share_that_scales(trials: int, share: tuple[int, int]) -> None:
    rule = PassRule(share)
    needed = rule.needed(trials)

    assert 1 <= needed <= trials
    assert needed * share[1] >= share[0] * trials
    assert needed == 1 or (needed - 1) * share[1] < share[0] * trials


@given(
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(0, 20),
    st.sampled_from([None, (1, 2), (2, 3), (1, 1)]),
)
def test_a_decision_holds_whatever_the_undecided_turn_out_to_be(
    passes: int, failures: int, undecided: int, share: tuple[int, int] | None
) -> None:
    rule, trials = PassRule(share), passes + failures + undecided
    if not trials:
        return
    endings = {rule.decide(passes + more, trials) for more in range(undecided + 1)}
    decided = rule.decide(passes, trials, undecided)

    assert None not in endings
    assert decided == (endings.pop() if len(endings) == 1 else None)


def test_more_than_half_is_the_usual_rule() -> None:
    assert [PassRule().needed(n) for n in (1, 2, 3, 4, 5)] == [1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("write to a.b+c@mail.example.org!", "write to [email]!"),
        ("card 4111 1111 1111 1111, thanks", "card [card], thanks"),
        ("order 4111 1111 1111 1112 of today", "order 4111 1111 1111 1112 of today"),
        ("call +49 (30) 123 45 67", "call [phone]"),
        ("on 2024-01-02 at 12:30", "on 2024-01-02 at 12:30"),
        ("1234567", "1234567"),
        ("version 1.2.3", "version 1.2.3"),
    ],
)
def test_what_is_personal_is_taken_out(text: str, redacted: str) -> None:
    assert redact_text(text, ("email", "phone", "card")) == redacted
    assert redact_text(text, ()) == text


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"])))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    kinds = ("email", "phone", "card")
    once = redact_text(text, kinds)

    assert redact_text(once, kinds) == once
    assert redact({"k": [text, 3, None]}, kinds) == {"k": [once, 3, None]}
