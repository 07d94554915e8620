"""Requests to GitHub's REST API: what is worth a second try, how long to wait, and errors that tell no token.

Rules of GitHub: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api and
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api.
"""

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llmops_cli.errors import NoVerdictError, UserError

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 6
BASE_DELAY = 1.0
LONGEST_DELAY = 30.0
LONGEST_WAIT = 60.0
"""Seconds waited at once, also where GitHub asks for more: a runner is paid by the minute."""
PATIENCE = 180.0
"""Seconds waited in all by one client."""
NAMELESS_LIMIT_WAIT = 60.0
"""GitHub wants a minute at least where a secondary limit comes without a header."""
PAGE = 100
MOST_PAGES = 100
_TIMEOUT = 30.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_SHOWN = 300


class GitHubRefusedError(UserError):
    """GitHub understood and said no; `status` is its answer, `said` its message."""

    def __init__(self, message: str, *, status: int, said: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.said = said

    @property
    def forbidden(self) -> bool:
        """The token may not do this: 403, or the 404 that hides what it may not see."""
        return self.status in (403, 404)


class GitHubUnreachableError(NoVerdictError):
    """No answer after all tries: an outage, a limit of requests, no network."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: its JSON, and the address of the next page if there is one."""

    body: Any
    next: str | None = None


@dataclass(frozen=True, slots=True)
class _Failed:
    """A try that may be repeated. `wait` is what the server asks for (s); `done` whether it may have worked."""

    why: str
    wait: float | None
    done: bool


Look = Callable[[], Mapping[str, Any] | None]
"""Looks whether something was made already, and gives it as the API does."""


class GitHubHttp:
    """One connection to the API at `url`, with retries in full jitter (as `providers/retrying.py`).

    Raises UserError for an address that would send the token in the open, and for a token that is none.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        sleep: Callable[[float], None] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._base = checked_url(url)
        if not _TOKEN.fullmatch(token):
            raise UserError("GITHUB_TOKEN is no token", hint="it is empty, or holds a space or a line end")
        self._token = token
        self._sleep = sleep or _pause
        self._rng = rng or random.Random()  # noqa: S311  # spreads load, guards nothing
        self._waited = 0.0
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        look: Look | None = None,
    ) -> Reply:
        """One request, repeated while that may help.

        A request that makes something brings `look`: where the answer was lost, it is asked first whether
        the thing is there, so that nothing is made twice. Raises GitHubRefusedError, GitHubUnreachableError.
        """
        url = path if "://" in path else f"{self._base}{path}"
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._once(method, url, body, query)
            if isinstance(answer, Reply):
                return answer
            self._wait(answer, attempt, f"{method} {urlsplit(url).path}")
            if look is not None and answer.done:
                found = look()
                if found is not None:
                    return Reply(found)
        raise AssertionError("the last wait raises")

    def pages(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[Any]:
        """The items of all pages of a list, in order."""
        reply = self.call("GET", path, query={**(query or {}), "per_page": str(PAGE)})
        for _ in range(MOST_PAGES):
            items = reply.body
            if isinstance(items, dict):  # check runs stand in an object with their count
                items = next((value for value in items.values() if isinstance(value, list)), None)
            if not isinstance(items, list):
                raise GitHubUnreachableError(f"GitHub's answer to {path} is no list")
            yield from items
            if reply.next is None:
                return
            if _origin(reply.next) != _origin(self._base):  # it would be sent the token
                raise GitHubUnreachableError(f"GitHub's next page of {path} lies on another server")
            reply = self.call("GET", reply.next)

    def _once(
        self, method: str, url: str, body: Mapping[str, Any] | None, query: Mapping[str, str] | None
    ) -> Reply | _Failed:
        import httpx

        client = self._client = self._client or httpx.Client(timeout=_TIMEOUT, headers=self._headers())
        content = None if body is None else json.dumps(body).encode()
        try:
            response = client.request(method, url, content=content, params=query)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return _Failed(self._named(error), None, done=False)
        except httpx.TransportError as error:
            return _Failed(self._named(error), None, done=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise GitHubUnreachableError(f"GitHub's API cannot be asked: {self._named(error)}") from None
        return self._read(response, f"{method} {urlsplit(url).path}")

    def _headers(self) -> dict[str, str]:
        from llmops_cli import __version__

        return {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": f"llmops/{__version__}",
        }

    def _read(self, response: "httpx.Response", what: str) -> Reply | _Failed:
        said = self._said(response)
        if response.is_success:
            try:
                body = response.json() if response.content else None
            except ValueError:  # a page of some proxy's: nothing was done
                return _Failed("an answer that is no JSON", None, done=True)
            return Reply(body, response.links.get("next", {}).get("url"))
        if response.status_code >= 500:
            return _Failed(f"status {response.status_code}", _seconds(response), done=True)
        if _limited(response, said):
            wait = _seconds(response)
            return _Failed(
                f"a limit of requests ({said or response.status_code})",
                NAMELESS_LIMIT_WAIT if wait is None else wait,
                done=False,
            )
        raise GitHubRefusedError(
            f"GitHub answers {response.status_code} to {what}" + (f": {said}" if said else ""),
            status=response.status_code,
            said=said,
            hint=_HINTS.get(response.status_code),
        )

    def _said(self, response: "httpx.Response") -> str:
        """GitHub's own words, on one line."""
        if response.is_success:
            return ""
        try:
            body = response.json()
        except ValueError:
            return ""
        body = body if isinstance(body, dict) else {}
        errors = body.get("errors")
        details = errors if isinstance(errors, list) else []
        parts = [
            body.get("message"),
            *(error.get("message") if isinstance(error, dict) else error for error in details),
        ]
        text = " ".join(" ".join(part.split()) for part in parts if isinstance(part, str))
        return self._without_token(text)[:_SHOWN]

    def _named(self, error: Exception) -> str:
        return self._without_token(f"{type(error).__name__}: {error}")[:_SHOWN]

    def _without_token(self, text: str) -> str:
        return text.replace(self._token, "[token]")

    def _wait(self, failed: _Failed, attempt: int, what: str) -> None:
        """Sleep until the next try. Raises GitHubUnreachableError where there is none."""
        ceiling = min(LONGEST_DELAY, BASE_DELAY * 2.0 ** (attempt - 1))
        wait = max(self._rng.uniform(0, ceiling), failed.wait or 0.0)
        given_up = None
        if attempt == ATTEMPTS:
            given_up = f"{ATTEMPTS} tries"
        elif wait > LONGEST_WAIT:
            given_up = f"it asks to wait {wait:.0f} s, more than {LONGEST_WAIT:.0f} s"
        elif self._waited + wait > PATIENCE:
            given_up = f"{self._waited:.0f} s of waiting"
        if given_up is not None:
            raise GitHubUnreachableError(
                f"GitHub's API gives no answer to {what}: {failed.why} ({given_up})",
                hint="run the job again later",
            )
        self._waited += wait
        self._sleep(wait)


_HINTS = {
    401: "the token has expired or is wrong: pass `GITHUB_TOKEN: ${{ github.token }}`",
    403: "the job's `permissions:` lack something",
    404: "it is not there, or the job's `permissions:` hide it",
}


def checked_url(url: str) -> str:
    """The address of an API without a slash at its end. Raises UserError unless it is https, or loopback."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not host or not safe or parts.username is not None or parts.query or parts.fragment:
        raise UserError(
            "GITHUB_API_URL is no address for a token: it must begin with https://",
            hint="https://api.github.com, or https://HOST/api/v3",
        )
    return url.rstrip("/")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _limited(response: "httpx.Response", said: str) -> bool:
    if response.status_code == 429:
        return True
    words = said.lower()
    return response.status_code == 403 and (
        "retry-after" in response.headers
        or response.headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in words
        or "abuse detection" in words
    )


def _seconds(response: "httpx.Response") -> float | None:
    """How long GitHub asks to wait: Retry-After, else until the limit is reset, by GitHub's own clock."""
    after = response.headers.get("retry-after", "")
    if after.isascii() and after.isdigit():
        return float(after)
    reset = response.headers.get("x-ratelimit-reset", "")
    if response.headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
        try:
            now = parsedate_to_datetime(response.headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            now = time.time()
        return max(0.0, float(reset) - now + 1.0)
    return None


def _pause(seconds: float) -> None:
    """A door for tests, which do not wait."""
    time.sleep(seconds)
