"""What LiteLLM raises, as a ProviderError that says whether to try again, and keeps no key."""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from llmops_cli.domain.provider import ProviderError
from llmops_cli.domain.request import ResolvedModel
from llmops_cli.providers.scrub import scrub

_RETRYABLE = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_LONGEST_MESSAGE = 300
_QUOTA = re.compile(
    r"insufficient_quota|exceeded your current quota|credit balance is too low", re.IGNORECASE
)

_WRAPPING = re.compile(
    r"""\s*(?:
      (?:litellm\.)?[A-Za-z]*(?:Error|Exception|Timeout)(?:\ Error)?\s*(?::|-(?=\s))
    )\s*""",
    re.VERBOSE,
)
"""The class names LiteLLM puts before a message: "litellm.APIError: APIError: OpenAIException - …"."""


def provider_error(
    error: BaseException, model: ResolvedModel, key: str | None, key_name: str
) -> ProviderError:
    """A third party's exception as ours; `key_name` is the variable that holds (or should hold) the key.

    LiteLLM's exceptions have no base of their own; the common ground is an HTTP status in `status_code`.
    """
    status = getattr(error, "status_code", None)
    headers = response_headers(error)
    text = _short(scrub(str(error), key))
    if isinstance(error, TimeoutError) or (status == 408 and not headers):
        return ProviderError(f"{model.name} gave no answer in time", retryable=True)
    if status is None:
        return ProviderError(f"{model.name}: {type(error).__name__}: {text}")
    if status >= 500 and not headers and _is_a_bug(error):
        return ProviderError(f"{model.name}: LiteLLM failed: {text}")
    if status >= 500 and not headers:
        # LiteLLM gives a refused or dropped connection a status that no server ever sent
        return ProviderError(
            f"no connection to {model.name}: {text}",
            retryable=True,
            hint=f"is the server at {scrub(model.endpoint, key)} up?" if model.endpoint else None,
        )
    said = f"{model.name} answered {status}: {text}"
    if status in (401, 403):
        return ProviderError(said, fatal=True, hint=f"check the key in {key_name}")
    if status == 404:
        return ProviderError(said, fatal=True, hint=_where_to_look(model))
    if status == 429 and _is_out_of_quota(error):
        return ProviderError(said, fatal=True, hint=f"the account behind {key_name} has no credit left")
    if status not in _RETRYABLE:
        return ProviderError(said, hint=_refused_param(error))
    return ProviderError(
        said, retryable=True, throttled=status == 429, retry_after=retry_after(headers, time.time())
    )


def response_headers(error: BaseException) -> Mapping[str, str]:
    """The headers of the server's answer, names in lower case; empty where no server answered."""
    given = getattr(error, "litellm_response_headers", None)
    if not given:
        given = getattr(getattr(error, "response", None), "headers", None)
    return {str(name).lower(): str(value) for name, value in dict(given or {}).items()}


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, or `retry-after` as seconds or as an HTTP date
    (RFC 9110, section 10.2.3); None where it asks nothing that can be read. `now` is a Unix time."""
    exact = _number(headers.get("retry-after-ms"))
    if exact is not None:
        return exact / 1000
    given = headers.get("retry-after")
    seconds = _number(given)
    if seconds is not None or given is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _short(text: str) -> str:
    wrapping = _WRAPPING.match(text)
    while wrapping:
        text = text[wrapping.end() :]
        wrapping = _WRAPPING.match(text)
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 1]}…"


def _is_out_of_quota(error: BaseException) -> bool:
    body: Any = getattr(error, "body", None)
    code = body.get("code") or body.get("type") if isinstance(body, Mapping) else getattr(error, "code", None)
    return code == "insufficient_quota" or _QUOTA.search(str(error)) is not None


def _is_a_bug(error: BaseException) -> bool:
    """Whether a mistake in code is behind it, which LiteLLM passes off as a lost connection."""
    link: BaseException | None = error
    mistaken = False
    while link is not None:
        if isinstance(link, OSError) or type(link).__module__.startswith(("httpx", "httpcore", "aiohttp")):
            return False
        mistaken |= isinstance(link, ImportError | TypeError | AttributeError | NameError)
        link = link.__cause__ or link.__context__
    return mistaken


def _where_to_look(model: ResolvedModel) -> str:
    if model.endpoint:
        return (
            f"does {scrub(model.endpoint)} serve this model? See the model's name and api_base in llmops.yaml"
        )
    return "check the model's name"


def _refused_param(error: BaseException) -> str | None:
    # LiteLLM's own text advises settings that llmops does not have
    if type(error).__name__ == "UnsupportedParamsError":
        return "take the parameter out of params; llmops never drops one silently"
    return None
