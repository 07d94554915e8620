"""The provider that answers with what was asked: for trying templates and for tests."""

import re
from time import perf_counter

from llmops_cli.domain.provider import Call, ProviderContext
from llmops_cli.domain.request import Message, Request, ResolvedModel, Response


class EchoProvider:
    """Answers with the text of the last user message, at no cost. Counts no tokens, as there is no model."""

    deterministic = True

    def __init__(self, model: ResolvedModel, context: ProviderContext) -> None:
        self._model = model

    def cache_key(self, request: Request, trial: int) -> str | None:
        """None: an echo is cheaper than a look into the cache."""
        return None

    async def complete(self, request: Request, call: Call) -> Response:
        """The last user message's text, word by word where it is streamed; empty where there is none."""
        started = perf_counter()
        text = next((_text(m) for m in reversed(request.messages) if m.get("role") == "user"), "")
        first_token = None
        if call.on_text is not None:
            for piece in re.findall(r"\S+\s*|\s+", text):
                first_token = first_token or perf_counter() - started
                call.on_text(piece)
        return Response(
            text,
            latency=perf_counter() - started,
            first_token=first_token,
            cost=0.0,
            served_model=self._model.name,
            finish_reason="stop",
        )

    async def aclose(self) -> None:
        """Nothing is held open."""


def _text(message: Message) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content or () if part.get("type") == "text")
