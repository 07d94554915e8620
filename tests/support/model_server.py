"""A chat-completions server on loopback that speaks OpenAI's protocol and can misbehave on request.

    with ModelServer(reply=lambda body: "hello", faults=[500, None]) as server:
        ...  # server.url is "http://127.0.0.1:PORT/v1"

`faults` is a plan for the requests in order of arrival, begun again at its end, or a seeded `FaultMix`.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Literal, cast

from tests.support.loopback import Handler, LoopbackServer

Reply = Callable[[dict[str, Any]], str | dict[str, Any]]
"""Given the request's body: the answer's text, or the assistant message as a mapping. Such a mapping may also
hold `usage`, `finish_reason` and `model`, which go where the protocol wants them."""


@dataclass(frozen=True)
class Refusal:
    """An error answer, with headers (Retry-After) and the `error` object of the body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """Something with status 200 that is no completion."""

    text: str
    type: str = "text/html"


Fault = None | int | Refusal | Page | Literal["drop", "cut"] | tuple[Literal["slow"], float]
"""None answers; a number is a status; "drop" hangs up unanswered, "cut" amid a streamed answer; ("slow", 0.5)
answers after half a second."""


class FaultMix:
    """Faults at random with the given shares, the same for the same seed."""

    def __init__(self, seed: int, shares: Mapping[int | Literal["drop"], float]) -> None:
        self._random = random.Random(seed)
        self._shares = dict(shares)

    def __iter__(self) -> Iterator[Fault]:
        while True:
            draw = self._random.random()
            chosen: Fault = None
            for fault, share in self._shares.items():
                if draw < share:
                    chosen = fault
                    break
                draw -= share
            yield chosen


@dataclass(frozen=True)
class Received:
    """One request as it arrived; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


def echo(body: dict[str, Any]) -> str:
    """The default reply: the last message's text."""
    return str(body["messages"][-1]["content"])


class ModelServer(LoopbackServer):
    """See the module's docstring. `key` makes every other key a 401; `delay` is in seconds."""

    def __init__(
        self,
        reply: Reply = echo,
        *,
        faults: Sequence[Fault] | FaultMix = (None,),
        key: str | None = None,
        delay: float = 0.0,
    ) -> None:
        super().__init__(_Handler)
        self.requests: list[Received] = []
        self.succeeded: Counter[str] = Counter()
        self.in_flight_peak = 0
        self.key = key
        self.delay = delay
        self._reply = reply
        self._faults = cycle(faults) if not isinstance(faults, FaultMix) else iter(faults)
        self._lock = threading.Lock()
        self._in_flight = 0

    @property
    def url(self) -> str:
        """The api_base."""
        return f"{self.address}/v1"

    def next_fault(self, received: Received) -> Fault:
        """Note a request, and say what is to go wrong with it."""
        with self._lock:
            self.requests.append(received)
            return next(self._faults)

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """The completion for a request."""
        reply = self._reply(body)
        message = {"content": reply} if isinstance(reply, str) else dict(reply)
        usage = message.pop("usage", None) or _counted(body, message)
        finish = message.pop("finish_reason", "tool_calls" if message.get("tool_calls") else "stop")
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": message.pop("model", body.get("model")),
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish,
                    "message": {"role": "assistant", "content": None, **message},
                }
            ],
            "usage": usage,
        }

    def note_success(self, body: dict[str, Any]) -> None:
        """Count an answer that goes out whole."""
        with self._lock:
            self.succeeded[json.dumps(body, sort_keys=True)] += 1

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Count a request that is being answered."""
        with self._lock:
            self._in_flight += 1
            self.in_flight_peak = max(self.in_flight_peak, self._in_flight)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1


def tool_call(name: str, arguments: Mapping[str, Any], call_id: str = "call_1") -> dict[str, Any]:
    """A tool call as it stands in an assistant message."""
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": json.dumps(arguments)},
    }


def _counted(body: dict[str, Any], message: dict[str, Any]) -> dict[str, int]:
    asked = len(json.dumps(body["messages"]).split())
    answered = len(str(message.get("content") or "").split())
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


class _Handler(Handler):
    def respond(self) -> None:
        if self.command != "POST":
            self.send(405, {"error": {"message": "a completion is asked for with POST"}}, {})
            return
        owner = cast("ModelServer", self.server.owner)
        headers, body = self.asked()
        fault = owner.next_fault(Received(self.path, headers, body))
        with owner.in_flight():
            answer = self._prepare(owner, body, fault)
        # counted and out of flight before the client can know of it: it may ask, or be asked about, at once
        if isinstance(answer, Refusal):
            error = {"message": f"the server says {answer.status}", "type": "server_error", **answer.error}
            self.send(answer.status, {"error": error}, answer.headers)
        elif isinstance(answer, Page):
            self.send_text(200, answer.text, {"Content-Type": answer.type})
        elif answer is None:
            self.drop()
        elif body.get("stream"):
            self._stream(answer, with_usage="stream_options" in body, cut=fault == "cut")
        else:
            self.send(200, answer, {})

    def _prepare(
        self, owner: ModelServer, body: dict[str, Any], fault: Fault
    ) -> dict[str, Any] | Refusal | Page | None:
        """What is answered, after as long as it takes; None hangs up."""
        if owner.delay:
            owner.closing.wait(owner.delay)
        if owner.key is not None and self.headers["Authorization"] != f"Bearer {owner.key}":
            shown = self.headers["Authorization"]
            fault = Refusal(
                401, error={"message": f"Incorrect API key provided: {shown}.", "code": "invalid_api_key"}
            )
        if isinstance(fault, int):
            fault = Refusal(fault)
        if isinstance(fault, Refusal | Page):
            return fault
        if fault == "drop":
            return None
        if isinstance(fault, tuple):
            owner.closing.wait(fault[1])
        answer = owner.answer(body)
        if not (fault == "cut" and body.get("stream")):
            owner.note_success(body)
        return answer

    def _stream(self, answer: dict[str, Any], *, with_usage: bool, cut: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, piece in enumerate(_chunks(answer, with_usage=with_usage)):
            if cut and number == 2:
                self.drop()
                return
            self._chunk(f"data: {json.dumps(piece)}\n\n")
        self._chunk("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def _chunks(answer: dict[str, Any], *, with_usage: bool) -> Iterator[dict[str, Any]]:
    head = {name: answer[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    choice = answer["choices"][0]

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    words = (choice["message"]["content"] or "").split(" ")
    for number, word in enumerate(words):
        yield chunk({"content": word if number == 0 else f" {word}"})
    for index, call in enumerate(choice["message"].get("tool_calls") or ()):
        # the arguments come in two pieces, as they do from real servers
        arguments = call["function"]["arguments"]
        half = len(arguments) // 2
        first = call | {"index": index, "function": call["function"] | {"arguments": arguments[:half]}}
        yield chunk({"tool_calls": [first]})
        yield chunk({"tool_calls": [{"index": index, "function": {"arguments": arguments[half:]}}]})
    yield chunk({}, choice["finish_reason"])
    if with_usage:
        yield head | {"choices": [], "usage": answer["usage"]}
