"""`python:module:function`: the user's own application as the thing under test."""

import asyncio
import contextvars
import inspect
import json
import threading
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from llmops_cli.domain.canonical import canonical_json
from llmops_cli.domain.provider import Call, ProviderContext, ProviderError
from llmops_cli.domain.request import Request, ResolvedModel, Response, ToolCall, Usage
from llmops_cli.domain.user_code import load_function
from llmops_cli.errors import UserError
from llmops_cli.providers.prices import cost_at
from llmops_cli.providers.scrub import scrub

_ANSWER_KEYS = frozenset({"text", "tool_calls", "usage", "cost", "served_model", "finish_reason"})


class PythonProvider:
    """Calls `f(messages, params)`, or `f(messages)` where it takes no more; `f` may be async.

    `f` returns a text, or a mapping with `text` and as it likes `tool_calls`, `usage` (`input_tokens`,
    `output_tokens`), `cost` (USD), `served_model`, `finish_reason`. Its attribute `deterministic = True` says
    that equal requests get equal answers; `cache_key` (a text, or a function of the Request that gives one)
    stands for the application's version and lets answers be kept.
    """

    def __init__(self, model: ResolvedModel, context: ProviderContext) -> None:
        self._model = model
        self._context = context
        self._reference = model.name.partition(":")[2]
        self._found: Callable[..., Any] | ProviderError | None = None

    @property
    def deterministic(self) -> bool:
        """What the function says of itself."""
        found = self._load()
        return not isinstance(found, ProviderError) and getattr(found, "deterministic", False) is True

    def cache_key(self, request: Request, trial: int) -> str | None:
        """None unless the function declares a `cache_key`: the application behind it may have changed."""
        found = self._load()
        version = None if isinstance(found, ProviderError) else getattr(found, "cache_key", None)
        if callable(version):
            version = version(request)
        return f"{request.fingerprint}:{version}:{trial}" if isinstance(version, str) else None

    async def complete(self, request: Request, call: Call) -> Response:
        """What the function returns. Raises ProviderError where it raises, takes too long or returns else."""
        function = self._load()
        if isinstance(function, ProviderError):
            raise function
        started = perf_counter()
        try:
            async with asyncio.timeout(call.timeout) as limit:
                answer = await self._call(function, request)
        except ProviderError:
            raise
        # any exception of the application's is a failed answer; SystemExit would end llmops with its code
        except (Exception, SystemExit) as error:
            if isinstance(error, TimeoutError) and limit.expired():
                raise ProviderError(f"{self._reference} gave no answer within {call.timeout:g} s") from error
            told = scrub(str(error))
            raise ProviderError(f"{self._reference} raised {type(error).__name__}: {told}") from error
        response = self._response(answer, perf_counter() - started)
        if call.on_text is not None and response.text:
            call.on_text(response.text)
        return response

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _load(self) -> Callable[..., Any] | ProviderError:
        if self._found is None:
            self._found = self._loaded()
        return self._found

    def _loaded(self) -> Callable[..., Any] | ProviderError:
        if not self._context.allow_python:
            return ProviderError(
                f"{self._model.name} is Python code of the project, which is not allowed to run",
                fatal=True,
                hint="set allow_python: true in llmops.yaml",
            )
        try:
            return load_function(self._reference, self._context.root)
        except UserError as error:
            problem = error.problems[0]
            return ProviderError(scrub(problem.message), fatal=True, hint=problem.hint)

    async def _call(self, function: Callable[..., Any], request: Request) -> Any:
        arguments: list[Any] = [[dict(message) for message in request.messages], dict(request.params)]
        if not _takes_two(function):
            arguments.pop()
        if inspect.iscoroutinefunction(function):
            return await function(*arguments)
        answer = await _in_thread(lambda: function(*arguments))
        return await answer if inspect.isawaitable(answer) else answer

    def _response(self, answer: Any, latency: float) -> Response:
        if isinstance(answer, str):
            return Response(answer, latency=latency)
        if not isinstance(answer, Mapping):
            raise self._misshapen(f"returned {type(answer).__name__}")
        unknown = sorted(str(key) for key in answer.keys() - _ANSWER_KEYS)
        if unknown:
            raise self._misshapen(f"returned a mapping with an unknown key {unknown[0]!r}")
        text, cost = answer.get("text", ""), answer.get("cost")
        if not isinstance(text, str):
            raise self._misshapen(f"returned a text of type {type(text).__name__}")
        if cost is not None and not _is_amount(cost):
            raise self._misshapen(f"returned {cost!r} as the cost")
        try:
            calls = tuple(_tool_call(called) for called in answer.get("tool_calls") or ())
            usage = _usage(answer.get("usage"))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._misshapen("returned tool_calls or usage of another form") from error
        return Response(
            text,
            tool_calls=calls,
            usage=usage,
            latency=latency,
            cost=cost_at(self._model.price, usage) if cost is None else float(cost),
            served_model=_text_or_none(answer.get("served_model")),
            finish_reason=_text_or_none(answer.get("finish_reason")),
        )

    def _misshapen(self, what: str) -> ProviderError:
        return ProviderError(
            f"{self._reference} {what}",
            hint="return a text, or {'text': …, 'tool_calls': [{'name', 'arguments'}], "
            "'usage': {'input_tokens', 'output_tokens'}, 'cost': …, 'served_model': …}",
        )


def _is_amount(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value < float("inf")


def _tool_call(value: Mapping[str, Any]) -> ToolCall:
    # through JSON, because that is what files and scorers take
    return ToolCall(str(value["name"]), json.loads(canonical_json(value.get("arguments"))))


def _usage(value: Any) -> Usage | None:
    return None if value is None else Usage(int(value["input_tokens"]), int(value["output_tokens"]))


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def _takes_two(function: Callable[..., Any]) -> bool:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some callables written in C have none
        return True
    try:
        signature.bind([], {})
    except TypeError:
        return False
    return True


async def _in_thread(function: Callable[[], Any]) -> Any:
    """Run a blocking function in a thread that nobody waits for when the call was given up.

    `asyncio.to_thread` would not do: the loop joins its threads at the end, and one hanging function of the
    user's would hold up the whole command for ever.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[bool, Any]] = loop.create_future()
    context = contextvars.copy_context()

    def deliver(result: tuple[bool, Any]) -> None:
        if not done.done():
            done.set_result(result)

    def work() -> None:
        try:
            result = (True, context.run(function))
        except BaseException as error:  # noqa: BLE001  # raised again below, in the task that waits
            result = (False, error)
        try:
            loop.call_soon_threadsafe(deliver, result)
        except RuntimeError:  # the call was given up and the loop has ended meanwhile
            return

    threading.Thread(target=work, daemon=True, name="llmops-python").start()
    succeeded, value = await done
    if not succeeded:
        raise value
    return value
