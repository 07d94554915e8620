import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.providers.scrub import scrub


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Incorrect API key provided: sk-proj-abc***wxyz.", "Incorrect API key provided: [key]"),
        ("Authorization: Bearer abc.def-123 refused", "Authorization: [key] refused"),
        (
            "POST https://x.test/v1?key=AIzaSyD123456789012&alt=sse",
            "POST https://x.test/v1?key=[key]&alt=sse",
        ),
        ("at http://me:secret@localhost:8000/v1", "at http://[key]@localhost:8000/v1"),
    ],
)
def test_what_has_the_shape_of_a_key_is_masked(text: str, clean: str) -> None:
    assert scrub(text) == clean


def test_ordinary_words_stay() -> None:
    text = "the risk-assessment of task-forces, a bearer token and max_tokens=5 at http://localhost:1/v1"
    assert scrub(text) == text


def test_keys_of_the_environment_are_masked_whatever_their_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_KEY", "correct horse")
    assert scrub("sent 'correct horse' to the server") == "sent '[key]' to the server"


@given(st.text(min_size=8, alphabet=st.characters(categories=["L", "N"])), st.text(), st.text())
def test_a_given_key_never_comes_through(key: str, before: str, after: str) -> None:
    assert key == "[key]" or key not in scrub(f"{before}{key}{after}", key)
