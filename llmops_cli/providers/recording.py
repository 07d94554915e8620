"""Exchanges with a model kept in a file, and answered from it again.

The file is JSON Lines: first `{"format": 1, "kind": "llmops-recording"}`, then one exchange a line with its
fingerprint, trial, request (settings and messages) and response. Of two lines with the same fingerprint and
trial the later one counts.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from llmops_cli.domain.canonical import canonical_json
from llmops_cli.domain.provider import Call, Provider, ProviderError, deterministic_with
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.serial import response_from_dict, response_to_dict
from llmops_cli.errors import FileError, SourceLocation
from llmops_cli.providers.request_diff import differences
from llmops_cli.providers.scrub import scrub, scrub_values

FORMAT = 1
_HEAD = {"format": FORMAT, "kind": "llmops-recording"}
_COMPARED = 20_000
"""Characters of a request that are looked at to find the nearest one."""

_Key = tuple[str, int]


class Recording:
    """`record`: passes calls on to `inner` and writes down each answer as it arrives, so that a killed run
    keeps what it has. `replay`: answers from the file alone; `inner` is never asked, and only says whether
    the recorded answers could have been others.

    `warnings` holds what was passed over when the file was read. Raises FileError where a recording to replay
    is absent or cannot be read.
    """

    def __init__(self, inner: Provider | None, path: Path, mode: Literal["record", "replay"]) -> None:
        if mode == "record" and inner is None:
            raise ValueError("recording needs a provider to ask")
        self._recorded = inner
        self._inner = inner if mode == "record" else None
        self._path = path
        self.warnings: list[str] = []
        self._superseded = False
        if mode == "replay" and not path.is_file():
            raise FileError("no such recording", where=SourceLocation(str(path)), hint="record it first")
        self._exchanges = self._read() if path.is_file() else {}
        self._texts: dict[_Key, str] | None = None

    @property
    def deterministic(self) -> bool:
        """As the provider whose answers these are: that a tape says the same again proves nothing of a model."""
        return self._recorded is not None and self._recorded.deterministic

    def deterministic_with(self, params: Mapping[str, Any]) -> bool:
        """As the provider whose answers these are."""
        return self._recorded is not None and deterministic_with(self._recorded, params)

    def cache_key(self, request: Request, trial: int) -> str | None:
        """None for a replay, which is itself what a cache would be."""
        return None if self._inner is None else self._inner.cache_key(request, trial)

    async def complete(self, request: Request, call: Call) -> Response:
        """The recorded answer, or the inner provider's. Raises ProviderError for what was never recorded."""
        if self._inner is not None:
            response = await self._inner.complete(request, call)
            self._append(request, call.trial, response)
            return response
        exchange = self._exchanges.get((request.fingerprint, call.trial))
        if exchange is None:
            raise self._missing(request, call.trial)
        response = response_from_dict(exchange["response"])
        if call.on_text is not None and response.text:
            call.on_text(response.text)
        return response

    async def aclose(self) -> None:
        """Write the file anew where it holds lines that no longer count, and close the inner provider."""
        if self._inner is not None and self._superseded:
            self._compact()
            self._superseded = False
        if self._recorded is not None:
            await self._recorded.aclose()

    def _read(self) -> dict[_Key, dict[str, Any]]:
        lines = self._path.read_text(encoding="utf-8", errors="replace").removesuffix("\n").split("\n")
        if lines != [""]:
            self._check_head(lines[0])
        exchanges: dict[_Key, dict[str, Any]] = {}
        for number, line in enumerate(lines[1:], start=2):
            exchange = _parsed(line)
            if exchange is None:
                self._superseded = True
                last = number == len(lines)
                why = "the run that wrote it was cut short" if last else "it is damaged"
                self.warnings.append(f"{self._path}:{number}: line passed over: {why}")
                continue
            key = (exchange["fingerprint"], exchange["trial"])
            self._superseded |= key in exchanges
            exchanges.pop(key, None)  # the later line also takes the later place
            exchanges[key] = exchange
        return exchanges

    def _check_head(self, line: str) -> None:
        where = SourceLocation(str(self._path), 1)
        try:
            head = json.loads(line)
            version = head["format"] if head["kind"] == _HEAD["kind"] else None
        except (ValueError, TypeError, KeyError):
            version = None
        if not isinstance(version, int):
            raise FileError("this is no recording of llmops", where=where)
        if version > FORMAT:
            raise FileError(
                f"the recording has format {version}, this llmops reads up to {FORMAT}",
                where=where,
                hint="upgrade llmops",
            )

    def _append(self, request: Request, trial: int, response: Response) -> None:
        exchange = {
            "fingerprint": request.fingerprint,
            "trial": trial,
            "request": _request_dict(request),
            "response": response_to_dict(response),
        }
        key = (request.fingerprint, trial)
        self._superseded |= key in self._exchanges
        self._exchanges[key] = exchange
        _append_line(self._path, _line(exchange))

    def _compact(self) -> None:
        # read again: another model's recorder may write to the same file
        exchanges = self._read()
        text = "".join([_line(_HEAD), *(_line(exchange) for exchange in exchanges.values())])
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_text(text, encoding="utf-8", newline="\n")
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)

    def _missing(self, request: Request, trial: int) -> ProviderError:
        trials = sorted(known for fingerprint, known in self._exchanges if fingerprint == request.fingerprint)
        if trials:
            listed = ", ".join(map(str, trials))
            said = f"trial {trial} was not recorded in {self._path.name}, only {listed}"
        elif not self._exchanges:
            said = f"{self._path.name} holds no recording"
        else:
            said = f"this request was not recorded in {self._path.name}; {self._nearest(request)}"
        return ProviderError(said, hint="record it anew")

    def _nearest(self, request: Request) -> str:
        from rapidfuzz import fuzz, process

        if self._texts is None:
            self._texts = {key: _compared(exchange["request"]) for key, exchange in self._exchanges.items()}
        asked = _request_dict(request)
        best = process.extractOne(_compared(asked), self._texts, scorer=fuzz.ratio)
        found = differences(self._exchanges[best[2]]["request"], asked)
        more = f", and {len(found) - 3} more" if len(found) > 3 else ""
        return f"the nearest differs in {'; '.join(found[:3])}{more}"


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        exchange: dict[str, Any] = json.loads(line)
        response_from_dict(exchange["response"])
        fits = isinstance(exchange["request"], dict) and isinstance(exchange["trial"], int)
        return exchange if fits and isinstance(exchange["fingerprint"], str) else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _request_dict(request: Request) -> dict[str, Any]:
    settings = request.settings()
    if "endpoint" in settings:
        settings["endpoint"] = scrub(settings["endpoint"])  # an address may hold a password
    return {**settings, "messages": list(request.messages)}


def _compared(request: Mapping[str, Any]) -> str:
    return canonical_json(request)[:_COMPARED]


def _line(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return f"{scrub_values(text)}\n"


def _append_line(path: Path, line: str) -> None:
    """Add a line, after mending an end that a killed run left without a line break."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            before = "" if size else _line(_HEAD)
            if size:
                file.seek(-1, os.SEEK_END)
                before = "" if file.read(1) == b"\n" else "\n"
            data = f"{before}{line}".encode()
            while data:  # a disk that fills up takes a piece first, and says so at the next one
                data = data[file.write(data) :]
    except OSError as error:
        raise ProviderError(
            f"the recording {path} cannot be written: {error.strerror}",
            fatal=True,
            hint="free some space, or record to another place",
        ) from error
