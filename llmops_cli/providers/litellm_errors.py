"""What LiteLLM raises, as a ProviderError that says whether to try again, and keeps no key."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from llmops_cli.domain.provider import ProviderError
from llmops_cli.domain.request import ResolvedModel
from llmops_cli.providers.scrub import scrub

_RETRYABLE = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_LONGEST_MESSAGE = 300
_LONGEST_GLIMPSE = 100
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

_NO_ANSWER = re.compile(
    r"Empty or invalid response from LLM|provider returned .*choices|Invalid response object|Unable to get json"
)
"""What LiteLLM says where a server answered 200 with something else than a completion."""
_QUOTED = re.compile(r"(?:Received: |Original Response: )(.*?)(?:\. Check the reverse proxy.*)?$", re.DOTALL)
_KEYS = re.compile(r"Raw keys: \[(.*?)\]")
_FIELDS = frozenset({
    "choices", "created", "id", "model", "moderation", "object", "service_tier", "system_fingerprint", "usage",
})  # fmt: skip
"""Of a completion, which the client lists whether the server sent them or not."""
_LIKE_OPENAI = frozenset({"custom_openai", "hosted_vllm", "litellm_proxy", "lm_studio", "openai", "vllm"})


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
    if status >= 500 and _is_no_answer(error, answered=bool(headers)):
        return no_answer(model, _glimpse(error, key))
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


def no_answer(model: ResolvedModel, glimpse: str) -> ProviderError:
    """A server answered, and what it said is no answer of a model: a web page, or JSON of another kind."""
    return ProviderError(
        f"{model.name} answered with something that is no answer of a model{glimpse}",
        retryable=True,
        hint=_where_it_goes(model),
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
    links = list(_links(error))
    mistakes = ImportError | TypeError | AttributeError | NameError
    return not any(map(_of_network, links)) and any(isinstance(link, mistakes) for link in links)


def _is_no_answer(error: BaseException, *, answered: bool) -> bool:
    """Whether a server answered 200, and LiteLLM could not read it: it says so with a status of its own."""
    links = list(_links(error))
    if any(getattr(link, "status_code", None) == 200 for link in links):
        return True
    if answered or any(map(_of_network, links)):
        return False
    unread = json.JSONDecodeError | UnicodeDecodeError | LookupError
    return _NO_ANSWER.search(str(error)) is not None or any(isinstance(link, unread) for link in links)


def _links(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _of_network(link: BaseException) -> bool:
    return isinstance(link, OSError) or type(link).__module__.startswith(("httpx", "httpcore", "aiohttp"))


def _glimpse(error: BaseException, key: str | None) -> str:
    """The first characters of what the server said, as far as LiteLLM kept it."""
    said = next((link.doc for link in _links(error) if isinstance(link, json.JSONDecodeError)), None)
    quoted = _QUOTED.search(str(error))
    if said is None and quoted:
        said = quoted[1].strip("'")
    if said is None:
        said = next((str(link) for link in _links(error) if getattr(link, "status_code", None) == 200), None)
    if said is not None:
        line = " ".join(scrub(said.replace("\\n", " "), key).split())
        cut = line if len(line) <= _LONGEST_GLIMPSE else f"{line[: _LONGEST_GLIMPSE - 1]}…"
        return f": {cut}" if cut else ": it is empty"
    keys = _KEYS.search(str(error))
    if keys is None:
        return ""
    names = [name for name in re.findall(r"'([^']*)'", keys[1]) if name not in _FIELDS]
    return f": JSON without `choices`{', but with ' + ', '.join(names[:5]) if names else ''}"


def _where_it_goes(model: ResolvedModel) -> str:
    place = model.endpoint_variable or "api_base in llmops.yaml"
    if not model.endpoint:
        return "does a proxy answer in the vendor's place?"
    found = f"is {scrub(model.endpoint)} the address of a model? See {place}"
    return f"{found}{_usual_end(model)}"


def _usual_end(model: ResolvedModel) -> str:
    alike = model.name.partition("/")[0] in _LIKE_OPENAI
    return ", which usually ends in /v1" if alike and not (model.endpoint or "").endswith("/v1") else ""


def _where_to_look(model: ResolvedModel) -> str:
    if model.endpoint:
        place = model.endpoint_variable or "api_base in llmops.yaml"
        return f"does {scrub(model.endpoint)} serve this model? See the model's name and {place}{_usual_end(model)}"
    return "check the model's name"


def _refused_param(error: BaseException) -> str | None:
    # LiteLLM's own text advises settings that llmops does not have
    if type(error).__name__ == "UnsupportedParamsError":
        return "take the parameter out of params; llmops never drops one silently"
    return None
