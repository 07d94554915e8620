"""The provider around the stand-in: a Request in, a Response with usage and latency out."""

import re
import time
from collections.abc import Mapping
from typing import Any

from llmops_cli.domain.canonical import sha256_hex
from llmops_cli.domain.provider import Call, ProviderContext, ProviderError
from llmops_cli.domain.request import Request, ResolvedModel, Response, Usage
from llmops_cli.providers.offline.instructions import read_task
from llmops_cli.providers.offline.noise import disturbed, trial_random
from llmops_cli.providers.offline.writing import text_of, write

MODEL = "offline/assistant"
CHARACTERS_PER_TOKEN = 4


class OfflineProvider:
    """Answers `offline/assistant`, without a network and at no cost.

    Of the params it heeds `max_tokens`, `max_completion_tokens` and `noise`; the others change nothing.
    """

    def __init__(self, model: ResolvedModel, context: ProviderContext) -> None:
        self._model = model

    @staticmethod
    def check_name(name: str) -> None:
        """Raises ProviderError for another model than the only one; asked before the first call, too."""
        if name != MODEL:
            raise ProviderError(
                f"unknown offline model {name!r}", fatal=True, hint=f"the only one is {MODEL}"
            )

    @property
    def deterministic(self) -> bool:
        """True: equal requests get equal answers. Only `noise` makes trials differ, as `deterministic_with` says."""
        return True

    def deterministic_with(self, params: Mapping[str, Any]) -> bool:
        """Whether all trials of a request get the same answer: without `noise`."""
        return not params.get("noise")

    def cache_key(self, request: Request, trial: int) -> str | None:
        """None: an answer costs nothing, and a kept one would outlive a change of this code."""
        return None

    async def complete(self, request: Request, call: Call) -> Response:
        """Answer at once. Raises ProviderError for another model's name and for params out of bounds."""
        self.check_name(self._model.name)
        started = time.perf_counter()
        noise, max_tokens = _noise(request.params), _max_tokens(request.params)
        draft = write(read_task(request.messages, request.output_schema))
        text = (
            disturbed(draft, noise, trial_random(request.fingerprint, call.trial))
            if noise
            else text_of(draft)
        )
        cut = max_tokens is not None and len(text) > max_tokens * CHARACTERS_PER_TOKEN
        if max_tokens is not None and cut:
            text = text[: max_tokens * CHARACTERS_PER_TOKEN]
        first_token = time.perf_counter() - started
        if call.on_text is not None:
            for piece in re.findall(r"\s*\S+\s*|\s+", text):
                call.on_text(piece)
        return Response(
            text=text,
            usage=Usage(sum(_tokens(_content(message)) for message in request.messages), _tokens(text)),
            latency=time.perf_counter() - started,
            first_token=first_token,
            cost=0.0,
            served_model=MODEL,
            finish_reason="length" if cut else "stop",
            call_id=_call_id(request, call.trial) if noise else None,
        )

    async def aclose(self) -> None:
        """Nothing is open."""


def _call_id(request: Request, trial: int) -> str:
    """The same trial of a request is always the same call: asked once more it is no new evidence."""
    return sha256_hex(f"{request.fingerprint}:{trial}")[:16]


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def _tokens(text: str) -> int:
    """Characters divided by four, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _noise(params: Mapping[str, Any]) -> float:
    noise = params.get("noise", 0)
    if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise <= 1:
        raise ProviderError(f"noise is {noise!r}", fatal=True, hint="give a number from 0 to 1")
    return float(noise)


def _max_tokens(params: Mapping[str, Any]) -> int | None:
    most = params.get("max_tokens", params.get("max_completion_tokens"))
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        raise ProviderError(f"max_tokens is {most!r}", fatal=True, hint="give a whole number from 1 on")
    return most
