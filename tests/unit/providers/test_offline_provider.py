"""The stand-in as a provider: the same answers again, noise within bounds, quick on anything."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import llmops_cli.providers.offline as package
from llmops_cli.domain.provider import Call, ProviderContext, ProviderError
from llmops_cli.domain.request import Message, Request, ResolvedModel, Response
from llmops_cli.providers.offline import OfflineProvider

MODEL = "offline/assistant"
ROOT = Path(__file__).parents[3]
SYSTEM = "Say open when it mentions a key.\nAnswer in this form: DOOR: [open/shut] - [one sentence]"


def provider(name: str = MODEL) -> OfflineProvider:
    return OfflineProvider(ResolvedModel("offline", name), ProviderContext(Path()))


def request(user: str, system: str = SYSTEM, **params: Any) -> Request:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return Request("offline", MODEL, messages, params=params)


def answer(asked: Request, trial: int = 1) -> Response:
    return asyncio.run(provider().complete(asked, Call(trial=trial)))


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_answered_and_always_alike(system: str, user: str) -> None:
    asked = request(user, system)

    first = answer(asked)

    assert first.text
    assert first.text == answer(asked, trial=2).text


@given(st.text(max_size=400))
@settings(max_examples=150, deadline=None)
def test_no_ticket_can_break_the_form(user: str) -> None:
    assert re.fullmatch(r"DOOR: (open|shut) - [^\n]+", answer(request(user)).text)


def test_usage_counts_four_characters_a_token_rounded_up() -> None:
    asked = Request(
        "offline", MODEL, [{"role": "user", "content": "abcde"}, {"role": "user", "content": "ab"}]
    )

    response = answer(asked)

    assert response.usage is not None
    assert response.usage.input_tokens == 3
    assert response.usage.output_tokens == -(-len(response.text) // 4)
    assert (response.cost, response.served_model, response.finish_reason) == (0.0, MODEL, "stop")
    assert response.latency is not None
    assert 0 <= (response.first_token or 0) <= response.latency


def test_max_tokens_cuts_the_answer_and_says_so() -> None:
    whole = answer(request("The key turns in the lock."))
    cut = answer(request("The key turns in the lock.", max_tokens=3))

    assert cut.text == whole.text[:12]
    assert cut.finish_reason == "length"
    assert answer(request("The key turns in the lock.", max_tokens=500)).text == whole.text


def test_streaming_hands_over_the_whole_answer_word_by_word() -> None:
    heard: list[str] = []
    asked = request("The key turns in the lock.")

    response = asyncio.run(provider().complete(asked, Call(on_text=heard.append)))

    assert "".join(heard) == response.text
    assert len(heard) == len(response.text.split())


def test_parts_of_a_message_are_read() -> None:
    parts: list[Any] = [
        {"type": "text", "text": "I found"},
        {"type": "image_url", "image_url": {"url": "data:"}},
        {"type": "text", "text": "a key"},
    ]
    messages: list[Message] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": parts}]

    assert answer(Request("offline", MODEL, messages)).text.startswith("DOOR: open")


def test_the_answer_is_never_kept_and_the_provider_calls_itself_deterministic() -> None:
    assert provider().cache_key(request("x"), 1) is None
    assert provider().deterministic is True
    asyncio.run(provider().aclose())


@pytest.mark.parametrize("name", ["offline/other", "offline", "offline:assistant"])
def test_an_unknown_offline_model_stops_the_run_and_names_the_one_there_is(name: str) -> None:
    with pytest.raises(ProviderError) as caught:
        asyncio.run(provider(name).complete(request("x"), Call()))

    assert caught.value.fatal
    assert not caught.value.retryable
    assert name in str(caught.value)
    assert MODEL in (caught.value.hint or "")


@pytest.mark.parametrize(
    "params", [{"noise": 1.5}, {"noise": "much"}, {"noise": True}, {"max_tokens": 0}, {"max_tokens": "9"}]
)
def test_params_out_of_bounds_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match=next(iter(params))) as caught:
        answer(request("x", **params))

    assert caught.value.hint


def disturbed(user: str, trial: int, noise: float) -> bool:
    return answer(request(user, noise=noise), trial).text != answer(request(user)).text


def test_noise_disturbs_about_its_share_of_a_thousand_requests() -> None:
    hits = sum(disturbed(f"Note {n}: a key", 1, 0.3) for n in range(1000))

    assert 240 <= hits <= 360  # 300 expected, four standard deviations of 14.5 each way


def test_noise_differs_by_trial_and_is_the_same_again() -> None:
    asked = request("I lost a key", noise=0.5)

    texts = [answer(asked, trial).text for trial in range(1, 41)]

    assert texts == [answer(asked, trial).text for trial in range(1, 41)]
    assert len(set(texts)) > 2


def test_noise_of_one_always_disturbs_and_of_nought_never() -> None:
    assert all(disturbed("I lost a key", trial, 1.0) for trial in range(1, 31))
    assert not any(disturbed("I lost a key", trial, 0.0) for trial in range(1, 31))


def test_noise_loses_the_form_swaps_the_choice_or_chats() -> None:
    texts = [answer(request("I lost a key", noise=1), trial).text for trial in range(1, 61)]

    assert any(text.startswith("open - ") for text in texts)
    assert any(text.startswith("DOOR: shut - ") for text in texts)
    assert any("\nDOOR: open - " in text for text in texts)


HOSTILE = {
    "empty": "",
    "control": "\x00\x1b[31m\x07\u202e\ud800 key",
    "one word": "a" * 1_000_000,
    "brackets": "[" * 500_000 + "]" * 500_000,
    "slots": "[a/b] " * 170_000,
    "lines": "\n" * 1_000_000,
    "forms": "answer in this form:\n" * 48_000,
    "labels": "Text:\n<q1a2b3c4>\n" * 60_000,
    "bullets": "one of:\n- a: b\n" * 70_000,
    "rules": "yes when it mentions a, " * 42_000,
    "spaces": "Otherwise" + " " * 1_000_000,
    "passages": "".join(f"Art. {n} a{n}: b{n}\n" for n in range(50_000)),
    "json": "JSON keys " + "a, " * 330_000,
    "han": "鍵" * 330_000,
    "sentences": "A b. " * 200_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("place", ["user", "alone"])
def test_hostile_text_is_answered_in_a_second(text: str, place: str) -> None:
    asked = (
        request(text) if place == "user" else Request("offline", MODEL, [{"role": "user", "content": text}])
    )
    started = time.process_time()

    response = answer(asked)

    assert time.process_time() - started < 1
    assert response.text


def shingles(text: str) -> Iterator[str]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return (" ".join(words[at : at + 5]) for at in range(len(words) - 4))


def case_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from case_texts(inner)


def test_no_text_of_a_golden_case_stands_in_the_stand_ins_source() -> None:
    evalsets = [yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / "evalsets").rglob("*.yaml")]
    cases = [case for evalset in evalsets for case in evalset.get("cases", [])]
    texts = [text for case in cases for part in ("vars", "expected") for text in case_texts(case.get(part))]
    known = {shingle for text in texts for shingle in shingles(text)}
    sources = sorted(Path(package.__file__).parent.glob("*.py"))

    copied = {path.name: known & set(shingles(path.read_text("utf-8"))) for path in sources}

    assert len(known) > 500
    assert len(sources) > 5
    assert not {name: found for name, found in copied.items() if found}
