import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.provider import Call, ProviderError
from llmops_cli.domain.request import Request, Response, ToolCall, Usage
from llmops_cli.errors import FileError
from llmops_cli.providers.recording import Recording
from llmops_cli.providers.request_diff import differences
from tests.support.providers import Scripted, ask

ANSWER = Response(
    "line one\nline\u2028two 😀",
    tool_calls=(ToolCall("f", {"a": [1, None]}),),
    usage=Usage(3, 4),
    latency=0.25,
    cost=0.001,
    served_model="m-1",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recordings" / "model.jsonl"


def _record(path: Path, *exchanges: tuple[Request, int, Response], close: bool = True) -> None:
    async def run() -> None:
        recorder = Recording(Scripted(*(answer for _, _, answer in exchanges)), path, "record")
        for request, trial, _ in exchanges:
            await recorder.complete(request, Call(trial=trial))
        if close:
            await recorder.aclose()

    asyncio.run(run())


def _replay(path: Path, request: Request, trial: int = 1) -> Response:
    return asyncio.run(Recording(None, path, "replay").complete(request, Call(trial=trial)))


def test_what_was_recorded_is_answered_again_to_the_last_field(path: Path) -> None:
    _record(path, (ask("a"), 1, ANSWER), (ask("a"), 2, Response("again")))

    assert _replay(path, ask("a")) == ANSWER
    assert _replay(path, ask("a"), trial=2).text == "again"


def test_each_answer_is_in_the_file_as_soon_as_it_is_there(path: Path) -> None:
    _record(path, (ask("a"), 1, ANSWER), close=False)

    assert _replay(path, ask("a")) == ANSWER


def test_the_newest_answer_counts_and_closing_drops_the_older_one(path: Path) -> None:
    _record(path, (ask("a"), 1, Response("old")), (ask("b"), 1, Response("other")))
    _record(path, (ask("a"), 1, Response("new")), close=False)
    assert len(path.read_text().splitlines()) == 4
    assert _replay(path, ask("a")).text == "new"

    _record(path, (ask("a"), 1, Response("newest")))

    assert len(path.read_text().splitlines()) == 3
    assert [_replay(path, ask(name)).text for name in "ab"] == ["newest", "other"]


def test_the_line_of_a_killed_run_is_passed_over_and_the_next_run_goes_on(path: Path) -> None:
    _record(path, (ask("a"), 1, Response("whole")), (ask("b"), 1, Response("cut")))
    path.write_text(path.read_text()[:-20])

    replay = Recording(None, path, "replay")
    assert len(replay.warnings) == 1
    assert f"{path}:3" in replay.warnings[0]
    assert asyncio.run(replay.complete(ask("a"), Call())).text == "whole"

    _record(path, (ask("b"), 1, Response("again")))
    assert [_replay(path, ask(name)).text for name in "ab"] == ["whole", "again"]
    assert Recording(None, path, "replay").warnings == []


def test_a_missing_recording_names_the_nearest_and_what_differs(path: Path) -> None:
    _record(
        path,
        (ask("Is the refund due? Answer yes or no.", params={"temperature": 0}), 1, ANSWER),
        (ask("Write a poem about the sea."), 1, ANSWER),
    )

    with pytest.raises(ProviderError) as caught:
        _replay(path, ask("Is the refund due? Answer yes or no!", params={"temperature": 0.7}))

    assert not caught.value.retryable
    assert "model.jsonl" in str(caught.value)
    assert "messages[0].content: 'Is the refund due? Answer yes or no.' → '" in str(caught.value)
    assert "params.temperature: 0 → 0.7" in str(caught.value)
    assert "poem" not in str(caught.value)


def test_a_trial_that_was_not_recorded_is_told_from_a_request_that_was_not(path: Path) -> None:
    _record(path, (ask("a"), 1, ANSWER), (ask("a"), 2, ANSWER))

    with pytest.raises(ProviderError, match=r"trial 3 was not recorded in model.jsonl, only 1, 2"):
        _replay(path, ask("a"), trial=3)


@pytest.mark.parametrize("deterministic", [True, False])
def test_a_replay_is_as_certain_as_what_was_recorded(path: Path, *, deterministic: bool) -> None:
    _record(path, (ask("a"), 1, ANSWER))
    inner = Scripted(ANSWER)
    inner.deterministic = deterministic
    replay = Recording(inner, path, "replay")

    assert replay.deterministic is deterministic
    assert not Recording(None, path, "replay").deterministic
    assert asyncio.run(replay.complete(ask("a"), Call())) == ANSWER
    assert inner.calls == []
    with pytest.raises(ProviderError, match="not recorded"):
        asyncio.run(replay.complete(ask("b"), Call()))


def test_a_replay_needs_no_cache(path: Path) -> None:
    _record(path, (ask("a"), 1, ANSWER))
    replay = Recording(None, path, "replay")

    assert replay.cache_key(ask("a"), 1) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such recording"),
        ("hello\n", "no recording of llmops"),
        ('{"format": 1, "kind": "other"}\n', "no recording of llmops"),
        ('{"format": 99, "kind": "llmops-recording"}\n', "upgrade llmops"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_at_once(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "file.jsonl"
    if text is not None:
        path.write_text(text)

    with pytest.raises(FileError, match=said):
        Recording(None, path, "replay")


def test_a_key_never_reaches_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "verysecretvalue")
    request = ask("a", endpoint="http://user:hunter2@localhost/v1")

    _record(path, (request, 1, Response("your key is verysecretvalue")))

    assert "verysecretvalue" not in path.read_text()
    assert "hunter2" not in path.read_text()
    assert _replay(path, request).text == "your key is [key]"


def test_an_empty_file_is_a_recording_without_exchanges(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()

    with pytest.raises(ProviderError, match=r"empty.jsonl holds no recording"):
        _replay(path, ask())


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 2), st.text()), min_size=1, max_size=12))
def test_a_replay_says_what_was_said_last(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, int, str]]
) -> None:
    path = tmp_path_factory.mktemp("recording") / "r.jsonl"
    _record(path, *((ask(name), trial, Response(text)) for name, trial, text in told))

    last = {(name, trial): text for name, trial, text in told}
    replay = Recording(None, path, "replay")
    for (name, trial), text in last.items():
        assert asyncio.run(replay.complete(ask(name), Call(trial=trial))).text == text
    assert len(path.read_text(encoding="utf-8").split("\n")) == len(last) + 2


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(_json, _json)
def test_values_that_part_have_differences_and_equal_ones_have_none(one: object, two: object) -> None:
    assert differences(one, one) == []
    same = json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)
    assert bool(differences(one, two)) is not same


def test_long_texts_are_shown_where_they_part() -> None:
    (found,) = differences({"m": "x" * 500 + "old end"}, {"m": "x" * 500 + "new end"})

    assert "old end" in found
    assert "new end" in found
    assert len(found) < 120
