"""A server on loopback that a test starts and ends: what those that speak for a model and for GitHub share."""

import json
import socket
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class LoopbackServer:
    """Answers within a `with` block, at `address`. No thread and no connection outlives the block."""

    def __init__(self, handler: type["Handler"]) -> None:
        self.closing = threading.Event()
        """Set at the end of the block: whoever lets a client wait stops waiting."""
        self._http = _Server(("127.0.0.1", 0), handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    # joined on close, so that no thread outlives a test
    daemon_threads = False
    request_queue_size = 128
    owner: LoopbackServer

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news here."""

    def hang_up(self) -> None:
        """End the connections that clients keep alive; their threads then end."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class Handler(BaseHTTPRequestHandler):
    """One connection. A server's own handler has a `respond` that sends an answer or hangs up."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""

    def do_GET(self) -> None:
        self.respond()

    def do_POST(self) -> None:
        self.respond()

    def do_PATCH(self) -> None:
        self.respond()

    def respond(self) -> None:
        """Answer one request: each server has its own."""
        self.send_error(501)

    def asked(self) -> tuple[dict[str, str], dict[str, Any]]:
        """The headers of a request, their names in lower case, and its body."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return {name.lower(): value for name, value in self.headers.items()}, json.loads(raw) if raw else {}

    def drop(self) -> None:
        """Hang up."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def send(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
        """A whole answer, as JSON."""
        self.send_text(status, json.dumps(body), headers)

    def send_text(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        """A whole answer."""
        data = text.encode()
        self.send_response_only(status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
