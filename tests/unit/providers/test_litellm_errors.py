"""Without LiteLLM: its exceptions are told apart by their status, headers and text alone."""

from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.provider import ProviderError
from llmops_cli.domain.request import ResolvedModel
from llmops_cli.providers.litellm_errors import provider_error, retry_after

MODEL = ResolvedModel("litellm", "openai/gpt-4o-mini")
SERVER = {"server": "test"}


class VendorError(Exception):
    def __init__(
        self, text: str, status: int | None, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(text)
        self.status_code = status
        self.litellm_response_headers = headers
        self.__dict__.update(more)


def _mapped(status: int | None, text: str = "no", headers: Any = SERVER, **more: Any) -> ProviderError:
    return provider_error(VendorError(text, status, headers, **more), MODEL, "s3cretkey", "OPENAI_API_KEY")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status: int) -> None:
    error = _mapped(status)
    assert error.retryable
    assert not error.fatal
    assert error.throttled is (status == 429)


@pytest.mark.parametrize("status", [400, 413, 422, 451, 501])
def test_what_is_wrong_with_the_request_is_not_tried_again(status: int) -> None:
    error = _mapped(status)
    assert not error.retryable
    assert not error.fatal


@pytest.mark.parametrize(
    ("status", "hint"), [(401, "OPENAI_API_KEY"), (403, "OPENAI_API_KEY"), (404, "name")]
)
def test_what_no_other_call_can_do_better_ends_the_run(status: int, hint: str) -> None:
    error = _mapped(status)
    assert error.fatal
    assert hint in (error.hint or "")


@pytest.mark.parametrize(
    "error",
    [
        _mapped(429, body={"code": "insufficient_quota"}),
        _mapped(429, "You exceeded your current quota, please check your plan"),
    ],
)
def test_an_empty_account_is_no_rate_limit(error: ProviderError) -> None:
    assert error.fatal
    assert not error.throttled
    assert not error.retryable


@pytest.mark.parametrize("status", [500, 503])
def test_a_connection_that_broke_is_no_answer_of_the_server(status: int) -> None:
    error = _mapped(status, "litellm.InternalServerError: OpenAIException - Connection error.", None)
    assert error.retryable
    assert str(error) == "no connection to openai/gpt-4o-mini: Connection error."


def test_a_bug_in_a_library_is_no_lost_connection() -> None:
    broken = VendorError("OpenAIException - No module named 'mcp'", 500)
    broken.__context__ = ModuleNotFoundError("No module named 'mcp'")

    error = provider_error(broken, MODEL, None, "KEY")

    assert not error.retryable
    assert str(error) == "openai/gpt-4o-mini: LiteLLM failed: No module named 'mcp'"


def test_what_a_server_said_with_200_is_shown_short_and_without_a_key() -> None:
    broken = VendorError("Unable to get json response", 500)
    broken.__context__ = VendorError(f"<p>s3cretkey {'x' * 500}</p>", 200)

    error = provider_error(broken, MODEL, "s3cretkey", "KEY")

    assert str(error).startswith(
        "openai/gpt-4o-mini answered with something that is no answer of a model: <p>[key] xxx"
    )
    assert len(str(error)) < 200
    assert error.retryable


def test_a_connection_that_broke_amid_json_is_no_answer_of_another_kind() -> None:
    broken = VendorError("OpenAIException - Connection error.", 500)
    broken.__context__ = KeyError("choices")
    broken.__context__.__context__ = ConnectionResetError()

    error = provider_error(broken, MODEL, None, "KEY")

    assert str(error) == "no connection to openai/gpt-4o-mini: Connection error."


def test_time_ran_out() -> None:
    for error in (provider_error(TimeoutError(), MODEL, None, "KEY"), _mapped(408, headers=None)):
        assert error.retryable
        assert str(error) == "openai/gpt-4o-mini gave no answer in time"


def test_an_exception_of_no_known_kind_is_told_and_not_tried_again() -> None:
    error = provider_error(KeyError("choices"), MODEL, None, "KEY")
    assert str(error) == "openai/gpt-4o-mini: KeyError: 'choices'"
    assert not error.retryable


@pytest.mark.parametrize(
    ("told", "short"),
    [
        ("litellm.APIError: APIError: OpenAIException - the server says 409", "the server says 409"),
        ("litellm.Timeout: Timeout Error: OpenAIException - late", "late"),
        ("litellm.BadRequestError: AnthropicException - Error: bad\n  shape", "bad shape"),
        ("A well-formed text: with - marks", "A well-formed text: with - marks"),
        ("key s3cretkey is wrong", "key [key] is wrong"),
    ],
)
def test_the_message_is_what_the_server_said(told: str, short: str) -> None:
    assert str(_mapped(400, told)) == f"openai/gpt-4o-mini answered 400: {short}"


def test_a_message_is_cut_to_a_readable_length() -> None:
    assert len(str(_mapped(400, "x" * 10_000))) < 400


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "7", "retry-after-ms": "6400"}, 6.4),
        ({"retry-after": formatdate(1_000_030, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(999_000, usegmt=True)}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_each_of_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=1_000_000) == seconds


@given(st.text())
def test_no_retry_after_can_crash(text: str) -> None:
    assert (retry_after({"retry-after": text}, now=0) or 0) >= 0


def test_headers_are_found_whatever_their_case_and_place() -> None:
    assert _mapped(429, headers={"Retry-After": "4"}).retry_after == 4
    assert _mapped(429, headers=None, response=SimpleNamespace(headers={"Retry-After": "9"})).retry_after == 9
